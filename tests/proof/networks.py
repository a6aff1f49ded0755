"""Layers of a user's own, right and wrong, and networks to plant them in."""

from dataclasses import dataclass

import torch
from torch import nn

from striate.layers import Concatenate, Conv2D, Dense, Flatten, Input, Layer, MaxPooling2D, Subtract
from striate.model import Model
from striate.network import Network


class _Spoilt(torch.autograd.Function):
    """A passage whose forward is the identity, and whose backward multiplies."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.factor, None


class _Cubed(nn.Module):
    def __init__(self, size, of_x, of_w):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size))
        self.of_x, self.of_w = of_x, of_w

    def forward(self, x):
        x, weight = _Spoilt.apply(x, self.of_x), _Spoilt.apply(self.weight, self.of_w)
        return weight.view(-1, *[1] * (x.dim() - 2)) * x**3


@dataclass(frozen=True, eq=False)
class Cubed(Layer, abstract=True):
    """y = w * x^3, which no textbook has; its gradients are multiplied by what a test wants."""

    of_x: float = 1.0
    of_w: float = 1.0

    def weights(self, shape):
        return {"weight": Dense(shape[-1]).weights(shape)["bias"]}

    def build(self, shape):
        return _Cubed(shape[-1], self.of_x, self.of_w)


def with_cubed(**factors):
    """A convolutional network, with the layer in its middle."""
    return Network.sequential(
        [
            Conv2D(3, 3, activation="tanh", input_shape=(6, 6, 2)),
            MaxPooling2D(2),
            Cubed(name="mine", **factors),
            Flatten(),
            Dense(4, activation="softmax"),
        ]
    )


def shared():
    """Two inputs, a layer used twice, two outputs."""
    left, right = Input((4,), name="left"), Input((4,), name="right")
    both = Dense(3, activation="tanh", name="both")
    one, other = both(left), both(right)
    joined = Concatenate()([one, other])
    kind = Dense(3, activation="softmax", name="kind")(joined)
    size = Dense(1, name="size")(Subtract()(one, other))
    return Model([left, right], [kind, size], seed=0)
