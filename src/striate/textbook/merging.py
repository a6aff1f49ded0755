"""Bricks that make one value of several. Each of their inputs has a gradient of its own.

`forward` takes the values as a list, and `backward` gives dx as a list in the same order.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"]


class _Elementwise(Brick):
    """What merging number by number shares: values are spread to one shape, gradients gathered back.

    A value that was repeated along an axis acted in every place, so its gradient is the sum over them.
    """

    def forward(self, x: Any, weights: Weights, training: bool = True) -> Array:
        self.shapes = [value.shape for value in x]
        rank = max(value.ndim for value in x)
        # The missing axes stand between the channels and the positions.
        aligned = [value.reshape(*value.shape[:2], *(1,) * (rank - value.ndim), *value.shape[2:]) for value in x]
        self.values = np.broadcast_arrays(*aligned)
        return self.merge(self.values)

    def backward(self, dy: Array) -> Any:
        gradients = self.slopes(self.values)
        return [_gathered(dy * slope, shape) for slope, shape in zip(gradients, self.shapes, strict=True)], {}

    def merge(self, values: Sequence[Array]) -> Array:
        """y of values of one shape."""
        raise NotImplementedError

    def slopes(self, values: Sequence[Array]) -> list[Any]:
        """dy/dx of each value, number by number."""
        raise NotImplementedError


def _gathered(gradient: Array, shape: tuple[int, ...]) -> Array:
    missing = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(2, 2 + missing)))
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1 and gradient.shape[axis] > 1)
    return gradient.sum(axis=repeated, keepdims=True)


class Add(_Elementwise):
    """The sum of values.

    y = x1 + x2 + ...,    dxi = dy

    Shape:   values of (n, c, h, w) -> (n, c, h, w)
    Source:  He et al. 2016, arXiv:1512.03385.
    Example: >>> Add().forward([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])], {}).tolist()
             [[4.0, 7.0]]
    """

    def merge(self, values: Sequence[Array]) -> Array:
        return np.sum(values, axis=0)

    def slopes(self, values: Sequence[Array]) -> list[Any]:
        return [1.0] * len(values)


class Subtract(_Elementwise):
    """The difference of two values.

    y = x1 - x2,    dx1 = dy,    dx2 = -dy

    Shape:   two values of (n, c, h, w) -> (n, c, h, w)
    Source:  Keras 3, keras.layers.Subtract.
    Example: >>> Subtract().forward([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])], {}).tolist()
             [[-2.0, -3.0]]
    """

    def merge(self, values: Sequence[Array]) -> Array:
        return values[0] - values[1]

    def slopes(self, values: Sequence[Array]) -> list[Any]:
        return [1.0, -1.0]


class Multiply(_Elementwise):
    """The product of values.

    y = x1 * x2 * ...,    dxi = dy * (the product of the others)

    Shape:   values of (n, c, h, w) -> (n, c, h, w)
    Source:  lecture 001 L918-930.
    Example: f = q z at q = 3, z = -4, lecture 001 L918: f = -12, df/dq = -4, df/dz = 3
             >>> brick = Multiply()
             >>> brick.forward([np.array([[3.0]]), np.array([[-4.0]])], {}).item()
             -12.0
             >>> [gradient.item() for gradient in brick.backward(np.array([[1.0]]))[0]]
             [-4.0, 3.0]
    """

    def merge(self, values: Sequence[Array]) -> Array:
        return np.prod(values, axis=0)

    def slopes(self, values: Sequence[Array]) -> list[Any]:
        return [np.prod([v for j, v in enumerate(values) if j != i], axis=0) for i in range(len(values))]


class Average(_Elementwise):
    """The mean of m values.

    y = (x1 + ... + xm) / m,    dxi = dy / m

    Shape:   values of (n, c, h, w) -> (n, c, h, w)
    Source:  lecture 000 L196-212.
    Example: >>> Average().forward([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])], {}).tolist()
             [[2.0, 3.5]]
    """

    def merge(self, values: Sequence[Array]) -> Array:
        return np.mean(values, axis=0)

    def slopes(self, values: Sequence[Array]) -> list[Any]:
        return [1 / len(values)] * len(values)


class Maximum(_Elementwise):
    """The largest of values.

    y = max(x1, x2, ...),    dxi = dy where xi is the only largest; equals share, folded from left to right:
    of max(max(x1, x2), x3) with all equal, x3 has one half, x1 and x2 a quarter each

    Shape:   values of (n, c, h, w) -> (n, c, h, w)
    Source:  Goodfellow et al. 2013, arXiv:1302.4389; lecture 001 L141-143.
    Example: >>> brick = Maximum()
             >>> brick.forward([np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]])], {}).tolist()
             [[3.0, 2.0]]
             >>> [gradient.tolist() for gradient in brick.backward(np.array([[1.0, 1.0]]))[0]]
             [[[0.0, 0.5]], [[1.0, 0.5]]]
    """

    sign = 1

    def merge(self, values: Sequence[Array]) -> Array:
        return self.sign * np.max([self.sign * value for value in values], axis=0)

    def slopes(self, values: Sequence[Array]) -> list[Any]:
        largest, shares = self.sign * values[0], [np.ones_like(values[0])]
        for value in values[1:]:
            own = 0.5 * (1 + np.sign(self.sign * value - largest))  # 1, 1/2 or 0
            shares = [share * (1 - own) for share in shares] + [own]
            largest = np.maximum(largest, self.sign * value)
        return shares


class Minimum(Maximum):
    """The smallest of values.

    y = min(x1, x2, ...) = -max(-x1, -x2, ...),    dxi = dy where xi is the only smallest; equals share

    Shape:   values of (n, c, h, w) -> (n, c, h, w)
    Source:  Keras 3, keras.layers.Minimum.
    Example: >>> Minimum().forward([np.array([[1.0, 2.0]]), np.array([[3.0, 0.0]])], {}).tolist()
             [[1.0, 0.0]]
    """

    sign = -1


class Concatenate(Brick):
    """Values one behind another; the gradient is cut where they were joined.

    y = [x1, x2, ...],    [dx1, dx2, ...] = dy

    Shape:   (n, c1, h, w), (n, c2, h, w), ... -> (n, c1 + c2 + ..., h, w)
    Args:    axis: as people count, with the channels last: -1 for the channels, 1 for the height.
    Source:  Szegedy et al. 2015, arXiv:1409.4842.
    Example: >>> Concatenate().forward([np.array([[1.0, 2.0]]), np.array([[3.0]])], {}).tolist()
             [[1.0, 2.0, 3.0]]
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any, weights: Weights, training: bool = True) -> Array:
        place = self.axis % x[0].ndim
        self.place = 1 if place == x[0].ndim - 1 else place + 1
        self.cuts = np.cumsum([value.shape[self.place] for value in x])[:-1]
        return np.concatenate(x, self.place)

    def backward(self, dy: Array) -> Any:
        return np.split(dy, self.cuts, self.place), {}


