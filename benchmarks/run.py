"""Measure what striate promises, on this machine, and write it down.

    python benchmarks/run.py [speed] [accuracy] [start] [--rounds 5] [--cores 2]

speed     striate and hand-tuned torch on the reference networks, in turn (A B A B ...): the ratio of each round
accuracy  digits over five seeds, and MNIST and CIFAR-10 where they are in the cache: test accuracy and training time
start     `striate --help`

Absolute figures of a shared machine mean little: quote the ratios, and the core-seconds with their machine.
Results go to benchmarks/results/ as JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def spread(values: list[float]) -> dict[str, float]:
    """Median and range."""
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


def speed(rounds: int, environment: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for network in ("lenet", "vgg"):
        runs: dict[str, list[dict[str, Any]]] = {"striate": [], "torch": []}
        for number in range(rounds):
            for engine in runs if number % 2 == 0 else reversed(runs):
                command = [sys.executable, str(HERE / "reference.py"), engine, network]
                done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
                runs[engine].append(json.loads(done.stdout.splitlines()[-1]))
        pairs = zip(runs["striate"], runs["torch"], strict=True)
        ratios = [ours["images_per_second"] / theirs["images_per_second"] for ours, theirs in pairs]
        found[network] = {
            "ratio to tuned torch": spread(ratios),
            **{
                f"{engine} images/s": spread([run["images_per_second"] for run in each])
                for engine, each in runs.items()
            },
            **{f"{engine} MB": spread([run["MB"] for run in each]) for engine, each in runs.items()},
            "plan": runs["striate"][-1]["plan"],
        }
        print(network, json.dumps(found[network], indent=1), flush=True)
    return found


def accuracy(environment: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, seeds in (("digits", range(5)), ("mnist", range(1)), ("cifar10", range(1))):
        runs = []
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                command = [
                    sys.executable,
                    "-m",
                    "striate",
                    "train",
                    name,
                    "--set",
                    f"seed={seed}",
                    "--out",
                    f"{folder}/run",
                ]
                done = subprocess.run(command, capture_output=True, text=True, env=environment)
                if done.returncode:
                    print(f"{name}: left out: {done.stderr.strip().splitlines()[:1]}", flush=True)
                    break
                runs.append(json.loads(Path(folder, "run", "summary.json").read_text()))
        if runs:
            found[name] = {
                "test accuracy": [run["test"]["accuracy"] for run in runs],
                "mean": round(statistics.mean(run["test"]["accuracy"] for run in runs), 5),
                "seconds of training": spread([run["seconds_train"] for run in runs]),
                "core-seconds": spread([run["seconds_train"] * run["threads"] for run in runs]),
                "plan": runs[-1]["plan"],
            }
            print(name, json.dumps(found[name], indent=1), flush=True)
    return found


def start(environment: dict[str, str]) -> dict[str, Any]:
    seconds = []
    for _ in range(7):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "striate", "--help"], capture_output=True, check=True, env=environment)
        seconds.append(time.perf_counter() - begin)
    found = {"striate --help, seconds": spread(seconds[1:])}
    print(json.dumps(found, indent=1), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=["start", "speed", "accuracy"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, help="how many cores to use; by default all there are")
    given = parser.parse_args()
    allowed = sorted(os.sched_getaffinity(0))[: given.cores]
    os.sched_setaffinity(0, allowed)
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    measures = {
        "speed": lambda: speed(given.rounds, environment),
        "accuracy": lambda: accuracy(environment),
        "start": lambda: start(environment),
    }
    results: dict[str, Any] = {"cores": len(allowed), "when": time.strftime("%Y-%m-%d")}
    for what in given.what:
        results[what] = measures[what]()
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{'-'.join(given.what)}-{len(allowed)}-cores.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
