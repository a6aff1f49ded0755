"""Noise: what a network learns from images that are never twice the same."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from striate.layers.base import Layer
from striate.shape import Shape
from striate.units import Factor, Fraction

__all__ = ["GaussianDropout", "GaussianNoise"]


@dataclass(frozen=True, eq=False)
class GaussianNoise(Layer):
    """Add normal noise in training.

    y = x + e,  e ~ N(0, stddev^2);  in prediction y = x

    Shape:   any -> the same
    Args:    stddev: standard deviation of the noise.
    Source:  Bishop 1995, doi:10.1162/neco.1995.7.1.108 (small noise on the input acts as a penalty)
    Example: >>> GaussianNoise(0.1).output((24, 24, 20))
             (24, 24, 20)
    """

    linear = True
    draws = True

    stddev: Factor

    def build(self, shape: Shape) -> nn.Module:
        return _Added(self.stddev)

    @classmethod
    def example(cls) -> Any:
        return cls(0.5, input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class GaussianDropout(Layer):
    """Multiply each number by normal noise around 1 in training, as uncertain as the 0 or 1/(1 - rate) of Dropout.

    y = x * e,  e ~ N(1, rate / (1 - rate));  in prediction y = x

    Shape:   any -> the same
    Args:    rate: of the dropout whose variance the noise has.
    Source:  Srivastava et al. 2014, section 10, jmlr.org/papers/v15/srivastava14a.html
    Example: >>> GaussianDropout(0.5).output((100,))
             (100,)
    """

    linear = True
    draws = True

    rate: Fraction

    def build(self, shape: Shape) -> nn.Module:
        return _Multiplied((self.rate / (1 - self.rate)) ** 0.5)

    @classmethod
    def example(cls) -> Any:
        return cls(0.5, input_shape=(5, 6, 2))


class _Noise(nn.Module):
    def __init__(self, stddev: float) -> None:
        super().__init__()
        self.stddev = stddev

    def drawn(self, x: torch.Tensor) -> torch.Tensor:
        """Normal noise for x, drawn in single precision: the same whatever x is computed in."""
        return self.stddev * torch.randn_like(x, dtype=torch.float32).to(x.dtype)


class _Added(_Noise):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.drawn(x) if self.training else x


class _Multiplied(_Noise):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * (1 + self.drawn(x)) if self.training else x
