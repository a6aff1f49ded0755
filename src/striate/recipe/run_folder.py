"""The folder of a run: claimed before training, every file in it written whole or not at all."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from striate.errors import StorageError, printable
from striate.files import write_whole
from striate.model import Model
from striate.model.storage import WEIGHTS, digest, model_files

__all__ = ["OthersFolder", "RunFolder"]

METRICS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "images_per_second")


class RunFolder:
    """`runs/NAME-N` with the next free N, or the folder that is asked for."""

    def __init__(self, name: str, out: str | Path | None = None) -> None:
        self.log_lines: list[str] = []
        self._weights: str | None = None
        try:
            if out is not None:
                self.path = Path(out)
                self.path.mkdir(parents=True, exist_ok=True)
                if any(self.path.iterdir()):
                    raise StorageError(
                        f"the folder {printable(self.path)} is not empty",
                        fix="another --out, or empty it first: nothing is overwritten",
                    )
            else:
                number = 1
                while True:
                    self.path = Path("runs") / f"{name}-{number}"
                    try:
                        self.path.mkdir(parents=True)
                        break
                    except FileExistsError:
                        number += 1
        except StorageError:
            raise
        except OSError as error:
            raise StorageError(
                f"cannot make the folder {printable(self.path)}",
                sum=printable(error.strerror or error),
                fix="--out with a folder that can be written",
            ) from None

    def write(self, name: str, content: bytes | str) -> None:
        """Write a file, whole or not at all."""
        write_whole(
            self.path / name, content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
        )

    def write_model(self, model: Model) -> None:
        """Write the model; wherever this is stopped, the folder holds a model that loads: this one or the one before."""
        files = model_files(model, before=self._weights)
        for name, content in files.items():
            self.write(name, content)
        self._weights = digest(files[WEIGHTS])

    def log(self, line: str) -> None:
        """Add a line to log.txt."""
        self.log_lines.append(line)
        self.write("log.txt", "\n".join(self.log_lines) + "\n")

    def write_metrics(self, epochs: Sequence[int], history: Mapping[str, Sequence[float]]) -> None:
        """Write metrics.csv: a row for each epoch, the settled columns first, an empty cell where nothing was measured."""
        columns = [*METRICS, *(key for key in history if key not in METRICS)]
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(columns)
        for row, epoch in enumerate(epochs):
            cells = [history[key][row] if row < len(history.get(key, ())) else "" for key in columns[1:]]
            table.writerow([epoch, *(f"{cell:.8g}" if isinstance(cell, float) else cell for cell in cells)])
        self.write("metrics.csv", text.getvalue())

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write summary.json; a number that is not finite becomes null, which JSON has."""
        self.write("summary.json", json.dumps(_plain(summary), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


class OthersFolder(RunFolder):
    """The folder of a run that another process writes."""

    def __init__(self, path: Path) -> None:
        self.log_lines: list[str] = []
        self.path = path

    def write(self, name: str, content: bytes | str) -> None:
        """Nothing: there is one writer."""

    def write_model(self, model: Model) -> None:
        """Nothing either."""


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
