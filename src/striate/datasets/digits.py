"""Digits: 1,797 handwritten digits of 8x8 pixels, real and always at hand."""

from dataclasses import dataclass

import numpy as np

from striate.datasets.base import Data, Dataset, Split

__all__ = ["Digits"]


@dataclass(frozen=True)
class Digits(Dataset):
    """1,797 handwritten digits of 8x8 grey pixels, which come with scikit-learn: no network is needed.

    x = round(v * 255 / 16), v the count from 0 to 16 of inked pixels in a block of 4x4

    Shape:   x (1797, 8, 8, 1) uint8, y (1797,) uint8, 10 classes; no official test set
    Source:  Alpaydin & Kaynak 1998, doi:10.24432/C50P49 (its test part)
    Example: >>> data = Digits().load()
             >>> data.train.x.shape, data.train.x.max(), data.train.y[:3].tolist()
             ((1797, 8, 8, 1), np.uint8(255), [0, 1, 2])
    """

    def load(self) -> Data:
        # scikit-learn takes most of a second to import: only whoever wants its digits pays for it.
        from sklearn.datasets import load_digits  # noqa: PLC0415

        images, labels = load_digits(return_X_y=True)
        x = np.round(images.reshape(-1, 8, 8, 1) * 255 / 16).astype(np.uint8)
        return Data("digits", Split(x, labels.astype(np.uint8)), classes=tuple("0123456789"))


def load_data(
    test_split: float = 0.2, seed: int = 0
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)), images (n, 8, 8) as Keras gives those of MNIST; stratified by class.

    Args:    test_split: share of the images that are for the test. seed: fixes which.
    Source:  after Keras 3, keras.datasets.mnist.load_data
    Example: >>> (x, y), (tx, ty) = load_data()
             >>> x.shape, tx.shape
             ((1437, 8, 8), (360, 8, 8))
    """
    from sklearn.model_selection import train_test_split  # noqa: PLC0415  (as above)

    every = Digits().load().train
    x, tx, y, ty = train_test_split(every.x[..., 0], every.y, test_size=test_split, random_state=seed, stratify=every.y)
    return (x, y), (tx, ty)
