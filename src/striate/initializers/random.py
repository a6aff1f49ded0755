"""Initializers that draw from a stated distribution, whatever the layer."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from striate.errors import ArgumentError
from striate.initializers.base import Initializer
from striate.shape import Shape
from striate.units import Factor, Real

__all__ = ["RandomNormal", "RandomUniform", "TruncatedNormal", "cut_normal"]


def cut_normal(shape: Shape, mean: float, stddev: float, generator: torch.Generator) -> torch.Tensor:
    """Draw from a normal distribution, again and again until the number lies within two standard deviations.

    Example: >>> bool(cut_normal((99,), 1.0, 0.5, torch.Generator()).sub(1).abs().max() <= 1)
             True
    """
    values = torch.nn.init.trunc_normal_(torch.empty(shape), 0.0, 1.0, -2.0, 2.0, generator=generator)
    return values.mul_(stddev).add_(mean)


@dataclass(frozen=True)
class RandomUniform(Initializer):
    """Draw uniformly between two bounds.

    w ~ U(minval, maxval)

    Shape:   any
    Args:    minval: lower bound.
             maxval: upper bound.
    Errors:  ArgumentError if the lower bound is above the upper one.
    Source:  lecture 003 L472
    Example: >>> import torch
             >>> bool(RandomUniform(-1, 1).sample((9,), torch.Generator()).abs().max() <= 1)
             True
    """

    aliases: ClassVar[tuple[str, ...]] = ("uniform",)

    minval: Real = -0.05
    maxval: Real = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.minval > self.maxval:
            raise ArgumentError(
                "RandomUniform: minval must not be above maxval",
                sum=f"{self.minval} > {self.maxval}",
                fix=f"RandomUniform({self.maxval}, {self.minval})",
            )

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return torch.empty(shape).uniform_(self.minval, self.maxval, generator=generator)


@dataclass(frozen=True)
class RandomNormal(Initializer):
    """Draw from a normal distribution.

    w ~ N(mean, stddev**2)

    Shape:   any
    Args:    mean: centre.
             stddev: standard deviation.
    Source:  lecture 001 L952, lecture 003 L472
    Example: >>> import torch
             >>> RandomNormal(stddev=0.0).sample((2,), torch.Generator())
             tensor([0., 0.])
    """

    aliases: ClassVar[tuple[str, ...]] = ("normal",)

    mean: Real = 0.0
    stddev: Factor = 0.05

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return torch.empty(shape).normal_(self.mean, self.stddev, generator=generator)


@dataclass(frozen=True)
class TruncatedNormal(Initializer):
    """Draw from a normal distribution whose tails are cut off, so that no weight starts far out.

    w ~ N(mean, stddev**2), none beyond mean +- 2*stddev; what is left has a deviation of 0.8796*stddev

    Shape:   any
    Args:    mean: centre.
             stddev: standard deviation before the cut.
    Source:  Keras 3, keras.initializers.TruncatedNormal
    Example: >>> import torch
             >>> bool(TruncatedNormal(stddev=0.5).sample((99,), torch.Generator()).abs().max() <= 1)
             True
    """

    mean: Real = 0.0
    stddev: Factor = 0.05

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return cut_normal(shape, self.mean, self.stddev, generator)
