"""Gradient descent, plain and with momentum."""

from dataclasses import dataclass

import torch

from striate.errors import ArgumentError
from striate.optimizers.base import Optimizer, Parameters, RateLike, uncompiled
from striate.units import Fraction

__all__ = ["SGD"]


@dataclass(frozen=True)
class SGD(Optimizer):
    """Step against the gradient; with momentum, like a ball that keeps rolling.

    v <- momentum*v + g,    w <- w - r*v,    with nesterov w <- w - r*(g + momentum*v),    r = learning_rate

    The lectures and Keras write v <- momentum*v - r*g, w <- w + v: the same while r stays the same.

    Args:    momentum: share of the velocity v that is kept.
             nesterov: whether to look ahead to where the momentum leads.
    Errors:  ArgumentError for nesterov without momentum.
    Source:  Robbins & Monro 1951, doi:10.1214/aoms/1177729586; Polyak 1964, doi:10.1016/0041-5553(64)90137-5;
             Sutskever et al. 2013, proceedings.mlr.press/v28/sutskever13; lecture 000 L390, lecture 001 L972-984
    Example: >>> SGD(0.1, momentum=0.9)
             SGD(learning_rate=0.1, momentum=0.9)
    """

    learning_rate: RateLike = 0.01
    momentum: Fraction = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and not self.momentum:
            raise ArgumentError("SGD: nesterov looks ahead along the momentum, and there is none", fix="momentum=0.9")

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return uncompiled(torch.optim.SGD)(
            parameters, rate, self.momentum, nesterov=self.nesterov, fused=fused, foreach=not fused
        )
