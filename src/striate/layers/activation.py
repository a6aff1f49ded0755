"""Activation functions: what makes a stack of linear layers more than one linear layer."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.layers.base import Layer, LayerLike
from striate.shape import Shape, to_border, to_inside
from striate.units import Factor

__all__ = ["ELU", "Activation", "LeakyReLU", "Linear", "ReLU", "Sigmoid", "Softmax", "Tanh"]


@dataclass(frozen=True, eq=False)
class _Activation(Layer, abstract=True):
    """What activation functions share: they keep the shape and have no weights."""

    is_activation = True

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class Activation(_Activation):
    """Apply the activation function of a name.

    y = f(x)

    Shape:   any -> the same
    Args:    activation: name of the function, or one of the layers of this file.
    Source:  Keras 3, keras.layers.Activation; lecture 003 L269-296
    Example: >>> Activation("relu").output((24, 24, 20))
             (24, 24, 20)
    """

    activation: LayerLike = field()
    then = None  # the function is the layer, and nothing follows it

    def build(self, shape: Shape) -> nn.Module:
        return catalog.get("layers", self.activation).build(shape)

    @classmethod
    def example(cls) -> Any:
        return cls("relu", input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class Linear(_Activation):
    """Pass numbers on as they are.

    y = x

    Shape:   any -> the same
    Source:  Keras 3, keras.activations.linear; lecture 003 L255-265
    Example: >>> Linear().output((10,))
             (10,)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Identity()


@dataclass(frozen=True, eq=False)
class ReLU(_Activation):
    """Cut off negative numbers. The slope at 0 is taken as 0.

    y = max(0, x)

    Shape:   any -> the same
    Source:  Nair & Hinton 2010, icml.cc/Conferences/2010/papers/432.pdf; lecture 003 L295-308
    Example: >>> ReLU().output((24, 24, 20))
             (24, 24, 20)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.ReLU()


@dataclass(frozen=True, eq=False)
class LeakyReLU(_Activation):
    """Let a little of negative numbers through, so that a unit never stops learning.

    y = x where x > 0, a*x elsewhere

    Shape:   any -> the same
    Args:    negative_slope: a.
    Source:  Maas, Hannun & Ng 2013, ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf; lecture 003 L452
    Example: >>> LeakyReLU(negative_slope=0.1).output((24, 24, 20))
             (24, 24, 20)
    """

    negative_slope: Factor = 0.01

    def build(self, shape: Shape) -> nn.Module:
        return nn.LeakyReLU(self.negative_slope)


@dataclass(frozen=True, eq=False)
class ELU(_Activation):
    """Bend negative numbers smoothly towards -a.

    y = x where x > 0, a*(e^x - 1) elsewhere

    Shape:   any -> the same
    Args:    alpha: a.
    Source:  Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289; lecture 001 L147-150
    Example: >>> ELU().output((24, 24, 20))
             (24, 24, 20)
    """

    alpha: Factor = 1.0

    def build(self, shape: Shape) -> nn.Module:
        return nn.ELU(self.alpha)


@dataclass(frozen=True, eq=False)
class Sigmoid(_Activation):
    """Squash numbers into (0, 1): probabilities of separate yes-or-no questions.

    y = 1 / (1 + e^-x)

    Shape:   any -> the same
    Source:  Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0; lecture 002 L309-320
    Example: >>> Sigmoid().output((10,))
             (10,)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Sigmoid()


@dataclass(frozen=True, eq=False)
class Tanh(_Activation):
    """Squash numbers into (-1, 1).

    y = tanh(x)

    Shape:   any -> the same
    Source:  LeCun et al. 1998, doi:10.1007/3-540-49430-8_2; lecture 003 L294
    Example: >>> Tanh().output((10,))
             (10,)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Tanh()


@dataclass(frozen=True, eq=False)
class Softmax(_Activation):
    """Turn the scores of k classes into probabilities that sum to 1; on a map, at every position.

    y[j] = e^x[j] / sum over i of e^x[i]

    Shape:   (k,) or (h, w, k) -> the same
    Source:  Bridle 1990, doi:10.1007/978-3-642-76153-9_28; lecture 000 L214-252
    Example: >>> Softmax().output((10,))
             (10,)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Softmax(dim=1) if len(shape) == 1 else _SoftmaxOfMap(dim=1)


class _SoftmaxOfMap(nn.Softmax):
    """torch's own puts a map out of channels_last memory into another order; here nothing is moved."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # ty: ignore[lost-keyword-for-regular-parameter]
        return to_inside(functional.softmax(to_border(x), -1))
