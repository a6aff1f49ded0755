"""What it is to be a callback: something that is told what happens during a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from rich.console import Console
from rich.text import Text

from striate import catalog
from striate.errors import ArgumentError

__all__ = ["Callback", "CallbackLike", "Logs", "require_free_rate", "say", "tell"]

Logs = dict[str, float]


@dataclass(eq=False)
class Callback(catalog.Concept, shelf="callbacks"):
    """Told of every begin and end; it may set `self.model.stop_training = True`.

    The methods are Keras', and on_interrupt. `logs` holds the numbers so far: loss, accuracy, val_loss, learning_rate ...
    `params` holds epochs, steps and samples (of an epoch), verbose, validation_freq and validated (whether it is).
    """

    writes: ClassVar[bool] = False
    """Whether it leaves files: of several processes that train together only the first has it then."""

    def set_model(self, model: Any) -> None:
        """The model that is trained."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """The numbers of the run."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, also of an interrupted run."""

    def on_interrupt(self) -> None:
        """When a signal ends the run early: its last epoch is still validated, and what it has is kept."""

    def on_notice(self, text: str) -> None:
        """When there is something to say of the run itself: that other programs slow it down."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation; `logs` may be added to."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step, counted from 0 within the epoch."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a step; `logs` holds the running means of the epoch: the loss, and what `wants_metrics` asks for."""

    def wants_metrics(self) -> bool:
        """Whether on_train_batch_end looks at the metrics this time: a GPU has to be waited for to know them.

        Example: >>> Callback().wants_metrics()
                 False
        """
        return getattr(self.on_train_batch_end, "__func__", None) is not Callback.on_train_batch_end

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a prediction."""


CallbackLike = Annotated[Callback | str, catalog.Member("callbacks")]


def tell(callbacks: Iterable[Callback], event: str, *args: Any) -> None:
    """Tell callbacks, one after another, what happens.

    Example: >>> tell([Callback()], "on_epoch_begin", 0)
    """
    for callback in callbacks:
        getattr(callback, event)(*args)


def require_free_rate(callback: Callback) -> None:
    """Refuse, before the first step, a callback that sets the learning rate beside a schedule which does so too.

    Errors:  ArgumentError that names both.
    Example: >>> from types import SimpleNamespace
             >>> callback = Callback()
             >>> callback.set_model(SimpleNamespace(learning_rate=0.1))
             >>> require_free_rate(callback)
    """
    rate = getattr(getattr(callback.model, "optimizer", None), "learning_rate", None)
    if rate is not None and not isinstance(rate, int | float):
        raise ArgumentError(
            f"{type(callback).__name__}: the optimizer has a schedule already, which sets the rate of every step",
            sum=f"learning_rate={rate!r}",
            fix="one of the two",
        )
    callback.model.learning_rate = callback.model.learning_rate  # refused where fit was given a schedule


def say(text: str) -> None:
    """Print a line for the user, whole, however narrow the window.

    Example: >>> say("epoch 3: saved best.striate")
             epoch 3: saved best.striate
    """
    Console(highlight=False).print(Text(text), soft_wrap=True)
