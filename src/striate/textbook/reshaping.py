"""Bricks that only rearrange: the backward rule puts every gradient back where its number came from.

Numbers are read in the order of the images that people see, (n, h, w, c): row by row, pixel by pixel, the channels
of a pixel together. Inside, maps are (n, c, h, w), so the channels are moved to the end first.
"""

from collections.abc import Sequence

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["Flatten", "Reshape"]


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
