"""A number that is watched from epoch to epoch."""

import math
from typing import Any, Literal

from striate.callbacks.base import Callback, Logs
from striate.errors import ArgumentError, nearest

__all__ = ["Mode", "Monitor"]

Mode = Literal["auto", "min", "max"]


class Monitor:
    """One of the logged numbers, and the best it has been so far.

    Args:
        watcher: the callback that watches; errors name it.
        name: of the number, as in logs.
        mode: whether small ("min") or large ("max") numbers are good; "auto" knows losses and the model's metrics.
        min_delta: what counts as better must be so by more than this.
        best: what is to be beaten from the beginning.

    Errors:  ArgumentError if "auto" does not know the number.
    Example: >>> watched = Monitor(Callback(), "val_loss", "min")
             >>> [watched.improved(value) for value in (0.5, 0.6, 0.4, float("nan"))]
             [True, False, True, False]
    """

    def __init__(
        self, watcher: Callback, name: str, mode: Mode, min_delta: float = 0.0, best: float | None = None
    ) -> None:
        self.watcher, self.name, self.min_delta, self.best = watcher, name, abs(min_delta), best
        self.mode = _direction(watcher, name) if mode == "auto" else mode
        if name == "val_loss" and not getattr(watcher, "params", {}).get("validated", True):
            raise self._not_measured({})

    def read(self, logs: Logs | None) -> float | None:
        """The number; None after an epoch whose validation was left out as `validation_freq` says.

        Errors: ArgumentError if nothing of that name is measured, with what is.
        """
        logs = logs or {}
        if self.name in logs:
            return logs[self.name]
        validated = any(key.startswith("val_") for key in logs)
        params = getattr(self.watcher, "params", {})
        if self.name.startswith("val_") and not validated and params.get("validation_freq", 1) != 1:
            return None
        raise self._not_measured(logs)

    def _not_measured(self, logs: Logs) -> ArgumentError:
        validated = any(key.startswith("val_") for key in logs)
        close = nearest(self.name, logs)
        if self.name.startswith("val_") and not validated:
            fix = 'validation_data=... or validation_split=0.1 in fit, or monitor="loss"'
        else:
            fix = f"did you mean {close!r}?" if close else "one of the known names, or compile(metrics=[...]) with it"
        return ArgumentError(
            f"{type(self.watcher).__name__} watches {self.name!r}, which this run does not measure",
            sum=f"known: {', '.join(logs)}" if logs else "nothing is held out for validation",
            fix=fix,
        )

    def better(self, value: float, than: float) -> bool:
        """Whether a number is better than another, by more than min_delta."""
        return value < than - self.min_delta if self.mode == "min" else value > than + self.min_delta

    def improved(self, value: float) -> bool:
        """Whether it is better than any before; then it is the best from now on. What is no number never is."""
        if math.isnan(value) or (self.best is not None and not self.better(value, self.best)):
            return False
        self.best = value
        return True


def _direction(watcher: Callback, name: str) -> Literal["min", "max"]:
    """Whether small or large numbers of this name are good."""
    key = name.removeprefix("val_")
    if key == "loss":
        return "min"
    if key in ("accuracy", "acc"):
        return "max"
    metrics: Any = getattr(getattr(watcher, "model", None), "metrics", ())
    for metric in metrics:
        if metric.name == key:
            return metric.direction
    raise ArgumentError(
        f"{type(watcher).__name__} does not know whether {name!r} should rise or fall", fix='mode="max" or mode="min"'
    )
