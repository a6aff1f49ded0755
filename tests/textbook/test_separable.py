"""Channels taken apart."""

import numpy as np
import pytest

from striate.textbook import Conv2D, DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D


def test_a_separable_convolution_is_a_full_one_of_a_product_of_kernels():
    """w'[f,c,u,v] = sum over q of v[f, c*m+q] * w[c*m+q,u,v]."""
    rng = np.random.default_rng(0)
    x, w, v = (rng.standard_normal(shape) for shape in ((2, 3, 5, 6), (6, 1, 2, 3), (4, 6, 1, 1)))
    full = np.einsum("fcq,cquv->fcuv", v.reshape(4, 3, 2), w.reshape(3, 2, 2, 3))
    separable = SeparableConv2D(2, "same").forward(x, {"depthwise.weight": w, "pointwise.weight": v})
    assert np.allclose(separable, Conv2D(2, "same").forward(x, {"weight": full}), atol=1e-13)


@pytest.mark.parametrize("settings", [{}, {"strides": 2, "padding": "same"}, {"padding": 1, "dilation_rate": 2}])
def test_the_backward_rules_agree_with_trying(check_gradients, settings):
    rng = np.random.default_rng(1)
    for axes, deep, parted in ((1, DepthwiseConv1D, SeparableConv1D), (2, DepthwiseConv2D, SeparableConv2D)):
        x = rng.standard_normal((2, 2, *(5, 4)[:axes]))
        along, bias = rng.standard_normal((4, 1, *(2,) * axes)), rng.standard_normal(4)
        check_gradients(deep(**settings), x, {"weight": along, "bias": bias}, 0, "weight bias")
        across = {"pointwise.weight": rng.standard_normal((3, 4, *(1,) * axes)), "pointwise.bias": bias[:3]}
        names = "depthwise.weight pointwise.weight pointwise.bias"
        check_gradients(parted(**settings), x, {"depthwise.weight": along, **across}, 0, names)
