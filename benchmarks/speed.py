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
from benchmarks.child import Outcome, on_cores, run
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


def measure(
    found: Found,
    peers: Sequence[Peer],
    pythons: dict[str, str],
    networks: Sequence[str],
    cores: Sequence[int],
    rounds: int,
    seconds: float,
    told: Callable[[Series, Outcome], None],
    timeout: float = 600,
) -> None:
    """Fill `found`; `told` hears of each run.

    Plans are remembered in a folder of this measurement's own: striate decides them once, as on a machine where it is new.
    """
    with tempfile.TemporaryDirectory() as memory:
        for count in cores:
            for network in networks:
                series = [Series(network, count, peer.name) for peer in peers]
                found.series += series
                images, epochs = amount(network, count, seconds)
                amounts = dict.fromkeys(pythons, images)
                with on_cores(count):
                    _note_peak(found, count)
                    for number in range(rounds):
                        pairs = list(zip(peers, series, strict=True))
                        for peer, each in pairs if number % 2 == 0 else reversed(pairs):
                            if each.problem:
                                each.runs.append(None)
                                continue
                            outcome = run(
                                ["-m", peer.script, network, f"--images={amounts[peer.name]}", f"--epochs={epochs}"],
                                timeout,
                                pythons[peer.name],
                                **peer.environment,
                                STRIATE_DATA=memory,
                            )
                            outcome = _same_network(outcome, found.facts["weights"][network])
                            if outcome.figures is not None:
                                amounts[peer.name] = fewer(amounts[peer.name], sum(outcome.figures["epochs"]), seconds)
                            each.runs.append(outcome.figures)
                            each.problem = outcome.problem
                            told(each, outcome)


def _note_peak(found: Found, count: int) -> None:
    """Keep the best convolution seen so far on so many cores: a bound is not lowered by a noisy minute."""
    outcome = run(["-m", "benchmarks.peak"])
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


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    names = [peer.name for peer in PEERS if peer is not STRIATE]
    parser.add_argument("--networks", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--peers", nargs="+", choices=names, default=names)
    parser.add_argument("--cores", nargs="+", type=int, default=[1, 2, 0], help="0 stands for all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="about how long tuned torch trains in a run")
    parser.add_argument("--timeout", type=float, default=600, help="seconds after which a run is given up")
    parser.add_argument("--python", nargs="+", default=[], help="other interpreters that have peers")
    parser.add_argument("--out", type=Path, default=results.FOLDER)
    given = parser.parse_args(arguments)
    if given.rounds < 1 or given.seconds <= 0 or min(given.cores) < 0:
        parser.error("--rounds is at least 1, --seconds above 0, --cores not below 0")

    outcome = run(["-m", "benchmarks.facts"])
    if outcome.figures is None:
        print(f"striate itself cannot be measured: {outcome.problem}", file=sys.stderr)
        return 1
    wanted = tuple(peer for peer in PEERS if peer is STRIATE or peer.name in given.peers)
    pythons = find(wanted, [sys.executable, *given.python])
    peers = [peer for peer in wanted if peer.name in pythons]
    available = len(os.sched_getaffinity(0))
    cores = core_counts(given.cores, available)
    facts = {"cores": available, "when": time.strftime("%Y-%m-%d"), "rounds": given.rounds, "seconds": given.seconds}
    found = Found(outcome.figures | facts, left_out=[peer.name for peer in wanted if peer.name not in pythons])

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        runs = bar.add_task("", total=len(cores) * len(given.networks) * len(peers) * given.rounds)

        def told(series: Series, outcome: Outcome) -> None:
            where = f"{series.network}, {series.cores} cores, {series.peer}"
            bar.update(runs, advance=1 if outcome.figures else given.rounds - len(series.runs) + 1, description=where)
            speed = f"{outcome.figures['images_per_second']:,.0f} images/s" if outcome.figures else outcome.problem
            if not console.is_terminal or outcome.figures is None:
                console.print(f"{where}, round {len(series.runs)}: {speed}", highlight=False, markup=False)

        try:
            measure(found, peers, pythons, given.networks, cores, given.rounds, given.seconds, told, given.timeout)
        except KeyboardInterrupt:
            found.interrupted = True
    text = table.markdown(found.to_table())
    results.write(
        given.out, f"speed-{available}-cores", {**found.to_table(), "summary": table.summary(found.to_table())}, text
    )
    print(text, end="")
    return 130 if found.interrupted else 0


if __name__ == "__main__":
    sys.exit(main())
