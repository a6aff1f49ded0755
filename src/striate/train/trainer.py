"""The run: epochs of steps, validation after each, until done, told to stop, or interrupted."""

import math
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch import nn

from striate.callbacks.base import Callback, Logs, tell
from striate.errors import NonFiniteError
from striate.loader import Batch, Batches
from striate.optimizers import swap_averages
from striate.schedules.base import Schedule
from striate.seed import derive
from striate.train.device import stream_on
from striate.train.distributed import ALONE, Distributed, Group
from striate.train.engine import Penalty, penalised
from striate.train.objective import Gauge, Objective, outputs_of
from striate.train.pace import Pace
from striate.train.step import Step, Taken

__all__ = ["Evaluation", "Interrupted", "Trainer", "get_rate", "set_rate"]


_UNSCALED = 1e4
"""Pixels above this are meant to be scaled before a network sees them."""


def set_rate(groups: Sequence[dict[str, Any]], rate: float) -> None:
    """Set the learning rate of an optimizer's groups of weights; some take a multiple of it."""
    for group in groups:
        group["lr"] = rate * group.get("multiplier", 1.0)


def get_rate(groups: Sequence[dict[str, Any]]) -> float:
    """The learning rate of an optimizer, as set_rate set it."""
    for group in groups:
        factor = group.get("multiplier", 1.0)
        if factor:
            return float(group["lr"]) / factor
    return 0.0  # no layer learns


class _Ahead:
    """Batches, of which the next one can be made before it is asked for."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._made: deque[Batch] = deque()

    def make(self) -> None:
        """Make another one, if there is another."""
        batch = next(self._batches, None)
        if batch is not None:
            self._made.append(batch)

    def __iter__(self) -> Iterator[Batch]:
        while True:
            if not self._made:
                self.make()
            if not self._made:
                return
            yield self._made.popleft()


class Interrupted(KeyboardInterrupt):
    """A run was ended by a signal, at the end of a step; what it had is kept."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


