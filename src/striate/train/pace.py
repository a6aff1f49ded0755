"""The pace of a run: what it does when other programs take cores away from it."""

from collections.abc import Callable
from typing import Any

import torch

from striate.train.device import CPU, Bystanders
from striate.train.distributed import Distributed
from striate.train.engine import Engine, Sliced
from striate.units import counted

__all__ = ["Pace"]

_WINDOW = 0.5
"""Seconds of steps that a rate is taken over."""
_FALLEN = 0.6
"""A rate below this share of the best is no chance."""
_GAIN = 1.05
"""What a change has to gain to be kept."""
_AGAIN = 20
"""Windows from one change on trial to the next."""


class Pace:
    """Compares the images a second of each half second with the best so far, and says so when they have fallen.

    An engine that cuts its batches is given one worker less, and keeps that if it helps; later one more again. That
    changes the speed alone: which numbers come out depends on the slices, and their number stays. Where they would depend
    on the number of threads (a batch computed whole) that stays as it was, and what can be done is said.

    Args:    engine: of the run. say: is given the lines for people. device: where it computes.
    """

    def __init__(self, engine: Engine, say: Callable[[str], Any], device: torch.device = CPU) -> None:
        self.engine, self.say, self.device = engine.engine if isinstance(engine, Distributed) else engine, say, device
        self.full = self.engine.workers if isinstance(self.engine, Sliced) else 1
        self.best = self.images = self.seconds = 0.0
        self.low = self.rest = 0
        self.told = False
        self._tried: tuple[int, float] | None = None
        """Workers there were before a change on trial, and the rate they had."""
        self._others = Bystanders()

    def note(self, images: int, seconds: float) -> None:
        """A step was taken."""
        self.images += images
        self.seconds += seconds
        if self.seconds >= _WINDOW:
            rate = self.images / self.seconds
            self.images = self.seconds = 0.0
            self._judge(rate)

    def _judge(self, rate: float) -> None:
        fell = rate < _FALLEN * self.best
        self.best = max(self.best, rate)
        self.low = self.low + 1 if fell else 0
        self.rest = max(self.rest - 1, 0)
        if self._tried is not None:
            self._weigh(rate, *self._tried)
        elif self.low >= 2:
            self._fallen(rate)
        elif self._workers < self.full and not self.rest:
            self._change(self._workers + 1, rate)
        elif self.told and self._workers == self.full and rate > 0.9 * self.best:
            self.told = False
            self.say(f"{rate:,.0f} images a second again")
        if not fell and not self.told:
            self._others = Bystanders()

    def _fallen(self, rate: float) -> None:
        """Less than it was, twice in a row: said once, and something done about it where something can be."""
        if not self.told:
            self.told = True
            text = f"{rate:,.0f} images a second, {self.best:,.0f} before: {self._others.line()}"
            if self.device == CPU and torch.get_num_threads() > 1:  # of slices each thread has its own
                text += "; threads that share an operation wait for each other, plan = { threads = 1 } would not"
            self.say(text)
        if self._workers > 1 and not self.rest:
            self._change(self._workers - 1, rate)

    def _change(self, workers: int, rate: float) -> None:
        """Put another number of workers on trial for a window."""
        self._tried = self._workers, rate
        self._workers = workers

    def _weigh(self, rate: float, before: int, earlier: float) -> None:
        """Keep the change if it helped."""
        self._tried, self.rest = None, _AGAIN
        if rate > _GAIN * earlier:
            said = f"{rate:,.0f} instead of {earlier:,.0f} images a second"
            self.say(f"{counted(self._workers, 'worker')} of {self.full} now: {said}")
        else:
            self._workers = before

    @property
    def _workers(self) -> int:
        return self.engine.workers if isinstance(self.engine, Sliced) else 1

    @_workers.setter
    def _workers(self, value: int) -> None:
        assert isinstance(self.engine, Sliced)
        self.engine.workers = value
