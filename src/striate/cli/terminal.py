"""What the commands print on: colour and live lines only where someone looks, JSON and messages that survive anything."""

import errno
import io
import json
import os
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from striate.errors import RecipeError, StorageError, StriateError

__all__ = ["complain", "console", "finish", "prepare", "say", "say_json", "tell"]


class _Patient(io.FileIO):
    """An output of the process that never fails: when it cannot be written any more, the rest goes nowhere.

    A reader that leaves (`| head`) is no error, and no reason to lose a run; what else went wrong is kept.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.failure: OSError | None = None

    def write(self, content: Any) -> int | None:  # ty: ignore[incompatible-method-override]
        try:
            return super().write(content)
        except OSError as error:
            if error.errno != errno.EPIPE:
                self.failure = error
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return super().write(content)


def prepare() -> None:
    """Make the outputs of this process patient, and able to show any name in any locale."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started the process
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (as long as the process lives)
            continue
        patient = io.BufferedWriter(_Patient(stream.fileno()))
        text = io.TextIOWrapper(patient, stream.encoding, "backslashreplace", line_buffering=stream.line_buffering)
        setattr(sys, name, text)


def finish(status: int) -> int:
    """Write what is still to be written; the status that the process ends with."""
    sys.stdout.flush()
    sys.stderr.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    failure = raw.failure if isinstance(raw, _Patient) else None
    if failure is None:
        return status
    error = StorageError("cannot write the output", sum=failure.strerror, fix="an output with room")
    complain(f"{type(error).__name__}: {error}")
    sys.stderr.flush()
    return status or error.status


def console(stderr: bool = False) -> Console:
    """Where things are printed: as wide as the window, in colour if it is one and NO_COLOR does not ask otherwise."""
    return Console(stderr=stderr, highlight=False)


def say(text: str | Text = "", style: str = "") -> None:
    """Print a line as it is; the window wraps it, so that what is copied from there is whole."""
    console().print(text if isinstance(text, Text) else Text(text, style), soft_wrap=True)


def complain(text: str) -> None:
    """Print a message on standard error, its first word (the kind of error) in red."""
    shown = Text(text)
    shown.stylize("bold red", 0, max(text.find(":"), 0))
    console(stderr=True).print(shown, soft_wrap=True)


def tell(error: StriateError) -> None:
    """Print an error in the house form; the problems of a recipe a line each, as editors and terminals link them."""
    problems = error.problems if isinstance(error, RecipeError) else []
    head = f" {len(problems)} problems\n" if len(problems) > 1 else " "
    complain(f"{type(error).__name__}:{head}{error}")


def say_json(value: Any) -> None:
    """Print a value as JSON: no colour, no wrapping, names of any letters."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))  # noqa: T201
