import random

import pytest

from striate.errors import RecipeError
from striate.recipe.grammar import Recipe
from striate.recipe.library import recipe_names, recipe_path
from striate.recipe.override import override
from striate.recipe.source import Source
from striate.recipe.write import write

GOOD = """format = 1
[data]
name = "digits"
[model]
input = [8, 8, 1]
layers = [
    { type = "Conv2D", filters = 4, kernel_size = [3, 3], activation = "relu" },
    { type = "Flatten" },
    { type = "Dense", units = 10, activation = "softmax" },
]
[train]
optimizer = { type = "Adam", learning_rate = 0.01 }
epochs = 3
"""


def problems(text):
    with pytest.raises(RecipeError) as caught:
        Recipe.from_text(text, "r.toml")
    return caught.value.problems


@pytest.mark.parametrize("name", recipe_names())
def test_the_recipes_that_come_along_are_read_and_written_back(name):
    recipe = Recipe.from_file(recipe_path(name))
    again = Recipe.from_text(write(recipe), f"{name}.toml")
    assert write(again) == write(recipe)


def test_a_recipe_means_what_it_says():
    recipe = Recipe.from_text(GOOD)
    assert [node.output for node in recipe.network().nodes] == [(8, 8, 1), (6, 6, 4), (144,), (10,)]
    assert recipe.train.epochs == 3
    assert recipe.train.optimizer.learning_rate == 0.01


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("filters = 4", 'filters = "4"', "r.toml:7:24 model.layers[0].filters", "whole number"),
        ("filters = 4", "filters = 1000000001", "model.layers[0].filters", "must be <= 1,000,000,000"),
        ("filters = 4", "filtres = 4", "model.layers[0].filtres", 'did you mean "filters"'),
        ('"Flatten"', '"Flaten"', "r.toml:8:7 model.layers[1].type", '"Flatten"'),
        ("epochs = 3", "epoch = 3", "train.epoch", 'did you mean "epochs"'),
        ("epochs = 3", "epochs = 0", "r.toml:13:1 train.epochs", "must be > 0"),
        ("learning_rate = 0.01", "learning_rate = nan", "train.optimizer.learning_rate", "finite"),
        ("format = 1", "format = 2", "r.toml:1:1 format", "1"),
        ('"digits"', '"digts"', "data.name", "Digits"),
        ("kernel_size = [3, 3]", "kernel_size = 9", "r.toml:7:5 model.layers[0]", "cannot fit a 9x9 kernel"),
        ("[train]", "[trian]", "trian", 'did you mean "train"'),
        ("epochs = 3", "epochs = 3\nvalidate = '5-fold'", "train.validate", "no known key"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old, new, place, said):
    assert old in GOOD
    found = problems(GOOD.replace(old, new))
    assert any(place in line and said in line for line in found), found


def test_all_problems_are_told_at_once():
    text = (
        GOOD.replace("filters = 4", 'filters = "4"')
        .replace("epochs = 3", "epochs = 0\nbatch = 1")
        .replace("units", "unit")
    )
    assert len(problems(text)) >= 4


@pytest.mark.parametrize("text", ["", "format = 1", "a = [" * 100, "x" * 70_000, "format = 1\nformat = 1", "\x00"])
def test_what_is_no_recipe_is_told(text):
    assert problems(text)


def test_keys_are_set_from_outside_and_told_as_such():
    source = Source.parse(GOOD, "r.toml")
    recipe = Recipe.from_source(
        override(
            source, ["train.epochs=7", "model.layers[0].filters=9", "train.loss=mean_squared_error", "train.metrics=[]"]
        )
    )
    assert recipe.train.epochs == 7
    assert recipe.model.layers[0][0].filters == 9
    with pytest.raises(RecipeError, match=r"--set train.epochs=many"):
        Recipe.from_source(override(source, ["train.epochs=many"]))
    for setting in ("train.epochs", "=3", "model.layers[9].filters=1", "a..b=1"):
        with pytest.raises(RecipeError, match="--set"):
            override(source, [setting])


def test_a_bare_name_becomes_a_table_when_an_argument_is_set():
    source = Source.parse(GOOD.replace('{ type = "Adam", learning_rate = 0.01 }', '"adam"'), "r.toml")
    recipe = Recipe.from_source(override(source, ["train.optimizer.learning_rate=0.5"]))
    assert recipe.train.optimizer.learning_rate == 0.5


def damaged(count, seed):
    draw = random.Random(seed)
    for _ in range(count):
        text = bytearray(GOOD.encode())
        for _ in range(draw.randrange(1, 6)):
            at = draw.randrange(len(text))
            match draw.randrange(3):
                case 0:
                    text[at] = draw.randrange(256)
                case 1:
                    del text[at : at + draw.randrange(1, 12)]
                case 2:
                    text[at:at] = draw.choice(
                        [b"[", b"]", b'"', b"=", b"{", b"\n", b"nan", b"1e999", b"-1", b"true", b"'''"]
                    )
        yield bytes(text)


def survive(count, seed):
    """How many damaged recipes are still recipes; anything but a RecipeError is a bug."""
    read = 0
    for content in damaged(count, seed):
        try:
            Recipe.from_source(Source.parse(content, "r.toml"))
            read += 1
        except RecipeError as error:
            assert str(error)
    return read


def test_damaged_recipes_are_read_or_refused():
    assert 0 < survive(1_000, seed=1) < 1_000


@pytest.mark.slow
def test_ten_thousand_damaged_recipes_are_read_or_refused():
    assert 0 < survive(10_000, seed=2) < 10_000
