"""Shortcuts without weights."""

import pytest

from striate.errors import ShapeError
from striate.layers import PaddedShortcut
from tests.layers.by_hand import compute

PIXELS = [[[[1], [2], [3]], [[4], [5], [6]], [[7], [8], [9]]]]


def test_every_second_pixel_is_taken_and_new_channels_are_zero():
    assert compute(PaddedShortcut(2, 2), PIXELS) == [[[[1, 0], [3, 0]], [[7, 0], [9, 0]]]]


def test_without_stride_and_new_channels_nothing_changes():
    assert compute(PaddedShortcut(1), PIXELS) == PIXELS


def test_channels_cannot_be_left_out():
    with pytest.raises(ShapeError) as told:
        PaddedShortcut(2).output((8, 8, 5))
    assert told.value.sum == "2 - 5 = -3 channels of zeros, must be >= 0"
    assert PaddedShortcut(5).output((8, 8, 5)) == (8, 8, 5)
