"""What every peer is given and gives back: a network's name, its images, a clock, one line of JSON.

    python -m benchmarks.peers.torch_eager lenet --images 8192 --epochs 4

All peers train the same network on the same images in batches of 128 with AdamW at a rate of 0.001, so that only the
library differs. The images are random: speed does not depend on what they show, and nothing has to be downloaded.
This file needs NumPy alone, as each library is a guest in an environment of its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SHAPES = {"lenet": (28, 28, 1), "vgg": (32, 32, 3), "resnet18": (64, 64, 3), "mlp": (28, 28, 1)}
"""The reference networks and their images (h, w, c); there are ten classes."""
BATCH, RATE = 128, 0.001
MEAN, DEVIATION = np.float32(0.5), np.float32(0.29)
"""Of random bytes divided by 255."""


@dataclass(frozen=True)
class Task:
    """One training run."""

    network: str
    images: int
    epochs: int

    def pixels(self) -> tuple[np.ndarray, np.ndarray]:
        """Images as bytes (n, h, w, c), and labels."""
        draw = np.random.default_rng(0)
        return draw.integers(0, 256, (self.images, *SHAPES[self.network]), np.uint8), draw.integers(0, 10, self.images)

    def arrays(self, order: str = "NHWC") -> tuple[np.ndarray, np.ndarray]:
        """Images of mean 0 and deviation 1, as every tutorial has them, and labels."""
        pixels, labels = self.pixels()
        if order == "NCHW":
            pixels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        return (pixels.astype(np.float32) / np.float32(255) - MEAN) / DEVIATION, labels


def since_start() -> float:
    """Seconds since this process began: the interpreter's start and all imports are in it."""
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    return float(Path("/proc/uptime").read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def busy_core() -> Generator[None]:
    """A foreign program that keeps one core busy."""
    spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        spinning.kill()
        spinning.wait()


class Clock:
    """Asked at the begin and the end of each epoch; what callbacks are given besides is not looked at.

    A foreign program can be made to wake up at the begin of an epoch (`foreign`), and stay to the end.
    """

    def __init__(self, epochs: int, foreign: int | None = None) -> None:
        self.epochs, self.foreign = epochs, foreign
        self.start: float | None = None
        self.seconds: list[float] = []

    def begin(self, *_given: Any, **_named: Any) -> None:
        if self.start is None:
            self.start = since_start()
        if len(self.seconds) == self.foreign:
            self._busy = busy_core()
            self._busy.__enter__()
        self._began = time.perf_counter()

    def end(self, *_given: Any, **_named: Any) -> None:
        self.seconds.append(time.perf_counter() - self._began)
        if self.foreign is not None and len(self.seconds) == self.epochs:
            self._busy.__exit__(None, None, None)


def parse() -> tuple[Task, Clock]:
    """The task that the command line sets."""
    parser = argparse.ArgumentParser()
    parser.add_argument("network", choices=SHAPES)
    parser.add_argument("--images", type=int, default=BATCH)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--foreign", type=int, help="a foreign program wakes up at this epoch")
    given = parser.parse_args()
    return Task(given.network, given.images, given.epochs), Clock(given.epochs, given.foreign)


def report(task: Task, clock: Clock, weights: int, note: str = "") -> None:
    """Print the result. The speed is that of the best epoch; children's memory is added by who started this process.

    `weights`, the trainable ones, show that all peers train the same network.
    """
    result = {
        "images_per_second": round(task.images / min(clock.seconds), 1),
        "epochs": [round(seconds, 4) for seconds in clock.seconds],
        "start": round(clock.start or 0.0, 2),
        "MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "weights": int(weights),
        "note": note,
    }
    print(json.dumps(result), flush=True)
