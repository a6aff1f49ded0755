"""Bricks that change the size of a map without weights. Each is a matrix along each axis; backward is its transpose."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.window import crop, pad, per_axis

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]


def _nearest(n: int, s: int) -> Array:
    """m[i,a] = 1 where a = floor(i/s)."""
    return np.repeat(np.eye(n), s, axis=0)  # (n*s, n)


def _linear(n: int, s: int) -> Array:
    """m[i,a] = max(0, 1 - |(i + 1/2)/s - 1/2 - a|), the outermost pixels going on beyond their centres."""
    where = np.clip((np.arange(n * s) + 0.5) / s - 0.5, 0, n - 1)  # centres of the new pixels, on the scale of the old
    return np.maximum(0, 1 - np.abs(where[:, None] - np.arange(n)))


class _UpSampling(Brick):
    """Enlarge: y = m x along each axis, dx = m^T dy."""

    axes: int

    def __init__(self, size: int | Sequence[int] = 2, interpolation: str = "nearest") -> None:
        self.size = per_axis(size, self.axes)
        self.rule = {"nearest": _nearest, "bilinear": _linear}[interpolation]

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.matrices = [self.rule(n, s) for n, s in zip(x.shape[2:], self.size, strict=True)]
        return _along_each(self.matrices, x)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return _along_each([m.T for m in self.matrices], dy), {}


def _along_each(matrices: Sequence[Array], x: Array) -> Array:
    for axis, m in enumerate(matrices, 2):
        x = np.moveaxis(np.tensordot(x, m, (axis, 1)), -1, axis)
    return x


class UpSampling1D(_UpSampling):
    """Repeat each value of a sequence; the gradients of the copies add up.

    y[n,c,i] = x[n, c, floor(i/s)],    dx[n,c,a] = sum of dy[n,c,i] over i with floor(i/s) = a

    Shape:   (n, c, l) -> (n, c, l*s)
    Args:    size: s, how many times as long.
    Source:  Keras 3, keras.layers.UpSampling1D.
    Example: >>> brick = UpSampling1D(2)
             >>> brick.forward(np.array([[[1.0, 2.0]]]), {}).tolist()
             [[[1.0, 1.0, 2.0, 2.0]]]
             >>> brick.backward(np.array([[[1.0, 2.0, 3.0, 4.0]]]))[0].tolist()
             [[[3.0, 7.0]]]
    """

    axes = 1


class UpSampling2D(_UpSampling):
    """Enlarge a map, by repeating pixels or by straight lines between their centres.

    y[n,c,i,j] = sum over a,e of m[i,a] * m[j,e] * x[n,c,a,e],    dx[n,c,a,e] = sum over i,j of the same m * dy[n,c,i,j]

    Shape:   (n, c, h, w) -> (n, c, h*s, w*s)
    Args:    size: how many times as large.
             interpolation: "nearest", m[i,a] = 1 where a = floor(i/s), or "bilinear",
             m[i,a] = max(0, 1 - |(i + 1/2)/s - 1/2 - a|).
    Source:  Odena, Dumoulin & Olah 2016, doi:10.23915/distill.00003.
    Example: >>> UpSampling2D((1, 2), "bilinear").forward(np.array([[[[0.0, 8.0]]]]), {}).tolist()
             [[[[0.0, 2.0, 6.0, 8.0]]]]
    """

    axes = 2


class UpSampling3D(_UpSampling):
    """Repeat each voxel of a volume.

    y[n,c,i,j,k] = x[n, c, floor(i/s), floor(j/s), floor(k/s)],    dx = the sums of dy over the copies

    Shape:   (n, c, d, h, w) -> (n, c, d*s, h*s, w*s)
    Args:    size: how many times as large.
    Source:  Keras 3, keras.layers.UpSampling3D.
    Example: >>> UpSampling3D(2).forward(np.ones((1, 1, 2, 3, 4)), {}).shape
             (1, 1, 4, 6, 8)
    """

    axes = 3


def _each_side(value: Any, axes: int) -> list[tuple[int, int]]:
    """(before, after) for each axis; of a sequence, two numbers are those."""
    if axes == 1 and isinstance(value, tuple):
        return [(value[0], value[1])]
    return [(side, side) if isinstance(side, int) else (side[0], side[1]) for side in per_axis(value, axes)]


class _ZeroPadding(Brick):
    """Frame with zeros; backward, the frame falls off."""

    axes: int

    def __init__(self, padding: Any = 1) -> None:
        self.widths = _each_side(padding, self.axes)

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        return pad(x, self.widths)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return crop(dy, self.widths), {}


class _Cropping(Brick):
    """Cut edges off; backward, zeros stand there: what was cut off changes nothing."""

    axes: int

    def __init__(self, cropping: Any = 1) -> None:
        self.widths = _each_side(cropping, self.axes)

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        if any(p + q >= n for n, (p, q) in zip(x.shape[2:], self.widths, strict=True)):
            raise ValueError(f"{self.widths} cut off a map of {x.shape[2:]} leaves nothing")
        return crop(x, self.widths)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return pad(dy, self.widths), {}


class ZeroPadding1D(_ZeroPadding):
    """Frame a sequence with zeros.

    y[n,c,i] = x[n, c, i-p] where that exists, else 0;    dx[n,c,i] = dy[n, c, i+p]

    Shape:   (n, c, l) -> (n, c, p+l+q)
    Args:    padding: numbers of zeros on either side, or (before, after).
    Source:  lecture 001 L485-491.
    Example: >>> ZeroPadding1D((2, 1)).forward(np.array([[[5.0]]]), {}).tolist()
             [[[0.0, 0.0, 5.0, 0.0]]]
    """

    axes = 1


class ZeroPadding2D(_ZeroPadding):
    """Frame a map with zeros.

    y[n,c,i,j] = x[n, c, i-p, j-p] where that exists, else 0;    dx[n,c,i,j] = dy[n, c, i+p, j+p]

    Shape:   (n, c, h, w) -> (n, c, p+h+q, p+w+q)
    Args:    padding: numbers of zeros on every side, on those of each axis, or (before, after) for each axis.
    Source:  lecture 002 L543-596.
    Example: >>> ZeroPadding2D(((0, 1), 1)).forward(np.array([[[[5.0]]]]), {})[0, 0]
             array([[0., 5., 0.],
                    [0., 0., 0.]])
    """

    axes = 2


class ZeroPadding3D(_ZeroPadding):
    """Frame a volume with zeros.

    y[n,c,i,j,k] = x[n, c, i-p, j-p, k-p] where that exists, else 0;    dx[n,c,i,j,k] = dy[n, c, i+p, j+p, k+p]

    Shape:   (n, c, d, h, w) -> (n, c, p+d+q, p+h+q, p+w+q)
    Args:    padding: numbers of zeros on every side, on those of each axis, or (before, after) for each axis.
    Source:  lecture 004 L279-284.
    Example: >>> ZeroPadding3D(1).forward(np.ones((1, 1, 2, 2, 2)), {}).shape
             (1, 1, 4, 4, 4)
    """

    axes = 3


class Cropping1D(_Cropping):
    """Cut the edges off a sequence.

    y[n,c,i] = x[n, c, i+p],    dx[n,c,i] = dy[n, c, i-p] where that exists, else 0

    Shape:   (n, c, l) -> (n, c, l-p-q)
    Args:    cropping: how many are cut off on either side, or (before, after).
    Errors:  ValueError if nothing is left.
    Source:  Keras 3, keras.layers.Cropping1D.
    Example: >>> brick = Cropping1D((1, 2))
             >>> brick.forward(np.array([[[1.0, 2.0, 3.0, 4.0]]]), {}).tolist()
             [[[2.0]]]
             >>> brick.backward(np.array([[[9.0]]]))[0].tolist()
             [[[0.0, 9.0, 0.0, 0.0]]]
    """

    axes = 1


class Cropping2D(_Cropping):
    """Cut the edges off a map.

    y[n,c,i,j] = x[n, c, i+p, j+p],    dx[n,c,i,j] = dy[n, c, i-p, j-p] where that exists, else 0

    Shape:   (n, c, h, w) -> (n, c, h-p-q, w-p-q)
    Args:    cropping: how many are cut off on every side, on those of each axis, or (before, after) for each axis.
    Errors:  ValueError if nothing is left.
    Source:  Ronneberger et al. 2015, arXiv:1505.04597.
    Example: >>> Cropping2D(((1, 0), 0)).forward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), {}).tolist()
             [[[[3.0, 4.0]]]]
    """

    axes = 2


class Cropping3D(_Cropping):
    """Cut the edges off a volume.

    y[n,c,i,j,k] = x[n, c, i+p, j+p, k+p],    dx[n,c,i,j,k] = dy[n, c, i-p, j-p, k-p] where that exists, else 0

    Shape:   (n, c, d, h, w) -> (n, c, d-p-q, h-p-q, w-p-q)
    Args:    cropping: how many are cut off on every side, on those of each axis, or (before, after) for each axis.
    Errors:  ValueError if nothing is left.
    Source:  Çiçek et al. 2016, arXiv:1606.06650.
    Example: >>> Cropping3D(1).forward(np.ones((1, 1, 4, 4, 4)), {}).shape
             (1, 1, 2, 2, 2)
    """

    axes = 3
