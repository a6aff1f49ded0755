"""Initializers that draw nothing: every value is the same."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from striate.initializers.base import Initializer
from striate.shape import Shape
from striate.units import Real

__all__ = ["Constant", "Ones", "Zeros"]


@dataclass(frozen=True)
class Constant(Initializer):
    """Fill a weight with one number.

    w = value

    Shape:   any
    Args:    value: the number.
    Source:  Keras 3, keras.initializers.Constant
    Example: >>> import torch
             >>> Constant(0.1).sample((2,), torch.Generator())
             tensor([0.1000, 0.1000])
    """

    value: Real = 0.0

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return torch.full(shape, float(self.value))


@dataclass(frozen=True)
class Zeros(Initializer):
    """Fill a weight with zeros: right for biases, fatal for weights (all units of a layer then learn the same).

    w = 0

    Shape:   any
    Source:  lecture 003 L470-471 (not zero, not all the same)
    Example: >>> import torch
             >>> Zeros().sample((2,), torch.Generator())
             tensor([0., 0.])
    """

    aliases: ClassVar[tuple[str, ...]] = ("zero",)

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return torch.zeros(shape)


@dataclass(frozen=True)
class Ones(Initializer):
    """Fill a weight with ones, as the scale of a normalisation starts.

    w = 1

    Shape:   any
    Source:  Keras 3, keras.initializers.Ones
    Example: >>> import torch
             >>> Ones().sample((2,), torch.Generator())
             tensor([1., 1.])
    """

    aliases: ClassVar[tuple[str, ...]] = ("one",)

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return torch.ones(shape)
