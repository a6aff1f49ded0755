"""Training, validation and test: shuffled before they are split, each class in its share."""

import math
from dataclasses import replace

import numpy as np

from striate.datasets.base import Data, Split
from striate.errors import DataError, printable
from striate.finding import Finding
from striate.loader.cache import picked
from striate.seed import derive

__all__ = ["holdout", "split"]

_SHOWN = 8


def split(data: Data, validation: float = 0.1, test: float = 0.2, seed: int = 0) -> Data:
    """The data with a validation and a test set.

    With an official test set that is the test set, and `validation` is a share of the training images; without one,
    both are shares of all images. What is official stays as it is; a share of 0 leaves that set out.

    Args:    data: as it was loaded. validation, test: shares. seed: fixes which images go where.
    Errors:  DataError for shares that leave nothing to train on, and where there are too few images.
    Example: >>> from striate.datasets import Digits
             >>> parts = split(Digits().load())
             >>> len(parts.train), len(parts.validation), len(parts.test)
             (1258, 180, 359)
    """
    for name, share in (("validation", validation), ("test", test), ("validation + test", validation + test)):
        if not 0 <= share < 1:
            raise DataError(f"{name} cannot be {share:g}", sum="0 <= share < 1 must hold", fix="0.1 and 0.2, say")
    train, parts = data.train, {"validation": data.validation, "test": data.test}
    left = 1.0
    for name, share in (("test", test), ("validation", validation)):
        if parts[name] is None and share:
            kept, held = holdout(train.y, share / left, derive(seed, name))
            parts[name], train = _take(train, held), _take(train, kept)
            left -= share
    made = replace(data, train=train, **parts)
    return replace(made, findings=[*data.findings, *_rare(made)])


def holdout(y: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to keep and rows to hold out, each shuffled; every class gives its share.

    The share of each class is rounded so that the sum comes out, the largest remainders upwards; a class of at least
    two images has one at least on either side, a single image is kept. Labels that are no classes (fractions, several
    numbers for each image, or nearly as many values as images) are split without regard to them.

    Args:    y: labels (n, ...): class numbers, or one-hot vectors. share: of the rows to hold out. seed: fixes which.
    Errors:  DataError where nothing would be left on one side.
    Source:  stratified sampling: Neyman 1934, doi:10.2307/2342192
    Example: >>> kept, held = holdout(np.array([0, 1] * 10), 0.2, seed=0)
             >>> len(kept), np.array([0, 1] * 10)[held].tolist().count(0)
             (16, 2)
    """
    count = len(y)
    rng = np.random.default_rng(seed)
    strata = _strata(np.asarray(y))
    _, strata, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    quota = _quota(sizes, share)
    if not 0 < quota.sum() < count:
        raise DataError(
            f"{count} image{'s' * (count != 1)} cannot be split in two parts",
            sum=f"{share:.3g}*{count} = {share * count:.3g} held out; {len(sizes)} classes of at most {max(sizes, default=0)}",
            fix="at least two images of some class and a share above 0, or a share of 0 for no such part",
        )
    order = rng.permutation(count)
    order = order[np.argsort(strata[order], kind="stable")]  # class by class, shuffled within
    place = np.arange(count) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    out = place < np.repeat(quota, sizes)
    return rng.permutation(order[~out]), rng.permutation(order[out])


def _strata(y: np.ndarray) -> np.ndarray:
    """The class of each row; the same one for all where labels are no classes."""
    if y.ndim == 2 and y.shape[1] > 1 and np.isin(y, (0, 1)).all() and (y.sum(1) == 1).all():
        y = y.argmax(1)
    if y.size == len(y) and y.dtype.kind in "iub":
        y = y.reshape(-1)
        if 2 * len(np.unique(y)) <= max(len(y), 8):  # more values than that are quantities
            return y
    return np.zeros(len(y), np.int64)


def _quota(sizes: np.ndarray, share: float) -> np.ndarray:
    """How many of each class are held out."""
    exact = sizes * share
    quota = np.floor(exact).astype(np.int64)
    rest = math.floor(sizes.sum() * share + 0.5) - quota.sum()
    quota[np.argsort(quota - exact, kind="stable")[:rest]] += 1
    return np.where((sizes > 1) & (share > 0), np.clip(quota, 1, np.maximum(sizes - 1, 1)), 0)


def _take(part: Split, rows: np.ndarray) -> Split:
    """These rows of a part, which may be mapped from the cache and larger than memory."""
    files = [part.files[row] for row in rows] if part.files else None
    return Split(picked(part.x, rows), part.y[rows], files)


def _rare(data: Data) -> list[Finding]:
    """Classes that a part holds no image of."""
    findings = []
    for name, part in (("training", data.train), ("validation", data.validation), ("test", data.test)):
        if part is None or not data.classes or part.y.ndim != 1:
            continue
        counts = np.bincount(part.y, minlength=len(data.classes))
        missing = [printable(data.classes[number], 40) for number in np.flatnonzero(counts == 0)]
        if missing:
            findings.append(
                Finding(
                    "class-missing",
                    name,
                    f"{len(missing)} of {len(data.classes)} classes: {', '.join(missing[:_SHOWN])}",
                    f"no image of these classes is in the {name} set: they cannot be "
                    + ("learned" if name == "training" else "measured there"),
                    "more images of these classes, at least three, or leave them out",
                )
            )
    return findings
