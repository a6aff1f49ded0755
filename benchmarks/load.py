"""What is left of the speed when another program keeps one core busy: striate and hand-tuned torch, in turn.

    python -m benchmarks.load [--networks lenet vgg] [--cores 2] [--rounds 5]

Each round has three runs of each: nobody else there; the other program wakes up after a third of the epochs; it is there
from the first epoch on. What is kept is the speed of the median epoch beside it, as a share of the median quiet one.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.child import at_least_one, heed_sigterm, on_cores, run
from benchmarks.peers import STRIATE, TUNED
from benchmarks.speed import amount
from benchmarks.table import spread
from benchmarks.task import SHAPES

EPOCHS = 9
CASES = {"woke up": EPOCHS // 3, "there from the first epoch": 0}
"""The epoch at which the other program begins."""


def kept(quiet: Sequence[float], loaded: Sequence[float], foreign: int) -> float:
    """Speed beside the other program as a share of the quiet one, from the seconds of epochs.

    The first epoch of a quiet run warms up and is not counted.

    >>> kept([9, 1, 1], [9, 1, 2, 2], foreign=2)
    0.5
    """
    return statistics.median(quiet[1:]) / statistics.median(loaded[foreign:])


def measure(network: str, cores: int, rounds: int, seconds: float) -> dict[str, Any]:
    """For both engines and cases: the shares kept, or what went wrong; after Ctrl-C those of the rounds until then."""
    images, _ = amount(network, cores, seconds)
    task = [network, "--images", str(images), "--epochs", str(EPOCHS)]
    shares: dict[str, dict[str, list[float]]] = {peer.name: {case: [] for case in CASES} for peer in (STRIATE, TUNED)}
    problems: list[str] = []
    interrupted = False
    try:
        for number in range(rounds):
            for peer in (STRIATE, TUNED) if number % 2 == 0 else (TUNED, STRIATE):
                quiet = run(["-m", peer.script, *task])
                for case, foreign in CASES.items():
                    loaded = run(["-m", peer.script, *task, "--foreign", str(foreign)])
                    if quiet.figures is None or loaded.figures is None:
                        problems.append(f"{peer.name}: {quiet.problem or loaded.problem}")
                        continue
                    share = kept(quiet.figures["epochs"], loaded.figures["epochs"], foreign)
                    shares[peer.name][case].append(share)
                    print(f"{network}, {peer.name}, {case}: {100 * share:.0f} % kept", file=sys.stderr)
    except KeyboardInterrupt:
        interrupted = True
    found = {name: {case: spread(values) for case, values in cases.items() if values} for name, cases in shares.items()}
    return {"share of the quiet speed kept": found, "problems": problems, "interrupted": interrupted}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=SHAPES, default=["lenet", "vgg"])
    parser.add_argument("--cores", type=at_least_one, help="how many cores to use; by default all there are")
    parser.add_argument("--rounds", type=at_least_one, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="as of benchmarks.speed")
    parser.add_argument("--out", type=Path, default=results.FOLDER)
    given = parser.parse_args(arguments)
    found: dict[str, Any] = {}
    with on_cores(given.cores) as cores:
        for network in given.networks:
            found[network] = measure(network, len(cores), given.rounds, given.seconds)
            results.write(given.out, f"load-{len(cores)}-cores", found)
            print(json.dumps({network: found[network]}, indent=1), flush=True)
            if found[network]["interrupted"]:
                return 130
    return 0


if __name__ == "__main__":
    heed_sigterm()
    sys.exit(main())
