"""Learning rates that fall: near the optimum smaller steps are needed than far from it.

In the formulas t is the step, r `initial_learning_rate` and T `decay_steps`; where these are None the run fills in the
optimizer's learning rate and its own number of steps.
"""

import bisect
import math
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Self

from pydantic import Strict

from striate.errors import ArgumentError
from striate.schedules.base import Known, Schedule
from striate.units import Count, Factor, Index, Positive

__all__ = [
    "ConstantRate",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "StepDecay",
]


@dataclass(frozen=True)
class ConstantRate(Schedule):
    """Keep the learning rate.

    rate(t) = learning_rate

    Args:    learning_rate: the rate; None: the optimizer's.
    Source:  lecture 001 L1047-1072
    Example: >>> ConstantRate(0.1)(1000)
             0.1
    """

    filled: ClassVar[dict[str, Known]] = {"learning_rate": "learning_rate"}

    learning_rate: Positive | None = None

    def rate(self, step: int) -> float:
        assert self.learning_rate is not None
        return self.learning_rate


@dataclass(frozen=True)
class PiecewiseConstantDecay(Schedule):
    """Hold one learning rate up to and including a step, then the next.

    rate(t) = values[i],  i = how many boundaries are below t

    Args:    boundaries: the last step of each rate but the last, rising.
             values: the rates, one more than boundaries.
    Errors:  ArgumentError if the counts do not go together, or boundaries do not rise.
    Source:  Keras 3, keras.optimizers.schedules.PiecewiseConstantDecay
    Example: >>> halve = PiecewiseConstantDecay([100, 200], [0.1, 0.05, 0.025])
             >>> halve(100), halve(101), halve(1000)
             (0.1, 0.05, 0.025)
    """

    boundaries: Annotated[tuple[Index, ...], Strict(False)]
    values: Annotated[tuple[Factor, ...], Strict(False)]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.values) != len(self.boundaries) + 1:
            raise ArgumentError(
                "PiecewiseConstantDecay: there must be one value more than boundaries",
                sum=f"{len(self.values)} values, {len(self.boundaries)} boundaries",
                fix=f"{len(self.boundaries) + 1} values",
            )
        if list(self.boundaries) != sorted(set(self.boundaries)):
            raise ArgumentError(
                "PiecewiseConstantDecay: the boundaries must rise",
                sum=f"boundaries {self.boundaries}",
                fix="each boundary above the one before",
            )

    def rate(self, step: int) -> float:
        return self.values[bisect.bisect_left(self.boundaries, step)]

    @classmethod
    def example(cls) -> Self:
        return cls((100, 200), (0.1, 0.05, 0.025))


