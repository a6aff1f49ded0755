"""The progress of a run on a terminal."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from striate.callbacks.base import Callback, Logs
from striate.units import seconds_text

__all__ = ["ProgressBar"]

NOT_SHOWN = ("learning_rate", "seconds", "images_per_second")
"""Logs that are not shown by name."""
GAP = "  "
BAR = range(6, 25)
"""How many columns the bar may take."""
REDRAW = 0.1
"""Seconds from one drawing to the next."""


@dataclass(eq=False)
class ProgressBar(Callback):
    """Show the epoch, a bar over its steps, loss, metrics, images a second and time left; a line stays for each epoch.

    It keeps to one line: what a narrow terminal has no room for is left out. Where the output is no terminal, only the
    lines of whole epochs are printed, without colours or control codes.

    Args:
        verbose: 0: nothing; 1: the bar; 2: a line for each epoch; "auto" is 1.
    Source:  Keras 3, keras.callbacks.ProgbarLogger
    Example: >>> bar = ProgressBar()
             >>> bar.set_params({"epochs": 3, "steps": 10})
             >>> bar.on_train_begin()
             >>> bar.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.875, "seconds": 2.0, "images_per_second": 1234.0})
             epoch 1/3  loss 0.5000  accuracy 0.8750  1,234 images/s  2.0 s
    """

    verbose: Literal["auto", 0, 1, 2] = "auto"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._console = Console(highlight=False)
        terminal = sys.stdout.isatty() and not self._console.is_dumb_terminal and not self._console.is_jupyter
        self._live = terminal and self.verbose in ("auto", 1)
        self._drawn = False
        self._steps_done = 0
        self._begin = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch, self._epoch_begin = epoch, time.perf_counter()
        self._draw(0, {})

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._steps_done += 1
        if batch + 1 >= self.params["steps"]:
            self.clear()  # what others print at the end of the epoch begins on a line of its own
        elif self._due:
            self._draw(batch + 1, logs or {})

    def wants_metrics(self) -> bool:
        return self._due

    @property
    def _due(self) -> bool:
        """Whether it is time to draw the line again."""
        return self._live and time.perf_counter() - self._last >= REDRAW

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.clear()
        if self.verbose == 0:
            return
        logs = logs or {}
        shown = [key for key in logs if key not in NOT_SHOWN]
        parts = [self._count(epoch), *(f"{key} {_number(logs[key])}" for key in shown)]
        if "images_per_second" in logs:
            parts.append(f"{logs['images_per_second']:,.0f} images/s")
        if "seconds" in logs:
            parts.append(seconds_text(logs["seconds"]))
        # What matters most when there is no room for all: how well it does on images it was not trained with.
        ranks = [0, *(1 + 2 * (not key.startswith("val_")) + key.endswith("loss") for key in shown)]
        ranks += [5] * (len(parts) - len(ranks))
        kept = _fitting(parts, ranks, self._width) if self._live else parts
        self._console.print(Text(GAP.join(kept)), soft_wrap=True)

    def on_interrupt(self) -> None:
        self.clear()
        if self.verbose != 0:
            self._console.print(Text("stopping: what was learned so far is kept"), soft_wrap=True)

    def on_notice(self, text: str) -> None:
        self.clear()
        if self.verbose != 0:
            self._console.print(Text(text), soft_wrap=True)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the bar off the terminal, if it is there: before anything else is printed."""
        if getattr(self, "_drawn", False):
            self._console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
            self._drawn = False

    @property
    def _width(self) -> int:
        return self._console.width - 1  # some terminals break a line that is filled to the last column

    def _count(self, epoch: int) -> str:
        return f"epoch {epoch + 1}/{self.params['epochs']}"

    def _draw(self, step: int, logs: Logs) -> None:
        """Draw the line of a running epoch over the one before."""
        if not self._live:
            return
        self._last = now = time.perf_counter()
        epochs, steps = self.params["epochs"], self.params["steps"]
        parts = [self._count(self._epoch)]
        parts += [f"{key} {_number(value)}" for key, value in logs.items() if key not in NOT_SHOWN]
        if step:
            images = self.params["samples"] * step / steps
            parts.append(f"{images / (now - self._epoch_begin):,.0f} images/s")
            left = ((epochs - self._epoch) * steps - step) * (now - self._begin) / self._steps_done
            parts.append(f"{seconds_text(left)} left")
        ranks = [*range(len(parts) - 2), len(parts), len(parts) - 1] if step else [0]
        kept = _fitting(parts, ranks, self._width - len(GAP) - BAR[0])
        room = min(self._width - len(GAP.join([*kept, ""])), BAR[-1])
        line = Text(kept[0])
        if room in BAR:
            filled = room * step // steps
            done, rest = ("#", ".") if self._console.options.ascii_only else ("━", "─")
            line.append(GAP).append(done * filled, "green").append(rest * (room - filled), "bright_black")
        for part in kept[1:]:
            line.append(GAP).append(part)
        self.clear()
        self._console.print(line, end="", no_wrap=True, overflow="crop", crop=True)
        self._drawn = True


def _fitting(parts: Sequence[str], ranks: Sequence[int], width: int) -> list[str]:
    """As many parts as a line of that width has room for, the first ranks first, in their own order."""
    kept: set[int] = set()
    for index in sorted(range(len(parts)), key=lambda index: ranks[index]):
        if not kept or len(GAP.join(parts[each] for each in (*kept, index))) <= width:
            kept.add(index)
    return [part for index, part in enumerate(parts) if index in kept]


def _number(value: float) -> str:
    return f"{value:.4f}" if value == 0 or 0.001 <= abs(value) < 1000 else f"{value:.3g}"
