"""Dropout: train many thinned networks at once."""

from dataclasses import dataclass

from torch import nn

from striate.layers.base import Layer
from striate.shape import Shape
from striate.units import Fraction

__all__ = ["Dropout"]


@dataclass(frozen=True, eq=False)
class Dropout(Layer):
    """Set each number to zero with probability `rate` in training, and scale the others up so that the mean stays.

    y = x * m / (1 - rate),  m = 0 with probability rate, else 1;  in prediction y = x

    This is "inverted" dropout: nothing is left to do at test time. The lectures halve the outgoing weights instead
    (000 L192), which is right for rate 1/2 alone.

    Shape:   any -> the same
    Args:    rate: share of the numbers that are dropped.
    Source:  Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a; lecture 000 L163-192
    Example: >>> Dropout(0.5).output((100,))
             (100,)
    """

    rate: Fraction

    def build(self, shape: Shape) -> nn.Module:
        return nn.Dropout(self.rate)

    @classmethod
    def example(cls) -> "Dropout":
        return cls(0.5, input_shape=(5, 6, 2))
