"""Callbacks that end a run, keep its best weights, or change its rate."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from striate.callbacks.base import Callback, Logs
from striate.errors import ArgumentError, nearest
from striate.units import Count, Index, Real

__all__ = ["EarlyStopping", "LambdaCallback", "LearningRateScheduler", "ModelCheckpoint", "TerminateOnNaN"]

Mode = Literal["auto", "min", "max"]


class _Best:
    """Whether a monitored number is better than any before."""

    def __init__(self, monitor: str, mode: str, least: float = 0.0) -> None:
        rises = mode == "max" or (mode == "auto" and monitor.endswith(("acc", "accuracy", "auc")))
        self.monitor, self.sign, self.least = monitor, 1.0 if rises else -1.0, abs(least)
        self.value = -math.inf

    def read(self, logs: Logs | None) -> float:
        """The number among the logs; ArgumentError if there is none of its name."""
        logs = logs or {}
        if self.monitor not in logs:
            close = nearest(self.monitor, logs)
            fix = f"did you mean {close!r}?" if close else "a name that is measured"
            if self.monitor.startswith("val_"):
                fix = "validation_data or validation_split in fit, or another monitor"
            raise ArgumentError(f"nothing called {self.monitor!r} is measured", sum=f"known: {', '.join(logs)}", fix=fix)
        return logs[self.monitor]

    def improved(self, value: float) -> bool:
        """Whether it is better by more than the least difference; then it is the one to beat."""
        if self.sign * value - self.least > self.value:
            self.value = self.sign * value
            return True
        return False


@dataclass
class EarlyStopping(Callback):
    """End the run when a number has not improved for `patience` epochs, and go back to its best weights.

    stop when epochs since the best >= patience

    Args:
        monitor: the number watched.
        min_delta: how much better counts.
        patience: epochs without improvement that are waited for.
        verbose: 1: say so.
        mode: whether it should fall ("min") or rise ("max"); "auto" knows accuracies.
        baseline: a number that must be beaten.
        restore_best_weights: take the weights of the best epoch at the end (Keras: only if asked).
        start_from_epoch: epochs before anything is watched.
    Errors:  ArgumentError if nothing of that name is measured.
    Source:  Prechelt 1998, doi:10.1007/3-540-49430-8_3; lecture 001 L1187
    Example: >>> EarlyStopping(patience=3).restore_best_weights
             True
    """

    monitor: str = "val_loss"
    min_delta: Real = 0.0
    patience: Index = 0
    verbose: int = 0
    mode: Mode = "auto"
    baseline: Real | None = None
    restore_best_weights: bool = True
    start_from_epoch: Index = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._best = _Best(self.monitor, self.mode, self.min_delta)
        if self.baseline is not None:
            self._best.value = self._best.sign * self.baseline
        self._weights: list[np.ndarray] | None = None
        self.best_epoch, self.stopped_epoch, self.wait = 0, 0, 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if epoch < self.start_from_epoch:
            return
        if self._best.improved(self._best.read(logs)):
            self.wait, self.best_epoch = 0, epoch
            if self.restore_best_weights:
                self._weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._weights is not None:
            self.model.set_weights(self._weights)
        if self.verbose and self.stopped_epoch:
            print(f"stopped after epoch {self.stopped_epoch}; weights of epoch {self.best_epoch}")


@dataclass
class ModelCheckpoint(Callback):
    """Save the model after epochs.

    Args:
        filepath: where; may hold {epoch} and the names of numbers, as in "best-{epoch}-{val_loss:.2f}.striate".
        monitor: the number watched.
        verbose: 1: say so.
        save_best_only: save only when the number has improved.
        save_weights_only: the weights (safetensors) instead of the model.
        mode: whether it should fall ("min") or rise ("max"); "auto" knows accuracies.
    Errors:  StorageError if the file cannot be written; ArgumentError if nothing of the name is measured.
    Source:  Keras 3, keras.callbacks.ModelCheckpoint
    Example: >>> ModelCheckpoint("best.striate", save_best_only=True).monitor
             'val_loss'
    """

    filepath: str
    monitor: str = "val_loss"
    verbose: int = 0
    save_best_only: bool = False
    save_weights_only: bool = False
    mode: Mode = "auto"

    def __post_init__(self) -> None:
        self.filepath = str(self.filepath)
        super().__post_init__()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._best = _Best(self.monitor, self.mode)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_best_only and not self._best.improved(self._best.read(logs)):
            return
        path = self.filepath.format(epoch=epoch, **(logs or {}))
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        if self.verbose:
            print(f"epoch {epoch}: saved {path}")

    @classmethod
    def example(cls) -> "ModelCheckpoint":
        return cls("best.striate")


@dataclass
class LearningRateScheduler(Callback):
    """Set the learning rate of each epoch by a function of the epoch and the rate before.

    rate = schedule(epoch, rate)

    Args:
        schedule: a function of (epoch, rate), or of the epoch alone.
        verbose: 1: say so.
    Source:  Keras 3, keras.callbacks.LearningRateScheduler
    Example: >>> halve = LearningRateScheduler(lambda epoch, rate: rate / 2)
    """

    schedule: Callable[..., float]
    verbose: int = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        try:
            rate = self.schedule(epoch, self.model.learning_rate)
        except TypeError:  # a function of the epoch alone, which Keras takes too
            rate = self.schedule(epoch)
        self.model.learning_rate = float(rate)
        if self.verbose:
            print(f"epoch {epoch}: learning rate {rate:g}")

    @classmethod
    def example(cls) -> "LearningRateScheduler":
        return cls(_unchanged)


def _unchanged(epoch: int, rate: float) -> float:
    return rate


@dataclass
class TerminateOnNaN(Callback):
    """End the run when the loss is not finite. (Training itself refuses such a step with an error; this is quieter.)

    Source:  Keras 3, keras.callbacks.TerminateOnNaN
    Example: >>> TerminateOnNaN()
             TerminateOnNaN()
    """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self.model.stop_training = True


@dataclass
class LambdaCallback(Callback):
    """A callback of plain functions.

    Args:
        on_epoch_begin: called with (epoch, logs).
        on_epoch_end: called with (epoch, logs).
        on_train_begin: called with (logs).
        on_train_end: called with (logs).
        on_train_batch_begin: called with (batch, logs).
        on_train_batch_end: called with (batch, logs).
    Source:  Keras 3, keras.callbacks.LambdaCallback
    Example: >>> said = []
             >>> LambdaCallback(on_epoch_end=lambda epoch, logs: said.append(epoch)).on_epoch_end(3, {})
             >>> said
             [3]
    """

    on_epoch_begin: Any = None
    on_epoch_end: Any = None
    on_train_begin: Any = None
    on_train_end: Any = None
    on_train_batch_begin: Any = None
    on_train_batch_end: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, given in list(vars(self).items()):
            if given is None:  # the base's own method does nothing, which is what is wanted
                object.__setattr__(self, name, getattr(super(), name))
