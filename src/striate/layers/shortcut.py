"""Shortcuts without weights, around the layers of a residual network."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from striate.errors import ShapeError
from striate.layers.base import Layer, require_rank
from striate.shape import Shape, Window, to_border, to_inside
from striate.units import Count

__all__ = ["PaddedShortcut"]


@dataclass(frozen=True, eq=False)
class PaddedShortcut(Layer):
    """Take every `strides`-th pixel of a map, and zeros for the channels that it does not have.

    y[c,i,j] = x[c, i*s, j*s] where x has a channel c, 0 elsewhere

    Shape:   (h, w, c) -> (h', w', filters),  h' = floor((h - 1)/s) + 1
    Args:
        filters: channels that come out.
        strides: pixels from one that is taken to the next.
    Errors:  ShapeError if fewer channels are to come out than go in.
    Source:  He et al. 2016, arXiv:1512.03385, section 3.3, option A
    Example: >>> PaddedShortcut(32, 2).output((32, 32, 16))
             (16, 16, 32)
    """

    linear = True

    filters: Count
    strides: Count = 1

    def output(self, shape: Shape) -> Shape:
        sizes = self.window(shape).outputs(shape[:-1])
        if self.filters < shape[-1]:
            raise ShapeError(
                f"PaddedShortcut cannot leave channels out: {shape[-1]} go in, {self.filters} are to come out",
                sum=f"{self.filters} - {shape[-1]} = {self.filters - shape[-1]} channels of zeros, must be >= 0",
                fix=f"filters={shape[-1]} or more",
            )
        return (*sizes, self.filters)

    def window(self, shape: Shape) -> Window:
        require_rank(self, shape, 3, "height, width, channels")
        return Window.of((1, 1), (self.strides,) * 2, "valid", (1, 1), shape[:-1])

    def build(self, shape: Shape) -> nn.Module:
        return _Padded(self.strides, self.output(shape)[-1] - shape[-1])

    @classmethod
    def example(cls) -> Any:
        return cls(3, 2, input_shape=(5, 6, 2))


class _Padded(nn.Module):
    def __init__(self, stride: int, zeros: int) -> None:
        super().__init__()
        self.stride, self.zeros = stride, zeros

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        taken = to_border(x)[:, :: self.stride, :: self.stride]
        return to_inside(functional.pad(taken, (0, self.zeros)))
