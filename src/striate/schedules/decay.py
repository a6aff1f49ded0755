"""Learning rates that fall, or rise and fall, with the step.

t is the step from 0, T `decay_steps`, r `initial_learning_rate`. What is None the run fills in: its own number of
steps, and the optimizer's learning rate.
"""

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from pydantic import Strict

from striate import catalog
from striate.errors import ArgumentError
from striate.schedules.base import Schedule, ScheduleLike
from striate.units import Count, Factor, Fraction, Index, Positive

__all__ = [
    "ConstantRate",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LinearWarmup",
    "OneCycle",
    "PiecewiseConstantDecay",
    "StepDecay",
]


@dataclass(frozen=True)
class _Decay(Schedule, abstract=True):
    """Schedules of an initial rate over a number of steps.

    Args:
        initial_learning_rate: rate of the first step; None: the optimizer's.
        decay_steps: steps over which it decays; None: the whole run.
    """

    initial_learning_rate: Positive | None = None
    decay_steps: Count | None = None

    def resolve(self, learning_rate: float, steps: int, steps_per_epoch: int) -> Self:
        return replace(
            self,
            initial_learning_rate=self.initial_learning_rate or learning_rate,
            decay_steps=self.decay_steps or max(steps, 1),
        )

    def _given(self) -> tuple[float, int]:
        if self.initial_learning_rate is None or self.decay_steps is None:
            raise ArgumentError(
                f"{type(self).__name__} does not know its rate and length yet",
                fix="initial_learning_rate=... and decay_steps=..., or let fit fill them in",
            )
        return self.initial_learning_rate, self.decay_steps


@dataclass(frozen=True)
class ConstantRate(Schedule):
    """The same rate always.

    rate(t) = r

    Args:    learning_rate: the rate; None: the optimizer's.
    Source:  lecture 001 L1047-1060
    Example: >>> ConstantRate(0.1)(1000)
             0.1
    """

    learning_rate: Positive | None = None

    def __call__(self, step: int) -> float:
        if self.learning_rate is None:
            raise ArgumentError("ConstantRate does not know its rate yet", fix="learning_rate=..., or let fit fill it in")
        return self.learning_rate

    def resolve(self, learning_rate: float, steps: int, steps_per_epoch: int) -> Self:
        return replace(self, learning_rate=self.learning_rate or learning_rate)


