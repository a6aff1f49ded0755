"""Convolution in one, two and three dimensions: the same small set of weights at every place of the map.

What networks call convolution is a cross-correlation: the kernel is laid on the map as it is. The convolution
of mathematics turns the kernel round first, w[..., ::-1, ::-1]. As the weights are learned, nothing is lost.
(Lecture 004 L127-135 writes both with one star.)
"""

from collections.abc import Sequence

import numpy as np

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.window import Padding, add_windows, crop, pad, pad_widths, per_axis, windows

__all__ = ["Conv1D", "Conv2D", "Conv3D", "FlippedConv1D", "FlippedConv2D", "FlippedConv3D", "convolve_slowly"]


def convolve_slowly(
    x: Array, w: Array, b: Array, strides: Sequence[int] = (1, 1), dilation_rate: Sequence[int] = (1, 1)
) -> Array:
    """Cross-correlate maps with kernels, without padding, exactly as the formula reads.

    y[n,f,i,j] = b[f] + sum over c,u,v of w[f,c,u,v] * x[n, c, i*s + u*d, j*s + v*d]

    Shape:   x (n, c, h, w), w (f, c, kh, kw), b (f,) -> (n, f, h', w')
    Source:  lecture 000 L64, lecture 004 L204-214.
             The sum of lecture 004 L210 runs from i = 1 with I(n+i), one too far: it must begin at 0. Its size
             N x M x 1 holds for "same" padding; without, L271 is right, (N-A+1) x (M-B+1).
    Example: lecture 001 L354-396
             >>> image = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
             >>> kernel = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
             >>> convolve_slowly(np.array([[image]]), np.array([[kernel]]), np.zeros(1))[0, 0]
             array([[4., 3., 4.],
                    [2., 4., 3.],
                    [2., 3., 4.]])
    """
    (sh, sw), (dh, dw) = strides, dilation_rate
    samples, filters, (kh, kw) = len(x), len(w), w.shape[2:]
    high = (x.shape[2] - dh * (kh - 1) - 1) // sh + 1
    wide = (x.shape[3] - dw * (kw - 1) - 1) // sw + 1
    y = np.zeros((samples, filters, high, wide))
    for n in range(samples):
        for f in range(filters):
            for i in range(high):
                for j in range(wide):
                    window = x[n, :, i * sh : i * sh + dh * kh : dh, j * sw : j * sw + dw * kw : dw]  # (c, kh, kw)
                    y[n, f, i, j] = b[f] + np.sum(w[f] * window)
    return y


class _Convolution(Brick):
    """Cross-correlate a map of any number of axes with kernels, and add a bias to each output channel.

    y[n,f,i] = b[f] + sum over c,u of w[f,c,u] * x[n, c, i*s + u*d - p]        (i and u stand for all axes)

    The loss sees x and w only through y, and y is linear in each, so the chain rule reads off the sum:
    dw[f,c,u] = sum over n,i of dy[n,f,i] * x[n, c, i*s + u*d - p]             the kernel was used at every i
    dx[n,c,a] = sum over f and over i,u with i*s + u*d - p = a of dy[n,f,i] * w[f,c,u]   a pixel is in many windows
    db[f]     = sum over n,i of dy[n,f,i]

    With groups, the channels are dealt into equal groups, and a filter sees those of its group only.

    The kernel size is the weight's. `tensordot` copies each window into one row of a matrix and multiplies
    that by the matrix of kernels, so that all the sums are one matrix product.
    """

    axes: int  # along how many axes the kernel slides

    def __init__(
        self,
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
    ) -> None:
        self.strides = per_axis(strides, self.axes)
        self.padding = padding
        self.dilation_rate = per_axis(dilation_rate, self.axes)
        self.groups = groups

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        w = weights["weight"]  # (f, c/groups, kh, kw)
        if x.shape[1] != self.groups * w.shape[1]:
            raise ValueError(
                f"{x.shape[1]} channels, but {self.groups} groups of {w.shape[1]} = {self.groups * w.shape[1]}"
            )
        kernel = w.shape[2:]
        self.weight = w
        self.has_bias = "bias" in weights
        self.widths = pad_widths(x.shape[2:], kernel, self.strides, self.padding, self.dilation_rate)
        self.padded = pad(x, self.widths)  # (n, c, h+p+q, w+p+q)
        seen = windows(self.padded, kernel, self.strides, self.dilation_rate)  # (n, c, h', w', kh, kw)

        # Sum over c, u, v: axes 1, 4, 5 of the windows and axes 1, 2, 3 of the kernels.
        summed = [1, *range(2 + self.axes, 2 + 2 * self.axes)], [1, *range(2, 2 + self.axes)]
        parts = [np.tensordot(seen_g, w_g, summed) for seen_g, w_g in self.by_group((seen, 1), (w, 0))]
        y = np.moveaxis(np.concatenate(parts, axis=-1), -1, 1)  # (n, h', w', f) -> (n, f, h', w')
        return y + _per_channel(weights["bias"], y.ndim) if self.has_bias else y

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        w = self.weight
        seen = windows(self.padded, w.shape[2:], self.strides, self.dilation_rate)  # (n, c, h', w', kh, kw)
        places = [0, *range(2, 2 + self.axes)]  # n, i, j

        # dw: sum over n, i, j; (n, f, h', w') and (n, c, h', w', kh, kw) -> (f, c/groups, kh, kw)
        dw = np.concatenate(
            [np.tensordot(dy_g, seen_g, (places, places)) for dy_g, seen_g in self.by_group((dy, 1), (seen, 1))]
        )
        # The gradient of every window: sum over f; (n, f, h', w') and (f, c/groups, kh, kw) -> (n, h', w', c, kh, kw)
        dseen = np.concatenate(
            [np.tensordot(dy_g, w_g, (1, 0)) for dy_g, w_g in self.by_group((dy, 1), (w, 0))], axis=1 + self.axes
        )
        dseen = np.moveaxis(dseen, 1 + self.axes, 1)  # (n, c, h', w', kh, kw)
        dx = crop(add_windows(dseen, self.padded.shape, self.strides, self.dilation_rate), self.widths)

        gradients = {"weight": dw}
        if self.has_bias:
            gradients["bias"] = dy.sum(axis=tuple(places))
        return dx, gradients

    def by_group(self, *arrays: tuple[Array, int]) -> list[tuple[Array, ...]]:
        """Cut each (array, axis) into the groups, and pair the pieces."""
        return list(zip(*(np.split(array, self.groups, axis=axis) for array, axis in arrays), strict=True))


