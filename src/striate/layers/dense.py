"""The fully connected layer: every output sees every input."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from striate.errors import ShapeError
from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, LayerLike, Weight, stated
from striate.regularizers.base import RegularizerLike
from striate.shape import EVERYTHING, Shape, Window, elements, to_border, to_inside
from striate.units import Count

__all__ = ["Dense"]


@dataclass(frozen=True, eq=False)
class Dense(Layer):
    """Multiply by a matrix and add a bias. On a map it does so at every position, to the channels there.

    y[u] = b[u] + sum over f of w[u,f] * x[f]

    Shape:   (features,) -> (units,);  (h, w, c) -> (h, w, units)
    Cost:    units*features + units params;  units*features MACs at every position
    Args:
        units: how many numbers come out.
        activation: applied to the sum.
        use_bias: whether b is added.
        kernel_initializer: first values of w.
        bias_initializer: first values of b.
        kernel_regularizer: penalty on w.
        bias_regularizer: penalty on b.
    Source:  Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0; lecture 001 L800-817
    Example: >>> Dense(10).output((100,))
             (10,)
    """

    linear = True

    units: Count
    activation: LayerLike | None = None
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    bias_initializer: InitializerLike = "zeros"
    kernel_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None

    def output(self, shape: Shape) -> Shape:
        if not shape:
            raise ShapeError("Dense takes one axis at least, it was given a number", fix="Reshape((1,)) before it")
        return (*shape[:-1], self.units)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        found = {"weight": stated(self, "kernel", (self.units, shape[-1]), keras=(1, 0))}
        if self.use_bias:
            found["bias"] = stated(self, "bias", (self.units,))
        return found

    def macs(self, shape: Shape) -> int:
        return self.units * elements(shape)

    def window(self, shape: Shape) -> Window | None:
        return EVERYTHING if len(shape) == 1 else None

    def build(self, shape: Shape) -> nn.Module:
        module = nn.Linear if len(shape) == 1 else _Channels
        return module(shape[-1], self.units, self.use_bias)

    @classmethod
    def example(cls) -> Any:
        return cls(3, input_shape=(4,))


class _Channels(nn.Linear):
    """A matrix product over the channels at every position; in channels_last memory nothing is moved."""

    weighted_sum: ClassVar[bool] = True

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # ty: ignore[lost-keyword-for-regular-parameter]
        return to_inside(functional.linear(to_border(x), self.weight, self.bias))
