"""Convolution in one, two and three dimensions."""

import numpy as np
import pytest

from striate.textbook import (
    Conv1D,
    Conv2D,
    Conv3D,
    FlippedConv1D,
    FlippedConv2D,
    FlippedConv3D,
    Sequential,
    convolve_slowly,
)

# Lecture 001 L372-376 and lecture 002 L726-737, L852-867.
DIAMOND = np.array(
    [[[[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]]], dtype=float
)
CROSS = np.array([[[[1, 0, 1], [0, 1, 0], [1, 0, 1]]]], dtype=float)

# Lecture 002 L553-626.
FIVE = np.array([[[[1, 2, 0, 3, 1], [1, 0, 0, 2, 2], [2, 1, 2, 1, 1], [0, 0, 1, 0, 0], [1, 2, 1, 1, 1]]]], dtype=float)
KERNEL = np.array([[[[-1, 1, 2], [1, 1, 0], [-1, -2, 0]]]], dtype=float)
SOBEL = np.array([[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]], dtype=float)


def result(brick, x, weight):
    return brick.forward(x, {"weight": weight})[0, 0].tolist()


def test_the_diamond_seen_by_the_cross_is_the_lectures_map():
    assert result(Conv2D(), DIAMOND, CROSS) == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [[-2, -1, 3], [2, 5, 8], [-2, 0, -1]]),
        (
            {"padding": 1},
            [[-1, 2, 2, -1, -2], [2, -2, -1, 3, -1], [3, 2, 5, 8, 2], [2, -2, 0, -1, -3], [1, 5, 4, 1, 2]],
        ),
        ({"strides": 2}, [[-2, 3], [-2, -1]]),
        ({"strides": 2, "padding": 1}, [[-1, 2, -2], [3, 5, 2], [1, 4, 2]]),
    ],
)
def test_padding_and_stride_give_the_lectures_numbers(settings, expected):
    """Lecture 002 L553-626: -2 without padding, -1 with it, -1 2 / 3 with stride 2."""
    assert result(Conv2D(**settings), FIVE, KERNEL) == expected


def test_same_padding_of_a_3x3_kernel_is_one_pixel():
    assert result(Conv2D(padding="same"), FIVE, KERNEL) == result(Conv2D(padding=1), FIVE, KERNEL)


def test_the_stride_formula_of_lecture_004_is_a_dilation():
    """Lecture 004 L303 reads I(n + i*s, m + j*s): one number is left of the 5x5 map, not four."""
    assert result(Conv2D(dilation_rate=2), FIVE, KERNEL) == [[2]]
    assert result(Conv2D(strides=2), FIVE, KERNEL) == [[-2, 3], [-2, -1]]


def test_the_sobel_patch_gives_2_and_minus_2_when_the_kernel_is_turned_round():
    """Lecture 002 L442-448; the convolution of mathematics flips (lecture 004 L127-135)."""
    patch = np.array([[[[3, 2, 1], [1, 2, 3], [1, 1, 1]]]], dtype=float)
    assert result(Conv2D(), patch, SOBEL) == [[2]]
    assert result(Conv2D(), patch, SOBEL[..., ::-1, ::-1]) == [[-2]]


@pytest.mark.parametrize(
    ("side", "channels", "filters", "kernel", "settings", "out"),
    [
        (28, 1, 20, 5, {}, 24),  # lecture 000 L54
        (32, 3, 6, 5, {}, 28),  # lecture 001 L485, lecture 002 L706
        (32, 3, 1, 5, {"padding": 2}, 32),  # lecture 001 L490
        (32, 3, 10, 5, {"padding": 2}, 32),  # lecture 002 L802-811
        (7, 1, 1, 3, {"padding": 1}, 7),  # lecture 002 L784-790
        (7, 1, 1, 3, {"strides": 3}, 2),  # lecture 002 L772: 2.33 does not fit
    ],
)
def test_maps_have_the_sizes_the_lectures_say(side, channels, filters, kernel, settings, out):
    y = Conv2D(**settings).forward(
        np.zeros((1, channels, side, side)), {"weight": np.zeros((filters, channels, kernel, kernel))}
    )
    assert y.shape == (1, filters, out, out)


@pytest.mark.parametrize(("layers", "field"), [(1, 3), (2, 5)])
def test_a_unit_sees_three_pixels_through_one_layer_and_five_through_two(layers, field):
    """Lecture 001 L336-350: the pixels with a gradient are the receptive field."""
    network = Sequential([Conv1D(padding=1) for _ in range(layers)])
    weights = {f"{i}.weight": np.ones((1, 1, 3)) for i in range(layers)}
    y = network.forward(np.ones((1, 1, 9)), weights)
    dy = np.zeros_like(y)
    dy[0, 0, 4] = 1.0
    assert np.count_nonzero(network.backward(dy)[0]) == field


