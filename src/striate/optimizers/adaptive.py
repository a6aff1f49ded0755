"""Optimizers that give every weight a rate of its own, from the gradients it has seen.

epsilon stands outside the root, sqrt(v) + epsilon, as in torch; Keras puts it inside for Adagrad and RMSprop.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from striate.optimizers.base import Optimizer, RateLike
from striate.units import Factor, Fraction, Positive

__all__ = ["Adadelta", "Adagrad", "Adam", "AdamW", "RMSprop"]

Parameters = Iterable[torch.nn.Parameter]


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Divide each weight's rate by the root of all its squared gradients so far.

    s = s + g**2,  w = w - learning_rate * g / (sqrt(s) + epsilon)

    Args:
        learning_rate: size of the first step, or a schedule.
        initial_accumulator_value: s before the first step (0, as the lecture's table has it; Keras 0.1).
        epsilon: keeps the division from zero.
    Source:  Duchi et al. 2011, jmlr.org/papers/v12/duchi11a; lecture 000 L418-463
    Example: >>> Adagrad(0.1)
             Adagrad(learning_rate=0.1)
    """

    learning_rate: RateLike = 0.001
    initial_accumulator_value: Factor = 0.0
    epsilon: Positive = 1e-7

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        start = self.initial_accumulator_value
        return torch.optim.Adagrad(parameters, rate, initial_accumulator_value=start, eps=self.epsilon, fused=fused)


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Divide each weight's rate by the root of a running mean of its squared gradients.

    s = rho*s + (1 - rho)*g**2,  w = w - learning_rate * g / (sqrt(s) + epsilon)   (lecture 001 L994 has the sign wrong)

    Args:
        learning_rate: size of the step, or a schedule.
        rho: share of the old mean.
        momentum: share of the last step that is kept.
        epsilon: keeps the division from zero.
        centered: subtract the squared mean of the gradient from s.
    Source:  Tieleman & Hinton 2012, Coursera lecture 6.5; lecture 000 L493
    Example: >>> RMSprop()
             RMSprop()
    """

    learning_rate: RateLike = 0.001
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    epsilon: Positive = 1e-7
    centered: bool = False

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(
            parameters, rate, self.rho, self.epsilon, momentum=self.momentum, centered=self.centered, foreach=True
        )


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Scale each step by the ratio of the steps and the gradients so far, so that the units are right.

    s = rho*s + (1-rho)*g**2,  d = g * sqrt(u + epsilon) / sqrt(s + epsilon),  u = rho*u + (1-rho)*d**2,
    w = w - learning_rate*d

    Args:
        learning_rate: factor of the step (1, as in the paper; Keras 0.001), or a schedule.
        rho: share of the old means.
        epsilon: starts the first step, and keeps the division from zero.
    Source:  Zeiler 2012, arXiv:1212.5701; lecture 000 L495
    Example: >>> Adadelta()
             Adadelta()
    """

    learning_rate: RateLike = 1.0
    rho: Fraction = 0.95
    epsilon: Positive = 1e-7

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return torch.optim.Adadelta(parameters, rate, self.rho, self.epsilon, foreach=True)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Momentum, with each weight's rate divided by the root of its mean squared gradient.

    m = beta_1*m + (1-beta_1)*g,  v = beta_2*v + (1-beta_2)*g**2,
    w = w - learning_rate * (m / (1-beta_1**t)) / (sqrt(v / (1-beta_2**t)) + epsilon)
    (lecture 001 L996-1000 leaves the corrections out and has the sign twice)

    Args:
        learning_rate: size of the step, or a schedule.
        beta_1: share of the old mean of gradients.
        beta_2: share of the old mean of squares.
        epsilon: keeps the division from zero.
        amsgrad: divide by the largest mean of squares so far.
    Source:  Kingma & Ba 2015, arXiv:1412.6980; lecture 000 L496
    Example: >>> Adam(learning_rate=0.01)
             Adam(learning_rate=0.01)
    """

    learning_rate: RateLike = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-7
    amsgrad: bool = False

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        betas = (self.beta_1, self.beta_2)
        return torch.optim.Adam(parameters, rate, betas, self.epsilon, amsgrad=self.amsgrad, fused=fused)


@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam, with weights that shrink by themselves instead of through the gradient.

    w = w - learning_rate*weight_decay*w, then Adam's step

    Args:
        learning_rate: size of the step, or a schedule.
        weight_decay: how much weights shrink.
        beta_1: share of the old mean of gradients.
        beta_2: share of the old mean of squares.
        epsilon: keeps the division from zero.
        amsgrad: divide by the largest mean of squares so far.
    Source:  Loshchilov & Hutter 2019, arXiv:1711.05101
    Example: >>> AdamW(0.01, weight_decay=0.05)
             AdamW(learning_rate=0.01, weight_decay=0.05)
    """

    learning_rate: RateLike = 0.001
    weight_decay: Factor = 0.004
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-7
    amsgrad: bool = False

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        betas, decay = (self.beta_1, self.beta_2), self.weight_decay
        return torch.optim.AdamW(parameters, rate, betas, self.epsilon, decay, self.amsgrad, fused=fused)
