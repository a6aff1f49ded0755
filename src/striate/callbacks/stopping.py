"""Callbacks that end a run."""

import math
from dataclasses import dataclass
from typing import Any

from striate.callbacks.base import Callback, Logs, say
from striate.callbacks.monitor import Mode, Monitor
from striate.units import Factor, Index, Real

__all__ = ["EarlyStopping", "TerminateOnNaN"]


@dataclass(eq=False)
class EarlyStopping(Callback):
    """End the run when a number has not improved for `patience` epochs, and go back to its best weights.

    After the run, `best_epoch` is the epoch of these weights, `stopped_epoch` the one that ended it (0 if none did).

    Args:
        monitor: the number that is watched.
        min_delta: what counts as better must be so by more than this.
        patience: epochs in a row without improvement that end the run.
        verbose: 1: say when it ends and what is restored.
        mode: whether it should fall ("min") or rise ("max"); "auto" knows losses and metrics.
        baseline: only what beats this number makes the waiting begin anew.
        restore_best_weights: end with the weights of the best epoch instead of the last (Keras does only if asked).
        start_from_epoch: epochs before this one are not watched.
    Errors:  ArgumentError if no such number is measured, with those that are.
    Source:  Prechelt 1998, doi:10.1007/3-540-49430-8_3; lecture 001 L1187
    Example: >>> EarlyStopping(patience=3)
             EarlyStopping(patience=3)
    """

    monitor: str = "val_loss"
    min_delta: Factor = 0.0
    patience: Index = 0
    verbose: Index = 0
    mode: Mode = "auto"
    baseline: Real | None = None
    restore_best_weights: bool = True
    start_from_epoch: Index = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._watched = Monitor(self, self.monitor, self.mode, self.min_delta)
        self._best_weights: list[Any] | None = None
        self.best_epoch: int | None = None
        self.wait = self.stopped_epoch = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self._watched.read(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._watched.improved(value):
            self.best_epoch = epoch
            if self.restore_best_weights:
                self._best_weights = self.model.get_weights()
            if self.baseline is None or self._watched.better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        said = [f"stopped early after epoch {self.stopped_epoch + 1}"] if self.stopped_epoch else []
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)
            self._best_weights = None
            said.append(f"weights of epoch {self.best_epoch + 1} restored")  # ty: ignore[unsupported-operator]
        if self.verbose and said:
            say("; ".join(said))


@dataclass(eq=False)
class TerminateOnNaN(Callback):
    """End the run quietly when the mean loss of an epoch is no longer a finite number.

    fit itself refuses a step whose loss is not finite, with an error that names the batch and the likely cause, so this
    is for losses that a callback before it has changed, and for code written for Keras.

    Source:  Keras 3, keras.callbacks.TerminateOnNaN
    Example: >>> TerminateOnNaN()
             TerminateOnNaN()
    """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self.model.stop_training = True

    def wants_metrics(self) -> bool:
        return False
