"""Everything a report is made of, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from striate.errors import ArgumentError, printable
from striate.finding import Finding
from striate.report.text import shared_folder

__all__ = ["Results"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Results:
    """What became of a run: arrays, dicts and strings, nothing that computes.

    Whatever is left out is left out of the report. With `class_names` the labels are classes; without, they are
    values to be met (regression).

    Args:    title: of the report, usually the data set's name.
             labels: (n,) the true class numbers, or (n,) or (n, m) true values.
             outputs: what `predict` gave for them: (n, k) probabilities, (n, 1) of a sigmoid head, or values.
             class_names: k names, in the order of the outputs.
             part: which images the labels and outputs are of; "validation" where there is no test set.
             images: (i, h, w, c), uint8 as they came, or float.
             image_rows: (i,) the row of `labels` that each image belongs to; None: image i is row i.
             file_names: the i images' files.
             majority: number of the class that training saw most often; None: the most frequent of `labels`.
             class_counts: images of each class, by part: {"training": [...], "validation": [...], "test": [...]}.
             history: lists by epoch as metrics.csv has them: loss, accuracy, val_loss, val_accuracy, ...
             best_epoch: whose weights were kept, counted from 0 as in metrics.csv.
             interrupted: whether training was stopped before its end.
             filters: (kh, kw, c, f) weights of the first layer.
             network: what `model.check()` gives: rows, params, non_trainable, macs, receptive_field.
             findings: what is worth looking at.
             bad_files: (path, reason) of files set aside; the first ones, if there are many.
             bad_files_total: how many there are in all; None: as many as listed.
             recipe: the run's recipe.toml.
             run_again: the command that repeats the run.
             summary: the run's summary.json.
             machine: facts about where it ran: cpu, capability, cores, memory (bytes), system, python, torch, striate.
    Errors:  ArgumentError if lengths, class numbers or shapes do not belong together.
    Example: >>> results = Results(title="coins", class_names=["heads", "tails"], labels=[0, 1, 1],
             ...                   outputs=[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
             >>> results.said, results.right
             (array([0, 1, 0]), array([ True,  True, False]))
    """

    title: str
    labels: np.ndarray | Sequence[Any] = ()
    outputs: np.ndarray | Sequence[Any] = ()
    class_names: Sequence[str] = ()
    part: Literal["test", "validation"] = "test"
    images: np.ndarray | None = None
    image_rows: np.ndarray | Sequence[int] | None = None
    file_names: Sequence[str] | None = None
    majority: int | None = None
    class_counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    best_epoch: int | None = None
    interrupted: bool = False
    filters: np.ndarray | None = None
    network: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    bad_files: Sequence[tuple[str, str]] = ()
    bad_files_total: int | None = None
    recipe: str = ""
    run_again: str = "striate train recipe.toml"
    summary: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        labels, outputs = np.asarray(self.labels), np.asarray(self.outputs, dtype=np.float64)
        n, k = len(labels), len(self.class_names)
        if outputs.ndim == 1:
            outputs = outputs.reshape(n, -1) if n else outputs.reshape(0, max(k, 1))
        if self.class_names:
            labels = self._class_numbers(labels)
            if k == 2 and outputs.shape[1:] == (1,):
                outputs = np.concatenate([1 - outputs, outputs], axis=1)
            if outputs.shape != (n, k):
                raise ArgumentError(
                    "the outputs of a report do not fit its labels",
                    sum=f"outputs {outputs.shape}, {n} labels, {k} class names: outputs must be ({n}, {k})",
                    fix="one row for each label, one column for each class name",
                )
        else:
            labels = labels.astype(np.float64).reshape(n, -1) if n else np.zeros((0, outputs.shape[1]))
            if outputs.shape != labels.shape:
                raise ArgumentError(
                    "the outputs of a report do not fit its labels",
                    sum=f"outputs {outputs.shape}, labels {labels.shape}: they must be the same",
                    fix="one output for each value, or class_names where the labels are classes",
                )
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "outputs", outputs)
        self._check_images(n)

    def _class_numbers(self, labels: np.ndarray) -> np.ndarray:
        k = len(self.class_names)
        whole = labels.astype(np.int64)
        if (
            labels.ndim != 1
            or not np.array_equal(whole, labels)
            or (len(whole) and not 0 <= whole.min() <= whole.max() < k)
        ):
            raise ArgumentError(
                "the labels of a report must be class numbers",
                sum=f"{k} class names: each label is one of 0 to {k - 1}; given {printable(np.unique(labels)[:8].tolist())}",
                fix="one whole number for each image, or no class_names where the labels are values",
            )
        return whole

    def _check_images(self, n: int) -> None:
        if self.images is None:
            return
        images = np.asarray(self.images)
        rows = np.arange(len(images)) if self.image_rows is None else np.asarray(self.image_rows, dtype=np.int64)
        named = len(images) if self.file_names is None else len(self.file_names)
        fits = len(rows) == len(images) == named and (not len(rows) or 0 <= rows.min() <= rows.max() < n)
        if images.ndim != 4 or not fits:
            raise ArgumentError(
                "the images of a report do not fit its labels",
                sum=f"images {images.shape}, {len(rows)} rows, {named} file names, {n} labels",
                fix="(i, h, w, c) images, and where they are not all of them, image_rows with the row of each",
            )
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "image_rows", rows)

    @cached_property
    def folder(self) -> str:
        """The folder that all the named files are in: what every name would begin with."""
        return shared_folder([*(self.file_names or ()), *(str(path) for path, _ in self.bad_files)])

    @property
    def classifies(self) -> bool:
        """Whether the labels are classes."""
        return len(self.class_names) > 0

    @cached_property
    def scores(self) -> np.ndarray:
        """The outputs with 0 in place of what is no number."""
        return np.nan_to_num(self.outputs, nan=0.0, posinf=0.0, neginf=0.0)

    @cached_property
    def said(self) -> np.ndarray:
        """(n,) the class with the greatest output."""
        return self.scores.argmax(axis=1)

    @cached_property
    def right(self) -> np.ndarray:
        """(n,) whether that is the true class."""
        return self.said == self.labels

    @cached_property
    def confidence(self) -> np.ndarray | None:
        """(n,) the probability of the class that was said; None if the outputs are no probabilities."""
        if not self.classifies or self.scores.min(initial=0) < 0 or self.scores.max(initial=0) > 1 + 1e-6:
            return None
        return self.scores.max(axis=1, initial=0).clip(0, 1)
