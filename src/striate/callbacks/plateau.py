"""Callbacks that lower the learning rate once a number no longer improves."""

from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Gt

from striate.callbacks.base import Callback, Logs, require_free_rate, say
from striate.callbacks.monitor import Mode, Monitor
from striate.units import Count, Factor, Fraction, Index

__all__ = ["HalveAndGoBack", "ReduceLROnPlateau"]

Shrinking = Annotated[Fraction, Gt(0)]


@dataclass(eq=False)
class ReduceLROnPlateau(Callback):
    """Lower the learning rate when a number has not improved for `patience` epochs; the weights stay as they are.

    Args:
        monitor: the number that is watched.
        factor: what the rate is multiplied by.
        patience: epochs in a row without improvement that lower it.
        verbose: 1: say each new rate.
        mode: whether the number should fall ("min") or rise ("max"); "auto" knows losses and metrics.
        min_delta: what counts as better must be so by more than this.
        cooldown: epochs after a new rate that do not count as waiting.
        min_lr: the rate is never set below this.
    Errors:  ArgumentError if no such number is measured, or the optimizer has a schedule of its own.
    Source:  Keras 3, keras.callbacks.ReduceLROnPlateau
    Example: >>> ReduceLROnPlateau(factor=0.5, patience=3)
             ReduceLROnPlateau(factor=0.5, patience=3)
    """

    monitor: str = "val_loss"
    factor: Shrinking = 0.1
    patience: Index = 10
    verbose: Index = 0
    mode: Mode = "auto"
    min_delta: Factor = 1e-4
    cooldown: Index = 0
    min_lr: Factor = 0.0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        require_free_rate(self)
        self._watched = Monitor(self, self.monitor, self.mode, self.min_delta)
        self.wait = self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self._watched.read(logs)
        if value is None:
            return
        self.cooldown_counter = max(self.cooldown_counter - 1, 0)
        if self._watched.improved(value):
            self.wait = 0
        elif not self.cooldown_counter:
            self.wait += 1
            rate = self.model.learning_rate
            if self.wait >= self.patience and rate > self.min_lr:
                self.model.learning_rate = lower = max(rate * self.factor, self.min_lr)
                self.wait, self.cooldown_counter = 0, self.cooldown
                if self.verbose:
                    say(
                        f"epoch {epoch + 1}: {self.monitor} {value:.4g}, best {_text(self._watched.best)}; "
                        f"learning rate {rate:g} -> {lower:g}"
                    )


@dataclass(eq=False)
class HalveAndGoBack(Callback):
    """Hold the learning rate until a number stops improving; then halve it, and go back to where it was best.

    Going back restores weights, optimizer and the statistics of normalisation as they were at the end of the best epoch
    (of the beginning, if no epoch gave a number), so that no step of the smaller rate is spent on mending what the
    larger one spoilt. If it does not improve from there either, the rate is halved again, from the same state.

    `best_epoch` is the epoch to which it would go back, counted from 0. A copy of weights and optimizer is held in memory.
    A run that ends while it waits keeps its last weights, unless fit is told keep="best".

    Args:
        monitor: the number that is watched.
        patience: epochs in a row without improvement after which it goes back; 1: after the first.
        factor: what the rate is multiplied by.
        min_delta: what counts as better must be so by more than this.
        min_learning_rate: the rate is never set below this; there the run goes on without going back.
        mode: whether the number should fall ("min") or rise ("max"); "auto" knows losses and metrics.
        verbose: 1: say each time where it goes back to, and at which rate.
    Errors:  ArgumentError if no such number is measured, or the optimizer has a schedule of its own.
    Source:  lecture 003 L475-480; wanted in github.com/pytorch/pytorch/issues/2478
    Example: >>> HalveAndGoBack(patience=2)
             HalveAndGoBack(patience=2)
    """

    monitor: str = "val_loss"
    patience: Count = 1
    factor: Shrinking = 0.5
    min_delta: Factor = 0.0
    min_learning_rate: Factor = 0.0
    mode: Mode = "auto"
    verbose: Index = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        require_free_rate(self)
        self._watched = Monitor(self, self.monitor, self.mode, self.min_delta)
        self._best: Any = self.model.training_state()
        self.best_epoch: int | None = None
        self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self._watched.read(logs)
        if value is None:
            return
        self.wait += 1
        if self._watched.improved(value):
            self._best, self.best_epoch, self.wait = self.model.training_state(), epoch, 0
            return
        rate = self.model.learning_rate
        if self.wait >= self.patience and rate > self.min_learning_rate:
            self.model.restore_training_state(self._best)
            # The state holds the rate of the best epoch, which may have been lowered more than once since.
            self.model.learning_rate = lower = max(rate * self.factor, self.min_learning_rate)
            self.wait = 0
            if self.verbose:
                best = "the beginning" if self.best_epoch is None else f"epoch {self.best_epoch + 1}"
                say(
                    f"epoch {epoch + 1}: {self.monitor} {value:.4g}, best {_text(self._watched.best)}; "
                    f"back to {best}, learning rate {rate:g} -> {lower:g}"
                )

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._best = None


def _text(best: float | None) -> str:
    return "none" if best is None else f"{best:.4g}"
