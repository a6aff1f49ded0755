"""How fast trained networks answer, beside onnxruntime on the same cores.

    python -m benchmarks.prediction [lenet] [vgg] [resnet] [mlp] [--rounds 7] [--threads 1 2]

Each network is asked by `predict` and `evaluate` and, as the ONNX file that torch writes of `model.module`, by
onnxruntime, in turn (A B A B ...): what counts is the ratio of each round, ours over theirs, below 1 where striate is
faster. `evaluate` is given as many batches as make up the largest. `module` is the declared network alone, called as a
torch module: what is above it is what predict costs beside the kernels. Each thread count runs in a process of its own,
on as many cores. Results go to benchmarks/results/ as JSON.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.child import at_least_one, surroundings

HERE = Path(__file__).parent
BATCHES = (1, 32, 256)
SECONDS = 0.1
"""How long each is asked in a round; once at least."""


def network(name: str) -> Any:
    """A network with the preprocessing of float images that are fed as they are."""
    import striate as keras
    from striate.loader import Preprocessing

    lay = keras.layers
    if name == "lenet":
        layers = [
            lay.Conv2D(20, 5, activation="relu", input_shape=(28, 28, 1)),
            lay.MaxPooling2D(2),
            lay.Conv2D(40, 5, activation="relu"),
            lay.MaxPooling2D(2),
            lay.Flatten(),
            lay.Dense(100, activation="relu"),
        ]
    elif name == "mlp":
        layers = [lay.Dense(30, activation="sigmoid", input_shape=(784,))]
    else:
        layers: list[Any] = [keras.Input((32, 32, 3))]
        for width in (64, 128, 256):
            for _ in range(2):
                layers += [lay.Conv2D(width, 3, padding="same", use_bias=False), lay.BatchNormalization(), lay.ReLU()]
            layers.append(lay.MaxPooling2D(2))
        layers.append(lay.GlobalAveragePooling2D())
    if name == "resnet":
        model = keras.zoo.ResNet18(input_shape=(64, 64, 3), classes=10, seed=0)
    else:
        model = keras.Sequential([*layers, lay.Dense(10, activation="softmax")], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    shape = model.input_shape[1:]
    model.preprocessing = Preprocessing(shape, "float32", 1.0, (0.0,) * shape[-1], (1.0,) * shape[-1])
    return model


def by_onnxruntime(module: Any, images: Any, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """The network as another engine computes it."""
    import onnxruntime
    import torch

    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own exporter
        batch = torch.export.Dim("batch", min=1, max=4096)
        program = torch.onnx.export(module, (images,), dynamo=True, verbose=False, dynamic_shapes=({0: batch},))
    assert program is not None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    content = program.model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    return lambda x: np.asarray(session.run(None, {given.name: x})[0])


def seconds(ask: Callable[[], Any]) -> float:
    """Of one call, the mean of a short window after one that is not counted."""
    ask()
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < SECONDS or not count:
        ask()
        count += 1
    return (time.perf_counter() - begin) / count


def measure(
    name: str, batch: int, model: Any, theirs: Callable[[np.ndarray], np.ndarray], rounds: int
) -> dict[str, Any]:
    """One row: every engine in every round, and the ratios of the rounds."""
    import torch

    draw = np.random.default_rng(0)
    x = draw.standard_normal((batch, *model.input_shape[1:])).astype(np.float32)
    times = max(BATCHES) // batch
    many, labels = np.concatenate([x] * times), draw.integers(0, 10, batch * times)
    inside = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    tensor, module = torch.from_numpy(x).movedim(-1, 1), model.module.eval()
    np.testing.assert_allclose(model.predict(x), theirs(inside), atol=1e-4)

    def alone() -> None:
        with torch.inference_mode():
            module(tensor)

    asked = {
        "predict": lambda: model.predict(x),
        "onnxruntime": lambda: theirs(inside),
        "evaluate": lambda: model.evaluate(many, labels, batch_size=batch, verbose=0),
        "module": alone,
    }
    found: dict[str, list[float]] = {engine: [] for engine in asked}
    for number in range(rounds):
        for engine in asked if number % 2 == 0 else reversed(asked):
            found[engine].append(seconds(asked[engine]) / (times if engine == "evaluate" else 1))
    row: dict[str, Any] = {"network": name, "batch": batch}
    row |= {f"{engine} ms": round(1000 * statistics.median(each), 3) for engine, each in found.items()}
    for engine in ("predict", "evaluate"):
        ratios = [ours / other for ours, other in zip(found[engine], found["onnxruntime"], strict=True)]
        row[f"{engine} / onnxruntime"] = [round(f(ratios), 2) for f in (statistics.median, min, max)]
    over = [ours - kernels for ours, kernels in zip(found["predict"], found["module"], strict=True)]
    row["predict - module ms"] = round(1000 * statistics.median(over), 3)
    return row


def one(names: list[str], rounds: int, threads: int) -> None:
    """All rows of one thread count, as lines of JSON."""
    import torch

    for name in names:
        model = network(name)
        images = torch.zeros(2, *model.input_shape[1:]).movedim(-1, 1).contiguous()
        theirs = by_onnxruntime(model.module.eval(), images, threads)
        for batch in BATCHES:
            print(json.dumps(measure(name, batch, model, theirs, rounds)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=["lenet", "vgg", "resnet", "mlp"])
    parser.add_argument("--rounds", type=at_least_one, default=7)
    parser.add_argument("--threads", type=at_least_one, nargs="+", default=[1, 2])
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        one(given.networks, given.rounds, given.threads[0])
        return
    allowed = sorted(os.sched_getaffinity(0))
    for threads in given.threads:
        os.sched_setaffinity(0, allowed[:threads])
        environment = surroundings(OMP_NUM_THREADS=str(threads))
        command = [sys.executable, "-m", "benchmarks.prediction", *given.networks, "--rounds", str(given.rounds)]
        command += ["--threads", str(threads), "--here"]
        rows = []
        print(f"{threads} thread{'s' * (threads > 1)}; ratios: median (least - most)")
        print(
            f"{'':>7} {'batch':>5} {'predict':>10} {'ratio':>20} {'evaluate ratio':>20} {'onnxruntime':>12} {'module':>9}"
        )
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
            assert running.stdout is not None
            for line in running.stdout:
                if not line.startswith("{"):
                    continue
                row = json.loads(line)
                rows.append(row)
                ours, theirs = (
                    "{} ({} - {})".format(*row[f"{what} / onnxruntime"]) for what in ("predict", "evaluate")
                )
                print(
                    f"{row['network']:>7} {row['batch']:>5} {row['predict ms']:>7} ms {ours:>20} {theirs:>20} "
                    f"{row['onnxruntime ms']:>9} ms {row['module ms']:>6} ms",
                    flush=True,
                )
        if running.returncode:
            sys.exit(running.returncode)
        folder = HERE / "results"
        folder.mkdir(exist_ok=True)
        result = {"threads": threads, "when": time.strftime("%Y-%m-%d"), "rows": rows}
        (folder / f"prediction-{threads}-threads.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
