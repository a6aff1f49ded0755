"""Maxout: a layer that learns its activation function."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from striate.errors import ShapeError
from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, Weight, stated
from striate.regularizers.base import RegularizerLike
from striate.shape import EVERYTHING, Shape, Window, elements, to_border, to_inside
from striate.units import Count

__all__ = ["Maxout"]


@dataclass(frozen=True, eq=False)
class Maxout(Layer):
    """Compute several weighted sums for each unit, and keep the largest. On a map it does so at every position.

    y[u] = max over p of (b[u,p] + sum over f of w[u,p,f] * x[f])

    With two pieces a unit can learn to be linear, a ReLU of any slopes, or an absolute value; with more, any convex
    function is approached. Among equal sums each has an equal share of the gradient.

    Shape:   (features,) -> (units,);  (h, w, c) -> (h, w, units)
    Cost:    units*pieces*(features + 1) params;  units*pieces*features MACs at every position
    Args:
        units: how many numbers come out.
        pieces: how many sums each of them is the largest of. Rows of the weight: those of the first unit come first.
        use_bias: whether b is added.
        kernel_initializer: first values of w.
        bias_initializer: first values of b.
        kernel_regularizer: penalty on w.
        bias_regularizer: penalty on b.
    Errors:  ShapeError for an input without axes.
    Source:  Goodfellow et al. 2013, arXiv:1302.4389; lecture 001 L141-143 (two pieces)
    Example: >>> Maxout(10).output((100,))
             (10,)
    """

    units: Count
    pieces: Count = 2
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    bias_initializer: InitializerLike = "zeros"
    kernel_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None

    def output(self, shape: Shape) -> Shape:
        if not shape:
            raise ShapeError("Maxout takes one axis at least, it was given a number", fix="Reshape((1,)) before it")
        return (*shape[:-1], self.units)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        rows = self.units * self.pieces
        found = {"weight": stated(self, "kernel", (rows, shape[-1]), keras=(1, 0))}
        if self.use_bias:
            found["bias"] = stated(self, "bias", (rows,))
        return found

    def macs(self, shape: Shape) -> int:
        return self.units * self.pieces * elements(shape)

    def window(self, shape: Shape) -> Window | None:
        return EVERYTHING if len(shape) == 1 else None

    def build(self, shape: Shape) -> nn.Module:
        return _Largest(shape[-1], self.units, self.pieces, self.use_bias)

    @classmethod
    def example(cls) -> Any:
        return cls(3, input_shape=(4,))


class _Largest(nn.Linear):
    """All the sums at once, (n, ..., units*pieces), then the largest of each unit's."""

    def __init__(self, features: int, units: int, pieces: int, bias: bool) -> None:
        super().__init__(features, units * pieces, bias)
        self.each = (units, pieces)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # ty: ignore[lost-keyword-for-regular-parameter]
        sums = functional.linear(to_border(x), self.weight, self.bias)
        return to_inside(sums.unflatten(-1, self.each).amax(-1))
