"""Dropout: train a different, thinner network at every step."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from striate.layers.base import Layer, require_rank
from striate.shape import Shape
from striate.units import Fraction

__all__ = ["AlphaDropout", "ClassicDropout", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


@dataclass(frozen=True, eq=False)
class Dropout(Layer):
    """Set each number to zero with probability `rate` in training, and enlarge the others to make up for it.

    y = x * kept / (1 - rate),  kept = 0 with probability rate, else 1;  in prediction y = x

    Shape:   any -> the same
    Args:    rate: probability that a number is dropped.
    Source:  Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a.html; lecture 000 L163-206
    Example: >>> Dropout(0.5).output((100,))
             (100,)
    """

    linear = True
    draws = True

    rate: Fraction

    def build(self, shape: Shape) -> nn.Module:
        return nn.Dropout(self.rate)

    @classmethod
    def example(cls) -> Any:
        return cls(0.5, input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class ClassicDropout(Layer):
    """Set each number to zero with probability `rate` in training, and shrink all of them in prediction.

    y = x * kept,  kept = 0 with probability rate, else 1;  in prediction y = (1 - rate) * x

    This is dropout as it was first described: the weights that lead on from here are multiplied by the share that was
    kept, which is to multiply what they weigh. The lectures halve them, which is right where half are kept. A rate of
    0.2 shrinks to 0.8 (some programs shrink to 0.2). What Dropout computes is this, divided by 1 - rate.

    Shape:   any -> the same
    Args:    rate: probability that a number is dropped.
    Source:  Hinton et al. 2012, arXiv:1207.0580; lecture 000 L191-192, lecture 003 L603
    Example: >>> ClassicDropout(0.5).output((100,))
             (100,)
    """

    linear = True
    draws = True

    rate: Fraction

    def build(self, shape: Shape) -> nn.Module:
        return _Classic(self.rate)

    @classmethod
    def example(cls) -> Any:
        return cls(0.4, input_shape=(5, 6, 2))


class _Classic(nn.Module):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.keep = 1 - rate
        self.dropout = nn.Dropout(rate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # In training (kept / keep) * keep = kept, in prediction keep: one expression for both, which any graph holds.
        return self.keep * self.dropout(x)


@dataclass(frozen=True, eq=False)
class _SpatialDropout(Layer, abstract=True):
    """What dropping whole channels shares.

    Neighbours on a map say nearly the same, so a single number that is dropped is not missed: whole channels are.

    Args:    rate: probability that a channel is dropped.
    """

    linear = True
    draws = True

    rate: Fraction

    dimensions: ClassVar[int]

    def output(self, shape: Shape) -> Shape:
        require_rank(self, shape, self.dimensions + 1, {1: "l, c", 2: "h, w, c", 3: "d, h, w, c"}[self.dimensions])
        return shape

    def build(self, shape: Shape) -> nn.Module:
        return {1: nn.Dropout1d, 2: nn.Dropout2d, 3: nn.Dropout3d}[self.dimensions](self.rate)

    @classmethod
    def example(cls) -> Any:
        return cls(0.5, input_shape=(*(5, 6, 4)[: cls.dimensions], 2))


@dataclass(frozen=True, eq=False)
class SpatialDropout1D(_SpatialDropout):
    """Drop whole channels of sequences in training, and enlarge the others to make up for it.

    y[i,c] = x[i,c] * kept[c] / (1 - rate);  in prediction y = x

    Shape:   (l, c) -> the same
    Source:  Tompson et al. 2015, arXiv:1411.4280
    Example: >>> SpatialDropout1D(0.5).output((100, 8))
             (100, 8)
    """

    dimensions = 1


@dataclass(frozen=True, eq=False)
class SpatialDropout2D(_SpatialDropout):
    """Drop whole channels of maps in training, and enlarge the others to make up for it.

    y[i,j,c] = x[i,j,c] * kept[c] / (1 - rate);  in prediction y = x

    Shape:   (h, w, c) -> the same
    Source:  Tompson et al. 2015, arXiv:1411.4280
    Example: >>> SpatialDropout2D(0.5).output((24, 24, 20))
             (24, 24, 20)
    """

    dimensions = 2


@dataclass(frozen=True, eq=False)
class SpatialDropout3D(_SpatialDropout):
    """Drop whole channels of volumes in training, and enlarge the others to make up for it.

    y[k,i,j,c] = x[k,i,j,c] * kept[c] / (1 - rate);  in prediction y = x

    Shape:   (d, h, w, c) -> the same
    Source:  Tompson et al. 2015, arXiv:1411.4280
    Example: >>> SpatialDropout3D(0.5).output((9, 9, 9, 4))
             (9, 9, 9, 4)
    """

    dimensions = 3


@dataclass(frozen=True, eq=False)
class AlphaDropout(Layer):
    """Dropout for SELU: what is dropped becomes the lowest value of SELU, and mean and variance stay what they were.

    y = a * (x where kept, -v elsewhere) + b,  kept = 0 with probability rate, else 1;  in prediction y = x;
    v = 1.7580993408473766, a = 1 / sqrt((1 - rate) * (1 + rate*v^2)), b = a * rate * v

    Shape:   any -> the same
    Args:    rate: probability that a number is dropped.
    Source:  Klambauer et al. 2017, arXiv:1706.02515
    Example: >>> AlphaDropout(0.1).output((100,))
             (100,)
    """

    linear = True
    draws = True

    rate: Fraction

    def build(self, shape: Shape) -> nn.Module:
        return nn.AlphaDropout(self.rate)

    @classmethod
    def example(cls) -> Any:
        return cls(0.5, input_shape=(5, 6, 2))
