"""Training, validation and test: shuffled before they are split, each class in its share."""

from dataclasses import replace

import numpy as np
from sklearn.model_selection import train_test_split

from striate.datasets.base import Data
from striate.errors import DataError
from striate.finding import Finding
from striate.seed import derive

__all__ = ["holdout", "split"]


def split(data: Data, validation: float = 0.1, test: float = 0.2, seed: int = 0) -> Data:
    """The data with a validation and a test set.

    An official test set is the test set, and `validation` is a share of the training images; without one, both are
    shares of all images. A share of 0 leaves that set out.

    Errors:  DataError where there are too few images.
    Example: >>> from striate.datasets import Digits
             >>> parts = split(Digits().load())
             >>> len(parts.train), len(parts.validation), len(parts.test)
             (1258, 180, 359)
    """
    train, findings = data.train, list(data.findings)
    if len(train) < 2:
        raise DataError(f"{data.name} has {len(train)} images, too few to learn from", fix="dozens of each class")
    found_test, found_validation = data.test, data.validation
    if found_test is None and test:
        kept, held = holdout(train.y, test, derive(seed, "test"))
        found_test, train = train.take(held), train.take(kept)
        validation = validation / (1 - test)
    if found_validation is None and validation:
        kept, held = holdout(train.y, validation, derive(seed, "validation"))
        found_validation, train = train.take(held), train.take(kept)
    if data.classes:
        missing = [name for number, name in enumerate(data.classes) if number not in set(np.unique(train.y).tolist())]
        if missing:
            findings.append(
                Finding(
                    "class-not-in-training",
                    "data",
                    f"{len(missing)} of {len(data.classes)} classes: {', '.join(missing[:8])}",
                    "some classes have no image left to train on",
                    "more images of these classes, or leave them out",
                )
            )
    return replace(data, train=train, validation=found_validation, test=found_test, findings=findings)


def holdout(y: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to keep and rows to hold out, shuffled; class labels in their shares where every class has two at least.

    Errors:  DataError where nothing would be left on one side.
    Example: >>> kept, held = holdout(np.array([0, 1] * 10), 0.2, seed=0)
             >>> len(kept), sorted(np.array([0, 1] * 10)[held])
             (16, [np.int64(0), np.int64(0), np.int64(1), np.int64(1)])
    """
    count = len(y)
    held = min(max(round(count * share), 1), count - 1)
    if count < 2:
        raise DataError(
            f"{count} image cannot be split", sum=f"{share:.0%} of {count}", fix="more images, or a share of 0"
        )
    y = np.asarray(y)
    sparse = y.argmax(-1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(count, -1)
    strata = None
    if sparse.ndim == 1 or sparse.shape[1] == 1:
        sparse = sparse.reshape(-1)
        _, counts = np.unique(sparse, return_counts=True)
        # scikit-learn needs two of each class, and room for each class on both sides; values are not strata
        if len(counts) > 1 and counts.min() >= 2 and len(counts) <= min(held, count - held):
            strata = sparse
    rows = np.arange(count)
    kept, out = train_test_split(rows, test_size=held, random_state=seed % 2**32, stratify=strata)
    return kept, out
