"""What a word on the command line means, and what goes before what."""

import numpy as np
import pytest
from PIL import Image

from striate.cli.app import run
from striate.cli.sources import data_of, is_run, recipe_of
from striate.errors import DeclarationError, RecipeError, UnknownNameError
from tests.recipe.texts import GOOD


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path / "cache"))
    return tmp_path


def images(folder):
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(8):
            pixels = np.random.default_rng(number).integers(0, 255, (8, 8), np.uint8)
            Image.fromarray(pixels + (name == "dog")).save(folder / name / f"{number}.png")


def test_a_data_set_means_the_recipe_that_comes_along():
    recipe = recipe_of("digits")
    assert (recipe.name, recipe.data.name) == ("digits", "digits")


def test_a_recipe_in_a_folder_of_recipes_is_named_with_its_folder():
    recipe = recipe_of("fast/mnist-99.4")
    assert (recipe.name, recipe.data.name) == ("fast-mnist-99-4", "mnist")


def test_a_setting_changes_one_key():
    assert recipe_of("digits", ["train.epochs=3", "seed=7"]).train.epochs == 3


def test_a_file_means_itself_whatever_its_name(here):
    (here / "mine.toml").write_text(GOOD)
    (here / "digits").write_text(GOOD.replace("epochs = 3", "epochs = 2"))
    assert recipe_of("mine.toml").name == "mine"
    assert recipe_of("digits").train.epochs == 2, "a file of that name was meant before the data set"


def test_a_folder_of_images_means_the_recipe_for_folders(here):
    images(here / "my pets")
    recipe = recipe_of("my pets")
    assert (recipe.name, recipe.data.path) == ("my-pets", "my pets")


def test_a_run_means_its_own_recipe(here):
    (here / "run-1").mkdir()
    (here / "run-1" / "recipe.toml").write_text(GOOD)
    assert recipe_of("run-1").name == "run-1"


def test_the_recipe_for_folders_is_no_data_set():
    with pytest.raises(UnknownNameError):
        recipe_of("folder")


def test_a_folder_that_is_neither_is_told(here):
    (here / "run").mkdir()
    (here / "run" / "model.json").write_text("{}")
    with pytest.raises(RecipeError, match="no folder of images"):
        recipe_of("run")


def test_an_unknown_word_lists_every_data_set_and_recipe():
    with pytest.raises(UnknownNameError) as refused:
        recipe_of("cifar1000")
    for known in ("cifar10", "cifar100", "digits", "logic", "mnist", "fast/mnist-99.4"):
        assert f" {known}" in refused.value.sum


def test_a_fast_recipe_is_found_by_its_own_name_too():
    with pytest.raises(UnknownNameError) as refused:
        recipe_of("mnist-99.4")
    assert refused.value.fix == "did you mean 'fast/mnist-99.4'?"


def test_a_data_set_without_a_recipe_is_told_so():
    with pytest.raises(DeclarationError, match="no recipe comes along for cifar100") as refused:
        recipe_of("cifar100")
    assert refused.value.sum == "there is one for each of cifar10, digits, mnist"


def test_a_data_set_of_the_name_of_a_folder_is_that_folder(here):
    images(here / "cifar100")
    assert data_of("cifar100").classes == ("cat", "dog")


def test_images_are_split_as_the_recipe_says(here):
    (here / "mine.toml").write_text(GOOD)
    found = data_of("mine.toml")
    assert found.validation is not None
    assert found.test is not None


@pytest.mark.parametrize(
    ("made", "meant"),
    [("run/model.json", "run"), ("net.striate", "net.striate")],
)
def test_a_run_is_a_folder_with_a_model_or_a_model_file(here, made, meant):
    (here / made).parent.mkdir(exist_ok=True)
    (here / made).write_text("{}")
    assert is_run(meant)


def test_a_folder_of_images_is_no_run(here):
    images(here / "pets.striate")
    assert not is_run("pets.striate")
    assert not is_run("digits")


@pytest.mark.parametrize(("function", "told"), [("xor", True), ("and", False)])
def test_check_looks_at_a_table_of_truth_itself(function, told, tmp_path, capsys):
    recipe = tmp_path / "logic.toml"
    recipe.write_text(
        f'format = 1\n[data]\nname = {{ type = "Logic", function = "{function}" }}\n'
        '[model]\ninput = [2]\nlayers = [{ type = "Dense", units = 1, activation = "step" }]\n'
        '[train]\nloss = "perceptron_loss"\n'
    )
    assert run(["check", str(recipe)]) == 0
    assert ("not-linearly-separable at dense" in capsys.readouterr().out) == told
