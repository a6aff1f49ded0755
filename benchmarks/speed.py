"""Train the reference networks with striate and every peer, in turn, on 1, 2 and all cores.

Rounds alternate (A B C, then C B A), so that whatever else the machine does meets all alike; what counts are the ratios
within a round.

    python -m benchmarks.speed [--networks lenet vgg] [--peers torch-tuned keras-tensorflow] [--cores 1 2 0]
                               [--rounds 5] [--seconds 3] [--python ../peers/bin/python] [--out benchmarks/results]

Libraries that are not installed beside striate are looked for in the other interpreters that --python names; what none
has is left out, and the table says so. Ctrl-C ends it and keeps what was measured.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks import results, table
from benchmarks.child import Outcome, heed_sigterm, on_cores, run
from benchmarks.peers import PEERS, STRIATE, Peer, find
from benchmarks.task import BATCH, SHAPES

AMOUNTS = {"lenet": (4096, 4), "vgg": (256, 3), "resnet18": (256, 3), "mlp": (16384, 8)}
"""Images of an epoch for each core, and epochs, which tuned torch trains in about 3 seconds; the first warms up."""
SECONDS = 3.0


@dataclass
class Series:
    """The runs of one peer, network and number of cores. None stands for a run that failed."""

    network: str
    cores: int
    peer: str
    runs: list[dict[str, Any] | None] = field(default_factory=list)
    problem: str = ""
    """Why a run failed; it was the last that was tried."""


@dataclass
class Found:
    """All that was measured, also of a measurement that was interrupted."""

    facts: dict[str, Any] = field(default_factory=dict)
    peaks: dict[int, dict[str, float]] = field(default_factory=dict)
    """By number of cores: GFLOP/s of the fastest convolution by precision."""
    series: list[Series] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    on_card: bool = False
    """Whether it was the graphics card that trained."""
    interrupted: bool = False

    def to_table(self) -> dict[str, Any]:
        return asdict(self)


def amount(network: str, cores: int, seconds: float) -> tuple[int, int]:
    """How many images an epoch has, in whole batches, and how many epochs there are."""
    images, epochs = AMOUNTS[network]
    return max(round(images * cores * seconds / SECONDS / BATCH), 1) * BATCH, epochs


def fewer(images: int, trained: float, seconds: float) -> int:
    """The images of a peer's next run: a slow one, which took four times as long as it should, is given fewer.

    >>> fewer(1280, trained=24.0, seconds=3.0), fewer(1280, trained=12.0, seconds=3.0)
    (640, 1280)
    """
    return max(int(images * min(4 * seconds / trained, 1) / BATCH), 1) * BATCH


def core_counts(wanted: Sequence[int], available: int) -> list[int]:
    """The numbers of cores that this machine has, each once; 0 stands for all."""
    return sorted({min(count or available, available) for count in wanted})


@dataclass(frozen=True)
class Wanted:
    """What is to be measured."""

    peers: Sequence[Peer]
    pythons: dict[str, str]
    """Peer to the interpreter that has it."""
    networks: Sequence[str]
    cores: Sequence[int]
    rounds: int
    seconds: float
    timeout: float
    amount: Callable[[str, int, float], tuple[int, int]] = amount
    peak: tuple[str, ...] = ("-m", "benchmarks.peak")


def measure(wanted: Wanted, found: Found, told: Callable[[Series, Outcome], None]) -> None:
    """Fill `found`; `told` hears of each run.

    Plans are remembered in a folder of this measurement's own: striate decides them once, as on a machine where it is new.
    """
    with tempfile.TemporaryDirectory() as memory:
        for count in wanted.cores:
            for network in wanted.networks:
                series = [Series(network, count, peer.name) for peer in wanted.peers]
                found.series += series
                with on_cores(count):
                    _note_peak(found, count, wanted.peak)
                    _take_turns(wanted, found, series, memory, told)


def _take_turns(
    wanted: Wanted, found: Found, series: list[Series], memory: str, told: Callable[[Series, Outcome], None]
) -> None:
    """All rounds of one network on one number of cores."""
    network, count = series[0].network, series[0].cores
    images, epochs = wanted.amount(network, count, wanted.seconds)
    amounts = dict.fromkeys(wanted.pythons, images)
    for number in range(wanted.rounds):
        pairs = list(zip(wanted.peers, series, strict=True))
        for peer, each in pairs if number % 2 == 0 else reversed(pairs):
            if each.problem:
                each.runs.append(None)
                continue
            command = ["-m", peer.script, network, f"--images={amounts[peer.name]}", f"--epochs={epochs}"]
            python = wanted.pythons[peer.name]
            outcome = run(command, wanted.timeout, python, **peer.environment, STRIATE_DATA=memory)
            outcome = _same_network(outcome, found.facts["weights"][network])
            if outcome.figures is not None:
                amounts[peer.name] = fewer(amounts[peer.name], sum(outcome.figures["epochs"]), wanted.seconds)
            each.runs.append(outcome.figures)
            each.problem = outcome.problem
            told(each, outcome)


def _note_peak(found: Found, count: int, command: Sequence[str]) -> None:
    """Keep the best convolution seen so far on so many cores: a bound is not lowered by a noisy minute."""
    outcome = run(command)
    if outcome.figures is not None:
        best = found.peaks.setdefault(count, {})
        for precision in ("float32", "bfloat16"):
            best[precision] = max(best.get(precision, 0.0), outcome.figures[precision])


def _same_network(outcome: Outcome, weights: int) -> Outcome:
    """Refuse the figures of a script that trained another network, or that lack what every script reports."""
    if outcome.figures is None:
        return outcome
    missing = {"images_per_second", "epochs", "start", "MB", "weights"} - outcome.figures.keys()
    if missing:
        return Outcome(None, f"printed no {', '.join(sorted(missing))}")
    if outcome.figures["weights"] != weights:
        return Outcome(None, f"trained {outcome.figures['weights']:,} weights, the network has {weights:,}")
    return outcome


def conduct(wanted: Wanted, found: Found) -> None:
    """Measure under the eyes of the user, until all is measured or Ctrl-C."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        total = len(wanted.cores) * len(wanted.networks) * len(wanted.peers) * wanted.rounds
        runs = bar.add_task("", total=total)

        def told(series: Series, outcome: Outcome) -> None:
            where = f"{series.network}, {series.cores} cores, {series.peer}"
            done = wanted.rounds - len(series.runs) + 1 if outcome.figures is None else 1
            bar.update(runs, advance=done, description=where)
            speed = (
                outcome.problem if outcome.figures is None else f"{outcome.figures['images_per_second']:,.0f} images/s"
            )
            if not console.is_terminal or outcome.figures is None:
                console.print(f"{where}, round {len(series.runs)}: {speed}", highlight=False, markup=False)

        try:
            measure(wanted, found, told)
        except KeyboardInterrupt:
            found.interrupted = True


