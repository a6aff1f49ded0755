"""Which class is taken for which, and how well predicted regions cover the true ones."""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Strict

from striate.errors import ArgumentError, DataError
from striate.metrics.base import Tallied, class_guesses, class_truths
from striate.shape import as_tensor
from striate.units import Index

__all__ = ["Dice", "IoU", "MeanIoU", "confusion_matrix"]


def confusion_matrix(y_true: Any, y_pred: Any, classes: int | None = None) -> np.ndarray:
    """How often each class was taken for each.

    matrix[i, j] = number of samples of class i that were taken for class j

    Shape:   labels (n,) or (n, h, w), predictions the same, or scores (n, k) or (n, h, w, k) -> (classes, classes)
    Args:    y_true: class numbers.
             y_pred: class numbers, or a score for each class.
             classes: how many there are; by default as many as scores, or as the highest number tells.
    Errors:  DataError for numbers that are none of the classes, and where the two do not go together.
    Source:  Townsend 1971, doi:10.3758/BF03213026
    Example: >>> confusion_matrix([0, 1, 1], [0, 1, 0])
             array([[1, 0],
                    [1, 1]])
    """
    truth, guess = as_tensor(y_true, "labels"), as_tensor(y_pred, "predictions")
    if guess.dim() == truth.dim() + 1:
        classes, guess = classes or guess.shape[-1], guess.argmax(-1)
    if truth.shape != guess.shape:
        raise DataError(
            "the labels do not go with the predictions",
            sum=f"labels {tuple(truth.shape)}, predictions {tuple(guess.shape)}",
            fix="one class number for each prediction",
        )
    highest = max((int(x.max()) for x in (truth, guess) if x.numel()), default=-1)
    count = highest + 1 if classes is None else classes
    if count < 1:
        raise ArgumentError(f"a confusion matrix of {count} classes", sum="classes must be >= 1", fix="classes=10")
    for x, what in ((truth, "label"), (guess, "prediction")):
        wrong = x[(x != x.long()) | (x < 0) | (x >= count)]
        if len(wrong):
            raise DataError(
                f"{what} {wrong[0].item():g} is no class number: {count} classes have 0..{count - 1}",
                sum=f"{len(wrong)} of {x.numel()} {what}s are not among them",
                fix=f"class numbers from 0 to {count - 1}, or classes={max(highest + 1, 1)}",
            )
    return _counts(truth.long(), guess.long(), count).numpy()


def _counts(truth: torch.Tensor, guess: torch.Tensor, classes: int) -> torch.Tensor:
    """(classes, classes): row the truth, column the guess."""
    pairs = (truth * classes + guess).flatten()
    return torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True)
class _Regions(Tallied, abstract=True):
    """What metrics of regions share: a count of every pair of true and predicted class."""

    takes_numbers: ClassVar[bool] = True

    def sums(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        truth = class_truths(self, prediction, target)
        return _counts(truth, class_guesses(prediction), max(prediction.shape[1], 2))


def _both_and_sizes(counts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """For each class the pixels that are both truth and guess, and those of the truth and of the guess together."""
    return counts.diagonal().double(), (counts.sum(0) + counts.sum(1)).double()


@dataclass(frozen=True)
class MeanIoU(_Regions):
    """How far predicted and true regions are the same: intersection over union, the mean over the classes.

    IoU[k] = |A and B| / |A or B|,  A what is predicted as class k, B what is of class k, in all images together

    Classes that are neither predicted nor true are left out of the mean. One output means two classes, no and yes.

    Shape:   predictions (n, k) or (n, h, w, k), labels (n,) or (n, h, w), or as the predictions
    Source:  Jaccard 1901, doi:10.5169/seals-266450; Everingham et al. 2015, doi:10.1007/s11263-014-0733-5
    Example: >>> MeanIoU()([[0, 1, 1, 1]], [[[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]])
             0.5833333333333333
    """

    name: str = field(default="mean_io_u", kw_only=True)

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor:
        both, sizes = _both_and_sizes(sums)
        return (both / (sizes - both))[sizes > 0].mean()


@dataclass(frozen=True)
class IoU(_Regions):
    """Intersection over union of some classes alone, the mean over those.

    IoU[k] = |A and B| / |A or B|,  A what is predicted as class k, B what is of class k, in all images together

    Classes that are neither predicted nor true are left out of the mean. One output means two classes, no and yes.

    Shape:   predictions (n, k) or (n, h, w, k), labels (n,) or (n, h, w), or as the predictions
    Args:    target_class_ids: the classes that count; by default class 1, the object on the ground of class 0.
    Errors:  ArgumentError for a class that the predictions have no score for.
    Source:  Jaccard 1901, doi:10.5169/seals-266450; Keras 3, keras.metrics.IoU
    Example: >>> IoU()([[0, 1, 1, 1]], [[[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]])
             0.6666666666666666
    """

    target_class_ids: Annotated[tuple[Index, ...], Strict(False)] = (1,)
    name: str = field(default="io_u", kw_only=True)

    def sums(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        sums = super().sums(prediction, target)
        if not self.target_class_ids or max(self.target_class_ids) >= len(sums):
            raise ArgumentError(
                f"IoU of the classes {self.target_class_ids}, and there are {len(sums)}",
                sum=f"classes run 0..{len(sums) - 1}",
                fix=f"target_class_ids=({len(sums) - 1},)",
            )
        return sums

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor:
        both, sizes = (x[list(self.target_class_ids)] for x in _both_and_sizes(sums))
        return (both / (sizes - both))[sizes > 0].mean()


@dataclass(frozen=True)
class Dice(_Regions):
    """How far predicted and true regions are the same: twice what both cover over what each covers, class by class.

    dice[k] = 2 * |A and B| / (|A| + |B|),  A what is predicted as class k, B what is of class k, in all images together

    The mean over the classes; those that are neither predicted nor true are left out. One output means two classes,
    no and yes.

    Shape:   predictions (n, k) or (n, h, w, k), labels (n,) or (n, h, w), or as the predictions
    Source:  Dice 1945, doi:10.2307/1932409
    Example: >>> Dice()([[0, 1, 1, 1]], [[[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]])
             0.7333333333333334
    """

    name: str = field(default="dice", kw_only=True)

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor:
        both, sizes = _both_and_sizes(sums)
        return (2 * both / sizes)[sizes > 0].mean()
