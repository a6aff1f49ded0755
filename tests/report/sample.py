"""Reports of real and of planted runs, for the tests and to look at.

python -m tests.report.sample report.html
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from striate.finding import Finding
from striate.report import Results, write_report

RECIPE = """\
format = 1
seed = 0

[data]
name = "mnist"          # <fetched> & checked
validation = 0.1

[model]
input = [28, 28, 1]
layers = [
    { type = "Conv2D", filters = 20, kernel_size = [5, 5], activation = "relu" },
    { type = "MaxPooling2D", pool_size = [2, 2] },
    { type = "Flatten" },
    { type = "Dense", units = 100, activation = "relu" },
    { type = "Dense", units = 10, activation = "softmax" },
]

[train]
loss = "sparse_categorical_crossentropy"
optimizer = { type = "Adam", learning_rate = 0.001 }
"""
NETWORK = {
    "rows": [
        {"name": "conv2d", "type": "Conv2D", "output": [24, 24, 20], "params": 520, "macs": 288000,
         "receptive_field": [5, 5], "stride": [1, 1], "bytes": 46080},
        {"name": "max_pooling2d", "type": "MaxPooling2D", "output": [12, 12, 20], "params": 0, "macs": 0,
         "receptive_field": [6, 6], "stride": [2, 2], "bytes": 11520},
        {"name": "flatten", "type": "Flatten", "output": [2880], "params": 0, "macs": 0,
         "receptive_field": [28, 28], "stride": None, "bytes": 11520},
        {"name": "dense", "type": "Dense", "output": [100], "params": 288100, "macs": 288000,
         "receptive_field": [28, 28], "stride": None, "bytes": 400},
        {"name": "dense_1", "type": "Dense", "output": [10], "params": 1010, "macs": 1000,
         "receptive_field": [28, 28], "stride": None, "bytes": 40},
    ],
    "params": 289630, "non_trainable": 0, "macs": 577000, "receptive_field": [28, 28], "findings": [],
}  # fmt: skip
FINDING = Finding(
    "over-fitting",
    "epoch 6",
    "loss 0.011 in training, 0.058 in validation; the gap grew in 3 of the last 4 epochs",
    "The network begins to learn the training images by heart.",
    'Dropout(0.5) before the last layer, or augment = [{ type = "RandomTranslation" }]',
)
MACHINE = {
    "cpu": "AMD EPYC 7763 64-Core Processor",
    "cores": 2,
    "memory": 7_700_000_000,
    "python": "3.11.2",
    "torch": "2.13.0+cpu",
    "striate": "0.1.0",
}


def digits() -> Results:
    """scikit-learn's digits by logistic regression: real images, real probabilities, in a blink."""
    data = load_digits()
    images = np.round(data.images * 255 / 16).astype(np.uint8)[..., np.newaxis]
    x, y = images.reshape(len(images), -1) / 255, data.target
    fitted = LogisticRegression(max_iter=500).fit(x[:1200], y[:1200])
    return Results(
        title="digits",
        class_names=[str(name) for name in data.target_names],
        labels=y[1200:],
        outputs=fitted.predict_proba(x[1200:]),
        images=images[1200:],
        history={
            "loss": [1.52, 0.61, 0.38, 0.29, 0.24, 0.21],
            "accuracy": [0.71, 0.89, 0.92, 0.94, 0.95, 0.96],
            "val_loss": [1.58, 0.72, 0.49, 0.41, 0.40, 0.42],
            "val_accuracy": [0.68, 0.86, 0.89, 0.905, 0.91, 0.908],
            "learning_rate": [0.001] * 6,
            "seconds": [0.21, 0.18, 0.18, 0.18, 0.19, 0.18],
            "images_per_second": [5714.0, 6666.0, 6661.0, 6672.0, 6315.0, 6668.0],
        },
        best_epoch=4,
        filters=fitted.coef_.T.reshape(8, 8, 1, 10),
        network=NETWORK,
        findings=[FINDING],
        bad_files=[("images/7/scan_0012.png", "ends after 312 of 1,204 bytes"), ("images/Thumbs.db", "is no image")],
        recipe=RECIPE,
        summary={"params": 289630, "macs": 577000, "epochs": 6, "seed": 0, "seconds_train": 1.12, "seconds_total": 4.87,
                 "images_per_second": 6668.4, "threads": 2, "precision": "float32",
                 "plan": "2 threads, channels_last, fused Adam, max-pool before ReLU"},
        machine=MACHINE,
    )  # fmt: skip


def birds() -> Results:
    """Eight images of three birds, every number written out: what is said of them is the same on every machine."""
    return Results(
        title="birds",
        class_names=["owl", "wren", "a <very> rare bird & its young"],
        labels=[0, 0, 0, 0, 1, 1, 1, 2],
        outputs=[
            [0.96, 0.04, 0.0],
            [0.85, 0.15, 0.0],
            [0.75, 0.25, 0.0],
            [0.25, 0.5, 0.25],
            [0.125, 0.875, 0.0],
            [0.0, 1.0, 0.0],
            [0.75, 0.25, 0.0],
            [0.625, 0.25, 0.125],
        ],
        images=np.arange(8 * 16, dtype=np.uint8).reshape(8, 4, 4, 1),
        file_names=[f"/pictures/birds/{name}/{i}.png" for i, name in enumerate(["owl"] * 4 + ["wren"] * 3 + ["rare"])],
        majority=0,
        class_counts={"training": [40, 30, 10], "test": [4, 3, 1]},
        history={
            "loss": [1.5, 0.75, 0.5],
            "accuracy": [0.5, 0.625, 0.75],
            "val_loss": [1.25, 0.875, 1.0],
            "val_accuracy": [0.5, 0.75, 0.625],
            "learning_rate": [0.001, 0.001, 0.0005],
            "seconds": [1.25, 1.0, 1.0],
            "images_per_second": [64.0, 80.0, 80.0],
        },
        best_epoch=1,
        interrupted=True,
        filters=np.linspace(-1, 1, 18).reshape(3, 3, 1, 2),
        network=NETWORK,
        findings=[FINDING],
        bad_files=[("/pictures/birds/owl/9.png", "it is cut short"), ("/pictures/birds/wren/9.png", "it is empty (0 bytes)")],
        bad_files_total=2,
        recipe=RECIPE,
        summary={"params": 289630, "macs": 577000, "epochs": 3, "seed": 0, "seconds_train": 3.4, "seconds_total": 63.0,
                 "images_per_second": 80.0, "threads": 2, "precision": "float32", "plan": "2 threads, channels_last"},
        machine=MACHINE,
    )  # fmt: skip


