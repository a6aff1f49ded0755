import numpy as np
import pytest

from striate.errors import ArgumentError
from striate.report import Results


def coins(**changes):
    parts = {"title": "coins", "class_names": ["heads", "tails"], "labels": [0, 1], "outputs": [[0.9, 0.1], [0.6, 0.4]]}
    return Results(**(parts | changes))


def test_the_greatest_output_is_what_was_said():
    assert coins().said.tolist() == [0, 0]
    assert coins().right.tolist() == [True, False]
    assert coins().confidence.tolist() == [0.9, 0.6]


@pytest.mark.parametrize("outputs", [[0.2, 0.8], [[0.2], [0.8]]])
def test_one_sigmoid_output_speaks_for_the_second_class(outputs):
    assert coins(outputs=outputs).outputs == pytest.approx(np.array([[0.8, 0.2], [0.2, 0.8]]))


def test_an_output_that_is_no_number_counts_as_nought():
    found = coins(outputs=[[np.nan, 0.1], [np.inf, 0.4]])
    assert found.said.tolist() == [1, 1]
    assert found.scores.tolist() == [[0, 0.1], [0, 0.4]]


@pytest.mark.parametrize("outputs", [[[-0.1, 1.1], [0.5, 0.5]], [[3, 2], [0, 1]]])
def test_outputs_beyond_0_and_1_are_no_probabilities(outputs):
    assert coins(outputs=outputs).confidence is None


def test_values_have_no_confidence():
    ages = Results(title="ages", labels=[1, 2], outputs=[0.5, 0.5])
    assert ages.confidence is None
    assert not ages.classifies
    assert ages.labels.shape == ages.outputs.shape == (2, 1)


@pytest.mark.parametrize(
    ("changes", "sum"),
    [
        ({"outputs": [[0.9, 0.1]]}, "outputs (1, 2), 2 labels, 2 class names: outputs must be (2, 2)"),
        ({"outputs": [[0.9, 0.1, 0.0]] * 2}, "outputs (2, 3), 2 labels, 2 class names: outputs must be (2, 2)"),
        ({"class_names": ["a", "b", "c"]}, "outputs (2, 2), 2 labels, 3 class names: outputs must be (2, 3)"),
        ({"labels": [0, 2]}, "2 class names: each label is one of 0 to 1; given [0, 2]"),
        ({"labels": [0, -1]}, "2 class names: each label is one of 0 to 1; given [-1, 0]"),
        ({"labels": [0, 0.5]}, "2 class names: each label is one of 0 to 1; given [0.0, 0.5]"),
        ({"labels": [[0], [1]]}, "2 class names: each label is one of 0 to 1; given [0, 1]"),
        ({"class_names": (), "labels": [1.0, 2.0, 3.0], "outputs": [[1.0]] * 2}, "outputs (2, 1), labels (3, 1)"),
        ({"images": np.zeros((3, 4, 4, 1))}, "images (3, 4, 4, 1), 3 rows, 3 file names, 2 labels"),
        ({"images": np.zeros((2, 4, 4))}, "images (2, 4, 4), 2 rows, 2 file names, 2 labels"),
        ({"images": np.zeros((1, 4, 4, 1)), "image_rows": [2]}, "images (1, 4, 4, 1), 1 rows"),
        ({"images": np.zeros((1, 4, 4, 1)), "image_rows": [-1]}, "images (1, 4, 4, 1), 1 rows"),
        ({"images": np.zeros((2, 4, 4, 1)), "file_names": ["one"]}, "2 rows, 1 file names"),
    ],
)
def test_what_does_not_belong_together_is_refused_with_the_sum(changes, sum):
    with pytest.raises(ArgumentError) as refused:
        coins(**changes)
    assert sum in str(refused.value)
    assert "fix" in str(refused.value)


def test_the_folder_is_what_images_and_bad_files_share():
    found = coins(file_names=["pets/cow/1.png", "pets/cow/2.png"], bad_files=[("pets/ant/1.png", "it is empty")])
    assert found.folder == "pets/"
    assert coins().folder == ""
