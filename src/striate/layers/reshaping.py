"""Layers that only rearrange. Numbers are read row by row, the channels of a pixel together: (h, w, c)."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from annotated_types import MinLen
from pydantic import Strict
from torch import nn

from striate.errors import ArgumentError, ShapeError
from striate.layers.base import Layer, require_rank
from striate.shape import Shape, elements, shape_text, to_border, to_inside
from striate.units import Count

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]

_Order = Annotated[tuple[Count, ...], Strict(False), MinLen(1)]
_Target = Annotated[tuple[Count | Literal[-1], ...], Strict(False), MinLen(1)]


@dataclass(frozen=True, eq=False)
class Flatten(Layer):
    """Read a map into a vector.

    y[(i*w + j)*c + k] = x[i,j,k]

    Shape:   (h, w, c) -> (h*w*c,)
    Source:  Keras 3, keras.layers.Flatten; lecture 001 L803-808
    Example: >>> Flatten().output((32, 32, 3))
             (3072,)
    """

    linear = True
    rearranges = True

    def output(self, shape: Shape) -> Shape:
        return (elements(shape),)

    def build(self, shape: Shape) -> nn.Module:
        return _Rearrange(self.output(shape))

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class Reshape(Layer):
    """Read the numbers into another shape.

    y = x with the same numbers in the same order, in target_shape

    Shape:   any -> target_shape
    Args:    target_shape: the new shape without the batch, channels last; one size may be -1: what is left.
    Errors:  ArgumentError for more than one -1; ShapeError if the numbers do not fill the new shape.
    Source:  Keras 3, keras.layers.Reshape; lecture 004 L171
    Example: >>> Reshape((7, 7, -1)).output((98,))
             (7, 7, 2)
    """

    linear = True
    rearranges = True

    target_shape: _Target

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.target_shape.count(-1) > 1:
            raise ArgumentError(
                f"Reshape: target_shape {self.target_shape} leaves more than one size open", fix="-1 once at most"
            )

    def output(self, shape: Shape) -> Shape:
        known = elements([size for size in self.target_shape if size != -1])
        rest = elements(shape) // known
        target = tuple(rest if size == -1 else size for size in self.target_shape)
        if elements(target) != elements(shape):
            open_text = " with -1 left open" if -1 in self.target_shape else ""
            raise ShapeError(
                f"Reshape cannot put {shape_text(shape)} into {self.target_shape}",
                sum=f"{shape_text(shape)} = {elements(shape)} numbers, the new shape takes {known}{open_text}",
                fix="sizes whose product is that of the input, or -1 for one of them",
            )
        return target

    def build(self, shape: Shape) -> nn.Module:
        return _Rearrange(self.output(shape))

    @classmethod
    def example(cls) -> Any:
        return cls((3, 10, -1), input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class Permute(Layer):
    """Put the axes in another order.

    y[i1,i2,...] = x with axis dims[0] first, dims[1] second, ...

    Shape:   (h, w, c) -> its sizes in the order of dims
    Args:    dims: each axis of the input once, counted from 1 as in Keras, where 0 is the batch.
    Errors:  ArgumentError for an axis that is missing or named twice; ShapeError for an input of another rank.
    Source:  Keras 3, keras.layers.Permute
    Example: >>> Permute((2, 1, 3)).output((28, 14, 3))
             (14, 28, 3)
    """

    linear = True
    rearranges = True

    dims: _Order

    def __post_init__(self) -> None:
        super().__post_init__()
        counted = tuple(range(1, len(self.dims) + 1))
        if tuple(sorted(self.dims)) != counted:
            raise ArgumentError(
                f"Permute: dims {self.dims} is no order of the axes",
                sum=f"{', '.join(map(str, counted))}, each of them once",
                fix=f"dims={counted[::-1]}, for example",
            )

    def output(self, shape: Shape) -> Shape:
        if len(shape) != len(self.dims):
            raise ShapeError(
                f"Permute({self.dims}) takes {len(self.dims)} axes, it was given {shape}",
                sum=f"{len(self.dims)} axes needed, {len(shape)} given: {shape_text(shape)}",
                fix="one number of dims for each axis",
            )
        return tuple(shape[axis - 1] for axis in self.dims)

    def build(self, shape: Shape) -> nn.Module:
        self.output(shape)
        return _Permuted(self.dims)

    @classmethod
    def example(cls) -> Any:
        return cls((3, 1, 2), input_shape=(5, 6, 2))


class _Permuted(nn.Module):
    def __init__(self, dims: tuple[int, ...]) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return to_inside(to_border(x).permute(0, *self.dims).contiguous())


@dataclass(frozen=True, eq=False)
class RepeatVector(Layer):
    """Give a vector n times, one after another: the same word to every step of a sequence.

    y[i,k] = x[k],  i = 0 ... n-1

    Shape:   (c,) -> (n, c)
    Args:    n: how many times.
    Errors:  ShapeError for what is no vector.
    Source:  Keras 3, keras.layers.RepeatVector
    Example: >>> RepeatVector(7).output((64,))
             (7, 64)
    """

    linear = True
    rearranges = True

    n: Count

    def output(self, shape: Shape) -> Shape:
        require_rank(self, shape, 1, "features")
        return (self.n, *shape)

    def build(self, shape: Shape) -> nn.Module:
        self.output(shape)
        return _Repeated(self.n)

    @classmethod
    def example(cls) -> Any:
        return cls(3, input_shape=(4,))


class _Repeated(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return to_inside(x[:, None].repeat(1, self.count, 1))


class _Rearrange(nn.Module):
    """(n, c, h, w) read as (n, h, w, c) into another shape, its last axis second; in channels_last memory a view."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return to_inside(to_border(x).reshape(x.shape[0], *self.shape))