def planted(
    k: int = 4,
    n: int = 200,
    side: int = 12,
    channels: int = 3,
    accuracy: float = 0.8,
    names: str = "class {}",
    epochs: int = 3,
    **changes: Any,
) -> Results:
    """A run that never was: random images, answers that are right for `accuracy` of them, whatever else is asked."""
    draw = np.random.default_rng(0)
    outputs = draw.dirichlet(np.full(k, 0.3), n)
    labels = np.where(draw.random(n) < accuracy, outputs.argmax(1), draw.integers(0, k, n))
    loss = 2.0 / np.arange(1, epochs + 1)
    parts: dict[str, Any] = {
        "title": "a planted run",
        "class_names": [names.format(i) for i in range(k)],
        "labels": labels,
        "outputs": outputs,
        "images": draw.integers(0, 256, (n, side, side, channels), np.uint8),
        "history": {"loss": loss, "val_loss": loss * 1.2, "accuracy": 1 - loss / 3, "val_accuracy": 1 - loss / 2.5},
        "best_epoch": epochs - 1,
        "filters": draw.standard_normal((3, 3, channels, 8)),
        "network": NETWORK,
        "recipe": RECIPE,
        "summary": {"seconds_train": 75.0, "threads": 2},
        "machine": MACHINE,
    }
    return Results(**(parts | changes))


HOSTILE = '<script>alert("x")</script>&\udcff\x07\u202e{{7*7}}'
"""A name that is markup, a byte that is no UTF-8, a bell, a turn of the reading direction and a template at once."""


def _flawed(image: np.ndarray) -> np.ndarray:
    image[0] = np.nan
    return image


ODD: dict[str, Callable[[], Results]] = {
    "two classes of a sigmoid head": lambda: Results(
        title="coins",
        class_names=["heads", "tails"],
        labels=[0, 1, 1, 0, 1],
        outputs=[[0.2], [0.9], [0.4], [0.1], [0.7]],
        images=np.arange(5 * 16, dtype=np.uint8).reshape(5, 4, 4, 1),
    ),
    "100 classes": lambda: planted(k=100, n=3000, side=8, names="category number {}"),
    "20 classes": lambda: planted(k=20, n=900, side=8, names="a class whose name goes on and on {}"),
    "one epoch": lambda: planted(epochs=1),
    "500 epochs": lambda: planted(epochs=500, best_epoch=120),
    "no mistake": lambda: planted(accuracy=1.0),
    "every answer wrong": lambda: planted(labels=(planted().said + 1) % 4),
    "interrupted in a non-finite epoch": lambda: planted(
        history={"loss": [2.0, float("nan"), float("inf")], "accuracy": [0.4, None], "val_loss": [2.1], "seconds": []},
        best_epoch=0,
        interrupted=True,
    ),
    "only a validation set": lambda: planted(part="validation"),
    "nothing at all": lambda: Results(title="nothing"),
    "trained but not tested": lambda: planted(labels=(), outputs=np.zeros((0, 4)), images=None),
    "very long names": lambda: planted(names="x" * 300 + " {}", title="y" * 300),
    "hostile names": lambda: planted(
        title=HOSTILE,
        names=HOSTILE + "{}",
        file_names=[HOSTILE] * 200,
        findings=[Finding(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, "error")],
        bad_files=[(HOSTILE * 20, HOSTILE)] * 30,
        bad_files_total=1234,
        recipe="</code></pre>" + HOSTILE + "\n" + "z" * 300,
        run_again=HOSTILE,
        summary={"plan": HOSTILE},
        machine={"cpu": HOSTILE, HOSTILE: HOSTILE},
    ),
    "photographs": lambda: planted(n=30, side=224),
    "outputs that are no numbers": lambda: planted(outputs=_flawed(planted().outputs.copy())),
    "outputs that are no probabilities": lambda: planted(outputs=planted().outputs * 20 - 10),
    "float images of two channels": lambda: planted(images=np.random.default_rng(0).normal(size=(200, 9, 9, 2))),
    "values": lambda: Results(
        title="ages",
        labels=np.linspace(20, 80, 60),
        outputs=np.linspace(22, 78, 60) + np.tile([-3.0, 0.0, 4.0], 20),
        images=np.zeros((60, 8, 8, 1), np.uint8),
        history={"loss": [90.0, 20.0, 9.0], "val_loss": [95.0, 30.0, 15.0], "mae": [7.0, 3.0, 2.0]},
    ),
    "values all alike": lambda: Results(title="constant", labels=[1.0, 1.0], outputs=[1.0, 1.0]),
}
"""Runs that are unusual in one way each."""


if __name__ == "__main__":
    write_report(digits(), sys.argv[1])
