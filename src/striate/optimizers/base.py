"""What it is to be an optimizer: how a gradient moves a weight."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import torch

from striate import catalog
from striate.schedules.base import ScheduleLike
from striate.units import Positive

__all__ = ["Optimizer", "OptimizerLike", "Parameters", "RateLike"]

RateLike = Positive | ScheduleLike
"""A learning rate: a number, or a schedule."""

Parameters = Iterable[torch.nn.Parameter]


@dataclass(frozen=True)
class Optimizer(catalog.Concept, shelf="optimizers"):
    """A rule that moves weights along their gradients.

    `build` gets the number of the first step as `rate`. Every member has a default for `learning_rate`.

    Args:
        learning_rate: size of the steps, or a schedule of it.
    """

    learning_rate: RateLike

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        """The torch optimizer; `fused` updates all weights in one pass where torch can, otherwise by groups."""
        raise NotImplementedError

    @property
    def base_rate(self) -> float:
        """The learning rate where it is a number; where it is a schedule, the number that the class has by default.

        Example: >>> from striate.optimizers import SGD
                 >>> SGD(0.1).base_rate, SGD("cosine_decay").base_rate
                 (0.1, 0.01)
        """
        rate = self.learning_rate
        return rate if isinstance(rate, int | float) else type(self).learning_rate  # ty: ignore[invalid-explicit-return]


OptimizerLike = Annotated[Optimizer | str, catalog.Member("optimizers")]
