"""The recipes that are measured by the time they take: they train, and the shortest keeps its word."""

import numpy as np
import pytest

from striate.datasets.base import Data, Split
from striate.recipe.grammar import Recipe
from striate.recipe.job import make_model, run
from striate.recipe.library import recipe_names, recipe_path
from striate.recipe.override import override
from striate.recipe.source import Source
from striate.store import home

FAST = [name for name in recipe_names() if name.startswith("fast/")]


def stripes(shape, count=20):
    """Images of ten kinds, which a network of any use can tell apart: each with a bright row of its own."""
    labels = np.arange(count) % 10
    images = np.random.default_rng(0).integers(0, 64, (count, *shape), dtype=np.uint8)
    images[np.arange(count), 2 * labels + 4] += 128
    return Data("stripes", train=Split(images, labels), classes=tuple("0123456789"))


def test_the_fast_recipes_come_along():
    assert [f"fast/{name}" for name in ("cifar10-90", "cifar10-94", "mnist-99", "mnist-99.4", "mnist-99.6")] == FAST


@pytest.mark.parametrize("name", FAST)
def test_a_fast_recipe_learns_a_few_images(name):
    recipe = Recipe.from_file(recipe_path(name))
    data = stripes(recipe.model.input)
    model = make_model(recipe, data)
    settings = {"schedule": recipe.train.schedule, "augment": recipe.data.augment, "preprocess": "standardise"}
    losses = model.fit(data.train.x, data.train.y, 20, 15, verbose=0, plan="exact", **settings).history["loss"]
    assert losses[-1] < losses[0] / 2


@pytest.mark.slow
@pytest.mark.skipif(not (home() / "mnist").exists(), reason="MNIST is not at hand: `striate data mnist` fetches it")
def test_one_look_at_mnist_is_enough_for_99_percent(tmp_path):
    recipe = Recipe.from_source(override(Source.read(recipe_path("fast/mnist-99")), ["seed=1"]))
    outcome = run(recipe, tmp_path / "run", say=lambda line: None, progress=False, verbose=0)
    assert outcome.summary["epochs"] == 1
    assert outcome.summary["test"]["accuracy"] >= 0.99
