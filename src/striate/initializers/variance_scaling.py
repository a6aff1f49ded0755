"""Initializers whose spread follows from the number of connections of a unit: LeCun's, Glorot's and He's.

They keep the variance of the numbers that flow through a layer: LeCun's for activations that are linear around 0,
Glorot's for these forward and backward at once; He's for ReLU, which lets half of them through. The normal ones are cut
off at two deviations of a distribution so much wider that the variance is the stated one, as in Keras.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch

from striate.initializers.base import Initializer, fans
from striate.initializers.random import cut_normal
from striate.shape import Shape
from striate.units import Positive

__all__ = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "VarianceScaling",
]

CUT = 0.87962566103423978
"""Standard deviation of a standard normal distribution cut off at -2 and 2."""


def _lecun_variance(shape: Shape) -> float:
    return 1 / fans(shape)[0]


def _glorot_variance(shape: Shape) -> float:
    return 2 / sum(fans(shape))


def _he_variance(shape: Shape) -> float:
    return 2 / fans(shape)[0]


def _uniform(shape: Shape, variance: float, generator: torch.Generator) -> torch.Tensor:
    bound = math.sqrt(3 * variance)
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)


def _cut_normal(shape: Shape, variance: float, generator: torch.Generator) -> torch.Tensor:
    return cut_normal(shape, 0.0, math.sqrt(variance) / CUT, generator)


def _normal(shape: Shape, variance: float, generator: torch.Generator) -> torch.Tensor:
    return torch.empty(shape).normal_(0.0, math.sqrt(variance), generator=generator)


_DRAWS = {"truncated_normal": _cut_normal, "untruncated_normal": _normal, "uniform": _uniform}
"""How numbers of mean 0 and a given variance are drawn, by Keras' name of the distribution."""


@dataclass(frozen=True)
class VarianceScaling(Initializer):
    """Draw with a variance that falls with the connections of a unit: the rule of which the others are cases.

    variance of w = scale / n,  n = fan_in, fan_out or (fan_in + fan_out) / 2

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel, fan_out = outputs * kernel
    Args:    scale: what n times the variance is: 1 for LeCun's and Glorot's, 2 for He's.
             mode: which connections n counts: "fan_in", "fan_out", or their mean, "fan_avg".
             distribution: "truncated_normal" (cut off at 2/0.8796 deviations), "untruncated_normal" or "uniform".
    Source:  Keras 3, keras.initializers.VarianceScaling
    Example: >>> import torch
             >>> bool(VarianceScaling(3.0, "fan_out", "uniform").sample((4, 2), torch.Generator()).abs().max() <= 1.5)
             True
    """

    scale: Positive = 1.0
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal"

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        fan_in, fan_out = fans(shape)
        variance = self.scale / {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        return _DRAWS[self.distribution](shape, variance, generator)


@dataclass(frozen=True)
class LecunUniform(Initializer):
    """Draw uniformly so that activations keep their variance on their way through linear layers.

    w ~ U(-b, b),  b = sqrt(3 / fan_in)

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel
    Source:  LeCun et al. 1998, doi:10.1007/3-540-49430-8_2
    Example: >>> import torch
             >>> bool(LecunUniform().sample((30, 784), torch.Generator()).abs().max() <= (3 / 784) ** 0.5)
             True
    """

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return _uniform(shape, _lecun_variance(shape), generator)


@dataclass(frozen=True)
class LecunNormal(Initializer):
    """Draw normally so that activations keep their variance on their way through linear layers, and SELU's.

    w ~ N(0, s**2),  s = sqrt(1 / fan_in),  none beyond 2*s/0.8796

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel
    Source:  LeCun et al. 1998, doi:10.1007/3-540-49430-8_2; Klambauer et al. 2017, arXiv:1706.02515 (SELU); cut off as
             in Keras 3, LecunNormal
    Example: >>> import torch
             >>> bool(LecunNormal().sample((30, 784), torch.Generator()).abs().max() <= 2 / 0.8796 * (1 / 784) ** 0.5)
             True
    """

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return _cut_normal(shape, _lecun_variance(shape), generator)


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
