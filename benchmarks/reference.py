"""Train a reference network once and print one JSON line.

    python benchmarks/reference.py {striate,torch} {lenet,vgg} [--epochs 3] [--images 20000] [--batch 128]

`torch` is plain PyTorch tuned by hand: tensors in memory, channels_last, pooling before ReLU, bfloat16, fused AdamW,
kept memory, denormals flushed. `striate` is what a user writes. Both see the same images in batches of one size; the
figure is the images per second of the best epoch, the time spent on evaluation left out.
"""

import argparse
import ctypes
import json
import resource
import time
from typing import Any

import numpy as np


def data(network: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images: speed does not depend on what they show, and no download is needed."""
    shape = {"lenet": (28, 28, 1), "vgg": (32, 32, 3)}[network]
    draw = np.random.default_rng(0)
    return draw.integers(0, 256, (count, *shape), np.uint8), draw.integers(0, 10, count)


def with_striate(network: str, x: np.ndarray, y: np.ndarray, epochs: int, batch: int) -> tuple[float, str]:
    import striate as keras

    lay = keras.layers
    if network == "lenet":
        layers = [
            lay.Conv2D(20, 5, activation="relu", input_shape=(28, 28, 1)),
            lay.MaxPooling2D(2),
            lay.Conv2D(40, 5, activation="relu"),
            lay.MaxPooling2D(2),
            lay.Flatten(),
            lay.Dense(100, activation="relu"),
            lay.Dropout(0.5),
        ]
    else:
        layers: list[Any] = [keras.Input((32, 32, 3))]
        for width in (64, 128, 256):
            for _ in range(2):
                layers += [lay.Conv2D(width, 3, padding="same", use_bias=False), lay.BatchNormalization(), lay.ReLU()]
            layers.append(lay.MaxPooling2D(2))
        layers.append(lay.GlobalAveragePooling2D())
    model = keras.Sequential([*layers, lay.Dense(10, activation="softmax")], seed=0)
    model.compile(keras.optimizers.AdamW(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch, epochs, verbose=0, preprocess="standardise")
    assert model.plan is not None
    return max(history.history["images_per_second"]), model.plan.line()


def with_torch(network: str, x: np.ndarray, y: np.ndarray, epochs: int, batch: int) -> tuple[float, str]:
    import torch
    from torch import nn
    from torch.nn import functional

    libc = ctypes.CDLL(None)
    for option, value in ((-3, 1 << 30), (-1, (1 << 31) - 1), (-2, 64 << 20)):
        libc.mallopt(option, value)
    torch.set_flush_denormal(True)
    if network == "lenet":
        convs = [nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(20, 40, 5), nn.MaxPool2d(2), nn.ReLU()]
        net = nn.Sequential(*convs, nn.Flatten(), nn.Linear(640, 100), nn.ReLU(), nn.Dropout(0.5), nn.Linear(100, 10))
    else:
        parts, before = [], 3
        for width in (64, 128, 256):
            for second in (False, True):
                parts += [nn.Conv2d(before, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]
                parts += [nn.MaxPool2d(2), nn.ReLU()] if second else [nn.ReLU()]
                before = width
        net = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))
    net = net.to(memory_format=torch.channels_last)  # ty: ignore[no-matching-overload]
    images = torch.from_numpy(x).permute(0, 3, 1, 2).float().div_(255).sub_(0.5).div_(0.29)
    images, labels = images.contiguous(memory_format=torch.channels_last), torch.from_numpy(y)
    updater = torch.optim.AdamW(net.parameters(), 0.001, fused=True)
    best = 0.0
    for _ in range(epochs):
        begin, order = time.perf_counter(), torch.randperm(len(images))
        for start in range(0, len(images), batch):
            rows = order[start : start + batch]
            picked = images[rows]
            with torch.autocast("cpu", torch.bfloat16):
                loss = functional.cross_entropy(net(picked), labels[rows])
            updater.zero_grad()
            loss.backward()
            updater.step()
        best = max(best, len(images) / (time.perf_counter() - begin))
    return best, f"torch, {torch.get_num_threads()} threads, bfloat16"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine", choices=["striate", "torch"])
    parser.add_argument("network", choices=["lenet", "vgg"])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--images", type=int)
    parser.add_argument("--batch", type=int, default=128)
    given = parser.parse_args()
    x, y = data(given.network, given.images or {"lenet": 20000, "vgg": 1280}[given.network])
    begin = time.perf_counter()
    train = {"striate": with_striate, "torch": with_torch}[given.engine]
    speed, plan = train(given.network, x, y, given.epochs, given.batch)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.perf_counter() - begin
    print(
        json.dumps(
            {"images_per_second": round(speed, 1), "seconds": round(seconds, 2), "MB": round(memory), "plan": plan}
        )
    )


if __name__ == "__main__":
    main()
