"""Bricks: the parts a network is built of, and the two rules each of them must know.

Backpropagation is the chain rule, organised. A network is a chain of bricks

    x -> B1 -> B2 -> ... -> BM -> prediction -> loss E

and every brick knows two rules. Forward: given its input x, its output y. Backward: given dE/dy (how the
loss changes with its output, written `dy`), dE/dx (written `dx`, for the brick before it) and dE/dw for each
of its own weights (for the optimizer). A brick never sees the loss or its neighbours; that is why bricks can
be combined freely.

In this book arrays are float64 and laid out as torch lays them out, channels second:
vectors (n, features), sequences (n, c, l), maps (n, c, h, w), volumes (n, c, d, h, w).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Brick", "Sequential", "Weights"]

Array = NDArray[np.float64]
Weights = Mapping[str, Array]


class Brick(ABC):
    """One step of a network: a forward rule and the backward rule that belongs to it.

    y = f(x, w),    dx = (dy/dx)^T dE/dy,    dw = (dy/dw)^T dE/dy

    `forward` remembers on the brick whatever `backward` will need, so one brick serves one place of one
    network, and `backward` speaks of the latest `forward`.

    Shape:   x (n, ...) -> y (n, ...); dy and dx have the shapes of y and x, a gradient that of its weight.
    Source:  Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0; lecture 003 L203-219.
             Lecture 002 L302 multiplies the derivatives "along the unique path" from loss to weight: there
             may be many paths, and the products along all of them are added. Every sum in a backward rule
             of this book is such a sum over paths.
    Example: >>> class Double(Brick):
             ...     def forward(self, x, weights, training=True):
             ...         return 2 * x
             ...     def backward(self, dy):
             ...         return 2 * dy, {}
             >>> brick = Double()
             >>> brick.forward(np.array([[1.0, 5.0]]), {}).tolist()
             [[2.0, 10.0]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].tolist()
             [[2.0, 2.0]]
    """

    # What a forward in training wants changed beside the gradients (only batch normalisation uses it).
    updated: Weights = MappingProxyType({})

    @abstractmethod
    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        """Compute the output y, and remember what `backward` needs."""

    @abstractmethod
    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Turn dE/dy into dE/dx and {weight name: dE/dw}."""


class Sequential(Brick):
    """Chain bricks: forward through B1, B2, ..., BM, backward through BM, ..., B2, B1.

    x_m = B_m(x_{m-1}),    dE/dx_{m-1} = (dx_m/dx_{m-1})^T dE/dx_m

    A chain is itself a brick. Its weights carry the place of their brick in front of their own name, "0.weight",
    "0.bias", "3.weight", as torch names them too.

    Args:    bricks: the bricks, first to last, each of them once.
    Errors:  ValueError if one brick stands in two places: it can remember only one forward.
    Shape:   that of the first brick's input -> that of the last brick's output
    Source:  lecture 003 L205-219. (Lecture 001 L930 has ∂f/∂y on the left of its second chain rule; it must
             be ∂f/∂x = ∂f/∂q ∂q/∂x, and no factor ∂x/∂y belongs there.)
    Example: f(x, y, z) = (x + y) z at (-2, 5, -4), lecture 001 L916-930: q = x + y is a unit with weights 1, 1
             and f = q z one with weight z. Then ∂f/∂x = ∂f/∂y = z = -4 and ∂f/∂z = q = 3.
             >>> from striate.textbook import Dense
             >>> network = Sequential([Dense(), Dense()])
             >>> weights = {"0.weight": np.array([[1.0, 1.0]]), "1.weight": np.array([[-4.0]])}
             >>> network.forward(np.array([[-2.0, 5.0]]), weights).item()
             -12.0
             >>> dx, gradients = network.backward(np.array([[1.0]]))
             >>> dx.tolist(), gradients["1.weight"].item()
             ([[-4.0, -4.0]], 3.0)
    """

    def __init__(self, bricks: Sequence[Brick]) -> None:
        self.bricks = list(bricks)
        if len({id(brick) for brick in self.bricks}) < len(self.bricks):
            raise ValueError("a brick remembers one forward only: put a new one in each place")

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.updated = {}
        for place, brick in enumerate(self.bricks):
            own = {name.removeprefix(f"{place}."): w for name, w in weights.items() if name.startswith(f"{place}.")}
            x = brick.forward(x, own, training)
            self.updated |= {f"{place}.{name}": value for name, value in brick.updated.items()}
        return x

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        gradients: dict[str, Array] = {}
        for place, brick in reversed(list(enumerate(self.bricks))):
            dy, own = brick.backward(dy)  # the dx of brick m is the dy of brick m-1
            gradients = {f"{place}.{name}": gradient for name, gradient in own.items()} | gradients
        return dy, gradients
