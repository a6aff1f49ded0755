import numpy as np
import pytest

from striate.report.filters import filter_blocks


def test_the_colours_are_the_sums_worked_out_by_hand():
    (block,) = filter_blocks(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]).reshape(1, 5, 1, 1))
    # 127.5 + 127.5 w/2, rounded: 0, 63.75, 127.5 (to even), 191.25, 255
    assert block.tolist() == [[0, 64, 128, 191, 255]]
    assert block.dtype == np.uint8


def test_all_filters_share_one_scale():
    first, second = filter_blocks(np.array([[1.0, 4.0]]).reshape(1, 1, 1, 2))
    assert (first.item(), second.item()) == (round(127.5 + 127.5 / 4), 255)


def test_three_channels_are_red_green_and_blue():
    (block,) = filter_blocks(np.array([1.0, 0.0, -1.0]).reshape(1, 1, 3, 1))
    assert block.tolist() == [[[255, 128, 0]]]


@pytest.mark.parametrize(("first", "second"), [([2], [-1]), ([3, 1], [0, -2]), ([0, 4, 4, 0], [-4, 0, 0, 0])])
def test_other_channels_are_averaged(first, second):
    weights = np.array([first, second], float).reshape(2, 1, -1, 1)  # means 2 and -1
    assert filter_blocks(weights)[0].tolist() == [[255], [64]]


def test_a_filter_of_sequences_is_one_row():
    assert filter_blocks(np.ones((5, 1, 2)))[0].shape == (1, 5)


def test_weights_that_are_no_numbers_or_all_nought_are_mid_grey():
    assert filter_blocks(np.array([np.nan, 1.0]).reshape(1, 2, 1, 1))[0].tolist() == [[128, 255]]
    assert filter_blocks(np.zeros((1, 1, 1, 1)))[0].tolist() == [[128]]


def test_only_so_many_filters_are_shown():
    assert len(filter_blocks(np.ones((3, 3, 1, 7)), limit=5)) == 5


@pytest.mark.parametrize("shape", [(10, 20), (3, 3, 3, 1, 8), (3, 3, 1, 0)])
def test_weights_that_are_no_pictures_show_nothing(shape):
    assert filter_blocks(np.ones(shape)) == []
