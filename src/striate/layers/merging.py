"""Layers that make one value of several: they stand where the branches of a graph meet."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any

import torch
from pydantic import Strict
from torch import nn

from striate.errors import ArgumentError, ShapeError
from striate.layers.base import Merging
from striate.shape import Shape, to_border, to_inside

__all__ = ["Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"]

_Axis = Annotated[int, Strict()]


@dataclass(frozen=True, eq=False)
class _Elementwise(Merging, abstract=True):
    """What merging number by number shares.

    As in NumPy, an axis of size 1 is repeated, and a value of fewer axes gets axes of size 1 before its own: a vector
    (c,) meets every position of a map (h, w, c).

    Errors:  ShapeError for shapes that do not go together.
    """

    @staticmethod
    def merge(*values: torch.Tensor) -> torch.Tensor:
        """What becomes of values of one rank."""
        raise NotImplementedError

    def output(self, *shapes: Shape) -> Shape:
        rank = max(len(shape) for shape in shapes)
        out: list[Any] = []
        for axis, sizes in enumerate(
            zip(*((1,) * (rank - len(shape)) + tuple(shape) for shape in shapes), strict=True)
        ):
            wide = {size for size in sizes if size != 1}
            if len(wide - {None}) > 1:
                raise ShapeError(
                    f"{type(self).__name__} cannot merge values of different shapes",
                    sum=f"axis {axis}: {' and '.join(map(str, sizes))}, of {', '.join(map(str, shapes))}",
                    fix="equal shapes: a 1x1 convolution changes channels, strides or pooling change the map",
                )
            out.append(max(wide - {None}, default=None if wide else 1))
        return tuple(out)

    def build(self, *shapes: Shape) -> nn.Module:
        rank = max(len(shape) for shape in shapes)
        return _Merge(type(self).merge, [rank - len(shape) for shape in shapes])

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 2))


class _Merge(nn.Module):
    """Tensors (n, c, ...) as one; `missing` axes of a tensor are put between its channels and its positions."""

    def __init__(self, merge: Callable[..., torch.Tensor], missing: list[int]) -> None:
        super().__init__()
        self.merge, self.missing = merge, missing

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return self.merge(
            *(
                x[(slice(None), slice(None), *(None,) * missing)] if missing else x
                for x, missing in zip(values, self.missing, strict=True)
            )
        )


@dataclass(frozen=True, eq=False)
class Add(_Elementwise):
    """Add values number by number: the shortcut of residual networks.

    y = x1 + x2 + ...

    Shape:   two or more of (h, w, c) -> (h, w, c)
    Source:  He et al. 2016, arXiv:1512.03385
    Example: >>> Add().output((8, 8, 3), (8, 8, 3))
             (8, 8, 3)
    """

    @staticmethod
    def merge(*values: torch.Tensor) -> torch.Tensor:
        """The sum."""
        return reduce(torch.add, values)


@dataclass(frozen=True, eq=False)
class Subtract(_Elementwise):
    """Subtract the second value from the first, number by number.

    y = x1 - x2

    Shape:   two of (h, w, c) -> (h, w, c)
    Source:  Keras 3, keras.layers.Subtract
    Example: >>> Subtract().output((8, 8, 3), (8, 8, 3))
             (8, 8, 3)
    """

    takes = (2, 2)

    @staticmethod
    def merge(*values: torch.Tensor) -> torch.Tensor:
        """The difference."""
        first, second = values
        return first - second


@dataclass(frozen=True, eq=False)
class Multiply(_Elementwise):
    """Multiply values number by number: a gate.

    y = x1 * x2 * ...

    Shape:   two or more of (h, w, c) -> (h, w, c)
    Source:  Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735 (gates); lecture 001 L666-682
    Example: >>> Multiply().output((8, 8, 3), (3,))
             (8, 8, 3)
    """

    @staticmethod
    def merge(*values: torch.Tensor) -> torch.Tensor:
        """The product."""
        return reduce(torch.mul, values)


@dataclass(frozen=True, eq=False)
class Average(_Elementwise):
    """Average values number by number: the vote of several networks.

    y = (x1 + x2 + ... + x_m) / m

    Shape:   two or more of (h, w, c) -> (h, w, c)
    Source:  Keras 3, keras.layers.Average; lecture 000 L196-212
    Example: >>> Average().output((10,), (10,))
             (10,)
    """

    @staticmethod
    def merge(*values: torch.Tensor) -> torch.Tensor:
        """The mean."""
        return reduce(torch.add, values) / len(values)


@dataclass(frozen=True, eq=False)
class Maximum(_Elementwise):
    """Keep the largest of the values, number by number. Among equals each has an equal share of the gradient.

    y = max(x1, x2, ...)

    Shape:   two or more of (h, w, c) -> (h, w, c)
    Source:  Goodfellow et al. 2013, arXiv:1302.4389; lecture 001 L141-143
    Example: >>> Maximum().output((10,), (10,))
             (10,)
    """

    @staticmethod
    def merge(*values: torch.Tensor) -> torch.Tensor:
        """The largest."""
        return reduce(torch.maximum, values)


@dataclass(frozen=True, eq=False)
class Minimum(_Elementwise):
    """Keep the smallest of the values, number by number. Among equals each has an equal share of the gradient.

    y = min(x1, x2, ...)

    Shape:   two or more of (h, w, c) -> (h, w, c)
    Source:  Keras 3, keras.layers.Minimum
    Example: >>> Minimum().output((10,), (10,))
             (10,)
    """

    @staticmethod
    def merge(*values: torch.Tensor) -> torch.Tensor:
        """The smallest."""
        return reduce(torch.minimum, values)


@dataclass(frozen=True, eq=False)
class Concatenate(Merging):
    """Put values one behind another along an axis: what skip connections of U-Nets and branches of Inception end in.

    y = [x1, x2, ...]

    Shape:   (h, w, c1), (h, w, c2), ... -> (h, w, c1 + c2 + ...)
    Args:    axis: of the shape with the batch in front, as in Keras: -1 for the channels, 1 for the height.
    Errors:  ShapeError for shapes that differ on another axis; ArgumentError for the axis of the batch.
    Source:  Szegedy et al. 2015, arXiv:1409.4842; Ronneberger et al. 2015, arXiv:1505.04597
    Example: >>> Concatenate().output((8, 8, 3), (8, 8, 5))
             (8, 8, 8)
    """

    axis: _Axis = -1

    rearranges = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.axis == 0:
            raise ArgumentError(
                "Concatenate: axis 0 is that of the images, which stay apart",
                sum="axis=0 of (n, h, w, c)",
                fix="axis=-1, the channels",
            )

    def output(self, *shapes: Shape) -> Shape:
        first, place = shapes[0], self._place(shapes[0])
        for shape in shapes[1:]:
            rest, other = ([*each[:place], *each[place + 1 :]] for each in (first, shape))
            if len(shape) != len(first) or any(a != b and None not in (a, b) for a, b in zip(rest, other, strict=True)):
                raise ShapeError(
                    f"Concatenate joins along axis {self.axis}; on the others the values must agree",
                    sum=f"{first} and {shape}",
                    fix='equal maps: padding="same", strides, Cropping2D or UpSampling2D before it',
                )
        joined = [shape[place] for shape in shapes]
        total: Any = None if None in joined else sum(joined)
        return (*first[:place], total, *first[place + 1 :])

    def _place(self, shape: Shape) -> int:
        """The axis among those of the shape without the batch."""
        place = self.axis + len(shape) if self.axis < 0 else self.axis - 1
        if not 0 <= place < len(shape):
            raise ShapeError(
                f"Concatenate has no axis {self.axis} to join along",
                sum=f"{(None, *shape)} has axes 1 to {len(shape)}",
                fix="axis=-1, the channels",
            )
        return place

    def build(self, *shapes: Shape) -> nn.Module:
        place = self._place(shapes[0])
        return _Joined(1 if place == len(shapes[0]) - 1 else place + 2)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 2))


class _Joined(nn.Module):
    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return torch.cat(values, self.axis)


@dataclass(frozen=True, eq=False)
class Dot(Merging):
    """The scalar product of two vectors, or of the vectors at each position of two maps.

    y = sum over i of x1[i] * x2[i],  with normalize of both divided by their lengths: the cosine of their angle

    Shape:   (c,), (c,) -> (1,);  (h, w, c), (h, w, c) -> (h, w, 1)
    Args:    normalize: whether the vectors are divided by their lengths first.
    Errors:  ShapeError for values of different shapes.
    Source:  Keras 3, keras.layers.Dot with axes=-1 on vectors
    Example: >>> Dot().output((64,), (64,))
             (1,)
    """

    normalize: bool = False

    takes = (2, 2)

    def output(self, *shapes: Shape) -> Shape:
        first, second = shapes
        if first != second or not first:
            raise ShapeError(
                "Dot takes two values of one shape", sum=f"{first} and {second}", fix="Dense or Conv2D(k, 1) before it"
            )
        return (*first[:-1], 1)

    def build(self, *shapes: Shape) -> nn.Module:
        return _Dot(self.normalize)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(4,))


class _Dot(nn.Module):
    def __init__(self, normalize: bool) -> None:
        super().__init__()
        self.normalize = normalize

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        if self.normalize:
            first, second = (nn.functional.normalize(x, dim=1, eps=1e-12) for x in (first, second))
        return to_inside((to_border(first) * to_border(second)).sum(-1, keepdim=True))