@contextmanager
def _deferred_signals(repeated: bool = False) -> Generator[list[int]]:
    """Ctrl-C and SIGTERM are noted and acted on after the step; a second one acts at once, unless it is but the first.

    torchrun sends on to its processes what the terminal has sent them already. Python hands signals to the main thread only: elsewhere nothing is changed.
    """
    noted: list[int] = []

    def note(signum: int, _frame: Any) -> None:
        if noted and not repeated:
            raise Interrupted(signum)
        noted.append(signum)

    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {signum: signal.signal(signum, note) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield noted
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@contextmanager
def _averages(optimizer: torch.optim.Optimizer) -> Generator[None]:
    """Averages in the place of the weights, where there are some; afterwards the weights, however it ended."""
    swap_averages(optimizer)
    try:
        yield
    finally:
        swap_averages(optimizer)


@dataclass
class Evaluation:
    """Loss and metrics over batches, in float32, with nothing random."""

    module: nn.Module
    """The network as it is trained: giving scores."""
    objective: Objective
    penalties: Sequence[Penalty] = ()
    """Part of the loss, as in training: else the two could not be compared."""
    group: Group = ALONE
    """The processes that have a part of each batch."""

    def __call__(self, batches: Batches, told: Callable[[int, Logs], None] = lambda step, logs: None) -> Logs:
        """The logs {loss, accuracy ...}; `told` hears of each batch."""
        gauge = self.objective.gauge()
        total, count = 0.0, 0
        self.module.eval()
        with torch.inference_mode():
            for step, batch in enumerate(batches.epoch(0)):
                if len(batch):
                    scores = outputs_of(self.module, batch.x)
                    losses = self.objective.losses(scores, batch)
                    value = self.objective.total(losses).item()
                    total, count = total + value * len(batch), count + len(batch)
                    gauge.update([loss.item() for loss in losses] if len(losses) > 1 else [value], scores, batch)
                told(step, {"loss": total / max(count, 1)})
            total, count, gauge = _joined(self.group, total, count, gauge)
            loss = penalised(torch.tensor(total / count, dtype=torch.float64), self.penalties).item()
        return {"loss": loss, **gauge.logs()}


def _joined(group: Group, total: float, count: int, gauge: Gauge) -> tuple[float, int, Gauge]:
    """The sum of losses, the count of images and the metrics of all processes."""
    totals, counts, parts = zip(*group.gather((total, count, gauge.gathered())), strict=True)
    return sum(totals), sum(counts), gauge.joined(parts)


@dataclass
class Trainer:
    """Trains one network; `history` of the run is in the logs its callbacks are given."""

    step: Step
    batches: Batches
    validate: Callable[[], Logs] | None
    epochs: int
    initial_epoch: int = 0
    schedule: Schedule | None = None
    callbacks: Sequence[Callback] = ()
    steps_per_epoch: int | None = None
    validation_freq: int = 1
    keep_best: bool = False
    """End with the weights of the lowest val_loss (loss where nothing is validated) instead of the last."""
    should_stop: Callable[[], bool] | None = None
    group: Group = ALONE
    """The processes that train together."""
    best_epoch: int | None = field(default=None, init=False)
    averaged: bool = field(default=False, init=False)
    """Whether the run ended with averages in the place of the weights: what the optimizer remembers is of others."""
    interrupted: int | None = field(default=None, init=False)
    """The signal that ended the run, if one did."""

    def run(self) -> None:
        """All epochs. Callbacks hear of every begin and end, also of an interrupted run."""
        self._best, self._best_loss = None, math.inf
        say = partial(tell, self.callbacks, "on_notice")
        self._pace = Pace(self.step.engine, say, self.batches.device)
        logs: Logs = {}
        tell(self.callbacks, "on_train_begin", {})
        try:
            with _deferred_signals(self.group.world > 1) as self._signals:
                for epoch in range(self.initial_epoch, self.epochs):
                    logs = self._epoch(epoch)
                    wishes = self.group.gather(self._wish())
                    self.interrupted = next((signum for signum, _ in wishes if signum), None)
                    if self.interrupted or any(told for _, told in wishes):
                        break
        finally:
            self.averaged = swap_averages(self.step.optimizer)
            if self.keep_best and self._best is not None:
                self._restore(self._best)
        tell(self.callbacks, "on_train_end", logs)

    def _epoch(self, epoch: int) -> Logs:
        """One epoch of steps, then validation. An interrupted epoch is validated too: its weights are a result."""
        tell(self.callbacks, "on_epoch_begin", epoch, {})
        self.step.engine.module.train()
        # Dropout draws from torch's own stream: with this an epoch can be computed again from (seed, epoch).
        others = (self.group.rank,) if self.group.rank else ()  # what one process drops is not what another does
        stream_on(self.batches.device).manual_seed(derive(self.batches.seed, "dropout", epoch, *others))
        gauge = self.step.engine.objective.gauge()
        total, count, rate, signum = 0.0, 0, self._rate(epoch, 0), 0
        begin = time.perf_counter()
        batches = _Ahead(self._batches(epoch))
        for number, batch in enumerate(batches):
            tell(self.callbacks, "on_train_batch_begin", number, {})
            rate = self._rate(epoch, number)
            if isinstance(self.step.engine, Distributed):
                self.step.engine.wish = self._wish()
            start = time.perf_counter()
            taken = self._try(batch, epoch, number, batches.make)
            self._pace.note(len(batch), time.perf_counter() - start)
            total, count = total + taken.loss * len(batch), count + len(batch)
            if len(batch):
                with torch.no_grad():
                    gauge.update(taken.losses, taken.scores, batch)
            metrics = gauge.logs() if any(callback.wants_metrics() for callback in self.callbacks) else {}
            tell(self.callbacks, "on_train_batch_end", number, {"loss": total / max(count, 1), **metrics})
            signum, told = self._agreed()
            if signum:
                tell(self.callbacks, "on_interrupt")
            if signum or told:
                break
        seconds = time.perf_counter() - begin
        total, count, gauge = _joined(self.group, total, count, gauge)
        logs: Logs = {"loss": total / count, **gauge.logs()}
        with _averages(self.step.optimizer):  # what is validated and kept
            if self.validate is not None and ((epoch + 1) % self.validation_freq == 0 or signum):
                logs |= {f"val_{key}": value for key, value in self.validate().items()}
            logs |= {"learning_rate": rate, "seconds": seconds, "images_per_second": count / seconds}
            self._note_best(
                epoch, logs.get("val_loss", logs["loss"]) if self.validate is None or "val_loss" in logs else math.inf
            )
            tell(self.callbacks, "on_epoch_end", epoch, logs)
        return logs

    def _batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, `steps_per_epoch` of them where that is said."""
        return islice(self.batches.epoch(epoch), self.steps_per_epoch)

    def _rate(self, epoch: int, number: int) -> float:
        """The learning rate of a step, set where a schedule decides it."""
        group = self.step.optimizer.param_groups
        if self.schedule is not None:
            set_rate(group, self.schedule(epoch * (self.steps_per_epoch or len(self.batches)) + number))
        return get_rate(group)

    def _try(self, batch: Batch, epoch: int, number: int, meanwhile: Callable[[], Any]) -> Taken:
        """A step; a loss that is not finite is told with its place and its likely cause."""
        try:
            return self.step(batch, meanwhile)
        except NonFiniteError as error:
            if self.group.world > 1:  # all of them are here, and look at the same images
                batch = next(replace(self.batches, places=1).epoch(epoch, number))
            cause, fix = self._cause(batch, first=(epoch, number) == (self.initial_epoch, 0))
            raise NonFiniteError(
                f"{error.what} in epoch {epoch}, batch {number}; that step was not applied",
                where=f"epoch {epoch}, batch {number} of {len(self.batches)}",
                sum=cause,
                fix=fix,
            ) from None

    def _cause(self, batch: Batch, first: bool) -> tuple[str, str]:
        """The likely cause of numbers that are not finite, and what to do about it."""
        rate = get_rate(self.step.optimizer.param_groups)
        for what, tensors in (("image", batch.x), ("target", batch.y)):
            for tensor in tensors:
                bad = ~torch.isfinite(tensor).reshape(len(tensor), -1).all(1)
                if bad.any():
                    row = int(batch.rows[bad.cpu()][0])
                    return f"the {what} in row {row} holds NaN or Inf", f"mend or leave out that {what}"
        pixel = max(float(x.abs().max()) for x in batch.x)
        if pixel > _UNSCALED:
            return (
                f"the images reach {pixel:.3g}: nobody scaled them",
                'preprocess="standardise", or images of about -1..1',
            )
        weight = max(float(weight.detach().abs().max()) for weight in self.step.engine.module.parameters())
        if first and not math.isfinite(weight):
            return "a weight is NaN or Inf from the beginning", "begin from other weights"
        return (
            f"images and targets are finite; learning rate {rate:g}, largest weight {weight:.3g}: too high a rate",
            f"learning_rate={rate / 10:g}, and images scaled to about -1..1",
        )

    def _wish(self) -> tuple[int, bool]:
        """The signal this process was sent, or 0, and whether it was told to stop."""
        return self._signals[0] if self._signals else 0, self.should_stop is not None and self.should_stop()

    def _agreed(self) -> tuple[int, bool]:
        """The same for the run: of several processes all end at one step, that after the wish of any of them."""
        engine = self.step.engine
        return engine.agreed if isinstance(engine, Distributed) else self._wish()

    def _note_best(self, epoch: int, loss: float) -> None:
        if loss < self._best_loss:
            self._best_loss, self.best_epoch = loss, epoch
            if self.keep_best:
                self._best = {key: value.clone() for key, value in self.step.engine.module.state_dict().items()}

    def _restore(self, state: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for key, value in self.step.engine.module.state_dict().items():
                value.copy_(state[key])
