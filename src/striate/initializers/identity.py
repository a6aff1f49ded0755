"""Initializers with which a layer begins by handing on what comes in."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from striate.errors import ShapeError
from striate.initializers.base import Initializer
from striate.shape import Shape
from striate.units import Count, Real

__all__ = ["Dirac", "Identity"]


@dataclass(frozen=True)
class Identity(Initializer):
    """Fill a matrix with ones on its diagonal: each output begins as the input of the same number.

    w[u,f] = gain if u = f, else 0

    Shape:   (outputs, inputs)
    Args:    gain: the number on the diagonal.
    Errors:  ShapeError for a weight that is no matrix.
    Source:  Keras 3, keras.initializers.Identity; Le, Jaitly & Hinton 2015, arXiv:1504.00941
    Example: >>> import torch
             >>> Identity(2.0).sample((2, 3), torch.Generator())
             tensor([[2., 0., 0.],
                     [0., 2., 0.]])
    """

    aliases: ClassVar[tuple[str, ...]] = ("identity_initializer",)

    gain: Real = 1.0

    def require(self, shape: Shape) -> None:
        if len(shape) != 2:
            raise ShapeError(
                f"Identity cannot fill a weight of shape {shape}: it is no matrix",
                sum=f"{len(shape)} axes given, 2 needed: (outputs, inputs)",
                fix='"dirac" for a convolution, "zeros" for a bias',
            )

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        self.require(shape)
        return self.gain * torch.eye(*shape)


@dataclass(frozen=True)
class Dirac(Initializer):
    """Fill kernels with a single 1 in the middle: each channel begins as the input channel of the same number.

    w[f,c,middle] = 1 if c = f (counted within its group), else 0;  middle = floor(kernel / 2)

    With an odd kernel, strides of 1 and padding "same" the map comes out as it went in. Filters beyond the channels
    start at 0.

    Shape:   (outputs, inputs / groups, *kernel)
    Args:    groups: parts of the outputs that each begin with the first channel, as in a grouped convolution.
    Errors:  ShapeError for a weight of fewer than two axes, or groups that do not divide its outputs.
    Source:  Zagoruyko & Komodakis 2017, arXiv:1706.00388; torch.nn.init.dirac_
    Example: >>> import torch
             >>> Dirac().sample((2, 2, 3), torch.Generator())
             tensor([[[0., 1., 0.],
                      [0., 0., 0.]],
             <BLANKLINE>
                     [[0., 0., 0.],
                      [0., 1., 0.]]])
    """

    groups: Count = 1

    def require(self, shape: Shape) -> None:
        if len(shape) < 2:
            raise ShapeError(
                f"Dirac cannot fill a weight of shape {shape}: it has no channels to hand on",
                sum=f"{len(shape)} axes given, at least 2 needed: (outputs, inputs, *kernel)",
                fix='"zeros" for a bias',
            )
        if shape[0] % self.groups:
            raise ShapeError(
                f"Dirac cannot split {shape[0]} outputs in {self.groups} groups",
                sum=f"{shape[0]} mod {self.groups} = {shape[0] % self.groups}, must be 0",
                fix=f"groups that divide {shape[0]}, as those of the convolution do",
            )

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        self.require(shape)
        values = torch.zeros(shape)
        middle = tuple(size // 2 for size in shape[2:])
        each = shape[0] // self.groups
        for group in range(self.groups):
            for channel in range(min(each, shape[1])):
                values[(group * each + channel, channel, *middle)] = 1.0
        return values
