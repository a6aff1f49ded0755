"""Initializers whose spread follows from the number of connections of a unit: Glorot's and He's."""

import math
from dataclasses import dataclass

import torch

from striate.initializers.base import Initializer, fans
from striate.shape import Shape

__all__ = ["GlorotUniform"]


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """Draw uniformly so that the variance of activations and gradients stays the same through the layers.

    w ~ U(-b, b),  b = sqrt(6 / (fan_in + fan_out))

    Shape:   (outputs, inputs, *kernel); fan_in = inputs * kernel, fan_out = outputs * kernel
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a; lecture 004 L488
    Example: >>> import torch
             >>> bool(GlorotUniform().sample((30, 784), torch.Generator()).abs().max() <= (6 / 814) ** 0.5)
             True
    """

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        bound = math.sqrt(6 / sum(fans(shape)))
        return torch.empty(shape).uniform_(-bound, bound, generator=generator)
