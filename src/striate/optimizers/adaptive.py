"""Optimizers that give every weight a rate of its own, from the gradients it has seen.

In the formulas r is the learning rate, g the gradient, t the number of the step from 1. epsilon stands where torch has
it, unless `epsilon_placement` is "keras": then Adagrad and RMSprop have it inside the root, sqrt(v + epsilon), and Adam
beside the root before v is corrected for its beginning at 0.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch

from striate.optimizers.base import Optimizer, Parameters, RateLike, Uncompiled, uncompiled
from striate.units import Factor, Fraction, Positive

__all__ = ["Adadelta", "Adagrad", "Adam", "AdamW", "RMSprop"]

EpsilonPlacement = Literal["torch", "keras"]


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Give every weight a rate of its own, which shrinks with the gradients it has seen.

    v <- v + g**2,    w <- w - r*g / (sqrt(v) + epsilon)

    Args:    initial_accumulator_value: v before the first step (0, so that the lecture's table comes out; Keras 0.1).
             epsilon: keeps the quotient finite.
             epsilon_placement: "torch", or "keras": sqrt(v + epsilon).
    Source:  Duchi, Hazan & Singer 2011, jmlr.org/papers/v12/duchi11a.html; lecture 000 L418-488
    Example: >>> Adagrad(0.1)
             Adagrad(learning_rate=0.1)
    """

    learning_rate: RateLike = 0.001
    initial_accumulator_value: Factor = 0.0
    epsilon: Positive = 1e-7
    epsilon_placement: EpsilonPlacement = "torch"

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        start, epsilon = self.initial_accumulator_value, self.epsilon
        if self.epsilon_placement == "keras":  # v only grows, so that it may hold epsilon from the beginning
            start, epsilon = start + epsilon, 0.0
        return uncompiled(torch.optim.Adagrad)(
            parameters, rate, initial_accumulator_value=start, eps=epsilon, fused=fused, foreach=not fused
        )


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Divide the gradient by a running root mean square of it: Adagrad that forgets.

    v <- rho*v + (1 - rho)*g**2,    w <- w - r*g / (sqrt(v) + epsilon)

    centered: sqrt(v - m**2) for sqrt(v), with m <- rho*m + (1 - rho)*g.
    momentum: b <- momentum*b + the quotient, w <- w - r*b.

    Args:    rho: share of the averages that is kept.
             momentum: share of the step before that is kept.
             epsilon: keeps the quotient finite.
             centered: whether to divide by the deviation from the mean gradient.
             epsilon_placement: "torch", or "keras": sqrt(v + epsilon).
    Source:  Tieleman & Hinton 2012, cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf; centered: Graves
             2013, arXiv:1308.0850; lecture 000 L493, lecture 001 L990-994 (L994 has the sign wrong)
    Example: >>> RMSprop(rho=0.95)
             RMSprop(rho=0.95)
    """

    learning_rate: RateLike = 0.001
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    epsilon: Positive = 1e-7
    centered: bool = False
    epsilon_placement: EpsilonPlacement = "torch"

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        if self.epsilon_placement == "keras":
            return _RMSpropInside(parameters, rate, self)
        return uncompiled(torch.optim.RMSprop)(
            parameters, rate, self.rho, self.epsilon, momentum=self.momentum, centered=self.centered, foreach=True
        )


class _RMSpropInside(Uncompiled):
    """RMSprop with epsilon inside the root, which torch has not."""

    def __init__(self, parameters: Parameters, rate: float, chosen: RMSprop) -> None:
        super().__init__(parameters, {"lr": rate})
        self.chosen = chosen

    def step(self, closure: Any = None) -> None:  # ty: ignore[incompatible-method-override]
        """Move every weight that has a gradient."""
        rho = self.chosen.rho
        for group in self.param_groups:
            for weight in group["params"]:
                g = weight.grad
                if g is None:
                    continue
                state = self.state[weight]
                if not state:
                    state.update({name: torch.zeros_like(weight) for name in "vmb"})
                v, m, b = (state[name] for name in "vmb")
                v.mul_(rho).addcmul_(g, g, value=1 - rho)
                square = v
                if self.chosen.centered:
                    m.lerp_(g, 1 - rho)
                    square = v - m.square()
                b.mul_(self.chosen.momentum).addcdiv_(g, (square + self.chosen.epsilon).sqrt())
                weight.add_(b, alpha=-group["lr"])


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Divide the gradient by its running root mean square, multiply by that of the steps: the units come out right.

    v <- rho*v + (1 - rho)*g**2,    d = g * sqrt(u + epsilon) / sqrt(v + epsilon),
    u <- rho*u + (1 - rho)*d**2,    w <- w - r*d

    The paper has no learning rate, that is, 1, which is the default here (Keras 0.001).

    Args:    rho: share of the averages that is kept.
             epsilon: starts the steps off, and keeps the quotient finite.
    Source:  Zeiler 2012, arXiv:1212.5701; lecture 000 L495
    Example: >>> Adadelta()
             Adadelta()
    """

    learning_rate: RateLike = 1.0
    rho: Fraction = 0.95
    epsilon: Positive = 1e-7

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return uncompiled(torch.optim.Adadelta)(parameters, rate, self.rho, self.epsilon, foreach=True)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Step along the running mean of the gradients, measured by their running root mean square.

    m <- beta_1*m + (1 - beta_1)*g,    v <- beta_2*v + (1 - beta_2)*g**2,
    w <- w - r * (m / (1 - beta_1**t)) / (sqrt(v / (1 - beta_2**t)) + epsilon)

    Args:    beta_1: share of the mean that is kept.
             beta_2: share of the mean square that is kept.
             epsilon: keeps the quotient finite.
             amsgrad: whether to divide by the largest mean square so far.
             weight_decay: share of the weight that a step at rate 1 takes off, as in AdamW; None: nothing.
             epsilon_placement: "torch", or "keras": w <- w - r*c * (m / (1 - beta_1**t)) / (sqrt(v) + epsilon), with
                 c = sqrt(1 - beta_2**t), so that epsilon weighs more in the first steps.
    Source:  Kingma & Ba 2015, arXiv:1412.6980; amsgrad: Reddi et al. 2018, openreview.net/forum?id=ryQu7f-RZ;
             lecture 000 L496, lecture 001 L1093-1099 (L996-1000 climbs, and lacks the divisions by 1 - beta**t);
             "keras" is the end of section 2 of Kingma & Ba, where epsilon wears a hat
    Example: >>> Adam(learning_rate=0.01)
             Adam(learning_rate=0.01)
    """

    learning_rate: RateLike = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-7
    amsgrad: bool = False
    weight_decay: Factor | None = None
    epsilon_placement: EpsilonPlacement = "torch"

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return _adam(self, parameters, rate, fused)


@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam, and apart from it a decay of the weights, which no gradient enters.

    w <- w - r*weight_decay*w, then Adam's step

    A penalty in the loss (regularizers.L2) would go through Adam's division and decay the weights with large gradients
    least.

    Args:    weight_decay: share of the weight that a step at rate 1 takes off.
             beta_1, beta_2, epsilon, amsgrad, epsilon_placement: as in Adam.
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
    epsilon_placement: EpsilonPlacement = "torch"

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return _adam(self, parameters, rate, fused)


def _adam(chosen: Adam | AdamW, parameters: Parameters, rate: float, fused: bool) -> torch.optim.Optimizer:
    made = uncompiled(torch.optim.AdamW)(
        parameters,
        rate,
        (chosen.beta_1, chosen.beta_2),
        chosen.epsilon,
        chosen.weight_decay or 0.0,
        chosen.amsgrad,
        fused=fused,
        foreach=not fused,
    )
    if chosen.epsilon_placement == "keras":
        made.register_step_pre_hook(_keras_epsilon)
    return made


def _keras_epsilon(optimizer: torch.optim.Optimizer, _args: Any, _kwargs: Any) -> None:
    """Before a step, the epsilon that gives torch's quotient, of corrected averages, the value of Keras'."""
    for group in optimizer.param_groups:
        group["t"] = group.get("t", 0) + 1
        epsilon = group.setdefault("uncorrected_eps", group["eps"])
        group["eps"] = epsilon / math.sqrt(1 - group["betas"][1] ** group["t"])
