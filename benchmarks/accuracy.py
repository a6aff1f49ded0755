"""How soon recipes reach their accuracy: each is trained with several seeds, and its test set is asked once for each.

    python -m benchmarks.accuracy recipes/fast/mnist-99.toml recipes/fast/cifar10-90.toml [--seeds 0 1 2 3 4] [--cores 2]

Time is given in core-seconds, threads times seconds of training, and as what they would be on cores whose fastest
bfloat16 convolution runs at 262 GFLOP/s each: that peak is measured before every run, and the best one counts.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.child import at_least_one, heed_sigterm, on_cores, run, surroundings
from benchmarks.table import spread

PEAK = 262.0
"""GFLOP/s of a core to which times are scaled."""


def train(recipe: str, seed: int, settings: Sequence[str] = ()) -> dict[str, Any] | str:
    """The summary of a recipe's run, or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "run")
        command = [sys.executable, "-m", "striate", "train", recipe, "--out", str(out), "--set", f"seed={seed}"]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, capture_output=True, text=True, env=surroundings())
        if done.returncode:
            return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
        return json.loads((out / "summary.json").read_text())


def summary(runs: Sequence[dict[str, Any]], peak: float) -> dict[str, Any]:
    """Of all seeds: accuracies, and times with the peak of one core that they were measured beside."""
    core_seconds = [run["seconds_train"] * run["threads"] for run in runs]
    accuracies = [run["test"]["accuracy"] for run in runs]
    return {
        "test accuracy": accuracies,
        "mean": round(statistics.mean(accuracies), 5),
        "worst": min(accuracies),
        "deviation": round(statistics.stdev(accuracies), 5) if len(runs) > 1 else None,
        "seconds of training": spread([run["seconds_train"] for run in runs]),
        "core-seconds": spread(core_seconds),
        "GFLOP/s of a core": round(peak, 1),
        f"core-seconds at {PEAK:g} GFLOP/s": spread([each * peak / PEAK for each in core_seconds]),
        "plan": runs[-1]["plan"],
    }


def peak_of_a_core(cores: int) -> float:
    """GFLOP/s of the fastest convolution, in whichever precision, on all cores in use, for each of them."""
    figures = run(["-m", "benchmarks.peak"]).figures or {}
    return max(figures.get("float32", 0.0), figures.get("bfloat16", 0.0)) / cores


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipes", nargs="+")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--cores", type=at_least_one, help="how many cores to use; by default all there are")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE, as `striate train` takes it")
    parser.add_argument("--out", type=Path, default=results.FOLDER)
    given = parser.parse_args(arguments)
    found: dict[str, Any] = {}
    status = 0
    with on_cores(given.cores) as cores:
        for recipe in given.recipes:
            runs, peak = [], 0.0
            try:
                for seed in given.seeds:
                    peak = max(peak, peak_of_a_core(len(cores)))
                    reached = train(recipe, seed, given.set)
                    if isinstance(reached, str):
                        print(f"{recipe}, seed {seed}: {reached}", file=sys.stderr)
                        status = 1
                        break
                    runs.append(reached)
                    line = f"{100 * reached['test']['accuracy']:.2f} %, {reached['seconds_train']:.1f} s of training"
                    print(f"{recipe}, seed {seed}: {line}", file=sys.stderr)
            except KeyboardInterrupt:
                status = 130
            if runs:
                name = Path(recipe).stem
                found[name] = summary(runs, peak) | {"seeds": given.seeds[: len(runs)], "cores": len(cores)}
                results.write(given.out, f"accuracy-{len(cores)}-cores", found)
                print(json.dumps({name: found[name]}, indent=1), flush=True)
            if status == 130:
                break
    return status


if __name__ == "__main__":
    heed_sigterm()
    sys.exit(main())
