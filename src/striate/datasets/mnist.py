"""MNIST: 70,000 handwritten digits of 28x28 pixels."""

from dataclasses import dataclass

import numpy as np

from striate.datasets.base import Data, Dataset
from striate.datasets.fetch import Source, fetch
from striate.datasets.idx import read_idx_pair

__all__ = ["MNIST"]

SOURCE = Source(
    "MNIST",
    "mnist",
    {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        "http://yann.lecun.com/exdb/mnist",
    ),
)


@dataclass(frozen=True)
class MNIST(Dataset):
    """70,000 handwritten digits of 28x28 grey pixels; 10,000 of them are the official test set.

    Shape:   x (60000, 28, 28, 1) uint8, y (60000,) uint8, 10 classes; test 10,000
    Errors:  DataError if it is not in the cache and cannot be fetched, or its files are damaged.
    Source:  LeCun, Bottou, Bengio & Haffner 1998, doi:10.1109/5.726791; lecture 000 L54-115
    Example: >>> MNIST()
             MNIST()
    """

    def load(self) -> Data:
        train_images, train_labels, test_images, test_labels = fetch(SOURCE)
        train, test = read_idx_pair(train_images, train_labels, 10), read_idx_pair(test_images, test_labels, 10)
        return Data("mnist", train, test=test, classes=tuple("0123456789"))


def load_data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)), images (n, 28, 28) as Keras gives them: `x[..., None]` adds the channel.

    Errors:  DataError if it is not in the cache and cannot be fetched, or its files are damaged.
    Source:  Keras 3, keras.datasets.mnist.load_data
    """
    data = MNIST().load()
    assert data.test is not None
    return (data.train.x[..., 0], data.train.y), (data.test.x[..., 0], data.test.y)
