import json

import numpy as np
import pytest
from PIL import Image

from striate.errors import RecipeError
from striate.model import load
from striate.recipe import job
from striate.recipe.grammar import Recipe

RECIPE = """
format = 1
[data]
name = "digits"
{split}
[model]
input = [8, 8, 1]
layers = [{{ type = "Flatten" }}, {{ type = "Dense", units = 10, activation = "softmax" }}]
[train]
loss = "sparse_categorical_crossentropy"
optimizer = "Adam"
epochs = 1
plan = "exact"
"""


@pytest.mark.parametrize(
    ("split", "shown"),
    [
        ("", "of 359 test images named correctly"),
        ("test = 0.0", "of 180 validation images named correctly"),
        ("test = 0.0\nvalidation = 0.0", "no images were kept back"),  # never those it has learnt from
    ],
)
def test_the_report_is_of_images_that_were_kept_back(tmp_path, split, shown):
    recipe = Recipe.from_text(RECIPE.format(split=split))
    job.run(recipe, tmp_path / "run", say=lambda line: None, progress=False, verbose=0)
    assert shown in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_files_that_are_set_aside_are_told_and_logged(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path / "cache"))
    draw = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(12):
            Image.fromarray(draw.integers(0, 256, (16, 16), np.uint8)).save(
                tmp_path / "images" / name / f"{number}.png"
            )
    (tmp_path / "images" / "a" / "empty.png").write_bytes(b"")
    text = RECIPE.format(split="").replace('name = "digits"', f'path = "{tmp_path / "images"}"')
    text = text.replace("[8, 8, 1]", "[16, 16, 1]").replace("units = 10", "units = 2")
    said = []
    job.run(Recipe.from_text(text), tmp_path / "run", say=said.append, progress=False, verbose=0)
    (line,) = [each for each in said if "set aside" in each]
    assert line.startswith("1 file set aside: ")
    assert line.endswith("empty.png: it is empty (0 bytes)")
    assert "set aside: " in (tmp_path / "run" / "log.txt").read_text()
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["bad_files"] == 1


HEADS = """
format = 1
[data]
name = "digits"
[model]
{input}layers = [
    {{ type = "Flatten" }},
    {{ type = "Dense", units = 16, activation = "relu", name = "trunk" }},
    {{ type = "Dense", units = {units}, activation = "softmax", name = "main" }},
    {{ type = "Dense", units = {units}, activation = "softmax", inputs = ["trunk"], name = "helper" }},
]
outputs = ["main", "helper"]
[train]
optimizer = "Adam"
loss_weights = {{ helper = 0.3 }}
epochs = 2
plan = "exact"
"""


@pytest.mark.parametrize(("given", "units"), [("input = [8, 8, 1]\n", 10), ("", 3)])
def test_every_output_of_a_recipe_learns_the_labels_and_the_first_is_the_answer(tmp_path, given, units):
    """Where the data decides the input, it decides the units of every output too."""
    recipe = Recipe.from_text(HEADS.format(input=given, units=units))
    done = job.run(recipe, tmp_path / "run", say=lambda line: None, progress=False, verbose=0)
    test = done.summary["test"]
    assert test["loss"] == pytest.approx(test["main_loss"] + 0.3 * test["helper_loss"], rel=1e-4)
    assert {"main_accuracy", "helper_accuracy"} <= set(test)
    first = (tmp_path / "run" / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"loss", "main_loss", "helper_accuracy", "val_main_loss"} <= set(first)
    again = Recipe.from_file(tmp_path / "run" / "recipe.toml")
    assert again.train.loss_weights == {"helper": 0.3}
    assert [node.output for node in map(again.network().__getitem__, again.network().outputs)] == [(10,), (10,)]
    assert "test images named correctly" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_a_weight_of_an_output_that_is_not_there_is_told_with_its_place():
    text = HEADS.format(input="input = [8, 8, 1]\n", units=10).replace("helper = 0.3", "helpr = 0.3")
    with pytest.raises(RecipeError, match=r"train\.loss_weights\.helpr: no output is called 'helpr'.*'helper'"):
        Recipe.from_text(text)


def test_a_recipe_says_how_many_crops_its_network_looks_at(tmp_path):
    recipe = Recipe.from_text(RECIPE.format(split="") + "crops = 2\n")
    outcome = job.run(recipe, tmp_path / "run", say=lambda line: None, progress=False, verbose=0)
    model, test = load(tmp_path / "run"), job.load_data(recipe, False).test
    assert model.crops == 2
    assert outcome.summary["test"] == model.evaluate(test.x, test.y, crops=2, return_dict=True, verbose=0)
    assert "crops = 2" in (tmp_path / "run" / "recipe.toml").read_text()


def test_crops_that_a_network_is_not_for_are_told_with_their_place():
    text = RECIPE.format(split="").replace(
        '{ type = "Flatten" }, { type = "Dense", units = 10, activation = "softmax" }',
        '{ type = "Conv2D", filters = 2, kernel_size = 3 }',
    )
    with pytest.raises(RecipeError, match=r"train\.crops"):
        Recipe.from_text(text + "crops = 2\n")
