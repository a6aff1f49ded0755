"""Callbacks that write the model to a file while it is trained."""

import os
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator

from striate.callbacks.base import Callback, Logs, say
from striate.callbacks.monitor import Mode, Monitor
from striate.errors import ArgumentError, StorageError, printable
from striate.units import Count, Index, Real

__all__ = ["ModelCheckpoint"]


@dataclass(eq=False)
class ModelCheckpoint(Callback):
    """Save the model after every epoch, or only when a number is better than ever.

    The path may hold {epoch} (counted from 1), {batch} and the names of numbers: "{epoch:02d}-{val_loss:.2f}.striate".

    Args:
        filepath: the file; its folder is made.
        monitor: the number that is watched with save_best_only.
        verbose: 1: say what is saved.
        save_best_only: save only when the number has improved.
        save_weights_only: save the weights (safetensors) instead of the model.
        mode: whether it should fall ("min") or rise ("max"); "auto" knows losses and metrics.
        save_freq: "epoch", or after how many batches.
        initial_value_threshold: what the number must beat to be saved the first time.
    Errors:  StorageError if the file cannot be written; ArgumentError if the path or monitor name what is not measured.
    Source:  Keras 3, keras.callbacks.ModelCheckpoint
    Example: >>> ModelCheckpoint("best.striate", save_best_only=True)
             ModelCheckpoint(filepath='best.striate', save_best_only=True)
    """

    writes = True

    filepath: Annotated[str, BeforeValidator(lambda path: os.fspath(path) if isinstance(path, os.PathLike) else path)]
    monitor: str = "val_loss"
    verbose: Index = 0
    save_best_only: bool = False
    save_weights_only: bool = False
    mode: Mode = "auto"
    save_freq: Literal["epoch"] | Count = "epoch"
    initial_value_threshold: Real | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            list(Formatter().parse(self.filepath))
        except ValueError as error:
            raise _bad_path(self.filepath, str(error), fix="{epoch:02d}, and {{ for a brace of the name") from None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._epoch = self._batches = 0
        if self.save_best_only:
            self._watched = Monitor(self, self.monitor, self.mode, best=self.initial_value_threshold)
        folder = str(Path(self.filepath).parent)
        if "{" not in folder:  # found now if it cannot be made, not after an epoch
            _make(Path(folder))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        if self.save_freq != "epoch" and self._batches % self.save_freq == 0:
            self._save({"batch": batch + 1, **(logs or {})})

    def wants_metrics(self) -> bool:
        return self.save_freq != "epoch"

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(logs or {})

    def _save(self, logs: Logs) -> None:
        if self.save_best_only:
            value = self._watched.read(logs)
            if value is None or not self._watched.improved(value):
                return
        known = {"epoch": self._epoch + 1, **logs}
        try:
            path = Path(self.filepath.format_map(known))
        except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
            known_names = f"known: {', '.join(known)}"
            raise _bad_path(self.filepath, f"{printable(error)}; {known_names}", "one of the known names") from None
        _make(path.parent)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        if self.verbose:
            say(f"epoch {self._epoch + 1}: saved {printable(path)}")

    @classmethod
    def example(cls) -> Self:
        return cls("best.striate", save_best_only=True)


def _bad_path(path: str, problem: str, fix: str) -> ArgumentError:
    return ArgumentError(f"ModelCheckpoint: the path {path!r} cannot be filled in", sum=problem, fix=fix)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise StorageError(
            f"ModelCheckpoint cannot make the folder {printable(folder)}",
            sum=printable(getattr(error, "strerror", None) or error),
            fix="a folder you may write to",
        ) from None
