"""What is remembered of a run."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from striate.callbacks.base import Callback, Logs
from striate.errors import StorageError, printable

__all__ = ["CSVLogger", "History"]


@dataclass
class History(Callback):
    """The numbers of every epoch: `history["loss"][epoch]`, and `epoch`, `params`. fit returns one.

    Source:  Keras 3, keras.callbacks.History
    Example: >>> history = History()
             >>> history.on_train_begin()
             >>> history.on_epoch_end(0, {"loss": 0.5})
             >>> history.history
             {'loss': [0.5]}
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self.params: dict[str, Any] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch, self.history = [], {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)

    def _repr_html_(self) -> str:
        keys = list(self.history)
        head = "".join(f"<th>{key}</th>" for key in ["epoch", *keys])
        rows = [
            "".join(f"<td>{cell:.4g}</td>" for cell in [epoch, *(self.history[key][row] for key in keys)])
            for row, epoch in enumerate(self.epoch)
            if all(row < len(self.history[key]) for key in keys)
        ]
        return f"<table><tr>{head}</tr>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


@dataclass
class CSVLogger(Callback):
    """Write the numbers of every epoch to a file, a row each, as soon as they are known.

    Args:
        filename: the file.
        separator: between the cells.
        append: go on with a file that is there, instead of a new one.
    Errors:  StorageError if the file cannot be written.
    Source:  Keras 3, keras.callbacks.CSVLogger
    Example: >>> CSVLogger("epochs.csv").separator
             ','
    """

    filename: str
    separator: str = ","
    append: bool = False

    def __post_init__(self) -> None:
        self.filename = str(self.filename)
        super().__post_init__()
        self._file: TextIO | None = None
        self._keys: list[str] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        path = Path(self.filename)
        self._headed = self.append and path.exists() and path.stat().st_size > 0
        try:
            self._file = path.open("a" if self.append else "w", newline="")
        except OSError as error:
            raise StorageError(f"CSVLogger cannot write {printable(path)}", sum=printable(error)) from None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        assert self._file is not None
        logs = logs or {}
        self._keys = self._keys or list(logs)
        table = csv.writer(self._file, delimiter=self.separator, lineterminator="\n")
        if not self._headed:
            table.writerow(["epoch", *self._keys])
            self._headed = True
        table.writerow([epoch, *(logs.get(key, "") for key in self._keys)])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @classmethod
    def example(cls) -> "CSVLogger":
        return cls("epochs.csv")
