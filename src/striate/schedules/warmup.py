"""Learning rates that rise first: large steps do harm while the weights are still random."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

from striate import catalog
from striate.errors import DeclarationError
from striate.schedules.base import Known, Schedule, ScheduleLike
from striate.units import Count, Factor, Fraction, Positive

__all__ = ["LinearWarmup", "OneCycle"]


@dataclass(frozen=True)
class LinearWarmup(Schedule):
    """Raise the learning rate along a line to where another schedule begins, then follow that one.

    rate(t) = after(0) * (t + 1)/(W + 1) for t < W, then after(t - W),  W = steps

    Args:    steps: how many steps the rise takes, or, below 1, which share of the run.
             after: what follows; by default the rate stays.
    Source:  Goyal et al. 2017, arXiv:1706.02677
    Example: >>> from striate.schedules import ConstantRate
             >>> rise = LinearWarmup(4, ConstantRate(0.5))
             >>> rise(0), rise(1), rise(4), rise(100)
             (0.1, 0.2, 0.5, 0.5)
    """

    steps: Count | Fraction = 0.05
    after: ScheduleLike = "constant_rate"

    def rate(self, step: int) -> float:
        if 0 < self.steps < 1:
            raise DeclarationError(
                f"LinearWarmup rises over {self.steps:.0%} of a run, whose length is not known here",
                fix="steps=100, or resolve(learning_rate, steps, steps_per_epoch)",
            )
        after: Schedule = catalog.get("schedules", self.after)
        return after(0) * (step + 1) / (self.steps + 1) if step < self.steps else after(step - int(self.steps))

    def resolve(self, learning_rate: float, steps: int, steps_per_epoch: int) -> Self:
        rise = round(self.steps * steps) if self.steps < 1 else int(self.steps)
        after: Schedule = catalog.get("schedules", self.after)
        return replace(self, steps=rise, after=after.resolve(learning_rate, steps - rise, steps_per_epoch))


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Raise the learning rate to a peak and lower it far below where it began.

    rate(t) = a + (b - a) * s(share),  from a = start*m to b = m at step peak*T - 1, then from m to end*m at T - 1;
    share runs from 0 to 1 in each part;  s(x) = x ("linear") or (1 - cos(pi*x)) / 2 ("cosine")

    Args:    maximal_learning_rate: m, the rate at the peak; None: the optimizer's.
             total_steps: T, the steps of the cycle; None: the whole run.
             peak: share of the steps after which the rate is highest.
             start: share of m at the first step.
             end: share of m at the last step.
             anneal: the form of rise and fall.
    Source:  Smith & Topin 2018, arXiv:1708.07120; counted as torch.optim.lr_scheduler.OneCycleLR does
    Example: >>> cycle = OneCycle(1.0, 11, peak=6 / 11, anneal="linear")
             >>> cycle(0), cycle(5), round(cycle(10), 6)
             (0.04, 1.0, 4e-06)
    """

    filled: ClassVar[dict[str, Known]] = {"maximal_learning_rate": "learning_rate", "total_steps": "steps"}

    maximal_learning_rate: Positive | None = None
    total_steps: Count | None = None
    peak: Fraction = 0.3
    start: Factor = 0.04
    end: Factor = 4e-6
    anneal: Literal["cosine", "linear"] = "cosine"

    def rate(self, step: int) -> float:
        assert self.maximal_learning_rate is not None
        assert self.total_steps is not None
        last = self.total_steps - 1
        top = max(self.peak * self.total_steps - 1, 0.0)
        if step < top:
            a, b, share = self.start, 1.0, step / top
        else:  # a run of one step has the peak alone
            a, b, share = 1.0, self.end, min((step - top) / (last - top), 1.0) if last else 0.0
        if self.anneal == "cosine":
            share = (1 - math.cos(math.pi * share)) / 2
        return self.maximal_learning_rate * (a + (b - a) * share)
