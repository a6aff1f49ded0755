"""How many instructions the Python around a training step takes: a guard that no noise disturbs.

    python -m benchmarks.instructions --write     count, and keep the count as what is to be held
    python -m benchmarks.instructions --check     count, and fail (status 1) where it grew by more than 5 %
    python -m benchmarks.instructions --check --plant     the same with a planted slowdown, which must fail

The network is so small that its kernels cost next to nothing. callgrind (valgrind) counts an epoch of STEPS steps, and
in a second run one of twice as many: what their difference holds are steps alone. A count is compared only with one of the same Python, torch
and processor capability, as the instructions of their binaries are in it. It needs valgrind, and takes a minute or two.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import results
from benchmarks.child import ROOT, surroundings

STEPS = 100
ALLOWED = 1.05
BASELINE = results.FOLDER / "instructions.json"


def train(steps: int, plant: bool = False) -> None:
    """Two epochs of so many steps of four images of four pixels; from the second on instructions are counted."""
    import numpy as np

    import striate

    def waste(_step, *_logs) -> None:
        sum(number * number for number in range(300))

    def begin(epoch, *_logs) -> None:
        if epoch == 1:
            subprocess.run(["callgrind_control", "--instr=on", str(os.getpid())], check=True, stdout=subprocess.DEVNULL)

    draw = np.random.default_rng(0)
    x, y = draw.random((4 * steps, 2, 2, 1), np.float32), draw.integers(0, 2, 4 * steps)
    layers = [striate.Input((2, 2, 1)), striate.layers.Flatten(), striate.layers.Dense(2, activation="softmax")]
    model = striate.Sequential(layers, seed=0)
    model.compile(striate.optimizers.AdamW(0.001), "sparse_categorical_crossentropy")
    callbacks = [striate.callbacks.LambdaCallback(on_epoch_begin=begin, on_train_batch_end=waste if plant else None)]
    model.fit(x, y, 4, 2, verbose=0, callbacks=callbacks, plan={"threads": 1, "precision": "float32"})


def count(steps: int, plant: bool, cache: str) -> int:
    """Instructions of an epoch of so many steps, and of what follows it; `cache` is a folder to keep things in."""
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={os.devnull}"]
    command.append(sys.executable)
    command += ["-m", "benchmarks.instructions", "--train", str(steps), *(["--plant"] if plant else [])]
    fixed = surroundings(PYTHONHASHSEED="0", OMP_NUM_THREADS="1", STRIATE_DATA=cache)
    done = subprocess.run(command, capture_output=True, text=True, env=fixed, cwd=ROOT)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        words = [line for line in done.stderr.splitlines() if line and not line.startswith("==")]
        sys.exit(f"callgrind gave no count: {(words or ['nothing was said'])[-1]}")
    return int(found[1])


def surroundings_of_count() -> dict[str, str]:
    """What must be the same for two counts to be compared."""
    import torch

    valgrind = subprocess.run(["valgrind", "--version"], capture_output=True, text=True).stdout.strip()
    capability = torch.backends.cpu.get_cpu_capability()
    return {"python": sys.version, "torch": torch.__version__, "capability": capability, "tool": valgrind}


def verdict(now: dict, baseline: dict) -> tuple[int, str]:
    """Exit status and a line that says why."""
    if now["of"] != baseline["of"]:
        other = [name for name, value in now["of"].items() if baseline["of"].get(name) != value]
        return 0, f"not compared: {', '.join(other)} differ from the kept count's"
    ratio = now["instructions"] / baseline["instructions"]
    line = (
        f"{now['instructions']:,} instructions a step, {100 * (ratio - 1):+.1f} % against {baseline['instructions']:,}"
    )
    return (1, f"{line}: more than {100 * (ALLOWED - 1):.0f} %") if ratio > ALLOWED else (0, line)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--plant", action="store_true", help="waste instructions in every step")
    parser.add_argument("--train", type=int, help="be the process that is counted")
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    given = parser.parse_args(arguments)
    if given.train:
        train(given.train, given.plant)
        return 0
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: nothing was counted")
        return 0
    with tempfile.TemporaryDirectory() as cache:
        each = round((count(2 * STEPS, given.plant, cache) - count(STEPS, given.plant, cache)) / STEPS)
    now = {"instructions": each, "of": surroundings_of_count()}
    if given.write:
        results.write(given.baseline.parent, given.baseline.stem, now)
    if given.check and given.baseline.exists():
        status, line = verdict(now, json.loads(given.baseline.read_text()))
        print(line)
        return status
    print(f"{each:,} instructions a step")
    return 0


if __name__ == "__main__":
    sys.exit(main())
