"""What is remembered of a run."""

import csv
import html
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator

from striate.callbacks.base import Callback, Logs
from striate.errors import StorageError, printable
from striate.files import write_whole

__all__ = ["CSVLogger", "History"]


@dataclass(eq=False)
class History(Callback):
    """The numbers of every epoch, as fit returns them.

    `history` holds a list for each number ("loss", "val_accuracy" ...), `epoch` the epochs, `params` the numbers of the
    run. A number that is not measured after every epoch has a shorter list.

    Source:  Keras 3, keras.callbacks.History
    Example: >>> history = History()
             >>> history.on_train_begin()
             >>> history.on_epoch_end(0, {"loss": 0.5})
             >>> history.epoch, history.history
             ([0], {'loss': [0.5]})
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.params: dict[str, Any] = {}
        self._rows: list[dict[str, float]] = []
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self._rows = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        self._rows.append({"epoch": epoch, **(logs or {})})
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)

    def _repr_html_(self) -> str:
        """The epochs as a table, which notebooks show."""
        columns = _columns(self._rows)
        head = "".join(f"<th>{html.escape(key)}</th>" for key in columns)
        rows = ["".join(f"<td>{_cell(row.get(key))}</td>" for key in columns) for row in self._rows]
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


@dataclass(eq=False)
class CSVLogger(Callback):
    """Write the numbers of every epoch to a file, a row each, as soon as they are known.

    The first column is the epoch, counted from 0. A cell is empty where nothing was measured.

    Args:
        filename: the file.
        separator: between the cells.
        append: go on with the rows of a file that is there, instead of a new one.
    Errors:  StorageError if the file cannot be written, or cannot be gone on with; before the first step.
    Source:  Keras 3, keras.callbacks.CSVLogger
    Example: >>> CSVLogger("epochs.csv", append=True)
             CSVLogger(filename='epochs.csv', append=True)
    """

    writes = True

    filename: Annotated[str, BeforeValidator(lambda path: str(path) if isinstance(path, Path) else path)]
    separator: Literal[",", ";", "\t", "|", " "] = ","
    append: bool = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._rows: list[dict[str, Any]] = self._read() if self.append and Path(self.filename).exists() else []
        self._write()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._rows.append({"epoch": epoch, **(logs or {})})
        self._write()

    def _write(self) -> None:
        """The whole file: a number that comes later (validation every few epochs) needs a column in every row."""
        text = io.StringIO()
        columns = _columns(self._rows)
        table = csv.DictWriter(text, columns, restval="", delimiter=self.separator, lineterminator="\n")
        table.writeheader()
        table.writerows(self._rows)
        write_whole(self.filename, text.getvalue().encode())

    def _read(self) -> list[dict[str, Any]]:
        try:
            with open(self.filename, newline="", encoding="utf-8") as file:
                table = csv.DictReader(file, delimiter=self.separator, strict=True)
                names, rows = table.fieldnames, list(table)
        except (OSError, ValueError, csv.Error) as error:
            raise self._foreign(printable(error)) from None
        if names and names[0] != "epoch":
            raise self._foreign(f"its first column is {printable(names[0], 40)}, not epoch")
        if any(None in row for row in rows):
            raise self._foreign("a row is longer than the first")
        return rows

    def _foreign(self, reason: str) -> StorageError:
        return StorageError(
            f"CSVLogger cannot go on with {printable(self.filename)}", sum=reason, fix="append=False, or another file"
        )

    @classmethod
    def example(cls) -> Self:
        return cls("epochs.csv")


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    """The epoch, then every number in the order in which it was first measured."""
    return list(dict.fromkeys(["epoch", *(key for row in rows for key in row)]))


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
