"""The progress of a run on a terminal."""

import sys
import time
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Console
from rich.live import Live
from rich.text import Text

from striate.callbacks.base import Callback, Logs
from striate.units import seconds_text

__all__ = ["ProgressBar"]

HIDDEN = ("learning_rate", "seconds", "images_per_second")


@dataclass
class ProgressBar(Callback):
    """Epoch, bar, loss, accuracy, images a second and time left; one line stays for each epoch.

    Where the output is no terminal, only that line is printed, without colours or control codes.

    Args:    verbose: 0 nothing, 1 the bar, 2 a line an epoch, "auto" the bar on a terminal and lines elsewhere.
    Source:  Keras 3, keras.utils.Progbar
    Example: >>> ProgressBar(verbose=0).verbose
             0
    """

    verbose: Literal["auto"] | int = "auto"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        terminal = sys.stdout.isatty()
        # Without a terminal nobody folds lines: rich's own 80 columns would break them.
        self._console = Console(highlight=False, width=None if terminal else 200)
        self._live: Live | None = None
        self._bar = self.verbose in ("auto", 1) and terminal
        self._lines = self.verbose != 0
        self._begin, self._done = time.perf_counter(), 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch, self._epoch_begin = epoch, time.perf_counter()
        if self._bar:
            self._live = Live(Text(""), console=self._console, refresh_per_second=8, transient=True, auto_refresh=False)
            self._live.start()
            self._shown = 0.0

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._done += 1
        now = time.perf_counter()
        if self._live is not None and now - self._shown > 0.1:
            self._shown = now
            self._live.update(self._line(batch + 1, logs or {}, now), refresh=True)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._stop()
        if self._lines:
            logs = logs or {}
            numbers = "  ".join(f"{key} {_number(value)}" for key, value in logs.items() if key not in HIDDEN)
            speed = f"  {logs['images_per_second']:,.0f} images/s" if "images_per_second" in logs else ""
            took = seconds_text(time.perf_counter() - self._epoch_begin)
            text = Text(f"epoch {epoch + 1}/{self.params.get('epochs', '?')}  {numbers}{speed}  {took}")
            self._console.print(text, soft_wrap=not self._bar)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _line(self, batch: int, logs: Logs, now: float) -> Text:
        """One line that fits the terminal: the parts that do not fit are left out, the bar first made shorter."""
        epochs, steps = self.params.get("epochs", 1), self.params.get("steps", batch)
        left = (epochs * steps - self._done) * (now - self._begin) / max(self._done, 1)
        speed = self.params.get("samples", 0) / max(steps, 1) * batch / max(now - self._epoch_begin, 1e-9)
        parts: list[Any] = [f"epoch {self._epoch + 1}/{epochs}"]
        parts += [f"{key} {_number(value)}" for key, value in logs.items() if key not in HIDDEN]
        parts += [f"{seconds_text(max(left, 0))} left", f"{speed:,.0f} images/s"]
        width = self._console.width - 1
        kept = parts[:1]
        for part in parts[1:]:
            if len("  ".join([*kept, part])) <= width:
                kept.append(part)
        room = min(width - len("  ".join(kept)) - 2, 24)
        if room >= 6:
            filled = round(room * batch / max(steps, 1))
            kept.insert(1, "━" * filled + "─" * (room - filled))
        return Text("  ".join(kept), no_wrap=True, overflow="crop")


def _number(value: float) -> str:
    return f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.3g}"
