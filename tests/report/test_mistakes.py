import numpy as np
import pytest

from striate.report import Results
from striate.report.mistakes import worst
from tests.report.sample import planted

LABELS = [0, 0, 1, 1, 0, 2]
OUTPUTS = [
    [0.8, 0.1, 0.1],  # right
    [0.2, 0.7, 0.1],  # wrong
    [0.1, 0.0, 0.9],  # wrong, and surest of it
    [0.3, 0.4, 0.3],  # right, but hardly
    [0.4, 0.1, 0.5],  # wrong
    [0.7, 0.1, 0.2],  # wrong, as sure as the second
]


def three(**changes):
    parts = {
        "title": "three",
        "class_names": ["ant", "bee", "cow"],
        "labels": LABELS,
        "outputs": OUTPUTS,
        "images": np.zeros((6, 4, 4, 1), np.uint8),
    }
    return Results(**(parts | changes))


def names(results, limit=24):
    return [example.name for example in worst(results, limit)]


def test_the_surest_mistakes_come_first_and_equals_in_order():
    assert names(three()) == ["test image 2", "test image 1", "test image 5", "test image 4"]
    assert names(three(), 2) == ["test image 2", "test image 1"]


def test_of_hundreds_of_equal_mistakes_the_first_come_first():
    surety = np.tile([0.75, 0.65, 0.55], 100)
    outputs, images = np.stack([1 - surety, surety], axis=1), np.zeros((300, 2, 2, 1), np.uint8)
    alike = Results(title="alike", class_names=["a", "b"], labels=np.zeros(300, int), outputs=outputs, images=images)
    assert names(alike) == [f"test image {3 * i}" for i in range(24)]


def test_a_mistake_says_what_was_said_how_surely_and_what_is_true():
    first = worst(three())[0]
    assert (first.said, first.surely, first.true, first.right) == ("cow", "90.0\u202f%", "bee", False)
    assert first.description == "test image 2: the network said cow with 90.0\u202f%, true is bee"


def test_without_a_mistake_the_closest_calls_are_shown():
    found = worst(three(labels=[0, 1, 2, 1, 2, 0]))
    assert [example.surely for example in found[:3]] == ["40.0\u202f%", "50.0\u202f%", "70.0\u202f%"]
    assert all(example.right for example in found)
    assert found[0].description == "test image 3: the network said bee with 40.0\u202f%, and that is right"


def test_images_may_be_only_some_of_the_rows():
    some = three(images=np.zeros((3, 4, 4, 1), np.uint8), image_rows=[5, 0, 4])
    assert names(some) == ["test image 5", "test image 4"]


def test_mistakes_without_images_show_none_rather_than_right_answers():
    assert worst(three(images=np.zeros((1, 4, 4, 1), np.uint8), image_rows=[0])) == []
    assert worst(three(images=None)) == []


def test_files_are_named_below_the_folder_they_share():
    files = [f"/home/me/pets/cow/{i}.png" for i in range(6)]
    assert names(three(file_names=files)) == ["2.png", "1.png", "5.png", "4.png"]
    bad = [("/home/me/pets/ant/0.png", "it is empty")]
    assert names(three(file_names=files, bad_files=bad))[0] == "cow/2.png"


def test_outputs_that_are_no_probabilities_have_no_surety():
    first = worst(three(outputs=np.array(OUTPUTS) * 10 - 3))[0]
    assert (first.said, first.surely) == ("cow", "")
    assert first.description == "test image 2: the network said cow, true is bee"


def test_the_largest_errors_of_values_come_first():
    ages = Results(title="ages", labels=[10.0, 20.0, 30.0], outputs=[11.0, 14.5, 33.0], images=np.zeros((3, 2, 2, 1)))
    assert [(one.said, one.true) for one in worst(ages)] == [("14.5", "20"), ("33", "30"), ("11", "10")]


@pytest.mark.parametrize(("side", "pixelated"), [(64, True), (65, False)])
def test_small_pictures_are_shown_pixel_by_pixel(side, pixelated):
    assert all(example.pixelated == pixelated for example in worst(planted(n=5, side=side)))
