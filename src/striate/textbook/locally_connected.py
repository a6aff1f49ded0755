"""Locally connected bricks: the windows of a convolution, but no weight is shared."""

from collections.abc import Sequence

import numpy as np

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.window import Padding, add_windows, crop, pad, pad_widths, per_axis, windows

__all__ = ["LocallyConnected1D", "LocallyConnected2D"]


class _LocallyConnected(Brick):
    """Cross-correlate each window with kernels of its own.

    y[n,f,i]    = b[i,f] + sum over c,u of w[i,f,c,u] * x[n, c, i*s + u - p]      (i and u stand for all axes)
    dw[i,f,c,u] = sum over n of dy[n,f,i] * x[n, c, i*s + u - p]                  used in one place: no sum over i
    dx          = each sum over f of dy[n,f,i] * w[i,f,c,u] added to the pixel x[n, c, i*s + u - p]
    db[i,f]     = sum over n of dy[n,f,i]
    """

    axes: int  # along how many axes the windows lie

    def __init__(self, strides: int | Sequence[int] = 1, padding: Padding = "valid") -> None:
        self.strides = per_axis(strides, self.axes)
        self.padding = padding

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.weight = weights["weight"]  # (h', w', f, c, kh, kw)
        self.has_bias = "bias" in weights
        kernel, once = self.weight.shape[2 + self.axes :], (1,) * self.axes
        self.widths = pad_widths(x.shape[2:], kernel, self.strides, self.padding, once)
        padded = pad(x, self.widths)
        self.padded_shape = padded.shape
        seen = windows(padded, kernel, self.strides, once)  # (n, c, h', w', kh, kw)
        self.seen = np.moveaxis(seen, 1, 1 + self.axes)[
            :, *[slice(None)] * self.axes, None
        ]  # (n, h', w', 1, c, kh, kw)
        taps = tuple(range(-1 - self.axes, 0))
        y = (self.seen * self.weight).sum(axis=taps)  # (n, h', w', f)
        return np.moveaxis(y + weights["bias"] if self.has_bias else y, -1, 1)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        last = np.moveaxis(dy, 1, -1)  # (n, h', w', f)
        each = last.reshape(*last.shape, *[1] * (1 + self.axes))  # (n, h', w', f, 1, 1, 1)
        dseen = np.moveaxis((each * self.weight).sum(axis=1 + self.axes), 1 + self.axes, 1)  # (n, c, h', w', kh, kw)
        dx = crop(add_windows(dseen, self.padded_shape, self.strides, (1,) * self.axes), self.widths)
        gradients = {"weight": (each * self.seen).sum(axis=0)}
        if self.has_bias:
            gradients["bias"] = last.sum(axis=0)
        return dx, gradients


class LocallyConnected1D(_LocallyConnected):
    """Cross-correlate each stretch of a sequence with kernels of its own.

    y[n,f,i] = b[i,f] + sum over c,u of w[i,f,c,u] * x[n, c, i*s + u - p]

    Shape:   x (n, c, l), weight (l', f, c, k), bias (l', f) or none -> (n, f, l')
    Args:    strides, padding: as in Conv2D.
    Source:  LeCun 1989, yann.lecun.com/exdb/publis/pdf/lecun-89.pdf; lecture 001 L426-429.
    Example: the first place adds its two values, the second takes their difference
             >>> brick = LocallyConnected1D()
             >>> brick.forward(np.array([[[1.0, 4.0, 9.0]]]), {"weight": np.array([[[[1.0, 1.0]]], [[[-1.0, 1.0]]]])}).tolist()
             [[[5.0, 5.0]]]
             >>> brick.backward(np.ones((1, 1, 2)))[0].tolist()
             [[[1.0, 0.0, 1.0]]]
    """

    axes = 1


class LocallyConnected2D(_LocallyConnected):
    """Cross-correlate each window of a map with kernels of its own.

    y[n,f,i,j] = b[i,j,f] + sum over c,u,v of w[i,j,f,c,u,v] * x[n, c, i*s + u - p, j*s + v - p]

    Shape:   x (n, c, h, w), weight (h', w', f, c, kh, kw), bias (h', w', f) or none -> (n, f, h', w')
    Args:    strides, padding: as in Conv2D.
    Source:  Taigman et al. 2014, doi:10.1109/CVPR.2014.220; lecture 001 L426-429.
    Example: >>> weights = {"weight": np.array([1.0, 10.0, 100.0, 1000.0]).reshape(2, 2, 1, 1, 1, 1)}
             >>> LocallyConnected2D().forward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), weights).tolist()
             [[[[1.0, 20.0], [300.0, 4000.0]]]]
    """

    axes = 2