@dataclass(frozen=True)
class ExponentialDecay(_Decay):
    """Fall by the same factor over every stretch of `decay_steps`.

    rate(t) = r * decay_rate**(t / T);  the lecture's r*exp(-k*t) with decay_rate = exp(-k*T)

    Args:
        decay_rate: factor over decay_steps.
        staircase: fall in steps, with floor(t / T).
    Source:  Keras 3, ExponentialDecay; lecture 001 L1112
    Example: >>> ExponentialDecay(0.1, 100, 0.5)(200)
             0.025
    """

    decay_rate: Positive = 0.1
    staircase: bool = False

    def __call__(self, step: int) -> float:
        rate, length = self._given()
        return rate * self.decay_rate ** (step // length if self.staircase else step / length)


@dataclass(frozen=True)
class InverseTimeDecay(_Decay):
    """Fall as 1/t.

    rate(t) = r / (1 + decay_rate * t / T);  the lecture's r/(1 + k*t) with k = decay_rate/T

    Args:
        decay_rate: how much is added to the divisor over decay_steps.
        staircase: fall in steps, with floor(t / T).
    Source:  Keras 3, InverseTimeDecay; lecture 001 L1118
    Example: >>> InverseTimeDecay(0.1, 100, 1.0)(100)
             0.05
    """

    decay_rate: Factor = 1.0
    staircase: bool = False

    def __call__(self, step: int) -> float:
        rate, length = self._given()
        return rate / (1 + self.decay_rate * (step // length if self.staircase else step / length))


@dataclass(frozen=True)
class CosineDecay(_Decay):
    """Fall along half a cosine, after a linear warm-up if one is asked for.

    rate(t) = r * (alpha + (1 - alpha) * (1 + cos(pi * t / T)) / 2)

    Args:
        alpha: what is left at the end, as a share of the rate.
        warmup_target: rate at the end of the warm-up; the decay starts from it.
        warmup_steps: steps of the warm-up, before the decay.
    Source:  Loshchilov & Hutter 2017, arXiv:1608.03983
    Example: >>> CosineDecay(0.1, 100)(50)
             0.05
    """

    alpha: Factor = 0.0
    warmup_target: Positive | None = None
    warmup_steps: Index = 0

    def __call__(self, step: int) -> float:
        rate, length = self._given()
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return rate + (self.warmup_target - rate) * step / self.warmup_steps
            rate, step = self.warmup_target, step - self.warmup_steps
        share = min(step / length, 1)
        return rate * (self.alpha + (1 - self.alpha) * (1 + math.cos(math.pi * share)) / 2)


@dataclass(frozen=True)
class OneCycle(_Decay):
    """Rise linearly to the full rate, then fall linearly to almost nothing.

    rate(t) = r * (start + (1 - start) * t/(peak*T)) while t < peak*T, then r * (1 - (1 - end) * (t - peak*T)/(T - peak*T))

    Args:
        peak: share of the run after which the rate is full.
        start: share of the rate at the first step.
        end: share of the rate at the last step.
    Source:  Smith & Topin 2018, arXiv:1708.07120
    Example: >>> OneCycle(0.1, 100, peak=0.5, start=0.0, end=0.0)(75)
             0.05
    """

    peak: Fraction = 0.3
    start: Fraction = 0.1
    end: Fraction = 0.01

    def __call__(self, step: int) -> float:
        rate, length = self._given()
        turn = self.peak * length
        if step < turn:
            return rate * (self.start + (1 - self.start) * step / turn)
        return rate * (1 - (1 - self.end) * min((step - turn) / (length - turn), 1))


@dataclass(frozen=True)
class StepDecay(Schedule):
    """Fall by a factor every few epochs.

    rate(t) = r * factor**floor(t / (every * steps per epoch))

    Args:
        factor: what the rate is multiplied by.
        every: epochs between falls.
        initial_learning_rate: rate of the first epochs; None: the optimizer's.
        steps_per_epoch: None: the run's.
    Source:  lecture 001 L1105-1108
    Example: >>> StepDecay(0.5, 2, 0.1, steps_per_epoch=10)(20)
             0.05
    """

    factor: Positive = 0.5
    every: Count = 10
    initial_learning_rate: Positive | None = None
    steps_per_epoch: Count | None = None

    def __call__(self, step: int) -> float:
        if self.initial_learning_rate is None or self.steps_per_epoch is None:
            raise ArgumentError("StepDecay does not know its rate and epochs yet", fix="give both, or let fit fill them in")
        return self.initial_learning_rate * self.factor ** (step // (self.every * self.steps_per_epoch))

    def resolve(self, learning_rate: float, steps: int, steps_per_epoch: int) -> Self:
        rate = self.initial_learning_rate or learning_rate
        return replace(self, initial_learning_rate=rate, steps_per_epoch=self.steps_per_epoch or steps_per_epoch)


@dataclass(frozen=True)
class PiecewiseConstantDecay(Schedule):
    """Hold one rate up to a step, then the next.

    rate(t) = values[i],  i = how many boundaries are below t

    Args:
        boundaries: the last step of each rate but the last, rising.
        values: the rates, one more than boundaries.
    Errors:  ArgumentError if the counts do not fit, or boundaries fall.
    Source:  Keras 3, PiecewiseConstantDecay
    Example: >>> PiecewiseConstantDecay([100], [0.1, 0.01])(101)
             0.01
    """

    boundaries: Annotated[tuple[Index, ...], Strict(False)]
    values: Annotated[tuple[Positive, ...], Strict(False)]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.values) != len(self.boundaries) + 1:
            raise ArgumentError(
                "PiecewiseConstantDecay needs one rate more than boundaries",
                sum=f"{len(self.boundaries)} boundaries, {len(self.values)} values",
            )
        if list(self.boundaries) != sorted(self.boundaries):
            raise ArgumentError("PiecewiseConstantDecay: the boundaries must rise", sum=str(self.boundaries))

    def __call__(self, step: int) -> float:
        return self.values[bisect.bisect_left(self.boundaries, step)]

    def resolve(self, learning_rate: float, steps: int, steps_per_epoch: int) -> Self:
        return self

    @classmethod
    def example(cls) -> "PiecewiseConstantDecay":
        return cls((100,), (0.1, 0.01))


@dataclass(frozen=True)
class LinearWarmup(Schedule):
    """Rise linearly from almost nothing, then follow another schedule.

    rate(t) = after(0) * (t + 1) / (w + 1) while t < w, then after(t - w);  w `steps`

    Args:
        steps: length of the rise; None: a twentieth of the run.
        after: what follows.
    Source:  Goyal et al. 2017, arXiv:1706.02677
    Example: >>> LinearWarmup(9, ConstantRate(0.1))(4)
             0.05
    """

    steps: Count | None = None
    after: ScheduleLike = "constant_rate"

    def __call__(self, step: int) -> float:
        if self.steps is None:
            raise ArgumentError("LinearWarmup does not know its length yet", fix="steps=..., or let fit fill it in")
        after: Callable[[int], float] = catalog.get("schedules", self.after)
        return after(0) * (step + 1) / (self.steps + 1) if step < self.steps else after(step - self.steps)

    def resolve(self, learning_rate: float, steps: int, steps_per_epoch: int) -> Self:
        rise = self.steps or max(steps // 20, 1)
        after: Any = catalog.get("schedules", self.after)
        return replace(self, steps=rise, after=after.resolve(learning_rate, max(steps - rise, 1), steps_per_epoch))
