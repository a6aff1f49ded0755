"""What it is to be a data set: images with their labels, as they are loaded."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from striate import catalog
from striate.finding import Finding

__all__ = ["BadFile", "Data", "Dataset", "Split"]


@dataclass(frozen=True)
class BadFile:
    """A file that was set aside, and why."""

    path: str
    reason: str


@dataclass
class Split:
    """Images (n, h, w, c), uint8 or float, and labels (n, ...); `files` names each image where it came from a file."""

    x: np.ndarray
    y: np.ndarray
    files: list[str] | None = None

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: Iterable[int] | np.ndarray) -> "Split":
        """The images of these rows."""
        rows = np.asarray(rows)
        return Split(self.x[rows], self.y[rows], [self.files[row] for row in rows] if self.files else None)


@dataclass
class Data:
    """A data set in memory (or memory-mapped): what is given for training, validation and test.

    `validation` and `test` are None where nothing official is given; the loader splits them off.
    """

    name: str
    train: Split
    validation: Split | None = None
    test: Split | None = None
    classes: tuple[str, ...] = ()
    bad: list[BadFile] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Dataset(catalog.Concept, shelf="datasets"):
    """A named data set that can be loaded."""

    at_hand: ClassVar[bool] = False
    """Whether it is so small, and so near, that a check of the declaration looks at it too."""

    def load(self) -> Data:
        """The images and labels; fetched or read from the cache where they must be."""
        raise NotImplementedError
