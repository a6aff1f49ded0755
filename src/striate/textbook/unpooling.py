"""Unpooling: the backward rule of max pooling as a brick of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.pooling import MaxPooling1D, MaxPooling2D, MaxPooling3D
from striate.textbook.window import Padding

__all__ = ["MaxUnpooling1D", "MaxUnpooling2D", "MaxUnpooling3D"]


class _MaxUnpooling(Brick):
    """Put each number where the maximum of its window was: what max pooling does with a gradient.

    y[n,c,a]      = sum of small[n,c,i] over the windows i of which before[n,c,a] was the first largest
    dsmall[n,c,i] = dy at the pixel that was the first largest of window i,    dbefore = 0

    `before` says where, not how much: a small change of it moves no maximum.
    """

    pooling: type[MaxPooling1D | MaxPooling2D | MaxPooling3D]

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: Padding = "valid",
    ) -> None:
        self.pool = self.pooling(pool_size, strides, padding)

    def forward(self, x: Any, weights: Weights, training: bool = True) -> Array:
        small, before = x
        if self.pool.forward(before, {}).shape != small.shape:
            raise ValueError(f"{before.shape} is not {small.shape} once it is pooled")
        self.before = before
        return self.pool.backward(small)[0]

    def backward(self, dy: Array) -> Any:
        seen = self.pool.seen(dy, 0.0)  # (n, c, h', w', kh, kw), of which only the winner's counts
        flat = seen.reshape(*seen.shape[: 2 + self.pool.axes], -1)
        dsmall = np.take_along_axis(flat, self.pool.winner, axis=-1)[..., 0]
        return [dsmall, np.zeros_like(self.before)], {}


class MaxUnpooling1D(_MaxUnpooling):
    """Put each value back where the largest of its stretch of a sequence was.

    y[n,c,a] = sum of small[n,c,i] over the windows i of which before[n,c,a] was the first largest

    Shape:   [small (n, c, l'), before (n, c, l)] -> (n, c, l)
    Args:    pool_size, strides, padding: as in MaxPooling2D.
    Source:  Zeiler & Fergus 2014, arXiv:1311.2901.
    Example: >>> before = np.array([[[1.0, 5.0, 7.0, 2.0]]])
             >>> MaxUnpooling1D(2).forward([np.array([[[10.0, 20.0]]]), before], {}).tolist()
             [[[0.0, 10.0, 20.0, 0.0]]]
    """

    pooling = MaxPooling1D


class MaxUnpooling2D(_MaxUnpooling):
    """Put each pixel back where the largest of its window of a map was.

    y[n,c,a,e] = sum of small[n,c,i,j] over the windows i,j of which before[n,c,a,e] was the first largest

    Shape:   [small (n, c, h', w'), before (n, c, h, w)] -> (n, c, h, w)
    Args:    pool_size, strides, padding: as in MaxPooling2D.
    Errors:  ValueError if small has not the size of before once it is pooled.
    Source:  Zeiler & Fergus 2014, arXiv:1311.2901; lecture 004 L464.
    Example: the map of lecture 001 L710-713, and its maxima put back
             >>> before = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
             >>> MaxUnpooling2D(2).forward([np.array([[[[6.0, 8.0], [3.0, 4.0]]]]), before], {})[0, 0]
             array([[0., 0., 0., 0.],
                    [0., 6., 0., 8.],
                    [3., 0., 0., 0.],
                    [0., 0., 0., 4.]])
    """

    pooling = MaxPooling2D


class MaxUnpooling3D(_MaxUnpooling):
    """Put each voxel back where the largest of its window of a volume was.

    y[n,c,a] = sum of small[n,c,i] over the windows i of which before[n,c,a] was the first largest, a, i of three numbers

    Shape:   [small (n, c, d', h', w'), before (n, c, d, h, w)] -> (n, c, d, h, w)
    Args:    pool_size, strides, padding: as in MaxPooling2D.
    Source:  Zeiler & Fergus 2014, arXiv:1311.2901; lecture 004 L196.
    Example: >>> before = np.arange(8.0).reshape(1, 1, 2, 2, 2)
             >>> MaxUnpooling3D(2).forward([np.full((1, 1, 1, 1, 1), 7.0), before], {}).ravel().tolist()
             [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]
    """

    pooling = MaxPooling3D
