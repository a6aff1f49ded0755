"""Local normalisation: each number is compared with its neighbours, on the map or among the channels."""

import math
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any

import torch
from pydantic import AfterValidator
from torch import nn
from torch.nn import functional

from striate.layers.base import Layer
from striate.shape import EVERYTHING, Shape, Window, to_border, to_inside
from striate.units import Count, Factor, Positive

__all__ = ["LocalContrastNormalization", "LocalResponseNormalization"]


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError(f"must be odd, so that it has a middle: {value - 1} or {value + 1}")
    return value


@dataclass(frozen=True, eq=False)
class LocalResponseNormalization(Layer):
    """Divide each number by what its neighbours among the channels, at the same position, say.

    y[i] = x[i] / (k + alpha * sum of x[j]^2 over the size channels j around i)^beta

    The sum is not divided by size: that is AlexNet's paper. torch, Caffe and what follows them divide alpha by it, so
    their alpha is size times this one. At the first and last channels fewer neighbours are there to add.

    Shape:   (c,) or (h, w, c) -> the same
    Args:
        size: how many neighbours are added, itself among them; of an even number one more lies before than after.
        alpha: how much they weigh.
        beta: how strongly they are divided by.
        k: what is there without them.
    Source:  Krizhevsky, Sutskever & Hinton 2012, section 3.3, doi:10.1145/3065386; its cousin is lecture 004 L491's
    Example: >>> LocalResponseNormalization().output((55, 55, 96))
             (55, 55, 96)
    """

    size: Count = 5
    alpha: Factor = 1e-4
    beta: Factor = 0.75
    k: Positive = 2.0

    def build(self, shape: Shape) -> nn.Module:
        return _AmongChannels(self.size, self.alpha, self.beta, self.k)

    @classmethod
    def example(cls) -> Any:
        return cls(3, alpha=0.5, input_shape=(5, 6, 4))


class _AmongChannels(nn.Module):
    def __init__(self, size: int, alpha: float, beta: float, k: float) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = to_border(x)
        squares = functional.pad(x * x, (self.size // 2, (self.size - 1) // 2))
        return to_inside(x / (self.k + self.alpha * squares.unfold(-1, self.size, 1).sum(-1)) ** self.beta)


@dataclass(frozen=True, eq=False)
class LocalContrastNormalization(Layer):
    """Take away what lies around each number, and divide by how much it varies there, over all channels.

    v = x - sum over c,p,q of g[p,q]/c * x[c, i+p, j+q]
    s = sqrt(sum over c,p,q of g[p,q]/c * v[c, i+p, j+q]^2)
    y = v / max(mean of s over the map, s)

    g is a Gaussian window whose numbers add up to 1; at the border those that lie on the map do, so that it is not
    darker there. s counts as epsilon at least: a map without contrast becomes 0.

    Shape:   (l, c), (h, w, c) or (d, h, w, c) -> the same; of a vector (c,) the whole is the neighbourhood
    Args:
        kernel_size: side of the window, odd.
        sigma: standard deviation of the Gaussian, pixels; None for a quarter of kernel_size.
        epsilon: the least contrast that is divided by.
    Source:  Jarrett, Kavukcuoglu, Ranzato & LeCun 2009, doi:10.1109/ICCV.2009.5459469, section 2 (9x9; the Gaussian's
             width is not said there, a quarter was Torch7's); lecture 004 L491
    Example: >>> LocalContrastNormalization().output((32, 32, 3))
             (32, 32, 3)
    """

    kernel_size: Annotated[Count, AfterValidator(_odd)] = 9
    sigma: Positive | None = None
    epsilon: Positive = 1e-4

    def window(self, shape: Shape) -> Window | None:
        return EVERYTHING

    def build(self, shape: Shape) -> nn.Module:
        sigma = self.kernel_size / 4 if self.sigma is None else self.sigma
        reach = self.kernel_size // 2
        taps = [math.exp(-0.5 * (place / sigma) ** 2) for place in range(-reach, reach + 1)]
        return _Contrast(len(shape) - 1, taps, self.epsilon)

    @classmethod
    def example(cls) -> Any:
        return cls(3, input_shape=(5, 6, 2))


class _Contrast(nn.Module):
    """Contrast on a map of so many axes."""

    def __init__(self, axes: int, taps: list[float], epsilon: float) -> None:
        super().__init__()
        self.axes, self.taps, self.epsilon = axes, taps, epsilon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        v = x - self._around(x)
        contrast = self._around(v * v).clamp(min=self.epsilon**2).sqrt()  # (n, 1, h, w)
        mean = contrast.flatten(1).mean(1).view(-1, *(1,) * (self.axes + 1))
        return v / torch.maximum(mean, contrast)

    def _around(self, x: torch.Tensor) -> torch.Tensor:
        """The weighted mean of all channels around each position: (n, c, h, w) -> (n, 1, h, w)."""
        x = x.mean(1, keepdim=True)
        for axis in range(2, self.axes + 2):
            # What of the window lies on the map has the sum of the same window over a map of ones.
            x = self._added(x, axis) / self._added(torch.ones_like(x[:1]), axis)
        return x

    def _added(self, x: torch.Tensor, axis: int) -> torch.Tensor:
        reach = len(self.taps) // 2
        framed = functional.pad(x, [0, 0] * (self.axes + 1 - axis) + [reach, reach])
        before = (slice(None),) * axis
        # Shifted maps, weighted and added: a convolution in plain sums, for it has but one channel and no weights.
        shifted = [
            framed[(*before, slice(place, place + 1 - len(self.taps) or None))] for place in range(len(self.taps))
        ]
        return reduce(torch.add, (weight * part for weight, part in zip(self.taps, shifted, strict=True)))
