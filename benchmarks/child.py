"""Run a script that prints one line of JSON, in a process of its own; whatever goes wrong is an answer too."""

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Left out of what children inherit: the cores they are given say how many threads there are to be."""


@dataclass(frozen=True)
class Outcome:
    """The figures that a script printed, or what went wrong."""

    figures: dict[str, Any] | None
    problem: str = ""


def at_least_one(text: str) -> int:
    """A number of cores, threads or rounds as a command line gives it."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return int(text)


@contextmanager
def on_cores(count: int | None) -> Generator[list[int]]:
    """Keep to the first `count` of the cores this process may use; children inherit it."""
    before = os.sched_getaffinity(0)
    taken = sorted(before)[:count]
    os.sched_setaffinity(0, taken)
    try:
        yield taken
    finally:
        os.sched_setaffinity(0, before)


def heed_sigterm() -> None:
    """Take SIGTERM as Ctrl-C is taken: children are ended, and what was measured is kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def surroundings(**more: str) -> dict[str, str]:
    """The environment of a script: this working copy's modules, and as many threads as it has cores."""
    inherited = {name: value for name, value in os.environ.items() if name not in LIMITS}
    return {**inherited, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), **more}


def run(command: Sequence[str], timeout: float = 600, python: str = sys.executable, **environment: str) -> Outcome:
    """Run `python command`, and end it with all its children after `timeout` seconds.

    The last line that it prints are its figures. Its MB grow by the largest sum of what its children had to themselves.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            [python, *command],
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            env=surroundings(**environment),
            start_new_session=True,
        )
        try:
            memory = _watch(process, timeout)
        except subprocess.TimeoutExpired:
            return Outcome(None, f"no result after {timeout:g} s")
        finally:
            with suppress(ProcessLookupError):  # the script's children, also those it forgot
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        out.seek(0)
        err.seek(0)
        outcome = read(process.returncode, out.read(), err.read())
    if outcome.figures is not None and "MB" in outcome.figures:
        outcome.figures["MB"] += round(memory)
    return outcome


def read(status: int, out: str, err: str) -> Outcome:
    """What a script that ended has said."""
    if status:
        words = err.strip().splitlines() or out.strip().splitlines() or ["nothing was said"]
        return Outcome(None, f"exit status {status}: {words[-1][:200]}")
    last = (out.strip().splitlines() or [""])[-1]
    try:
        figures = json.loads(last)
    except ValueError:
        return Outcome(None, f"printed no figures but {last[:80]!r}")
    if not isinstance(figures, dict):
        return Outcome(None, f"printed no figures but {last[:80]!r}")
    wrong = [name for name, value in figures.items() if isinstance(value, float) and not math.isfinite(value)]
    return Outcome(None, f"{wrong[0]} is {figures[wrong[0]]}") if wrong else Outcome(figures)


def _watch(process: subprocess.Popen, timeout: float) -> float:
    """Wait for the end; the largest memory, in MB, that all children together had to themselves."""
    most, begin = 0.0, time.monotonic()
    while True:
        try:
            process.wait(0.25)
        except subprocess.TimeoutExpired:
            if time.monotonic() - begin > timeout:
                raise
            most = max(most, sum(_private(child) for child in _descendants(process.pid)))
        else:
            return most


def _descendants(parent: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):  # it has ended meanwhile
        for task in Path(f"/proc/{parent}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found + [below for child in found for below in _descendants(child)]


def _private(pid: int) -> float:
    """MB that a process shares with no other: a worker's pages that are still its parent's are counted once."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) / 1024
    return 0.0
