"""Initializers whose spread follows from the number of connections of a unit: Glorot's and He's.

Both keep the variance of the numbers that flow through a layer: Glorot's for activations that are linear around 0,
He's for ReLU, which lets half of them through. The normal forms are cut off at two deviations, and widened by
1/0.8796 so that the deviation is the stated one (as Keras does).
"""

import math
from dataclasses import dataclass

import torch

from striate.initializers.base import Initializer, fans
from striate.shape import Shape

__all__ = ["GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform"]

CUT = 0.87962566103423978
"""Standard deviation of a standard normal distribution cut off at -2 and 2."""


class _VarianceScaling(Initializer, abstract=True):
    """Zero mean and a variance that the fans decide."""

    def variance(self, shape: Shape) -> float:
        """Of each weight of this shape."""
        raise NotImplementedError


class _Glorot(_VarianceScaling, abstract=True):
    def variance(self, shape: Shape) -> float:
        return 2 / max(sum(fans(shape)), 1)


class _He(_VarianceScaling, abstract=True):
    def variance(self, shape: Shape) -> float:
        return 2 / max(fans(shape)[0], 1)


class _Uniform(_VarianceScaling, abstract=True):
    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        bound = math.sqrt(3 * self.variance(shape))
        return torch.empty(shape).uniform_(-bound, bound, generator=generator)


class _Normal(_VarianceScaling, abstract=True):
    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        deviation = math.sqrt(self.variance(shape)) / CUT
        values = torch.empty(shape)
        return torch.nn.init.trunc_normal_(values, 0, deviation, -2 * deviation, 2 * deviation, generator=generator)


@dataclass(frozen=True)
class GlorotUniform(_Glorot, _Uniform):
    """Draw uniformly so that activations and gradients keep their variance through the layers.

    w ~ U(-b, b),  b = sqrt(6 / (fan_in + fan_out))

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel, fan_out = outputs * kernel
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a; lecture 004 L488
    Example: >>> import torch
             >>> bool(GlorotUniform().sample((30, 784), torch.Generator()).abs().max() <= (6 / 814) ** 0.5)
             True
    """


@dataclass(frozen=True)
class GlorotNormal(_Glorot, _Normal):
    """Draw normally so that activations and gradients keep their variance through the layers.

    w ~ N(0, 2 / (fan_in + fan_out)), cut off at two deviations

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel, fan_out = outputs * kernel
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a
    Example: >>> import torch
             >>> GlorotNormal().sample((30, 784), torch.Generator()).shape
             torch.Size([30, 784])
    """


@dataclass(frozen=True)
class HeUniform(_He, _Uniform):
    """Draw uniformly so that ReLU layers keep the variance of their activations.

    w ~ U(-b, b),  b = sqrt(6 / fan_in)

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel
    Source:  He et al. 2015, arXiv:1502.01852
    Example: >>> import torch
             >>> bool(HeUniform().sample((30, 784), torch.Generator()).abs().max() <= (6 / 784) ** 0.5)
             True
    """


@dataclass(frozen=True)
class HeNormal(_He, _Normal):
    """Draw normally so that ReLU layers keep the variance of their activations.

    w ~ N(0, 2 / fan_in), cut off at two deviations

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel
    Source:  He et al. 2015, arXiv:1502.01852
    Example: >>> import torch
             >>> HeNormal().sample((30, 784), torch.Generator()).shape
             torch.Size([30, 784])
    """