def keep(found: Found, folder: Path, name: str) -> int:
    """Write and print what was found; the exit status."""
    figures = found.to_table()
    text = table.markdown(figures)
    results.write(folder, name, {**figures, "summary": table.summary(figures)}, text)
    print(text, end="")
    return 130 if found.interrupted else 0


def parser_of(description: str) -> argparse.ArgumentParser:
    """The options that every measurement in turn has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--networks", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="about how long tuned torch trains in a run")
    parser.add_argument("--timeout", type=float, default=600, help="seconds after which a run is given up")
    parser.add_argument("--out", type=Path, default=results.FOLDER)
    return parser


def known(rounds: int, seconds: float) -> dict[str, Any]:
    """What is known before anything is timed. Without it nothing can be measured."""
    outcome = run(["-m", "benchmarks.facts"])
    if outcome.figures is None:
        sys.exit(f"striate itself cannot be measured: {outcome.problem}")
    cores, today = len(os.sched_getaffinity(0)), time.strftime("%Y-%m-%d")
    return outcome.figures | {"cores": cores, "when": today, "rounds": rounds, "seconds": seconds}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = parser_of((__doc__ or "").splitlines()[0])
    names = [peer.name for peer in PEERS if peer is not STRIATE]
    parser.add_argument("--peers", nargs="+", choices=names, default=names)
    parser.add_argument("--cores", nargs="+", type=int, default=[1, 2, 0], help="0 stands for all")
    parser.add_argument("--python", nargs="+", default=[], help="other interpreters that have peers")
    given = parser.parse_args(arguments)
    if given.rounds < 1 or given.seconds <= 0 or min(given.cores) < 0:
        parser.error("--rounds is at least 1, --seconds above 0, --cores not below 0")
    for python in given.python:
        if shutil.which(python) is None:
            parser.error(f"--python {python}: there is no such interpreter")
    asked = tuple(peer for peer in PEERS if peer is STRIATE or peer.name in given.peers)
    pythons = find(asked, [sys.executable, *given.python])
    found = Found(
        known(given.rounds, given.seconds), left_out=[peer.name for peer in asked if peer.name not in pythons]
    )
    cores = core_counts(given.cores, found.facts["cores"])
    peers = [peer for peer in asked if peer.name in pythons]
    conduct(Wanted(peers, pythons, given.networks, cores, given.rounds, given.seconds, given.timeout), found)
    return keep(found, given.out, f"speed-{found.facts['cores']}-cores")


if __name__ == "__main__":
    heed_sigterm()
    sys.exit(main())
