"""Relatives of Adam: they step along a running mean of the gradients, otherwise measured.

In the formulas r is the learning rate, g the gradient, t the number of the step from 1. `weight_decay` acts apart from
the gradient, as in AdamW: w <- w - r*weight_decay*w before the step.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch

from striate.optimizers.base import Optimizer, Parameters, RateLike, Rule, Tensors, uncompiled
from striate.units import Factor, Fraction, Positive

__all__ = ["Adamax", "Lion", "Nadam", "RAdam"]


@dataclass(frozen=True)
class Nadam(Optimizer):
    """Adam that looks one step ahead along its mean, as Nesterov's momentum does.

    m and v as in Adam;    u_t = beta_1 * (1 - 0.5 * 0.96**(t*momentum_decay)),    U_t = u_1 * ... * u_t
    w <- w - r * (u_(t+1) * m / (1 - U_(t+1)) + (1 - u_t) * g / (1 - U_t)) / (sqrt(v / (1 - beta_2**t)) + epsilon)

    Args:    beta_1: share of the mean that is kept in the end; at first half of that looks ahead.
             beta_2: share of the mean square that is kept.
             epsilon: keeps the quotient finite.
             weight_decay: share of the weight that a step at rate 1 takes off; None: nothing.
             momentum_decay: how fast u comes to beta_1 (0.004 as in the paper's 0.96**(t/250); Keras has 1).
    Source:  Dozat 2016, openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ
    Example: >>> Nadam(0.002)
             Nadam(learning_rate=0.002)
    """

    learning_rate: RateLike = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-7
    weight_decay: Factor | None = None
    momentum_decay: Factor = 0.004

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return uncompiled(torch.optim.NAdam)(
            parameters,
            rate,
            (self.beta_1, self.beta_2),
            self.epsilon,
            self.weight_decay or 0.0,
            self.momentum_decay,
            decoupled_weight_decay=True,
            foreach=True,
        )


@dataclass(frozen=True)
class Adamax(Optimizer):
    """Adam that measures by the largest gradient so far, which fades, in place of the root mean square.

    m <- beta_1*m + (1 - beta_1)*g,    u <- max(beta_2*u, |g| + epsilon),    w <- w - r * m / (1 - beta_1**t) / u

    Args:    beta_1: share of the mean that is kept.
             beta_2: share of the largest gradient that is kept.
             epsilon: keeps the quotient finite.
             epsilon_placement: "torch", or "keras": u <- max(beta_2*u, |g|), and the divisor is u + epsilon.
    Source:  Kingma & Ba 2015, section 7.1, arXiv:1412.6980
    Example: >>> Adamax(0.002)
             Adamax(learning_rate=0.002)
    """

    learning_rate: RateLike = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-7
    epsilon_placement: Literal["torch", "keras"] = "torch"

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        if self.epsilon_placement == "keras":
            return Rule(parameters, rate, self._move, "mu")
        return uncompiled(torch.optim.Adamax)(parameters, rate, (self.beta_1, self.beta_2), self.epsilon, foreach=True)

    def _move(self, rate: float, weights: Tensors, gradients: Tensors, memory: list[Tensors], steps: list[int]) -> None:
        m, u = memory
        torch._foreach_lerp_(m, gradients, 1 - self.beta_1)
        torch._foreach_mul_(u, self.beta_2)
        torch._foreach_maximum_(u, torch._foreach_abs(gradients))
        divisors = torch._foreach_add(u, self.epsilon)
        torch._foreach_addcdiv_(weights, m, divisors, [-rate / (1 - self.beta_1**t) for t in steps])


@dataclass(frozen=True)
class RAdam(Optimizer):
    """Adam that waits with its division until the mean square is worth something.

    m and v as in Adam;    p = 2 / (1 - beta_2) - 1,    p_t = p - 2*t*beta_2**t / (1 - beta_2**t)
    where p_t > 4 (from the fifth step):    w <- w - r * c * m / (1 - beta_1**t) * sqrt(1 - beta_2**t) / (sqrt(v) + epsilon),
    with c = sqrt((p_t - 4)*(p_t - 2)*p / ((p - 4)*(p - 2)*p_t));    before:    w <- w - r * m / (1 - beta_1**t)

    torch and fastai divide from p_t > 5, one step later; Keras has no RAdam.

    Args:    beta_1: share of the mean that is kept.
             beta_2: share of the mean square that is kept; up to 0.6 p is no more than 4, and nothing is ever divided.
             epsilon: keeps the quotient finite; it stands beside the v that is not yet corrected, as in torch.
             weight_decay: share of the weight that a step at rate 1 takes off; None: nothing.
    Source:  Liu et al. 2020, arXiv:1908.03265; lecture 001 L1032-1034
    Example: >>> RAdam(0.01)
             RAdam(learning_rate=0.01)
    """

    learning_rate: RateLike = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-7
    weight_decay: Factor | None = None

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return Rule(parameters, rate, self._move, "mv")

    def rectification(self, t: int) -> float | None:
        """c of the step t, or None where the mean square of so few gradients is not yet to be trusted.

        Example: >>> [RAdam().rectification(t) is None for t in (1, 4, 5)]
                 [True, True, False]
        """
        end = 2 / (1 - self.beta_2) - 1
        now = end - 2 * t * self.beta_2**t / (1 - self.beta_2**t)
        if now <= 4:
            return None
        return math.sqrt((now - 4) * (now - 2) * end / ((end - 4) * (end - 2) * now))

    def _move(self, rate: float, weights: Tensors, gradients: Tensors, memory: list[Tensors], steps: list[int]) -> None:
        m, v = memory
        torch._foreach_mul_(weights, 1 - rate * (self.weight_decay or 0.0))
        torch._foreach_lerp_(m, gradients, 1 - self.beta_1)
        torch._foreach_mul_(v, self.beta_2)
        torch._foreach_addcmul_(v, gradients, gradients, 1 - self.beta_2)
        divisors = torch._foreach_sqrt(v)
        torch._foreach_add_(divisors, self.epsilon)
        factors = []
        for divisor, t in zip(divisors, steps, strict=True):
            factor = -rate / (1 - self.beta_1**t)
            rectification = self.rectification(t)
            if rectification is None:
                divisor.fill_(1.0)
            else:
                factor *= rectification * math.sqrt(1 - self.beta_2**t)
            factors.append(factor)
        torch._foreach_addcdiv_(weights, m, divisors, factors)


@dataclass(frozen=True)
class Lion(Optimizer):
    """Step by the sign of a mean: every weight moves by the learning rate.

    w <- w - r*sign(beta_1*m + (1 - beta_1)*g),    then    m <- beta_2*m + (1 - beta_2)*g

    The authors take a third to a tenth of Adam's rate and three to ten times its weight decay.

    Args:    beta_1: share of the mean in the sign.
             beta_2: share of the mean that is kept.
             weight_decay: share of the weight that a step at rate 1 takes off; None: nothing.
    Source:  Chen et al. 2023, arXiv:2302.06675
    Example: >>> Lion(0.0003, weight_decay=0.01)
             Lion(learning_rate=0.0003, weight_decay=0.01)
    """

    learning_rate: RateLike = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.99
    weight_decay: Factor | None = None

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return Rule(parameters, rate, self._move, "m")

    def _move(self, rate: float, weights: Tensors, gradients: Tensors, memory: list[Tensors], steps: list[int]) -> None:
        (m,) = memory
        torch._foreach_mul_(weights, 1 - rate * (self.weight_decay or 0.0))
        signs = torch._foreach_lerp(m, gradients, 1 - self.beta_1)
        torch._foreach_sign_(signs)
        torch._foreach_add_(weights, signs, alpha=-rate)
        torch._foreach_lerp_(m, gradients, 1 - self.beta_2)
