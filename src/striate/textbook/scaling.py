"""Scaling by known numbers."""

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["Normalization", "Rescaling"]


class Rescaling(Brick):
    """Stretch all numbers, then shift them.

    y = scale * x + offset,    dx = scale * dy

    Shape:   any -> the same
    Args:    scale: what is multiplied by.
             offset: what is added then.
    Source:  lecture 003 L486-494.
    Example: >>> Rescaling(2.0, -1.0).forward(np.array([[0.0, 0.5, 1.0]]), {}).tolist()
             [[-1.0, 0.0, 1.0]]
    """

    def __init__(self, scale: float, offset: float = 0.0) -> None:
        self.scale, self.offset = scale, offset

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        return np.multiply(self.scale, x) + self.offset

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return self.scale * dy, {}


class Normalization(Brick):
    """Subtract the mean of each channel and divide by its deviation s, the root of its variance.

    y = (x - mean) / s,    dx = dy / s;    inverted y = mean + x * s,    dx = dy * s

    Mean and deviation were measured before; they are not learned, and do not change.

    Shape:   x (n, c) or (n, c, ...), mean and deviation (c,) -> that of x
    Args:    invert: whether it is undone.
    Source:  LeCun et al. 1998, doi:10.1007/3-540-49430-8_2; lecture 003 L486-494.
    Example: >>> given = {"mean": np.array([1.0]), "deviation": np.array([2.0])}
             >>> Normalization().forward(np.array([[1.0], [5.0]]), given).tolist()
             [[0.0], [2.0]]
    """

    def __init__(self, invert: bool = False) -> None:
        self.invert = invert

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        mean, deviation = (weights[name].reshape(-1, *[1] * (x.ndim - 2)) for name in ("mean", "deviation"))
        self.factor = deviation if self.invert else 1.0 / deviation
        return mean + x * self.factor if self.invert else (x - mean) * self.factor

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy * self.factor, {}
