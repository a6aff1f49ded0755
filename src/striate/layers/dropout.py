"""Dropout: train a different, thinner network at every step."""

from dataclasses import dataclass
from typing import Any

from torch import nn

from striate.layers.base import Layer
from striate.shape import Shape
from striate.units import Fraction

__all__ = ["Dropout"]


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

    rate: Fraction

    def build(self, shape: Shape) -> nn.Module:
        return nn.Dropout(self.rate)

    @classmethod
    def example(cls) -> Any:
        return cls(0.5, input_shape=(5, 6, 2))
