"""Recipes whose network is one of the zoo."""

import pytest

from striate.errors import DeclarationError, RecipeError
from striate.recipe.grammar import Recipe
from striate.recipe.job import run
from striate.recipe.write import write

TEXT = """format = 1
[data]
name = "digits"
[model]
zoo = "TextbookCNN"
"""


def outputs(recipe):
    network = recipe.network()
    return network.nodes[0].output, network.nodes[-1].output


def test_the_data_decides_size_and_classes():
    assert outputs(Recipe.from_text(TEXT).fitted((16, 20, 1), 7)) == ((16, 20, 1), (7,))


def test_what_is_said_stays():
    recipe = Recipe.from_text(TEXT + "input = [12, 12, 1]\nclasses = 3\n")
    assert outputs(recipe.fitted((16, 20, 1), 7)) == outputs(recipe) == ((12, 12, 1), (3,))


def test_data_without_classes_leave_the_papers_number():
    assert outputs(Recipe.from_text(TEXT).fitted((16, 20, 1), 0))[1] == (10,)


def test_what_ran_is_written_as_it_ran():
    recipe = Recipe.from_text(TEXT).fitted((16, 20, 1), 7)
    text = write(recipe)
    assert 'zoo = "TextbookCNN"\nclasses = 7\ninput = [16, 20, 1]' in text
    assert "layers" not in text
    assert Recipe.from_text(text).model == recipe.model


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("TextbookCNN", "TextbokCNN", "5:1 model.zoo: no network of the zoo is called 'TextbokCNN'"),
        ("TextbookCNN", 'TextbookCNN"\nlayers = []\nname = "', "cannot stand beside zoo"),
        ('"TextbookCNN"', "3", "model.zoo: must be text, not 3"),
        ('zoo = "TextbookCNN"', 'layers = [{ type = "Flatten" }]\nclasses = 3', "is for a network of the zoo"),
        ('"TextbookCNN"', '"TextbookCNN"\noutputs = ["dense"]', "cannot stand beside zoo"),
        ('"TextbookCNN"', '"VGG16"\ninput = [8, 8, 3]', "model.zoo: MaxPooling2D cannot fit"),
        ('"TextbookCNN"', '"Perceptron"\ninput = [8, 8, 1]', "model.zoo: SparseCategoricalCrossentropy takes prob"),
        ('"TextbookCNN"', '"TextbookCNN"\nclasses = 0', "model.classes: must be > 0, not 0"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(old, new, said):
    with pytest.raises(RecipeError) as told:
        Recipe.from_text(TEXT.replace(old, new))
    assert said in str(told.value)


def test_a_number_of_classes_that_the_data_has_not_is_told_by_its_key(tmp_path):
    with pytest.raises(DeclarationError) as told:
        run(Recipe.from_text(TEXT + "classes = 3\n"), tmp_path / "run", say=lambda text: None, progress=False)
    assert told.value.fix == "classes = 10 in [model]"


def test_it_is_trained_tested_and_run_again(tmp_path):
    recipe = Recipe.from_text(TEXT + '[train]\nepochs = 1\nplan = "exact"\n')
    first = run(recipe, tmp_path / "first", say=lambda text: None, progress=False, verbose=0)
    again = Recipe.from_file(tmp_path / "first" / "recipe.toml")
    assert again.model.input == (8, 8, 1)
    second = run(again, tmp_path / "second", say=lambda text: None, progress=False, verbose=0)
    assert first.summary["test"] == second.summary["test"]
