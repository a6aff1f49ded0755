"""CIFAR-10: 60,000 small colour photographs of ten kinds of things."""

from dataclasses import dataclass

import numpy as np

from striate.datasets.base import Data, Dataset, Split
from striate.datasets.cifar import read_cifar
from striate.datasets.fetch import Source, fetch
from striate.errors import printable
from striate.finding import Finding

__all__ = ["CIFAR10"]

SOURCE = Source(
    "CIFAR-10",
    "cifar-10-batches-bin",
    {
        "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    },
    ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
CLASSES = tuple(["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"])
_EACH = 10_000


@dataclass(frozen=True)
class CIFAR10(Dataset):
    """60,000 colour photographs of 32x32 pixels; 10,000 of them are the official test set.

    A file that holds fewer images than the published one is used, and a finding says so.

    Shape:   x (50000, 32, 32, 3) uint8, y (50000,) uint8, 10 classes; test 10,000
    Errors:  DataError if it is not in the cache and cannot be fetched, or its files are damaged.
    Source:  Krizhevsky 2009, cs.toronto.edu/~kriz/learning-features-2009-TR.pdf
    Example: >>> CIFAR10()
             CIFAR10()
    """

    def load(self) -> Data:
        paths = fetch(SOURCE)
        parts = [read_cifar(path) for path in paths]
        *train, test = [Split(x, y[:, 0]) for x, y in parts]
        findings = [
            Finding(
                "short-file",
                printable(path),
                f"{len(x):,} of {_EACH:,} images",
                f"the {'test' if path is paths[-1] else 'training'} file holds {len(x):,} of {_EACH:,} images",
                "delete it to have the published file fetched, or go on: what is measured on fewer images is less certain",
            )
            for path, (x, _) in zip(paths, parts, strict=True)
            if len(x) < _EACH
        ]
        joined = Split(np.concatenate([part.x for part in train]), np.concatenate([part.y for part in train]))
        return Data("cifar10", joined, test=test, classes=CLASSES, findings=findings)


def load_data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)), labels (n, 1) as Keras gives them.

    Errors:  DataError if it is not in the cache and cannot be fetched, or its files are damaged.
    Source:  Keras 3, keras.datasets.cifar10.load_data
    """
    data = CIFAR10().load()
    assert data.test is not None
    return (data.train.x, data.train.y[:, None]), (data.test.x, data.test.y[:, None])
