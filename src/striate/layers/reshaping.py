"""Layers that only look at the same numbers in another shape."""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge
from pydantic import Strict
from torch import nn

from striate.errors import ShapeError
from striate.layers.base import Layer
from striate.shape import Shape, elements, shape_text, to_border, to_inside

__all__ = ["Flatten", "Reshape"]

Target = Annotated[tuple[Annotated[int, Ge(-1)], ...], Strict(False)]
"""A shape in which one size may be -1: what is left over."""


@dataclass(frozen=True, eq=False)
class Flatten(Layer):
    """Lay a map out as a vector, row by row, the channels of a pixel together.

    y[(i*w + j)*c + k] = x[i,j,k]

    Shape:   (h, w, c) -> (h*w*c,)
    Source:  lecture 001 L803
    Example: >>> Flatten().output((12, 12, 20))
             (2880,)
    """

    def output(self, shape: Shape) -> Shape:
        return (elements(shape),)

    def build(self, shape: Shape) -> nn.Module:
        return nn.Flatten() if len(shape) == 1 else _Flat()

    @classmethod
    def example(cls) -> "Flatten":
        return cls(input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class Reshape(Layer):
    """Give the same numbers another shape, in the order (h, w, c).

    y = x, counted off row by row

    Shape:   any -> target_shape
    Args:    target_shape: the new shape without the batch; one size may be -1, which is what is left over.
    Errors:  ShapeError if the number of elements is another.
    Source:  Keras 3, keras.layers.Reshape
    Example: >>> Reshape((7, -1)).output((28, 28, 1))
             (7, 112)
    """

    target_shape: Target

    def output(self, shape: Shape) -> Shape:
        have = elements(shape)
        known = elements([size for size in self.target_shape if size != -1])
        open_sizes = self.target_shape.count(-1)
        fits = open_sizes <= 1 and known > 0 and (have % known == 0 if open_sizes else have == known)
        if not fits:
            raise ShapeError(
                f"Reshape cannot make {self.target_shape} of {shape_text(shape)}",
                sum=f"{shape_text(shape)} = {have} numbers, {' x '.join(map(str, self.target_shape))} "
                + (f"= {known}" if not open_sizes else f"needs a multiple of {known} and one -1 at most"),
                fix="sizes whose product is the same",
            )
        return tuple(have // known if size == -1 else size for size in self.target_shape)

    def build(self, shape: Shape) -> nn.Module:
        return _Reshaped(self.output(shape))

    @classmethod
    def example(cls) -> "Reshape":
        return cls((4, 3, -1), input_shape=(6, 4, 2))


class _Flat(nn.Module):
    """(n, c, ...) to (n, features), channels last: a view where the memory is channels_last."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return to_border(x).flatten(1)


class _Reshaped(nn.Module):
    def __init__(self, target: Shape) -> None:
        super().__init__()
        self.target = target

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return to_inside(to_border(x).reshape(-1, *self.target))

