"""Cross-entropies: how surprised a predicted distribution is by the truth."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional

from striate.errors import DataError
from striate.losses.base import Loss, label_numbers, label_place
from striate.shape import Shape, to_border
from striate.units import Fraction

__all__ = ["BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"]

CLIP = 1e-7
"""Probabilities are kept this far from 0 and 1, as Keras does; from scores nothing needs to be clipped."""


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """How improbable the network found the true class, which is given by its number.

    loss = -log p[y],  with from_logits p = softmax(scores): loss = log(sum over k of exp(s[k])) - s[y]

    Shape:   predictions (n, k) or (n, h, w, k), labels (n,) or (n, 1) or (n, h, w) -> (n,) or (n, h, w)
    Args:    from_logits: whether predictions are scores; by default they are probabilities.
    Errors:  DataError for labels that are no class numbers 0 ... k - 1.
    Source:  Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; lecture 003 L95-120, L248
    Example: >>> round(SparseCategoricalCrossentropy()([1], [[0.2, 0.8]]), 4)
             0.2231
    """

    head: ClassVar[str | None] = "Softmax"
    from_logits: bool = False

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if self.from_logits:
            return functional.cross_entropy(prediction, target, reduction="none")
        return functional.nll_loss(_log_shares(prediction), target, reduction="none")

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        positions, classes = output[:-1], output[-1]
        if tuple(labels.shape[1:]) == (*positions, 1):
            labels = labels.squeeze(-1)
        if tuple(labels.shape[1:]) != positions:
            one_hot = tuple(labels.shape[1:]) == output
            raise DataError(
                "the labels are one-hot, SparseCategoricalCrossentropy takes class numbers"
                if one_hot
                else "the labels do not go with the outputs of the network: one class number for each prediction",
                sum=f"labels {tuple(labels.shape)}, needed {(len(labels), *positions)}",
                fix='loss="categorical_crossentropy", or labels.argmax(-1)'
                if one_hot
                else "labels of that shape, or a network with another output",
            )
        whole = labels.long()
        fractions = whole.to(labels.dtype) != labels  # also NaN and infinity
        if fractions.any():
            raise DataError(
                f"{label_place(labels, fractions)} is no class number: they are whole",
                sum=f"{int(fractions.sum())} of {fractions.numel()} labels are not",
                fix='class numbers 0, 1, 2 ..., or loss="mean_squared_error" for quantities',
            )
        wrong = (whole < 0) | (whole >= classes)
        if wrong.any():
            first, last = int(whole.min()), int(whole.max())
            raise DataError(
                f"{label_place(whole, wrong)}, but the network has {classes} output{'s' if classes > 1 else ''}: "
                f"labels run 0..{classes - 1}",
                sum=f"the labels given run {first}..{last}",
                fix=_numbering(first, last, classes),
            )
        return whole


@dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """How improbable the network found the truth, which is given one-hot, or as any distribution.

    loss = -sum over k of y[k] * log p[k],  with from_logits p = softmax(scores)

    Shape:   predictions and labels (n, k) or (n, h, w, k) -> (n,) or (n, h, w)
    Args:    from_logits: whether predictions are scores; by default they are probabilities.
             label_smoothing: share a of the truth that is spread evenly: y*(1 - a) + a/k.
    Errors:  DataError for labels of another shape, or that are no distributions.
    Source:  Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; lecture 003 L95-120; smoothing: Szegedy et al. 2016,
             arXiv:1512.00567
    Example: >>> round(CategoricalCrossentropy()([[0, 1]], [[0.2, 0.8]]), 4)
             0.2231
    """

    head: ClassVar[str | None] = "Softmax"
    from_logits: bool = False
    label_smoothing: Fraction = 0.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = target.to(prediction.dtype)
        if self.from_logits:
            smoothing = self.label_smoothing
            return functional.cross_entropy(prediction, target, reduction="none", label_smoothing=smoothing)
        target = _smoothed(target, self.label_smoothing, prediction.shape[1])
        return -(target * _log_shares(prediction)).sum(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        sparse = 'loss="sparse_categorical_crossentropy", or utils.to_categorical(labels)'
        target = label_numbers(self, labels, output, sparse)
        total = target.sum(1)
        wrong = ((total - 1).abs() > 1e-3) | (target < 0).any(1)
        if wrong.any():
            raise DataError(
                f"the label in row {int(wrong.nonzero()[0, 0])} is no distribution over the classes",
                sum=f"its numbers add up to {total[wrong][0]:g}; they must be >= 0 and add up to 1",
                fix='loss="binary_crossentropy" and a sigmoid where an image can have several classes or none',
            )
        return target


@dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """How improbable the network found each yes or no; lecture 003 L80 leaves the minus out.

    loss = -(y * log p + (1 - y) * log(1 - p)), the mean over the outputs,  with from_logits p = sigmoid(score)

    Shape:   predictions (n, k) or (n, h, w, k), labels the same, or (n,) for one output -> (n,) or (n, h, w)
    Args:    from_logits: whether predictions are scores; by default they are probabilities.
             label_smoothing: share a of the truth that is spread evenly: y*(1 - a) + a/2.
    Errors:  DataError for labels of another shape, or outside 0..1.
    Source:  Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; lecture 000 L287-317, lecture 003 L73-92
    Example: >>> round(BinaryCrossentropy()([1], [[0.8]]), 4)
             0.2231
    """

    head: ClassVar[str | None] = "Sigmoid"
    from_logits: bool = False
    label_smoothing: Fraction = 0.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = _smoothed(target.to(prediction.dtype), self.label_smoothing, 2)
        if self.from_logits:
            each = functional.binary_cross_entropy_with_logits(prediction, target, reduction="none")
        else:
            each = functional.binary_cross_entropy(prediction.clamp(CLIP, 1 - CLIP), target, reduction="none")
        return each.mean(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        sparse = 'loss="sparse_categorical_crossentropy" and a softmax, or utils.to_categorical(labels)'
        target = label_numbers(self, labels, output, sparse)
        wrong = (target < 0) | (target > 1)
        if wrong.any():
            first, last = float(target.min()), float(target.max())
            signs = first == -1 and last == 1
            place = label_place(to_border(target), to_border(wrong))
            raise DataError(
                f"{place} is no yes or no: labels of BinaryCrossentropy lie between 0 and 1",
                sum=f"the labels given run {first:g}..{last:g}",
                fix="(labels + 1) / 2"
                if signs
                else 'labels 0 and 1; for more classes loss="sparse_categorical_crossentropy" and a softmax',
            )
        return target


def _log_shares(prediction: torch.Tensor) -> torch.Tensor:
    """log of the probabilities, made to sum to 1 and clipped as Keras does."""
    shares = prediction / prediction.sum(1, keepdim=True)
    return shares.clamp(CLIP, 1 - CLIP).log()


def _smoothed(target: torch.Tensor, share: float, choices: int) -> torch.Tensor:
    return target * (1 - share) + share / choices if share else target


def _numbering(first: int, last: int, classes: int) -> str:
    """What is to be done about class numbers first..last that are not all below `classes`."""
    if first == -100:
        return "leave those rows out: -100, which torch would skip without a word, is no class"
    if (first, last, classes) == (-1, 1, 2):
        return "(labels + 1) // 2: classes are numbered from 0"
    if first == last - classes + 1:
        return f"labels {'-' if first > 0 else '+'} {abs(first)}: classes are numbered from 0"
    if first < 0:
        return "number the classes from 0: y = np.unique(labels, return_inverse=True)[1]"
    return f"{last + 1} units in the last layer, or labels below {classes}"
