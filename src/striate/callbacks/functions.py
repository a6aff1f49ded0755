"""Callbacks made of the user's own functions."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from striate.callbacks.base import Callback, Logs, require_free_rate, say
from striate.errors import ArgumentError, nearest
from striate.units import Index

__all__ = ["LambdaCallback", "LearningRateScheduler"]

EVENTS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """Call functions at what happens, each named by its event: on_epoch_end=lambda epoch, logs: ...

    Functions of on_train_*, on_test_* and on_predict_* take (logs), those of epochs (epoch, logs), those of batches
    (batch, logs).

    Errors:  ArgumentError for an event that does not exist, or something that is no function.
    Source:  Keras 3, keras.callbacks.LambdaCallback
    Example: >>> told = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
             >>> told.on_epoch_end(0, {"loss": 0.5})
             0 0.5
    """

    def __init__(self, **functions: Callable[..., Any] | None) -> None:
        super().__init__()
        for event, function in functions.items():
            if event not in EVENTS:
                close = nearest(event, EVENTS)
                raise ArgumentError(
                    f"LambdaCallback: nothing is called {event!r}",
                    sum=f"known: {', '.join(EVENTS)}",
                    fix=f"did you mean {close!r}?" if close else "one of the known events",
                )
            if function is not None and not callable(function):
                raise ArgumentError(f"LambdaCallback: {event} must be a function, not {function!r}")
            if function is not None:
                setattr(self, event, function)


@dataclass(eq=False)
class LearningRateScheduler(Callback):
    """Set the learning rate of every epoch by a function of the epoch, and of the rate before if it takes two.

    Args:
        schedule: gives the rate from (epoch, rate) or (epoch); epochs are counted from 0.
        verbose: 1: say each rate.
    Errors:  ArgumentError if the function gives no rate, or the optimizer has a schedule of its own.
    Source:  Keras 3, keras.callbacks.LearningRateScheduler
    Example: >>> halve = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    """

    schedule: Callable[..., float]
    verbose: Index = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        require_free_rate(self)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        arguments = (epoch, self.model.learning_rate) if _takes_two(self.schedule) else (epoch,)
        given = self.schedule(*arguments)
        try:
            rate = float(given)
        except (TypeError, ValueError, RuntimeError):
            rate = math.nan
        if not (0 < rate < math.inf):
            raise ArgumentError(
                f"LearningRateScheduler: the function gives {given!r} for epoch {epoch}, which is no learning rate",
                sum="at 0 the weights would stand still for an epoch" if rate == 0 else "",
                fix="a number above 0",
            )
        self.model.learning_rate = rate
        if self.verbose:
            say(f"epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs.setdefault("learning_rate", self.model.learning_rate)

    @classmethod
    def example(cls) -> Self:
        return cls(_same)


def _same(epoch: int, rate: float) -> float:  # noqa: ARG001 - a schedule takes both
    return rate


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether a function can be called with two arguments. (Calling it to see would hide errors inside it.)"""
    try:
        inspect.signature(function).bind(0, 0.1)
    except TypeError:
        return False
    except ValueError:  # a function of C that does not say what it takes
        return True
    return True