def _per_channel(v: Array, ndim: int) -> Array:
    return v.reshape(-1, *[1] * (ndim - 2))  # (c,) -> (c, 1, 1), which broadcasts against (n, c, h, w)


class Conv1D(_Convolution):
    """Cross-correlate a sequence with kernels that slide along its one axis.

    y[n,f,i] = b[f] + sum over c,u of w[f,c,u] * x[n, c, i*s + u*d - p]

    Shape:   x (n, c, l), weight (f, c/groups, k), bias (f,) -> (n, f, l')
    Args:    strides, padding, dilation_rate, groups: as in Conv2D.
    Source:  Waibel et al. 1989 (time-delay networks), doi:10.1109/29.21701; lecture 004 L194, L58.
    Example: differences of neighbours; the kernel's gradient is the sum of what its taps saw
             >>> brick = Conv1D()
             >>> brick.forward(np.array([[[1.0, 4.0, 9.0, 16.0]]]), {"weight": np.array([[[-1.0, 1.0]]])}).tolist()
             [[[3.0, 5.0, 7.0]]]
             >>> dx, gradients = brick.backward(np.ones((1, 1, 3)))
             >>> dx.tolist(), gradients["weight"].tolist()
             ([[[-1.0, 0.0, 0.0, 1.0]]], [[[14.0, 29.0]]])
    """

    axes = 1


class Conv2D(_Convolution):
    """Cross-correlate maps with kernels that slide along height and width.

    y[n,f,i,j]  = b[f] + sum over c,u,v of w[f,c,u,v] * x[n, c, i*s + u*d - p, j*s + v*d - p]
    dw[f,c,u,v] = sum over n,i,j of dy[n,f,i,j] * x[n, c, i*s + u*d - p, j*s + v*d - p]
    dx          = each dy[n,f,i,j] * w[f,c,u,v] added to the pixel x[n, c, i*s + u*d - p, j*s + v*d - p]
    db[f]       = sum over n,i,j of dy[n,f,i,j]

    Shape:   x (n, c, h, w), weight (f, c/groups, kh, kw), bias (f,) or none -> (n, f, h', w')
             h' = floor((h + p + q - d(kh-1) - 1)/s) + 1
    Args:    strides: pixels from window to window, one number or one per axis.
             padding: "valid", "same", or pixels on either side, one number or one per axis.
             dilation_rate: pixels from tap to tap.
             groups: groups of channels that do not see each other.
    Errors:  ValueError if the dilated kernel exceeds the padded map, or the channels do not fill the groups.
    Source:  LeCun et al. 1989, doi:10.1162/neco.1989.1.4.541; lecture 001 L475-568, lecture 002 L543-706.
             Groups: Krizhevsky et al. 2012, doi:10.1145/3065386. Dilation: Yu & Koltun 2016,
             doi:10.48550/arXiv.1511.07122.
    Example: lecture 002 L446-448
             >>> patch = np.array([[[[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]]])
             >>> kernel = np.array([[[[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]]])
             >>> Conv2D().forward(patch, {"weight": kernel}).item()
             2.0
    """

    axes = 2


