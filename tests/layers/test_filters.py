"""Kernels from the book."""

import typing

import numpy as np
import pytest

from striate.errors import ArgumentError
from striate.layers import Dense, FixedFilter2D, Flatten
from striate.layers.filters import KERNELS
from striate.model import Sequential
from tests.layers.by_hand import compute, grey, rows

PATCH = grey([[3, 2, 1], [1, 2, 3], [1, 1, 1]])


def answer(kernel, image):
    """What a filter makes of an image of one channel."""
    return rows(compute(FixedFilter2D(kernel), image, kernel=KERNELS[kernel]))


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("blur", 15 / 9),
        ("gaussian_blur", (2 + 1 + 4 * 2 + 3 + 1) / 8),
        ("sharpen", -2 - 1 + 5 * 2 - 3 - 1),
        ("intensified_sharpen", 10 * 2 - 15),
        ("edge", 9 * 2 - 15),
        ("emboss", -2 * 3 - 2 - 1 + 2 + 3 + 1 + 2),
        ("sobel_x", 2),
        ("sobel_y", -(3 + 2 * 2 + 1) + (1 + 2 * 1 + 1)),
        ("vertical_line", (2 + 2 + 1) - (3 + 1 + 1) - (1 + 3 + 1)),
        ("horizontal_line", (1 + 2 + 3) - (3 + 2 + 1) - (1 + 1 + 1)),
        ("corner", (2 + 3 + 1 + 1) - (3 + 2 + 1 + 1 + 1)),
    ],
)
def test_the_lectures_patch_under_each_kernel(kernel, expected):
    """The patch of lecture 002 L437-440; with Sobel's kernel it is 2 (L446-448), which says that nothing is flipped."""
    assert answer(kernel, PATCH) == [[pytest.approx(expected)]]


@pytest.mark.parametrize(
    ("kernels", "total"),
    [
        (("blur", "gaussian_blur", "sharpen", "intensified_sharpen", "emboss"), 1),
        (("edge", "sobel_x", "sobel_y"), 0),
        (("vertical_line", "horizontal_line"), -3),
        (("corner",), -1),
    ],
)
def test_smoothing_keeps_an_even_patch_as_bright_as_it_is_and_edges_see_none(kernels, total):
    """As printed (lecture 002 L452-466) the smoothing kernels add up to 9 and 8, and would brighten it."""
    for kernel in kernels:
        assert answer(kernel, grey([[5] * 3] * 3)) == [[pytest.approx(5 * total)]]


@pytest.mark.parametrize(
    ("kernel", "image", "other"),
    [
        ("sobel_x", [[0, 0, 9]] * 3, [[9, 0, 0]] * 3),
        ("sobel_y", [[0] * 3, [0] * 3, [9] * 3], [[9] * 3, [0] * 3, [0] * 3]),
        ("vertical_line", [[0, 9, 0]] * 3, [[0] * 3, [9] * 3, [0] * 3]),
        ("horizontal_line", [[0] * 3, [9] * 3, [0] * 3], [[0, 9, 0]] * 3),
        ("corner", [[0, 0, 0], [0, 9, 9], [0, 9, 9]], [[9, 9, 0], [9, 9, 0], [0, 0, 0]]),
    ],
)
def test_a_detector_says_yes_to_what_it_is_called_after(kernel, image, other):
    assert answer(kernel, grey(image))[0][0] > 0
    assert answer(kernel, grey(other))[0][0] <= 0


def test_every_channel_is_filtered_by_itself():
    image = [[[[1, 100]] * 3] * 3]
    assert compute(FixedFilter2D("sharpen"), image, kernel=KERNELS["sharpen"]) == [[[[1, 100]]]]


def test_training_leaves_the_kernel_as_it_is():
    model = Sequential(
        [FixedFilter2D("edge", input_shape=(5, 5, 2)), Flatten(), Dense(2, activation="softmax")], seed=0
    )
    assert model.count_params() == 9 + 9 * 2 * 2 + 2
    assert model.layers[0].get_weights()[0].tolist() == [list(row) for row in KERNELS["edge"]]
    model.compile("sgd", "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).standard_normal((8, 5, 5, 2)).astype("float32")
    before = model.layers[-1].get_weights()[0]
    model.fit(images, [0, 1] * 4, verbose=0)
    assert not np.array_equal(model.layers[-1].get_weights()[0], before)
    assert model.layers[0].get_weights()[0].tolist() == [list(row) for row in KERNELS["edge"]]


def test_the_names_are_those_of_the_table():
    assert list(typing.get_args(typing.get_type_hints(FixedFilter2D)["kernel"])) == list(KERNELS)
    with pytest.raises(ArgumentError, match="FixedFilter2D: kernel"):
        FixedFilter2D("sobel")
