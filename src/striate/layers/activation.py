"""Activations: a function of each number by itself, and softmax."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import nn

from striate import catalog
from striate.layers.base import Layer, LayerLike
from striate.shape import Shape
from striate.units import Factor

__all__ = ["ELU", "Activation", "LeakyReLU", "Linear", "ReLU", "Sigmoid", "Softmax", "Tanh"]


class _Elementwise(Layer, abstract=True):
    """What activations share: the shape stays, nothing is learned."""

    module: ClassVar[type[nn.Module]]

    def build(self, shape: Shape) -> nn.Module:
        return self.module()

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class Linear(_Elementwise):
    """Leave the numbers as they are.

    y = x,  dy/dx = 1

    Shape:   any -> the same
    Source:  lecture 003 L251
    Example: >>> Linear().output((5, 6, 2))
             (5, 6, 2)
    """

    module = nn.Identity


@dataclass(frozen=True, eq=False)
class ReLU(_Elementwise):
    """Cut off what is below zero.

    y = max(0, x),  dy/dx = 1 where x > 0, else 0 (at 0 too)

    Shape:   any -> the same
    Source:  Nair & Hinton 2010; lecture 003 L305
    Example: >>> ReLU().output((5, 6, 2))
             (5, 6, 2)
    """

    module = nn.ReLU


@dataclass(frozen=True, eq=False)
class LeakyReLU(_Elementwise):
    """Let a little through below zero, so that no unit dies.

    y = x where x > 0, else a*x

    Shape:   any -> the same
    Args:    negative_slope: a, the slope below zero (lecture 003 has 0.01, lecture 001 L136 has 0.1, Keras 0.3).
    Source:  Maas et al. 2013; lecture 003 L452
    Example: >>> LeakyReLU(0.1).negative_slope
             0.1
    """

    negative_slope: Factor = 0.01

    def build(self, shape: Shape) -> nn.Module:
        return nn.LeakyReLU(self.negative_slope)


@dataclass(frozen=True, eq=False)
class ELU(_Elementwise):
    """Level off smoothly below zero, so that the mean stays near zero.

    y = x where x > 0, else alpha*(exp(x) - 1)

    Shape:   any -> the same
    Args:    alpha: how far below zero it goes.
    Source:  Clevert et al. 2016, arXiv:1511.07289; lecture 001 L147-150
    Example: >>> ELU().alpha
             1.0
    """

    alpha: Factor = 1.0

    def build(self, shape: Shape) -> nn.Module:
        return nn.ELU(self.alpha)


@dataclass(frozen=True, eq=False)
class Sigmoid(_Elementwise):
    """Squash to between 0 and 1: the probability of a yes.

    y = 1 / (1 + exp(-x)),  dy/dx = y*(1 - y), at most 1/4

    Shape:   any -> the same
    Source:  lecture 002 L309-341, lecture 003 quiz
    Example: >>> Sigmoid().output((1,))
             (1,)
    """

    module = nn.Sigmoid


@dataclass(frozen=True, eq=False)
class Tanh(_Elementwise):
    """Squash to between -1 and 1.

    y = tanh(x),  dy/dx = 1 - y*y

    Shape:   any -> the same
    Source:  LeCun et al. 1998, doi:10.1007/3-540-49430-8_2; lecture 001 L130
    Example: >>> Tanh().output((5, 6, 2))
             (5, 6, 2)
    """

    module = nn.Tanh


@dataclass(frozen=True, eq=False)
class Softmax(_Elementwise):
    """Turn scores into probabilities that sum to 1, over the channels (the last axis).

    y[k] = exp(x[k]) / sum over j of exp(x[j]),  dx[k] = y[k] * (dy[k] - sum over j of dy[j]*y[j])

    Shape:   any -> the same
    Source:  Bridle 1990, doi:10.1007/978-3-642-76153-9_28; lecture 000 L214-252
    Example: >>> Softmax().output((10,))
             (10,)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Softmax(dim=1)


@dataclass(frozen=True, eq=False)
class Activation(_Elementwise):
    """Apply an activation that is given by name or as a layer.

    y = f(x)

    Shape:   any -> that of f
    Args:    activation: "relu", "sigmoid", "softmax" ..., or a layer such as LeakyReLU(0.1).
    Errors:  ArgumentError for a name that no layer has.
    Source:  Keras 3, keras.layers.Activation
    Example: >>> Activation("relu").output((5, 6, 2))
             (5, 6, 2)
    """

    activation: LayerLike = field()
    then = None

    def build(self, shape: Shape) -> nn.Module:
        return catalog.get("layers", self.activation).build(shape)

    @classmethod
    def example(cls) -> "Activation":
        return cls("relu", input_shape=(5, 6, 2))
