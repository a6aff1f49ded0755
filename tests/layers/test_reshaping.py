"""The same numbers in another shape, read row by row, the channels of a pixel together."""

import pytest
import torch

from striate.errors import ArgumentError, ShapeError
from striate.layers import Flatten, Permute, RepeatVector, Reshape
from striate.shape import to_inside
from tests.layers.by_hand import compute

PIXELS = [[[[1, 10], [2, 20]], [[3, 30], [4, 40]]]]


def test_flatten_reads_row_by_row_the_channels_of_a_pixel_together():
    assert compute(Flatten(), PIXELS) == [[1, 10, 2, 20, 3, 30, 4, 40]]


def test_flatten_leaves_a_vector_as_it_is():
    assert compute(Flatten(), [[1, 2, 3]]) == [[1, 2, 3]]


def test_reshape_undoes_flatten():
    assert compute(Reshape((2, 2, 2)), compute(Flatten(), PIXELS)) == PIXELS


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ((4, 2), [[[1, 10], [2, 20], [3, 30], [4, 40]]]),
        ((2, -1), [[[1, 10, 2, 20], [3, 30, 4, 40]]]),
        ((-1,), [[1, 10, 2, 20, 3, 30, 4, 40]]),
        ([1, 8, 1], [[[[1], [10], [2], [20], [3], [30], [4], [40]]]]),
    ],
)
def test_reshape_keeps_the_order(target, expected):
    assert compute(Reshape(target), PIXELS) == expected


def test_in_channels_last_memory_nothing_is_copied():
    x = to_inside(torch.zeros(2, 5, 6, 3))
    for layer in (Flatten(), Reshape((3, 10, 3)), Reshape((-1, 6))):
        assert layer.build((5, 6, 3))(x).data_ptr() == x.data_ptr()


def test_numbers_that_do_not_fill_the_shape_are_refused_with_the_sum():
    with pytest.raises(ShapeError) as told:
        Reshape((5, -1)).output((28, 27, 1))
    assert str(told.value) == (
        "Reshape cannot put 28x27x1 into (5, -1)\n"
        "  sum   : 28x27x1 = 756 numbers, the new shape takes 5 with -1 left open\n"
        "  fix   : sizes whose product is that of the input, or -1 for one of them"
    )


def test_more_is_not_less():
    with pytest.raises(ShapeError, match="cannot put 2x2 into"):
        Reshape((5, -1)).output((2, 2))
    with pytest.raises(ShapeError, match="the new shape takes 40"):
        Reshape((2, 4, 5)).output((3, 3))


@pytest.mark.parametrize("target", [(-1, -1), (2, -2), (0, 4), (), 4, (2.0, 4), ("2", 4)])
def test_a_shape_that_says_too_little_or_nonsense_is_refused(target):
    with pytest.raises(ArgumentError, match="Reshape: target_shape"):
        Reshape(target)


def test_permute_turns_rows_into_columns():
    assert compute(Permute((2, 1, 3)), PIXELS) == [[[[1, 10], [3, 30]], [[2, 20], [4, 40]]]]
    assert Permute((3, 1, 2)).output((5, 6, 2)) == (2, 5, 6)


def test_an_order_that_is_none_is_refused():
    for dims in ((1, 1), (2, 3), (0, 1)):
        with pytest.raises(ArgumentError, match="Permute"):
            Permute(dims)
    with pytest.raises(ShapeError, match=r"takes 2 axes, it was given \(2, 3, 4\)") as told:
        Permute((2, 1)).output((2, 3, 4))
    assert told.value.sum == "2 axes needed, 3 given: 2x3x4"


def test_a_vector_is_given_to_every_step():
    assert compute(RepeatVector(3), [[1, 2]]) == [[[1, 2]] * 3]
    with pytest.raises(ShapeError, match="RepeatVector takes"):
        RepeatVector(3).output((4, 2))
