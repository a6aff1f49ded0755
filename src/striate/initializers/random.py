"""Initializers that draw from a stated distribution, whatever the layer."""

from dataclasses import dataclass

import torch

from striate.initializers.base import Initializer
from striate.shape import Shape
from striate.units import Factor, Real

__all__ = ["RandomNormal", "RandomUniform"]


@dataclass(frozen=True)
class RandomUniform(Initializer):
    """Draw uniformly between two bounds.

    w ~ U(minval, maxval)

    Args:
        minval: lower bound.
        maxval: upper bound.
    Source:  lecture 003 L472
    Example: >>> import torch
             >>> bool(RandomUniform(-1, 1).sample((9,), torch.Generator()).abs().max() <= 1)
             True
    """

    minval: Real = -0.05
    maxval: Real = 0.05

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        low, high = sorted((self.minval, self.maxval))
        return torch.empty(shape).uniform_(low, high, generator=generator)


@dataclass(frozen=True)
class RandomNormal(Initializer):
    """Draw from a normal distribution.

    w ~ N(mean, stddev**2)

    Args:
        mean: centre.
        stddev: standard deviation.
    Source:  lecture 001 L952, lecture 003 L472
    Example: >>> import torch
             >>> RandomNormal(stddev=0.0).sample((2,), torch.Generator())
             tensor([0., 0.])
    """

    mean: Real = 0.0
    stddev: Factor = 0.05

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return torch.empty(shape).normal_(self.mean, self.stddev, generator=generator)
