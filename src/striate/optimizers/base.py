"""What it is to be an optimizer: how a gradient moves a weight."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import torch

from striate import catalog
from striate.schedules.base import ScheduleLike
from striate.units import Positive

__all__ = ["Optimizer", "OptimizerLike", "RateLike"]

RateLike = Positive | ScheduleLike
"""A learning rate: a number, or a schedule."""


@dataclass(frozen=True)
class Optimizer(catalog.Concept, shelf="optimizers"):
    """A rule that moves weights along their gradients.

    Every member has a field `learning_rate: RateLike`; `build` gets the number of the first step.
    """

    learning_rate: RateLike

    def build(self, parameters: Iterable[torch.nn.Parameter], rate: float, fused: bool = True) -> torch.optim.Optimizer:
        """The torch optimizer; `fused` updates all weights in one pass where torch can."""
        raise NotImplementedError


OptimizerLike = Annotated[Optimizer | str, catalog.Member("optimizers")]
