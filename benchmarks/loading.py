"""Measure reading a folder of images: striate's first epoch against torch's Dataset and DataLoader, in turn.

    python -m benchmarks.loading [--rounds 5] [--cores 2] [--share 1.0] [--out FILE]

Two folders are made: 10,000 JPEG files of 32x32 and 2,000 of 500x375, quality 90, of noise at many scales, whose
spectrum falls off as that of photographs. Both sides list the folder, read and decode every file, bring it to one size
(32x32, 64x64) and hand over one shuffled epoch of normalised batches of 128. torch does it as its tutorials do: Pillow
in `__getitem__`, as many workers as cores. striate begins each time with an empty cache. Every file was read once
before, so the system's page cache serves both.

first    seconds of striate's first epoch; the ratio is torch's seconds over these
busy     processor seconds of it, of all threads and processes: these can be compared beside other programs too
later    seconds of an epoch of batches from the cache
training seconds of an epoch in all, of a LeNet-like network (from its speed on some of the images)
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.child import at_least_one, surroundings

FOLDERS = {"small": (10000, 32, 32, (32, 32)), "large": (2000, 375, 500, (64, 64))}
"""How many files, their height and width, and the size they are brought to."""
BATCH, CLASSES, TRAINED = 128, 10, 1280


def photograph(draw: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Noise at every scale, weaker at finer ones: about 0.25 bytes a pixel at quality 90, as photographs have."""
    pixels = np.full((height, width, 3), 128, np.float32)
    side, weight = 2, 50.0
    while side < 2 * max(height, width):
        noise = draw.standard_normal((max(1, side * height // max(height, width)), side, 3)).astype(np.float32)
        for channel in range(3):
            layer = Image.fromarray(noise[..., channel]).resize((width, height), Image.Resampling.BICUBIC)
            pixels[..., channel] += weight * np.asarray(layer)
        side, weight = side * 2, weight * 0.74
    return pixels.clip(0, 255).astype(np.uint8)


def make(folder: Path, count: int, height: int, width: int) -> None:
    """Files in ten classes: some photographs, each cut somewhere and its two parts changed over."""
    draw = np.random.default_rng(0)
    pictures = [photograph(draw, height, width) for _ in range(50)]
    for number in range(count):
        image = np.roll(pictures[number % len(pictures)], draw.integers(width), 1)
        path = folder / str(number % CLASSES) / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path, quality=90)


def busy() -> float:
    """Processor seconds of this process and of the workers that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def with_striate(folder: str, size: tuple[int, int], cores: int) -> dict[str, float]:
    import torch

    import striate as keras
    from striate.loader import Batches, Preprocessing, load_folder

    torch.set_num_threads(cores)
    begin, used = time.perf_counter(), busy()
    data = load_folder(folder, size, progress=False).train
    ready = Preprocessing.fit(data.x, standardise=True)
    batches = Batches((torch.from_numpy(data.x),), (torch.from_numpy(data.y),), (ready,), BATCH)
    assert sum(len(batch) for batch in batches.epoch(0)) == len(data)
    first, used = time.perf_counter() - begin, busy() - used
    begin = time.perf_counter()
    assert sum(len(batch) for batch in batches.epoch(1)) == len(data)
    later = time.perf_counter() - begin
    lay = keras.layers
    layers = [
        lay.Conv2D(20, 5, activation="relu", input_shape=data.x.shape[1:]),
        lay.MaxPooling2D(2),
        lay.Conv2D(40, 5, activation="relu"),
        lay.MaxPooling2D(2),
        lay.Flatten(),
        lay.Dense(100, activation="relu"),
        lay.Dense(CLASSES, activation="softmax"),
    ]
    model = keras.Sequential(layers, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(data.x[:TRAINED], data.y[:TRAINED], BATCH, 2, verbose=0)
    return {
        "first": first,
        "busy": used,
        "later": later,
        "training": len(data) / max(history.history["images_per_second"]),
    }


class Files:
    """What a tutorial's Dataset does."""

    def __init__(self, folder: str, size: tuple[int, int]) -> None:
        classes = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
        self.size = size
        self.files = [
            (os.path.join(root, name), label)
            for label, each in enumerate(classes)
            for root, _, names in sorted(os.walk(os.path.join(folder, each)))
            for name in sorted(names)
        ]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        import torch

        path, label = self.files[row]
        with open(path, "rb") as file:
            image = Image.open(file).convert("RGB")
        if image.size != self.size[::-1]:
            image = image.resize(self.size[::-1], Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div(255)
        return pixels.sub_(0.5).div_(0.25), label


def with_torch(folder: str, size: tuple[int, int], cores: int) -> dict[str, float]:
    import torch
    from torch.utils.data import DataLoader

    torch.set_num_threads(cores)
    begin, used = time.perf_counter(), busy()
    files: Any = Files(folder, size)
    loader = DataLoader(files, BATCH, shuffle=True, num_workers=cores)
    assert sum(len(labels) for _, labels in loader) == len(files)
    return {"first": time.perf_counter() - begin, "busy": busy() - used}


def once(engine: str, folder: Path, name: str, cores: int) -> dict[str, float]:
    """One engine in a process of its own, with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        environment = surroundings(STRIATE_DATA=cache)
        command = [
            sys.executable,
            "-m",
            "benchmarks.loading",
            "--cores",
            str(cores),
            "--once",
            engine,
            str(folder),
            name,
        ]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def spread(values: list[float]) -> dict[str, float]:
    """Median and range."""
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


def measure(folder: Path, name: str, rounds: int, cores: int) -> dict[str, Any]:
    runs: dict[str, list[dict[str, float]]] = {"striate": [], "torch": []}
    for number in range(rounds):
        for engine in runs if number % 2 == 0 else reversed(runs):
            runs[engine].append(once(engine, folder, name, cores))
    pairs = list(zip(runs["striate"], runs["torch"], strict=True))
    return {
        **{f"ratio, {key}": spread([theirs[key] / ours[key] for ours, theirs in pairs]) for key in ("first", "busy")},
        **{f"{engine}, {key}": spread([run[key] for run in each]) for engine, each in runs.items() for key in each[0]},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=at_least_one, default=5)
    parser.add_argument("--cores", type=at_least_one, help="how many cores to use; by default all there are")
    parser.add_argument("--share", type=float, default=1.0, help="of the files; below 1 for a quick look")
    parser.add_argument("--out", type=Path, help="a file for the JSON line")
    parser.add_argument("--once", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    allowed = sorted(os.sched_getaffinity(0))[: given.cores]
    os.sched_setaffinity(0, allowed)
    if given.once:
        engine, folder, name = given.once
        run = {"striate": with_striate, "torch": with_torch}[engine]
        print(json.dumps(run(folder, FOLDERS[name][3], len(allowed))))
        return
    results: dict[str, Any] = {"cores": len(allowed), "when": time.strftime("%Y-%m-%d")}
    with tempfile.TemporaryDirectory() as temporary:
        for name, (count, height, width, _) in FOLDERS.items():
            folder = Path(temporary, name)
            make(folder, max(int(count * given.share), BATCH), height, width)
            for file in folder.rglob("*.jpg"):
                file.read_bytes()
            results[name] = measure(folder, name, given.rounds, len(allowed))
            for key, value in results[name].items():
                print(f"{name:6}{key:24}{value['median']:8.3f}   {value['min']:.3f} - {value['max']:.3f}", flush=True)
    line = json.dumps(results)
    print(line)
    if given.out:
        given.out.write_text(line + "\n")


if __name__ == "__main__":
    main()