class Dot(Brick):
    """The scalar product along the channels; with normalize of vectors of length 1.

    y = sum over c of a[c] * b[c],    da = dy * b,    db = dy * a;
    normalize: a = x1/|x1|, b = x2/|x2|, and dx1 = (da - a * sum(a * da)) / |x1|, dx2 likewise

    Shape:   two of (n, c, h, w) -> (n, 1, h, w)
    Args:    normalize: whether the vectors are divided by their lengths.
    Source:  Keras 3, keras.layers.Dot.
    Example: >>> Dot().forward([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])], {}).tolist()
             [[13.0]]
    """

    def __init__(self, normalize: bool = False) -> None:
        self.normalize = normalize

    def forward(self, x: Any, weights: Weights, training: bool = True) -> Array:
        self.lengths = [np.sqrt((value**2).sum(1, keepdims=True)) if self.normalize else 1.0 for value in x]
        self.a, self.b = (value / length for value, length in zip(x, self.lengths, strict=True))
        return (self.a * self.b).sum(1, keepdims=True)

    def backward(self, dy: Array) -> Any:
        gradients = []
        for own, other, length in ((self.a, self.b, self.lengths[0]), (self.b, self.a, self.lengths[1])):
            slope = dy * other
            along = own * (own * slope).sum(1, keepdims=True) if self.normalize else 0.0
            gradients.append((slope - along) / length)
        return gradients, {}
