"""Gradients by trying: the judge of every backward rule in this book."""

from collections.abc import Callable

import numpy as np

from striate.textbook.brick import Array

__all__ = ["numerical_gradient"]


def numerical_gradient(f: Callable[[Array], float], x: Array, h: float = 1e-6) -> Array:
    """Measure how a number changes with each entry of an array, by moving the entry a little up and down.

    df/dx[i] ~ (f(x + h e_i) - f(x - h e_i)) / 2h

    The error is about h^2 |f'''|/6 from the curvature and 1e-16 |f|/h from rounding. Across a kink (of ReLU, of
    max pooling) the answer is a mixture of both sides (lecture 003 L448).

    Shape:   x (any) -> the same
    Args:    f: a function of an array of that shape that gives a number.
             h: how far to move.
    Source:  lecture 003 L448.
    Example: >>> numerical_gradient(lambda x: float(np.sum(x**3)), np.array([1.0, 2.0])).round(6).tolist()
             [3.0, 12.0]
    """
    x = np.array(x, dtype=float)  # a copy: the caller's array stays as it is
    gradient = np.empty_like(x)
    for i in np.ndindex(*x.shape):
        here = x[i]
        x[i] = here + h
        above = f(x)
        x[i] = here - h
        below = f(x)
        x[i] = here
        gradient[i] = (above - below) / (2.0 * h)
    return gradient
