"""Learning rates that fall and rise again: a large rate leaves a narrow valley, a small one goes down in a wide one."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from annotated_types import Ge

from striate.schedules.base import Known, Schedule
from striate.units import Count, Factor, Fraction, Positive, Real

__all__ = ["CosineDecayRestarts", "CyclicRate"]


@dataclass(frozen=True)
class CosineDecayRestarts(Schedule):
    """Lower the learning rate along half a cosine, jump back up, and do so again over a longer time.

    rate(t) = r * (alpha + (1 - alpha) * m_mul**i * (1 + cos(pi * s/T)) / 2),  T = first_decay_steps * t_mul**i,
    where s steps have passed since the last of i jumps

    Args:    initial_learning_rate: r, the rate of the first step; None: the optimizer's.
             first_decay_steps: steps of the first fall; None: an epoch's.
             t_mul: how many times longer each fall is than the one before.
             m_mul: how many times higher each jump is than the one before.
             alpha: share of r below which the rate does not fall.
    Source:  Loshchilov & Hutter 2017, arXiv:1608.03983; Keras 3, keras.optimizers.schedules.CosineDecayRestarts
    Example: >>> falls = CosineDecayRestarts(0.1, 100)
             >>> [round(falls(step), 6) for step in (0, 50, 100, 200, 300)]
             [0.1, 0.05, 0.1, 0.05, 0.1]
    """

    filled: ClassVar[dict[str, Known]] = {
        "initial_learning_rate": "learning_rate",
        "first_decay_steps": "steps_per_epoch",
    }

    initial_learning_rate: Factor | None = None
    first_decay_steps: Count | None = None
    t_mul: Annotated[Real, Ge(1)] = 2.0
    m_mul: Positive = 1.0
    alpha: Factor = 0.0

    def rate(self, step: int) -> float:
        assert self.initial_learning_rate is not None
        assert self.first_decay_steps is not None
        jumps, since = divmod(step, self.first_decay_steps) if self.t_mul == 1 else (0, step)
        length = float(self.first_decay_steps)
        while since >= length:
            jumps, since, length = jumps + 1, since - length, length * self.t_mul
        fall = self.m_mul**jumps * (1 + math.cos(math.pi * since / length)) / 2
        return self.initial_learning_rate * (self.alpha + (1 - self.alpha) * fall)


@dataclass(frozen=True)
class CyclicRate(Schedule):
    """Let the learning rate rise along a line and fall along another, again and again.

    rate(t) = b + (m - b) * (1 - |t/S - 2c - 1|) * k,  b = start*m,  S = step_size,  c = floor(t / 2S) cycles are over;
    k = 1 ("triangular"), 1/2**c ("triangular2") or gamma**t ("exp_range")

    Args:    maximal_learning_rate: m, the rate at the first peak; None: the optimizer's.
             step_size: S, the steps of a rise, and of a fall; None: those of two epochs.
             start: share of m from which it rises.
             mode: whether the peaks stay, halve with every cycle, or sink with every step.
             gamma: factor by which they sink with every step ("exp_range").
    Source:  Smith 2017, arXiv:1506.01186
    Example: >>> cycle = CyclicRate(0.4, 10, mode="triangular2")
             >>> [round(cycle(step), 6) for step in (0, 5, 10, 20, 30)]
             [0.1, 0.25, 0.4, 0.1, 0.25]
    """

    filled: ClassVar[dict[str, Known]] = {"maximal_learning_rate": "learning_rate", "step_size": "steps_per_epoch"}

    maximal_learning_rate: Positive | None = None
    step_size: Count | None = None
    start: Fraction = 0.25
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    gamma: Fraction = 0.99994

    def rate(self, step: int) -> float:
        assert self.maximal_learning_rate is not None
        assert self.step_size is not None
        cycles, within = divmod(step, 2 * self.step_size)
        height = 1 - abs(within / self.step_size - 1)
        sinking = {"triangular": 1.0, "triangular2": 0.5**cycles, "exp_range": self.gamma**step}
        return self.maximal_learning_rate * (self.start + (1 - self.start) * height * sinking[self.mode])

    def resolve(self, learning_rate: float, steps: int, steps_per_epoch: int) -> Self:
        return super().resolve(learning_rate, steps, 2 * steps_per_epoch)
