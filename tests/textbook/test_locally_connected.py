"""Windows with kernels of their own."""

import numpy as np
import pytest

from striate.textbook import Conv2D, LocallyConnected1D, LocallyConnected2D


def test_with_the_same_kernel_everywhere_it_is_a_convolution():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 2, 5, 6)), rng.standard_normal((3, 2, 2, 3))
    shared = Conv2D(2, ((0, 1), 1)).forward(x, {"weight": w})
    every = np.broadcast_to(w, (*shared.shape[2:], *w.shape))
    assert np.allclose(LocallyConnected2D(2, ((0, 1), 1)).forward(x, {"weight": every}), shared, atol=1e-14)


@pytest.mark.parametrize("settings", [{}, {"strides": 2, "padding": "same"}, {"padding": 1}])
@pytest.mark.parametrize("bias", [False, True])
def test_the_backward_rule_agrees_with_trying(check_gradients, settings, bias):
    rng = np.random.default_rng(1)
    for brick, size in ((LocallyConnected1D(**settings), (5,)), (LocallyConnected2D(**settings), (4, 5))):
        x = rng.standard_normal((2, 2, *size))
        kernel, places = (2,) * brick.axes, [0] * brick.axes
        for axis, n in enumerate(size):
            places[axis] = {"valid": n - 1, "same": -(-n // 2), 1: n + 1}[settings.get("padding", "valid")]
        weights = {"weight": rng.standard_normal((*places, 3, 2, *kernel))}
        if bias:
            weights["bias"] = rng.standard_normal((*places, 3))
        check_gradients(brick, x, weights, 0, " ".join(weights))
