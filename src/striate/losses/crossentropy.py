"""Cross-entropies: how surprised a predicted distribution is by the truth."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional

from striate.errors import DataError
from striate.losses.base import Loss, require_shape
from striate.shape import Shape, to_inside
from striate.units import Fraction

__all__ = ["BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"]

CLIP = 1e-7
"""Probabilities are kept this far from 0 and 1, as Keras does; from scores nothing needs to be clipped."""


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """How improbable the network found the true class, which is given by its number.

    loss = -log p[y],  p the softmax of the scores

    Shape:   predictions (n, k) or (n, h, w, k), labels (n,) or (n, h, w) -> (n,) or (n, h, w)
    Args:    from_logits: whether predictions are scores; by default they are probabilities.
    Errors:  DataError for labels that are no class numbers 0..k-1.
    Source:  lecture 003 L95-120
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
        classes = output[-1]
        if labels.dim() == len(output) + 1 and labels.shape[-1] == 1:
            labels = labels.squeeze(-1)
        if labels.dim() == len(output) + 1 and labels.shape[-1] == classes and classes > 1:
            raise DataError(
                "the labels are one-hot rows, SparseCategoricalCrossentropy takes class numbers",
                sum=f"labels {tuple(labels.shape)}, needed ({labels.shape[0]},)",
                fix='loss="categorical_crossentropy", or labels.argmax(-1)',
            )
        require_shape(labels, output[:-1])
        whole = labels.long()
        if labels.is_floating_point() and not torch.equal(whole.to(labels.dtype), labels):
            raise DataError("the labels are not whole numbers", fix='class numbers 0, 1, 2 ..., or loss="mean_squared_error"')
        wrong = ((whole < 0) | (whole >= classes)).flatten()
        if wrong.any():
            row = int(wrong.nonzero()[0])
            raise DataError(
                f"label {int(whole.flatten()[row])} in row {row // max(whole[0].numel(), 1)} is no class of the network",
                sum=f"{classes} outputs: labels run from 0 to {classes - 1}",
                fix=f"{max(int(whole.max()) + 1, classes)} units in the last layer, or other labels",
            )
        return whole


@dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """How improbable the network found the truth, which is given as one-hot rows (or any distribution).

    loss = -sum over k of y[k] * log p[k],  p the softmax of the scores

    Shape:   predictions and labels (n, k) or (n, h, w, k) -> (n,) or (n, h, w)
    Args:
        from_logits: whether predictions are scores; by default they are probabilities.
        label_smoothing: share a of the truth that is spread evenly: y*(1 - a) + a/k.
    Errors:  DataError for labels of another shape.
    Source:  lecture 003 L95-120; Szegedy et al. 2016, arXiv:1512.00567 (smoothing)
    Example: >>> round(CategoricalCrossentropy()([[0, 1]], [[0.2, 0.8]]), 4)
             0.2231
    """

    head: ClassVar[str | None] = "Softmax"
    from_logits: bool = False
    label_smoothing: Fraction = 0.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = target.to(prediction.dtype)
        if self.label_smoothing:
            target = target * (1 - self.label_smoothing) + self.label_smoothing / prediction.shape[1]
        if self.from_logits:
            return functional.cross_entropy(prediction, target, reduction="none")
        return -(target * _log_shares(prediction)).sum(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        if labels.dim() == len(output) and labels.dim() > 0 and output[-1] > 1:
            raise DataError(
                "the labels are class numbers, CategoricalCrossentropy takes one-hot rows",
                sum=f"labels {tuple(labels.shape)}, needed ({labels.shape[0]}, {output[-1]})",
                fix='loss="sparse_categorical_crossentropy", or utils.to_categorical(labels)',
            )
        require_shape(labels, output)
        return to_inside(labels.float())


@dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """How improbable the network found each yes or no. The lecture (003 L80) leaves the minus out.

    loss = -(y*log p + (1 - y)*log(1 - p)), the mean over the outputs,  p the sigmoid of the score

    Shape:   predictions (n, k) or (n, h, w, k), labels the same (or (n,) for one output) -> (n,) or (n, h, w)
    Args:
        from_logits: whether predictions are scores; by default they are probabilities.
        label_smoothing: share a that is spread evenly: y*(1 - a) + a/2.
    Errors:  DataError for labels outside 0..1 or of another shape.
    Source:  lecture 000 L295, lecture 003 L73-92
    Example: >>> round(BinaryCrossentropy()([1], [[0.8]]), 4)
             0.2231
    """

    head: ClassVar[str | None] = "Sigmoid"
    from_logits: bool = False
    label_smoothing: Fraction = 0.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = target.to(prediction.dtype)
        if self.label_smoothing:
            target = target * (1 - self.label_smoothing) + self.label_smoothing / 2
        if self.from_logits:
            each = functional.binary_cross_entropy_with_logits(prediction, target, reduction="none")
        else:
            each = functional.binary_cross_entropy(prediction.clamp(CLIP, 1 - CLIP), target, reduction="none")
        return each.mean(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        if labels.dim() == len(output) and output[-1] == 1:
            labels = labels.unsqueeze(-1)
        require_shape(labels, output)
        number = labels.float()
        if number.numel() and not (number.min() >= 0 and number.max() <= 1):
            raise DataError(
                "labels of BinaryCrossentropy lie between 0 and 1",
                sum=f"these run from {number.min():g} to {number.max():g}",
                fix='0 and 1; for more classes loss="sparse_categorical_crossentropy" and a softmax',
            )
        return to_inside(number)


def _log_shares(prediction: torch.Tensor) -> torch.Tensor:
    """log of the probabilities, made to sum to 1 and clipped as Keras does."""
    shares = prediction / prediction.sum(1, keepdim=True)
    return shares.clamp(CLIP, 1 - CLIP).log()
