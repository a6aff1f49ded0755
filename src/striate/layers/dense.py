"""The fully connected layer: every output sees every input."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, LayerLike, Weight
from striate.regularizers.base import RegularizerLike
from striate.shape import EVERYTHING, Shape, Window, elements, to_border, to_inside
from striate.units import Count

__all__ = ["Dense"]


@dataclass(frozen=True, eq=False)
class Dense(Layer):
    """Multiply by a matrix and add a bias; on a map, at each position by itself.

    y[k] = b[k] + sum over c of w[k,c] * x[c]

    Shape:   (c,) -> (units,); a map (h, w, c) -> (h, w, units)
    Cost:    units*c + units params;  units*c MACs at each position
    Args:
        units: how many numbers come out.
        activation: applied to the sum.
        use_bias: whether b is added.
        kernel_initializer: first values of w.
        bias_initializer: first values of b.
        kernel_regularizer: penalty on w.
        bias_regularizer: penalty on b.
    Source:  Rosenblatt 1958, doi:10.1037/h0042519; lecture 000 L8, lecture 003 L251-267
    Example: >>> Dense(30).output((784,))
             (30,)
    """

    units: Count
    activation: LayerLike | None = None
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    bias_initializer: InitializerLike = "zeros"
    kernel_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None

    def output(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.units)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        found = {
            "weight": Weight(
                (self.units, shape[-1]),
                catalog.get("initializers", self.kernel_initializer),
                regularizer=catalog.get("regularizers", self.kernel_regularizer),
                keras=(1, 0),
            )
        }
        if self.use_bias:
            found["bias"] = Weight(
                (self.units,),
                catalog.get("initializers", self.bias_initializer),
                regularizer=catalog.get("regularizers", self.bias_regularizer),
            )
        return found

    def macs(self, shape: Shape) -> int:
        return self.units * elements(shape)

    def window(self, shape: Shape) -> Window | None:
        return EVERYTHING if len(shape) == 1 else None

    def build(self, shape: Shape) -> nn.Module:
        module = nn.Linear if len(shape) == 1 else _AtEachPosition
        return module(shape[-1], self.units, bias=self.use_bias)

    @classmethod
    def example(cls) -> "Dense":
        return cls(3, input_shape=(4,))


class _AtEachPosition(nn.Linear):
    """A matrix at every position of a map (n, c, ...): torch's own wants the channels last."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return to_inside(functional.linear(to_border(x), self.weight, self.bias))
