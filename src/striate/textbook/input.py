"""Where a network begins: the images as they come."""

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["InputLayer"]


class InputLayer(Brick):
    """Give the images to the first brick.

    y = x,    dx = dy: how the loss changes with each pixel

    Shape:   any -> the same
    Source:  lecture 001 L157-175, where the input is drawn as a layer of its own.
    Example: >>> import numpy as np
             >>> InputLayer().forward(np.array([[0.0, 1.0]]), {}).tolist()
             [[0.0, 1.0]]
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        return x

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy, {}
