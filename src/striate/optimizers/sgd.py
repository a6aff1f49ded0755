"""Gradient descent, plain and with momentum."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from striate.errors import ArgumentError
from striate.optimizers.base import Optimizer, RateLike
from striate.units import Fraction

__all__ = ["SGD"]


@dataclass(frozen=True)
class SGD(Optimizer):
    """Step against the gradient; with momentum, like a ball that keeps rolling.

    v = momentum*v + g,  w = w - learning_rate*v;  Nesterov: w = w - learning_rate*(g + momentum*v)

    Args:
        learning_rate: size of the step, or a schedule.
        momentum: share of the last step that is kept.
        nesterov: whether the gradient is looked at from where the momentum leads.
    Errors:  ArgumentError for Nesterov without momentum.
    Source:  Robbins & Monro 1951, doi:10.1214/aoms/1177729586; Sutskever et al. 2013; lecture 000 L390
    Example: >>> SGD(0.1, momentum=0.9)
             SGD(learning_rate=0.1, momentum=0.9)
    """

    learning_rate: RateLike = 0.01
    momentum: Fraction = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and not self.momentum:
            raise ArgumentError("SGD: nesterov needs momentum > 0", fix="momentum=0.9")

    def build(self, parameters: Iterable[torch.nn.Parameter], rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, rate, self.momentum, nesterov=self.nesterov, fused=fused)
