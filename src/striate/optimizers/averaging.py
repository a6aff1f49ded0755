"""Optimizers around another: they average the weights that it finds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch

from striate import catalog
from striate.errors import ArgumentError
from striate.optimizers.base import Optimizer, OptimizerLike, Parameters, RateLike, Tensors
from striate.optimizers.moments import RAdam
from striate.units import Count, Factor, Fraction, Positive

__all__ = ["ExponentialMovingAverage", "Lookahead", "Ranger", "swap_averages"]


@dataclass(frozen=True)
class _Around(Optimizer, abstract=True):
    """An optimizer around another, whose learning rate is that of the other.

    Args:
        optimizer: the other: an optimizer or its name.
    """

    learning_rate: ClassVar[Any] = property(lambda self: self.inner.learning_rate)  # ty: ignore[incompatible-attribute-override]
    optimizer: OptimizerLike

    def __post_init__(self) -> None:
        super().__post_init__()
        within = self.inner
        while isinstance(within, _Around):
            if type(within) is type(self):
                name = type(self).__name__
                raise ArgumentError(f"{name} around {name} would average what is averaged", fix="one of the two")
            within = within.inner

    @classmethod
    def example(cls) -> Self:
        return cls("sgd")

    @property
    def inner(self) -> Optimizer:
        """The other optimizer."""
        return catalog.get("optimizers", self.optimizer)

    @property
    def base_rate(self) -> float:
        return self.inner.base_rate

    def at(self, rate: RateLike) -> Self:
        return replace(self, optimizer=self.inner.at(rate))


@dataclass(frozen=True)
class Lookahead(_Around):
    """Let an optimizer explore; every few steps go a part of the way to where it is, and let it go on from there.

    w <- the step of `optimizer`;    every sync_period steps also s <- s + slow_step_size*(w - s),    w <- s

    s begins as the first weight. The optimizer's learning rate and what it remembers stay its own.

    Args:    sync_period: steps of the optimizer between two of the slow weights s (the paper's k).
             slow_step_size: which part of the way s goes (the paper's alpha).
    Errors:  ArgumentError for a Lookahead around a Lookahead.
    Source:  Zhang et al. 2019, arXiv:1907.08610; lecture 001 L1036-1041
    Example: >>> from striate.optimizers import SGD
             >>> Lookahead(SGD(0.1, momentum=0.9)).learning_rate
             0.1
    """

    sync_period: Count = 5
    slow_step_size: Fraction = 0.5

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return _look_ahead(self.inner.build(parameters, rate, fused), self.sync_period, self.slow_step_size)


@dataclass(frozen=True)
class Ranger(Optimizer):
    """RAdam with Lookahead around it.

    w <- RAdam's step;    every sync_period steps also s <- s + slow_step_size*(w - s),    w <- s

    Args:    beta_1, beta_2, epsilon, weight_decay: RAdam's, with the defaults of Ranger's author.
             sync_period, slow_step_size: Lookahead's.
    Source:  Wright 2019, github.com/lessw2020/Ranger-Deep-Learning-Optimizer; lecture 001 L1043
    Example: >>> Ranger(0.01)
             Ranger(learning_rate=0.01)
    """

    learning_rate: RateLike = 0.001
    beta_1: Fraction = 0.95
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-5
    weight_decay: Factor | None = None
    sync_period: Count = 6
    slow_step_size: Fraction = 0.5

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        explorer = RAdam(self.learning_rate, self.beta_1, self.beta_2, self.epsilon, self.weight_decay)
        return _look_ahead(explorer.build(parameters, rate, fused), self.sync_period, self.slow_step_size)


@dataclass(frozen=True)
class ExponentialMovingAverage(_Around):
    """Let an optimizer train, and keep a running mean of the weights beside them, which wavers less than they do.

    w <- the step of `optimizer`,    a <- momentum*a + (1 - momentum)*w;    a = w after the first step

    `swap_averages` puts the means in the place of the weights: for a validation, or for good when training ends.

    Args:    momentum: share of the mean that is kept (Keras: ema_momentum).
    Errors:  ArgumentError for one around another.
    Source:  Polyak & Juditsky 1992, doi:10.1137/0330046
    Example: >>> ExponentialMovingAverage("adam", momentum=0.999)
             ExponentialMovingAverage(optimizer='adam', momentum=0.999)
    """

    momentum: Fraction = 0.99

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        def average(weights: Tensors, kept: Tensors, _steps: list[int]) -> None:
            torch._foreach_lerp_(kept, weights, 1 - self.momentum)

        return _beside(self.inner.build(parameters, rate, fused), "average", average, from_start=False)


def swap_averages(built: torch.optim.Optimizer) -> bool:
    """Exchange weights and their running means, where an ExponentialMovingAverage keeps them; whether there are any.

    Before the next step they must be exchanged back.

    Example: >>> weight = torch.nn.Parameter(torch.ones(1))
             >>> built = ExponentialMovingAverage("sgd", momentum=0.5).build([weight], rate=1.0)
             >>> for _ in range(2):
             ...     weight.grad = torch.ones(1)
             ...     built.step()
             >>> swap_averages(built), weight.item()
             (True, -0.5)
    """
    found = [(weight, state["average"]) for weight, state in built.state.items() if "average" in state]
    with torch.no_grad():
        for weight, average in found:
            trained = weight.clone()
            weight.copy_(average)
            average.copy_(trained)
    return bool(found)


def _look_ahead(built: torch.optim.Optimizer, period: int, part: float) -> torch.optim.Optimizer:
    def synchronise(weights: Tensors, slow: Tensors, steps: list[int]) -> None:
        due = [number for number, step in enumerate(steps) if step % period == 0]
        if due:
            weights, slow = [weights[number] for number in due], [slow[number] for number in due]
            torch._foreach_lerp_(slow, weights, part)
            torch._foreach_copy_(weights, slow)

    return _beside(built, "slow", synchronise, from_start=True)


def _beside(
    built: torch.optim.Optimizer, name: str, follow: Callable[[Tensors, Tensors, list[int]], None], from_start: bool
) -> torch.optim.Optimizer:
    """Keep a second value of every weight in the optimizer's state: it is saved and restored with the rest.

    It begins as the weight before its first step (`from_start`) or after it; `follow` is called after every step with
    the weights that were moved, the second values, and how many steps each weight has made.
    """
    first: dict[torch.Tensor, torch.Tensor] = {}  # optimizers make their own state only where there is none yet

    def before(optimizer: torch.optim.Optimizer, _args: Any, _kwargs: Any) -> None:
        for weight in _moved(optimizer):
            if from_start and name not in optimizer.state.get(weight, {}):
                first[weight] = weight.detach().clone()

    def after(optimizer: torch.optim.Optimizer, _args: Any, _kwargs: Any) -> None:
        weights = _moved(optimizer)
        states = [optimizer.state[weight] for weight in weights]
        for weight, state in zip(weights, states, strict=True):
            if name not in state:
                state[name] = first.pop(weight) if from_start else weight.detach().clone()
                state[f"{name}_steps"] = 0
            state[f"{name}_steps"] += 1
        if weights:
            with torch.no_grad():
                follow(weights, [state[name] for state in states], [state[f"{name}_steps"] for state in states])

    built.register_step_pre_hook(before)
    built.register_step_post_hook(after)
    return built


def _moved(optimizer: torch.optim.Optimizer) -> Tensors:
    return [weight for group in optimizer.param_groups for weight in group["params"] if weight.grad is not None]
