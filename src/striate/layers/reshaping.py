"""Layers that only rearrange. Numbers are read row by row, the channels of a pixel together: (h, w, c)."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from annotated_types import MinLen
from pydantic import Strict
from torch import nn

from striate.errors import ArgumentError, ShapeError
from striate.layers.base import Layer
from striate.shape import Shape, elements, shape_text, to_border, to_inside
from striate.units import Count

__all__ = ["Flatten", "Reshape"]

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


class _Rearrange(nn.Module):
    """(n, c, h, w) read as (n, h, w, c) into another shape, its last axis second; in channels_last memory a view."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return to_inside(to_border(x).reshape(x.shape[0], *self.shape))
