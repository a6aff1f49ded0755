"""Initializers whose spread follows from the number of connections of a unit: Glorot's and He's.

Both keep the variance of the numbers that flow through a layer: Glorot's for activations that are linear around 0,
forward and backward at once; He's for ReLU, which lets half of them through. The normal ones are cut off at two
deviations of a distribution so much wider that the variance is the stated one, as in Keras.
"""

import math
from dataclasses import dataclass

import torch

from striate.initializers.base import Initializer, fans
from striate.shape import Shape

__all__ = ["GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform"]

CUT = 0.87962566103423978
"""Standard deviation of a standard normal distribution cut off at -2 and 2."""


def _glorot_variance(shape: Shape) -> float:
    return 2 / sum(fans(shape))


def _he_variance(shape: Shape) -> float:
    return 2 / fans(shape)[0]


def _uniform(shape: Shape, variance: float, generator: torch.Generator) -> torch.Tensor:
    bound = math.sqrt(3 * variance)
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)


def _cut_normal(shape: Shape, variance: float, generator: torch.Generator) -> torch.Tensor:
    deviation = math.sqrt(variance) / CUT
    values = torch.empty(shape)
    return torch.nn.init.trunc_normal_(values, 0, deviation, -2 * deviation, 2 * deviation, generator=generator)


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """Draw uniformly so that activations and gradients keep their variance through the layers.

    w ~ U(-b, b),  b = sqrt(6 / (fan_in + fan_out))

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel, fan_out = outputs * kernel
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a; lecture 004 L488
    Example: >>> import torch
             >>> bool(GlorotUniform().sample((30, 784), torch.Generator()).abs().max() <= (6 / 814) ** 0.5)
             True
    """

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return _uniform(shape, _glorot_variance(shape), generator)


@dataclass(frozen=True)
class GlorotNormal(Initializer):
    """Draw normally so that activations and gradients keep their variance through the layers.

    w ~ N(0, s**2),  s = sqrt(2 / (fan_in + fan_out)),  none beyond 2*s/0.8796

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel, fan_out = outputs * kernel
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a; cut off as in Keras 3, GlorotNormal
    Example: >>> import torch
             >>> bool(GlorotNormal().sample((30, 784), torch.Generator()).abs().max() <= 2 / 0.8796 * (2 / 814) ** 0.5)
             True
    """

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return _cut_normal(shape, _glorot_variance(shape), generator)


@dataclass(frozen=True)
class HeUniform(Initializer):
    """Draw uniformly so that layers with ReLU keep the variance of their activations.

    w ~ U(-b, b),  b = sqrt(6 / fan_in)

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel
    Source:  He et al. 2015, doi:10.1109/ICCV.2015.123
    Example: >>> import torch
             >>> bool(HeUniform().sample((30, 784), torch.Generator()).abs().max() <= (6 / 784) ** 0.5)
             True
    """

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return _uniform(shape, _he_variance(shape), generator)


@dataclass(frozen=True)
class HeNormal(Initializer):
    """Draw normally so that layers with ReLU keep the variance of their activations.

    w ~ N(0, s**2),  s = sqrt(2 / fan_in),  none beyond 2*s/0.8796

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel
    Source:  He et al. 2015, doi:10.1109/ICCV.2015.123; cut off as in Keras 3, HeNormal
    Example: >>> import torch
             >>> bool(HeNormal().sample((30, 784), torch.Generator()).abs().max() <= 2 / 0.8796 * (2 / 784) ** 0.5)
             True
    """

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return _cut_normal(shape, _he_variance(shape), generator)