class Conv3D(_Convolution):
    """Cross-correlate volumes with kernels that slide along depth, height and width.

    y[n,f,i,j,k] = b[f] + sum over c,t,u,v of w[f,c,t,u,v] * x[n, c, i*s + t*d - p, j*s + u*d - p, k*s + v*d - p]

    Shape:   x (n, c, d, h, w), weight (f, c/groups, kd, kh, kw), bias (f,) -> (n, f, d', h', w')
    Args:    strides, padding, dilation_rate, groups: as in Conv2D.
    Source:  Ji et al. 2013, doi:10.1109/TPAMI.2012.59; lecture 004 L196.
    Example: >>> Conv3D(strides=2).forward(np.ones((1, 1, 4, 4, 4)), {"weight": np.ones((1, 1, 2, 2, 2))}).shape
             (1, 1, 2, 2, 2)
    """

    axes = 3


class _Flipped(_Convolution):
    """Convolve as mathematics has it: the kernel turned round, so its gradient is turned back.

    y[n,f,i] = b[f] + sum over c,u of w[f,c,k-1-u] * x[n, c, i*s + u*d - p]
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        return super().forward(x, {**weights, "weight": self.turned(weights["weight"])}, training)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dx, gradients = super().backward(dy)
        return dx, {**gradients, "weight": self.turned(gradients["weight"])}

    def turned(self, w: Array) -> Array:
        """The last tap first, along every axis of the map."""
        return np.flip(w, axis=tuple(range(2, 2 + self.axes)))


class FlippedConv1D(_Flipped):
    """Convolve a sequence with kernels that are turned round.

    y[n,f,i] = b[f] + sum over c,u of w[f,c,u] * x[n, c, i*s + (k-1-u)*d - p]

    Shape:   x (n, c, l), weight (f, c/groups, k), bias (f,) -> (n, f, l')
    Args:    strides, padding, dilation_rate, groups: as in Conv2D.
    Source:  lecture 004 L127-135.
    Example: the product of polynomials, (1 + 2t)(3 + 4t) = 3 + 10t + 8t^2
             >>> weights = {"weight": np.array([[[1.0, 2.0]]])}
             >>> FlippedConv1D(padding=1).forward(np.array([[[3.0, 4.0]]]), weights).tolist()
             [[[3.0, 10.0, 8.0]]]
    """

    axes = 1


class FlippedConv2D(_Flipped):
    """Convolve maps with kernels that are turned by half a turn.

    y[n,f,i,j] = b[f] + sum over c,u,v of w[f,c,u,v] * x[n, c, i*s + (kh-1-u)*d - p, j*s + (kw-1-v)*d - p]

    Shape:   x (n, c, h, w), weight (f, c/groups, kh, kw), bias (f,) -> (n, f, h', w')
    Args:    strides, padding, dilation_rate, groups: as in Conv2D.
    Source:  lecture 004 L127-135.
    Example: the patch of lecture 002 L446-448, where the cross-correlation gives 2
             >>> patch = np.array([[[[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]]])
             >>> kernel = np.array([[[[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]]])
             >>> FlippedConv2D().forward(patch, {"weight": kernel}).item()
             -2.0
    """

    axes = 2


class FlippedConv3D(_Flipped):
    """Convolve volumes with kernels that are turned round along every axis.

    y[n,f,i] = b[f] + sum over c,u of w[f,c,u] * x[n, c, i*s + (k-1-u)*d - p], i and u of three numbers each

    Shape:   x (n, c, d, h, w), weight (f, c/groups, kd, kh, kw), bias (f,) -> (n, f, d', h', w')
    Args:    strides, padding, dilation_rate, groups: as in Conv2D.
    Source:  lecture 004 L127-135, L196.
    Example: >>> FlippedConv3D(strides=2).forward(np.ones((1, 1, 4, 4, 4)), {"weight": np.ones((1, 1, 2, 2, 2))}).shape
             (1, 1, 2, 2, 2)
    """

    axes = 3
