"""Transposed convolution: what a convolution does backward, done forward.

If y = M x with the matrix M of a convolution, its backward rule is dx = M^T dy. Here that product is the forward rule,
and so M is the backward one: forward and backward change places. Nothing is undone: M^T M is not 1.
"""

from collections.abc import Sequence

import numpy as np

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.window import Padding, add_windows, pad_widths, per_axis, windows

__all__ = ["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"]


class _Transposed(Brick):
    """Lay a kernel, times the pixel, on the map for each pixel, s apart; add what overlaps, and cut the edges off.

    y[n,f,a]  = b[f] + sum over c and over i,u with i*s + u*d - p = a of w[c,f,u] * x[n,c,i]
    dx[n,c,i] = sum over f,u of w[c,f,u] * dy[n, f, i*s + u*d - p]                a convolution
    dw[c,f,u] = sum over n,i of x[n,c,i] * dy[n, f, i*s + u*d - p]
    db[f]     = sum over n,a of dy[n,f,a]
    """

    axes: int

    def __init__(
        self,
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        output_padding: int | Sequence[int] | None = None,
        dilation_rate: int | Sequence[int] = 1,
    ) -> None:
        self.strides = per_axis(strides, self.axes)
        self.padding = padding
        self.output_padding = per_axis(output_padding, self.axes)
        self.dilation_rate = per_axis(dilation_rate, self.axes)
        for extra, s in zip(self.output_padding, self.strides, strict=True):
            if extra is not None and extra >= s:
                raise ValueError(f"output_padding {extra} must be below the stride {s}")

    def cut(self, kernel: Sequence[int]) -> list[tuple[int, int]]:
        """Pixels cut off before and after each axis; negative ones are added.

        valid: none, and at least s pixels for each input.    same: all but s for each input, the odd one after;
        with output_padding e all but (n-1)*s + reach mod 2 + e.
        """
        widths = []
        word = isinstance(self.padding, str)
        pads = (
            [(0, 0)] * self.axes
            if word
            else pad_widths([10**9] * self.axes, kernel, [1] * self.axes, self.padding, [1] * self.axes)
        )
        for k, s, d, e, (p, q) in zip(kernel, self.strides, self.dilation_rate, self.output_padding, pads, strict=True):
            reach = d * (k - 1) + 1
            if self.padding == "same":
                total = reach - s if e is None else reach - reach % 2 - e
                widths.append((max(total // 2, 0), total - max(total // 2, 0)))
            elif self.padding == "valid":
                widths.append((0, -max(s - reach, 0) if e is None else -e))
            else:
                widths.append((p, q - (e or 0)))
        return widths

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.x, self.weight = x, weights["weight"]  # (c, f, kh, kw)
        self.has_bias = "bias" in weights
        kernel = self.weight.shape[2:]
        laid = np.moveaxis(np.tensordot(x, self.weight, (1, 0)), 1 + self.axes, 1)  # (n, f, h, w, kh, kw)
        sizes = [
            (n - 1) * s + d * (k - 1) + 1
            for n, s, d, k in zip(x.shape[2:], self.strides, self.dilation_rate, kernel, strict=True)
        ]
        whole = add_windows(laid, (len(x), laid.shape[1], *sizes), self.strides, self.dilation_rate)
        self.widths = self.cut(kernel)
        if any(size - before - after < 1 for size, (before, after) in zip(sizes, self.widths, strict=True)):
            raise ValueError(f"{self.widths} cut off a map of {sizes} leaves nothing")
        y = _cut_off(whole, self.widths)
        return y + weights["bias"].reshape(-1, *[1] * self.axes) if self.has_bias else y

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dwhole = _cut_off(dy, [(-before, -after) for before, after in self.widths])
        seen = windows(dwhole, self.weight.shape[2:], self.strides, self.dilation_rate)  # (n, f, h, w, kh, kw)
        taps = range(2 + self.axes, 2 + 2 * self.axes)
        places = [0, *range(2, 2 + self.axes)]
        dx = np.tensordot(seen, self.weight, ([1, *taps], [1, *range(2, 2 + self.axes)]))  # (n, h, w, c)
        gradients = {"weight": np.tensordot(self.x, seen, (places, places))}  # (c, f, kh, kw)
        if self.has_bias:
            gradients["bias"] = dy.sum(axis=tuple(places))
        return np.moveaxis(dx, -1, 1), gradients


def _cut_off(y: Array, widths: Sequence[tuple[int, int]]) -> Array:
    """Take pixels off both ends of each axis, or put zeros there where the number is negative."""
    inner = tuple(slice(max(p, 0), size - max(q, 0)) for (p, q), size in zip(widths, y.shape[2:], strict=True))
    return np.pad(y[:, :, *inner], [(0, 0), (0, 0), *((max(-p, 0), max(-q, 0)) for p, q in widths)])


class Conv1DTranspose(_Transposed):
    """Lay a kernel for each value of a sequence, and add up what overlaps.

    y[n,f,a] = b[f] + sum over c and over i,u with i*s + u*d - p = a of w[c,f,u] * x[n,c,i]

    Shape:   x (n, c, l), weight (c, f, k), bias (f,) or none -> (n, f, l')
    Args:    strides, padding, output_padding, dilation_rate: as in Conv2DTranspose.
    Source:  Dumoulin & Visin 2016, arXiv:1603.07285.
    Example: >>> brick = Conv1DTranspose(strides=2)
             >>> brick.forward(np.array([[[1.0, 10.0]]]), {"weight": np.array([[[1.0, 2.0, 3.0]]])}).tolist()
             [[[1.0, 2.0, 13.0, 20.0, 30.0]]]
             >>> brick.backward(np.ones((1, 1, 5)))[0].tolist()
             [[[6.0, 6.0]]]
    """

    axes = 1


class Conv2DTranspose(_Transposed):
    """Lay a kernel for each pixel of a map, and add up what overlaps.

    y[n,f,a,e] = b[f] + sum over c and over i,j,u,v with i*s + u*d - p = a, j*s + v*d - p = e of w[c,f,u,v] * x[n,c,i,j]

    Shape:   x (n, c, h, w), weight (c, f, kh, kw), bias (f,) or none -> (n, f, h', w')
    Args:    strides: pixels from the kernel of one pixel to that of the next.
             padding: what is cut off: "valid", "same", or pixels, for all sides or for each.
             output_padding: pixels more at the end, fewer than the stride.
             dilation_rate: pixels from tap to tap.
    Errors:  ValueError if nothing is left, or output_padding reaches the stride.
    Source:  Zeiler et al. 2010, doi:10.1109/CVPR.2010.5539957; Dumoulin & Visin 2016, arXiv:1603.07285.
    Example: >>> weights = {"weight": np.array([[[[1.0, 2.0], [3.0, 4.0]]]])}
             >>> Conv2DTranspose(strides=2).forward(np.array([[[[1.0, 10.0]]]]), weights)[0, 0]
             array([[ 1.,  2., 10., 20.],
                    [ 3.,  4., 30., 40.]])
    """

    axes = 2


class Conv3DTranspose(_Transposed):
    """Lay a kernel for each voxel of a volume, and add up what overlaps.

    y[n,f,a] = b[f] + sum over c and over i,u with i*s + u*d - p = a of w[c,f,u] * x[n,c,i], a, i, u of three numbers

    Shape:   x (n, c, d, h, w), weight (c, f, kd, kh, kw), bias (f,) or none -> (n, f, d', h', w')
    Args:    strides, padding, output_padding, dilation_rate: as in Conv2DTranspose.
    Source:  Çiçek et al. 2016, arXiv:1606.06650.
    Example: >>> Conv3DTranspose(strides=2).forward(np.ones((1, 1, 2, 2, 2)), {"weight": np.ones((1, 1, 2, 2, 2))}).shape
             (1, 1, 4, 4, 4)
    """

    axes = 3
