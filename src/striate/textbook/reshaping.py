"""Bricks that only rearrange: the backward rule puts every gradient back where its number came from.

Numbers are read in the order of the images that people see, (n, h, w, c): row by row, pixel by pixel, the channels
of a pixel together. Inside, maps are (n, c, h, w), so the channels are moved to the end first.
"""

from collections.abc import Sequence

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]


class Reshape(Brick):
    """Read the numbers in the order (h, w, c) into another shape.

    y = channels second(reshape(channels last(x))),    dx = the same three steps, undone

    Shape:   (n, c, h, w) -> (n, h, w, c) -> (n, *target_shape) -> its last axis moved to place 1
    Args:    target_shape: the new shape, without the samples and with the channels last; one number may be -1.
    Errors:  ValueError if the target holds another number of values.
    Source:  lecture 004 L171, L216.
    Example: >>> brick = Reshape((2, 2, 1))
             >>> brick.forward(np.array([[1.0, 2.0, 3.0, 4.0]]), {}).tolist()
             [[[[1.0, 2.0], [3.0, 4.0]]]]
    """

    def __init__(self, target_shape: Sequence[int]) -> None:
        self.target_shape = tuple(target_shape)

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        last = np.moveaxis(x, 1, -1)  # (n, h, w, c)
        self.shape = last.shape
        return np.moveaxis(last.reshape(len(x), *self.target_shape), -1, 1)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return np.moveaxis(np.moveaxis(dy, 1, -1).reshape(self.shape), -1, 1), {}


class Flatten(Reshape):
    """Read a map in the order (h, w, c) into a vector.

    y[n, (i*w + j)*c + k] = x[n,k,i,j],    dx[n,k,i,j] = dy[n, (i*w + j)*c + k]

    Shape:   (n, c, h, w) -> (n, h*w*c)
    Source:  lecture 001 L803-808.
    Example: two channels of 1x2: the two values of the first pixel come first
             >>> brick = Flatten()
             >>> brick.forward(np.array([[[[1.0, 2.0]], [[10.0, 20.0]]]]), {}).tolist()
             [[1.0, 10.0, 2.0, 20.0]]
             >>> brick.backward(np.array([[1.0, 2.0, 3.0, 4.0]]))[0].tolist()
             [[[[1.0, 3.0]], [[2.0, 4.0]]]]
    """

    def __init__(self) -> None:
        super().__init__((-1,))


class Permute(Brick):
    """Put the axes of (h, w, c) in another order.

    y = x with axis dims[0] first, dims[1] second, ...;    dx = dy with the axes put back

    Shape:   (n, c, h, w) -> (n, h, w, c) -> its axes after n in the order of dims -> its last axis moved to place 1
    Args:    dims: each axis once, counted from 1, with the channels last.
    Source:  Keras 3, keras.layers.Permute.
    Example: rows become columns
             >>> Permute((2, 1, 3)).forward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), {}).tolist()
             [[[[1.0, 3.0], [2.0, 4.0]]]]
    """

    def __init__(self, dims: Sequence[int]) -> None:
        self.order = (0, *dims)

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        return np.moveaxis(np.moveaxis(x, 1, -1).transpose(self.order), -1, 1)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return np.moveaxis(np.moveaxis(dy, 1, -1).transpose(np.argsort(self.order)), -1, 1), {}


class RepeatVector(Brick):
    """Give a vector several times: each copy is a path to the loss, so their gradients add up.

    y[n,k,i] = x[n,k] for i = 0 ... m-1,    dx[n,k] = sum over i of dy[n,k,i]

    Shape:   (n, c) -> (n, c, m)
    Args:    n: how many times, the m of the formula.
    Source:  Keras 3, keras.layers.RepeatVector.
    Example: >>> brick = RepeatVector(3)
             >>> brick.forward(np.array([[1.0, 2.0]]), {}).tolist()
             [[[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]]
             >>> brick.backward(np.ones((1, 2, 3)))[0].tolist()
             [[3.0, 3.0]]
    """

    def __init__(self, n: int) -> None:
        self.times = n

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        return np.repeat(x[..., None], self.times, axis=-1)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy.sum(axis=-1), {}