@dataclass(frozen=True)
class StepDecay(Schedule):
    """Multiply the learning rate by a factor every few epochs.

    rate(t) = r * factor**floor(t / (every * steps_per_epoch))

    Args:    factor: what the rate is multiplied by; 0.5 halves it.
             every: epochs from one cut to the next.
             initial_learning_rate: rate of the first epochs; None: the optimizer's.
             steps_per_epoch: None: the run's.
    Source:  lecture 001 L1105-1108
    Example: >>> halve = StepDecay(every=10, initial_learning_rate=0.1, steps_per_epoch=1)
             >>> halve(9), halve(10), halve(25)
             (0.1, 0.05, 0.025)
    """

    filled: ClassVar[dict[str, Known]] = {
        "initial_learning_rate": "learning_rate",
        "steps_per_epoch": "steps_per_epoch",
    }

    factor: Factor = 0.5
    every: Count = 10
    initial_learning_rate: Positive | None = None
    steps_per_epoch: Count | None = None

    def rate(self, step: int) -> float:
        assert self.initial_learning_rate is not None
        assert self.steps_per_epoch is not None
        return self.initial_learning_rate * self.factor ** (step // (self.every * self.steps_per_epoch))


@dataclass(frozen=True)
class _Decay(Schedule, abstract=True):
    """Schedules that lower an initial rate over a number of steps.

    Args:    initial_learning_rate: rate of the first step; None: the optimizer's.
             decay_steps: steps over which it falls; None: the whole run.
    """

    filled: ClassVar[dict[str, Known]] = {"initial_learning_rate": "learning_rate", "decay_steps": "steps"}

    initial_learning_rate: Factor | None = None
    decay_steps: Count | None = None

    def _share(self, step: int) -> tuple[float, float]:
        """The initial rate, and the share of decay_steps that has passed."""
        assert self.initial_learning_rate is not None
        assert self.decay_steps is not None
        return self.initial_learning_rate, step / self.decay_steps


@dataclass(frozen=True)
class ExponentialDecay(_Decay):
    """Multiply the learning rate by the same factor at every step.

    rate(t) = r * decay_rate**(t / T), which is the lecture's r * exp(-k*t) for k = -ln(decay_rate) / T

    Args:    decay_rate: factor over T steps; by default a run ends at a hundredth of its first rate.
             staircase: whether t / T is rounded down, so that the rate falls in steps.
    Source:  lecture 001 L1110-1112; Keras 3, keras.optimizers.schedules.ExponentialDecay
    Example: >>> ExponentialDecay(0.1, 1000, 0.5)(2000)
             0.025
    """

    decay_rate: Positive = 0.01
    staircase: bool = False

    def rate(self, step: int) -> float:
        initial, share = self._share(step)
        return initial * self.decay_rate ** (math.floor(share) if self.staircase else share)


@dataclass(frozen=True)
class InverseTimeDecay(_Decay):
    """Let the learning rate fall as 1/t.

    rate(t) = r / (1 + decay_rate * t / T), which is the lecture's r / (1 + k*t) for k = decay_rate / T

    Args:    decay_rate: what T steps add to the divisor; by default a run ends at a tenth of its first rate.
             staircase: whether t / T is rounded down, so that the rate falls in steps.
    Source:  Robbins & Monro 1951, doi:10.1214/aoms/1177729586; lecture 001 L1114-1118; Keras 3,
             keras.optimizers.schedules.InverseTimeDecay
    Example: >>> InverseTimeDecay(0.1, 1000, 1.0)(3000)
             0.025
    """

    decay_rate: Factor = 9.0
    staircase: bool = False

    def rate(self, step: int) -> float:
        initial, share = self._share(step)
        return initial / (1 + self.decay_rate * (math.floor(share) if self.staircase else share))


@dataclass(frozen=True)
class PolynomialDecay(_Decay):
    """Lower the learning rate to another one: along a line, or along a power of what is left of the way.

    rate(t) = e + (r - e) * (1 - t/T)**power,  e = end_learning_rate,  and e after T steps; or, with cycle, again from
    near r over the next multiple of T

    Args:    end_learning_rate: e, the rate after T steps.
             power: 1 is a line; above 1 it falls fast first, below 1 it falls fast last.
             cycle: whether T grows to the next multiple of decay_steps once it is over, instead of staying at e.
    Source:  Keras 3, keras.optimizers.schedules.PolynomialDecay
    Example: >>> fall = PolynomialDecay(0.5, 100, 0.1, power=2.0)
             >>> fall(0), round(fall(50), 6), fall(100), fall(1000)
             (0.5, 0.2, 0.1, 0.1)
    """

    end_learning_rate: Factor = 0.0001
    power: Positive = 1.0
    cycle: bool = False

    def rate(self, step: int) -> float:
        initial, share = self._share(step)
        left = 1 - share / max(math.ceil(share), 1) if self.cycle else max(1 - share, 0.0)
        return self.end_learning_rate + (initial - self.end_learning_rate) * left**self.power


@dataclass(frozen=True)
class CosineDecay(_Decay):
    """Lower the learning rate along half a cosine: slowly, fast, slowly; if wished after a rise along a line.

    rate(t) = r * (alpha + (1 - alpha) * (1 + cos(pi * t/T)) / 2),  and r * alpha after T steps

    With a warmup_target m and W warmup_steps: rate(t) = r + (m - r) * t/W for t < W, then the fall from m over T steps.

    Args:    alpha: share of the rate that is left at the end.
             warmup_target: rate at the end of the rise; None: there is no rise.
             warmup_steps: steps of the rise.
    Errors:  ArgumentError if one of warmup_target and warmup_steps is given without the other.
    Source:  Loshchilov & Hutter 2017, arXiv:1608.03983; Goyal et al. 2017, arXiv:1706.02677 (warm-up)
    Example: >>> round(CosineDecay(0.1, 1000)(500), 6)
             0.05
             >>> CosineDecay(0.0, 1000, warmup_target=0.1, warmup_steps=100)(50)
             0.05
    """

    alpha: Factor = 0.0
    warmup_target: Positive | None = field(default=None, kw_only=True)
    warmup_steps: Index = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.warmup_target is None) != (self.warmup_steps == 0):
            raise ArgumentError(
                "CosineDecay: a warm-up needs warmup_target and warmup_steps",
                sum=f"warmup_target={self.warmup_target}, warmup_steps={self.warmup_steps}",
                fix="both, or LinearWarmup(after=CosineDecay()), which goes by the optimizer's rate",
            )

    def rate(self, step: int) -> float:
        initial, share = self._share(max(step - self.warmup_steps, 0))
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return initial + (self.warmup_target - initial) * step / self.warmup_steps
            initial = self.warmup_target
        return initial * (self.alpha + (1 - self.alpha) * (1 + math.cos(math.pi * min(share, 1))) / 2)

    def resolve(self, learning_rate: float, steps: int, steps_per_epoch: int) -> Self:
        return super().resolve(learning_rate, steps - self.warmup_steps, steps_per_epoch)
