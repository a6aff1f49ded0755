"""The backward rule of a convolution as a forward rule."""

import numpy as np
import pytest

from striate.textbook import Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Conv3DTranspose


@pytest.mark.parametrize("settings", [{}, {"strides": 2}, {"strides": (2, 1), "padding": 1, "dilation_rate": (1, 2)}])
def test_forward_is_the_backward_rule_of_the_convolution(settings):
    rng = np.random.default_rng(0)
    there = Conv2D(**settings)
    w = rng.standard_normal((3, 2, 3, 2))  # (f, c, kh, kw) there, (c, f, kh, kw) on the way back
    y = there.forward(np.zeros((2, 2, 7, 6)), {"weight": w})
    dy = rng.standard_normal(y.shape)
    back = Conv2DTranspose(**settings).forward(dy, {"weight": w})
    assert np.allclose(back, there.backward(dy)[0][:, :, : back.shape[2], : back.shape[3]], atol=1e-13)


def test_output_padding_gives_the_last_pixels_back():
    rng = np.random.default_rng(0)
    w, dy = rng.standard_normal((1, 1, 3)), rng.standard_normal((1, 1, 3))
    there = Conv1D(2, 1)
    assert there.forward(np.zeros((1, 1, 6)), {"weight": w}).shape == dy.shape
    whole = Conv1DTranspose(2, 1, output_padding=1).forward(dy, {"weight": w})
    assert np.allclose(whole, there.backward(dy)[0])


@pytest.mark.parametrize(
    ("kernel", "settings", "length"),
    [
        (4, {}, 3 + 4),
        (3, {"strides": 2}, 6 + 3),
        (4, {"strides": 5}, 15 + 5),
        (3, {"dilation_rate": 2}, 3 + 5),
        (4, {"strides": 2, "padding": "same"}, 4 * 2),
        (4, {"strides": 5, "padding": "same"}, 4 * 5),
        (4, {"strides": 2, "padding": "same", "output_padding": 0}, 6 + 0 + 0),
        (3, {"strides": 2, "padding": "same", "output_padding": 1}, 6 + 1 + 1),
        (4, {"strides": 2, "padding": ((2, 0),)}, 6 + 4 - 2),
    ],
)
def test_four_values_come_out_as_long_as_is_said(kernel, settings, length):
    y = Conv1DTranspose(**settings).forward(np.ones((1, 1, 4)), {"weight": np.ones((1, 1, kernel))})
    assert y.shape == (1, 1, length)


def test_what_leaves_nothing_or_reaches_the_stride_is_refused():
    with pytest.raises(ValueError, match="leaves nothing"):
        Conv1DTranspose(padding=1).forward(np.ones((1, 1, 1)), {"weight": np.ones((1, 1, 2))})
    with pytest.raises(ValueError, match="must be below the stride"):
        Conv1DTranspose(2, output_padding=2)


@pytest.mark.parametrize(
    "settings",
    [{}, {"strides": 3}, {"strides": 2, "padding": "same"}, {"strides": 2, "padding": 1, "output_padding": 1}],
)
@pytest.mark.parametrize("brick", [Conv1DTranspose, Conv2DTranspose, Conv3DTranspose])
def test_the_backward_rule_agrees_with_trying(check_gradients, brick, settings):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 2, *(3, 2, 2)[: brick.axes]))
    weights = {"weight": rng.standard_normal((2, 3, *(2,) * brick.axes)), "bias": rng.standard_normal(3)}
    check_gradients(brick(**settings), x, weights, 0, "weight bias")
