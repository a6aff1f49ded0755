"""Pooling: maxima, means, and what part of the gradient each pixel gets."""

import numpy as np
import pytest

from striate.textbook import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalL2Pooling1D,
    GlobalL2Pooling2D,
    GlobalL2Pooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    L2Pooling1D,
    L2Pooling2D,
    L2Pooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)

SLICE = np.array([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]], dtype=float)


def test_the_slice_of_the_lectures_has_maxima_6_8_3_4():
    """Lecture 001 L710-719, lecture 002 L822-836."""
    assert MaxPooling2D(pool_size=2, strides=2).forward(SLICE, {})[0, 0].tolist() == [[6, 8], [3, 4]]


def test_the_slice_of_the_lectures_has_means_325_525_2_2():
    assert AveragePooling2D(pool_size=2).forward(SLICE, {})[0, 0].tolist() == [[3.25, 5.25], [2, 2]]


def test_the_slice_of_the_lectures_has_lengths_7937_11533_4243_5099():
    """Lecture 000 L149-151: the root of the sum of squares, of 63, 133, 18 and 26."""
    y = L2Pooling2D(pool_size=2).forward(SLICE, {})[0, 0]
    assert np.array_equal(y, np.sqrt([[63, 133], [18, 26]]))
    assert y.round(3).tolist() == [[7.937, 11.533], [4.243, 5.099]]


@pytest.mark.parametrize("brick", [L2Pooling1D(2), GlobalL2Pooling1D()])
def test_a_window_of_zeros_has_no_slope(brick):
    assert brick.forward(np.zeros((1, 1, 2)), {}).ravel().tolist() == [0]
    assert brick.backward(np.ones(brick.y.shape))[0].tolist() == [[[0, 0]]]


def test_a_24x24_map_becomes_12x12_and_three_quarters_are_gone():
    """Lecture 000 L133, lecture 004 L365."""
    y = MaxPooling2D(2).forward(np.zeros((1, 3, 24, 24)), {})
    assert y.shape == (1, 3, 12, 12)
    assert 1 - y.size / (3 * 24 * 24) == 0.75


def test_only_the_maximum_gets_a_gradient():
    """Lecture 004 L464."""
    brick = MaxPooling2D(2)
    brick.forward(SLICE, {})
    dx = brick.backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))[0]
    assert dx[0, 0].tolist() == [[0, 0, 0, 0], [0, 1, 0, 2], [3, 0, 0, 0], [0, 0, 0, 4]]


def test_the_first_of_equal_maxima_gets_the_whole_gradient():
    brick = MaxPooling2D(2)
    brick.forward(np.array([[[[0.0, 7.0], [7.0, 7.0]]]]), {})
    assert brick.backward(np.ones((1, 1, 1, 1)))[0][0, 0].tolist() == [[0, 1], [0, 0]]
    brick = GlobalMaxPooling2D()
    brick.forward(np.array([[[[0.0, 7.0], [7.0, 7.0]]]]), {})
    assert brick.backward(np.ones((1, 1)))[0][0, 0].tolist() == [[0, 1], [0, 0]]


def test_a_pixel_that_wins_two_windows_gets_both_gradients():
    brick = MaxPooling1D(pool_size=2, strides=1)
    brick.forward(np.array([[[1.0, 9.0, 2.0]]]), {})
    assert brick.backward(np.array([[[10.0, 1.0]]]))[0].tolist() == [[[0, 11, 0]]]


def test_padding_never_is_the_maximum():
    x = np.full((1, 1, 3), -5.0)
    assert MaxPooling1D(2, padding="same").forward(x, {}).tolist() == [[[-5, -5]]]
    assert MaxPooling1D(2, padding=1).forward(x, {}).tolist() == [[[-5, -5]]]


def test_padding_is_not_counted_in_a_mean():
    x = np.full((1, 1, 3, 3), 4.0)
    for brick in (AveragePooling2D(2, padding="same"), AveragePooling2D(3, strides=1, padding=1)):
        assert (brick.forward(x, {}) == 4.0).all()


def test_a_mean_at_the_border_gives_its_pixels_larger_shares():
    brick = AveragePooling1D(2, padding="same")
    assert brick.forward(np.array([[[1.0, 5.0, 9.0]]]), {}).tolist() == [[[3, 9]]]
    assert brick.backward(np.array([[[1.0, 1.0]]]))[0].tolist() == [[[0.5, 0.5, 1]]]


def test_without_strides_windows_do_not_overlap():
    x = np.arange(6.0).reshape(1, 1, 6)
    assert MaxPooling1D(3).forward(x, {}).tolist() == [[[2, 5]]]
    assert MaxPooling1D(3, strides=1).forward(x, {}).tolist() == [[[2, 3, 4, 5]]]


@pytest.mark.parametrize("brick", [MaxPooling2D, AveragePooling2D])
def test_a_window_that_could_hold_padding_alone_is_refused(brick):
    with pytest.raises(ValueError, match="padding 2 is more than half the window 3"):
        brick(pool_size=3, padding=2)


@pytest.mark.parametrize("brick", [GlobalMaxPooling2D, GlobalAveragePooling2D])
def test_a_global_pooling_of_a_vector_is_refused(brick):
    with pytest.raises(ValueError, match="needs 4 axes"):
        brick().forward(np.zeros((2, 3)), {})


def test_global_pooling_leaves_one_number_a_channel():
    x = np.stack([SLICE[0, 0], 2 * SLICE[0, 0]])[None]
    assert GlobalAveragePooling2D().forward(x, {}).tolist() == [[3.125, 6.25]]
    assert GlobalMaxPooling2D().forward(x, {}).tolist() == [[8, 16]]
    assert GlobalMaxPooling2D(keepdims=True).forward(x, {}).shape == (1, 2, 1, 1)


SIZES = {1: (7,), 2: (5, 4), 3: (3, 4, 3)}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "settings",
    [{}, {"strides": 1, "padding": "same"}, {"pool_size": 3, "strides": 2, "padding": "same"}, {"padding": 1}],
)
@pytest.mark.parametrize(
    "brick",
    [
        MaxPooling1D,
        MaxPooling2D,
        MaxPooling3D,
        AveragePooling1D,
        AveragePooling2D,
        AveragePooling3D,
        L2Pooling1D,
        L2Pooling2D,
        L2Pooling3D,
    ],
)
def test_the_backward_rule_agrees_with_trying(check_gradients, all_different, brick, settings, seed):
    x = all_different((2, 2, *SIZES[brick.axes]), np.random.default_rng(seed))
    check_gradients(brick(**settings), x, {}, seed)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    "brick",
    [
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalAveragePooling3D,
        GlobalL2Pooling1D,
        GlobalL2Pooling2D,
        GlobalL2Pooling3D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        GlobalMaxPooling3D,
    ],
)
def test_the_global_backward_rule_agrees_with_trying(check_gradients, all_different, brick, keepdims, seed):
    x = all_different((2, 3, *SIZES[brick.axes]), np.random.default_rng(seed))
    check_gradients(brick(keepdims=keepdims), x, {}, seed)


@pytest.mark.parametrize("seed", range(5))
def test_the_backward_rule_agrees_where_each_axis_has_its_own_window(check_gradients, all_different, seed):
    x = all_different((2, 2, 5, 6), np.random.default_rng(seed))
    for brick in (MaxPooling2D, AveragePooling2D):
        check_gradients(brick(pool_size=(3, 2), strides=(1, 2), padding=(1, 0)), x, {}, seed)
