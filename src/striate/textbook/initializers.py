"""Initializers: how large the first random weights should be.

Not zero and not all the same, or all units of a layer would learn the same (lecture 003 L468-472); and of such a spread
that signals neither die out nor explode on their way through the layers, forward or backward.
"""

import math
from collections.abc import Sequence

import numpy as np

from striate.textbook.brick import Array

__all__ = ["fans", "glorot_deviation", "glorot_limit", "glorot_uniform", "he_deviation", "he_limit"]


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Count the connections into and out of a unit.

    fan_in = inputs * taps of the kernel,    fan_out = outputs * taps of the kernel

    Shape:   weight (units, features) or (f, c/groups, kh, kw), as torch lays them out -> two numbers;
             a vector has its length for both
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a.
    Example: 20 filters of 5x5 on one channel
             >>> fans((20, 1, 5, 5)), fans((30, 784))
             ((25, 500), (784, 30))
    """
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    taps = math.prod(shape[2:])
    return shape[1] * taps, shape[0] * taps


def glorot_limit(shape: Sequence[int]) -> float:
    """Bound the uniform distribution that keeps variances, forward and backward at once.

    b = sqrt(6 / (fan_in + fan_out)),    w ~ U(-b, b)

    Shape:   that of a weight -> a number
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a; lecture 004 L488.
    Example: >>> glorot_limit((2, 4))
             1.0
    """
    return math.sqrt(6 / sum(fans(shape)))


def glorot_deviation(shape: Sequence[int]) -> float:
    """Give the standard deviation that goes with `glorot_limit`: b / sqrt(3).

    s = sqrt(2 / (fan_in + fan_out)),    w ~ N(0, s^2)

    Shape:   that of a weight -> a number
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a; lecture 004 L488.
    Example: >>> glorot_deviation((4, 4))
             0.5
    """
    return math.sqrt(2 / sum(fans(shape)))


def he_limit(shape: Sequence[int]) -> float:
    """Bound the uniform distribution that keeps the variance through layers with ReLU, which halves it.

    b = sqrt(6 / fan_in),    w ~ U(-b, b)

    Shape:   that of a weight -> a number
    Source:  He et al. 2015, doi:10.1109/ICCV.2015.123.
    Example: >>> he_limit((10, 6))
             1.0
    """
    return math.sqrt(6 / fans(shape)[0])


def he_deviation(shape: Sequence[int]) -> float:
    """Give the standard deviation that goes with `he_limit`: b / sqrt(3).

    s = sqrt(2 / fan_in),    w ~ N(0, s^2)

    Shape:   that of a weight -> a number
    Source:  He et al. 2015, doi:10.1109/ICCV.2015.123.
    Example: >>> he_deviation((10, 2, 2, 2))
             0.5
    """
    return math.sqrt(2 / fans(shape)[0])


def glorot_uniform(shape: Sequence[int], rng: np.random.Generator) -> Array:
    """Draw a weight uniformly between -glorot_limit and glorot_limit.

    w ~ U(-b, b),    b = sqrt(6 / (fan_in + fan_out))

    Shape:   that of a weight -> a weight of that shape
    Args:    rng: the generator that draws.
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a; lecture 004 L488.
    Example: >>> glorot_uniform((2, 4), np.random.default_rng(0)).shape
             (2, 4)
    """
    b = glorot_limit(shape)
    return rng.uniform(-b, b, size=tuple(shape))