def test_two_5x5_layers_see_9x9_pixels():
    """Lecture 001 L547."""
    network = Sequential([Conv2D(padding="same"), Conv2D(padding="same")])
    y = network.forward(np.ones((1, 1, 13, 13)), {f"{i}.weight": np.ones((1, 1, 5, 5)) for i in (0, 1)})
    dy = np.zeros_like(y)
    dy[0, 0, 6, 6] = 1.0
    seen = np.argwhere(network.backward(dy)[0][0, 0])
    assert (seen.max(axis=0) - seen.min(axis=0) + 1).tolist() == [9, 9]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("strides", "dilation"), [((1, 1), (1, 1)), ((2, 1), (1, 1)), ((1, 3), (2, 1)), ((2, 2), (1, 2))]
)
def test_the_matrix_product_agrees_with_the_loops(strides, dilation, seed):
    rng = np.random.default_rng(seed)
    x, w, b = rng.standard_normal((2, 3, 7, 8)), rng.standard_normal((4, 3, 3, 2)), rng.standard_normal(4)
    slow = convolve_slowly(x, w, b, strides, dilation)
    fast = Conv2D(strides=strides, dilation_rate=dilation).forward(x, {"weight": w, "bias": b})
    np.testing.assert_allclose(fast, slow, rtol=1e-12, atol=1e-12)


def test_the_bias_is_one_number_for_all_places_of_a_channel():
    y = Conv2D().forward(np.zeros((2, 1, 4, 4)), {"weight": np.zeros((2, 1, 3, 3)), "bias": np.array([1.0, -2.0])})
    assert y[:, 0].tolist() == np.full((2, 2, 2), 1.0).tolist()
    assert y[:, 1].tolist() == np.full((2, 2, 2), -2.0).tolist()


def test_groups_are_separate_convolutions_side_by_side():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 4, 5, 5)), rng.standard_normal((6, 2, 3, 3))
    together = Conv2D(groups=2).forward(x, {"weight": w})
    apart = [Conv2D().forward(x[:, 2 * g : 2 * g + 2], {"weight": w[3 * g : 3 * g + 3]}) for g in (0, 1)]
    np.testing.assert_allclose(together, np.concatenate(apart, axis=1), rtol=1e-12)


def test_channels_that_do_not_fill_the_groups_are_refused():
    with pytest.raises(ValueError, match="3 channels, but 2 groups of 1 = 2"):
        Conv2D(groups=2).forward(np.zeros((1, 3, 4, 4)), {"weight": np.zeros((2, 1, 3, 3))})


def test_a_kernel_larger_than_the_map_is_refused():
    with pytest.raises(ValueError, match="no window fits"):
        Conv2D().forward(np.zeros((1, 1, 4, 4)), {"weight": np.zeros((1, 1, 5, 5))})


def test_a_shared_weight_gets_the_sum_of_the_gradients_of_all_its_uses():
    """Lecture 004 L462."""
    brick = Conv1D()
    brick.forward(np.array([[[1.0, 2.0, 3.0, 4.0]]]), {"weight": np.array([[[1.0]]]), "bias": np.array([0.0])})
    _, gradients = brick.backward(np.array([[[1.0, 10.0, 100.0, 1000.0]]]))
    assert gradients["weight"].item() == 1 + 20 + 300 + 4000
    assert gradients["bias"].item() == 1111


def test_without_a_bias_there_is_no_gradient_of_one():
    brick = Conv2D()
    brick.forward(FIVE, {"weight": KERNEL})
    assert list(brick.backward(np.ones((1, 1, 3, 3)))[1]) == ["weight"]


SETTINGS = [
    {},
    {"padding": "same", "strides": 2},
    {"padding": 1, "dilation_rate": 2},
    {"groups": 2, "strides": 2, "padding": "same"},
]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(
    ("brick", "sizes", "kernel"), [(Conv1D, (7,), (3,)), (Conv2D, (5, 6), (3, 2)), (Conv3D, (3, 3, 4), (2, 1, 2))]
)
def test_the_backward_rule_agrees_with_trying(check_gradients, brick, sizes, kernel, settings, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, 2, *sizes))
    weights = {
        "weight": rng.standard_normal((4, 2 // settings.get("groups", 1), *kernel)),
        "bias": rng.standard_normal(4),
    }
    check_gradients(brick(**settings), x, weights, seed, "weight bias")


@pytest.mark.parametrize("seed", range(5))
def test_the_backward_rule_agrees_where_each_axis_has_its_own_settings(check_gradients, seed):
    rng = np.random.default_rng(seed)
    brick = Conv2D(strides=(2, 1), padding=(0, 2), dilation_rate=(1, 2))
    check_gradients(
        brick, rng.standard_normal((2, 2, 6, 4)), {"weight": rng.standard_normal((3, 2, 2, 3))}, seed, "weight"
    )


def test_the_kernel_turned_round_gives_minus_two_where_the_lecture_has_two():
    """Lecture 002 L446-448."""
    patch = np.array([[[[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]]])
    assert result(Conv2D(), patch, SOBEL) == [[2]]
    assert result(FlippedConv2D(), patch, SOBEL) == [[-2]]


def test_the_convolution_of_sequences_is_numpys():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(6), rng.standard_normal(3)
    y = FlippedConv1D(padding=2).forward(x[None, None], {"weight": w[None, None]})[0, 0]
    assert np.allclose(y, np.convolve(x, w), atol=1e-14)


@pytest.mark.parametrize("brick", [FlippedConv1D, FlippedConv2D, FlippedConv3D])
def test_the_backward_rule_of_the_kernel_turned_round_agrees_with_trying(check_gradients, brick):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 2, *(4, 5, 3)[: brick.axes]))
    weights = {"weight": rng.standard_normal((3, 2, *(2, 3, 2)[: brick.axes])), "bias": rng.standard_normal(3)}
    check_gradients(brick(1, ((0, 1), 1, (1, 0))[: brick.axes]), x, weights, 0, "weight bias")
