"""Cross-entropies: how surprised a predicted distribution is by the truth."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional

from striate.losses.base import Loss, label_classes, label_shares, label_yes_or_no
from striate.shape import Shape
from striate.units import Factor, Fraction

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "KLDivergence",
    "LogSoftMax",
    "SparseCategoricalCrossentropy",
]

CLIP = 1e-7
"""Probabilities are kept this far from 0 and 1, as Keras does; from scores nothing needs to be clipped."""


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """How improbable the network found the true class, which is given by its number.

    loss = -log p[y],  with from_logits p = softmax(scores): loss = log(sum over k of exp(s[k])) - s[y]

    Shape:   predictions (n, k) or (n, h, w, k), labels (n,) or (n, 1) or (n, h, w) -> (n,) or (n, h, w)
    Args:    from_logits: whether predictions are scores; by default they are probabilities.
             label_smoothing: share a of the truth that is spread evenly over the k classes.
    Errors:  DataError for labels that are no class numbers 0 ... k - 1.
    Source:  Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; lecture 003 L95-120, L248; smoothing: Szegedy et al. 2016,
             arXiv:1512.00567
    Example: >>> round(SparseCategoricalCrossentropy()([1], [[0.2, 0.8]]), 4)
             0.2231
    """

    head: ClassVar[str | None] = "Softmax"
    labels: ClassVar = "class numbers"
    from_logits: bool = False
    label_smoothing: Fraction = 0.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        share = self.label_smoothing
        if self.from_logits:
            return functional.cross_entropy(prediction, target, reduction="none", label_smoothing=share)
        log = _log_shares(prediction)
        # torch's nll_loss has no gradient for a map in channels_last memory.
        true = log.gather(1, target.unsqueeze(1)).squeeze(1)
        return -torch.lerp(true, log.mean(1), share) if share else -true

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        return label_classes(self, labels, output, 'loss="categorical_crossentropy", or labels.argmax(-1)')


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
    labels: ClassVar = "distributions"
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
        return label_shares(self, labels, output)


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
    labels: ClassVar = "yes or no"
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
        return label_yes_or_no(self, labels, output)


@dataclass(frozen=True)
class LogSoftMax(Loss):
    """The LogSoftMax brick: sparse categorical cross-entropy of scores, which needs no softmax before it.

    loss = log(sum over k of exp(x[k])) - x[c],  gradient exp(x[s]) / (sum over k of exp(x[k])) - [s = c]

    Shape:   scores (n, k) or (n, h, w, k), labels (n,) or (n, 1) or (n, h, w) -> (n,) or (n, h, w)
    Errors:  DataError for labels that are no class numbers 0 ... k - 1.
    Source:  lecture 003 L248
    Example: >>> round(LogSoftMax()([1], [[0.0, 0.0]]), 4)
             0.6931
    """

    labels: ClassVar = "class numbers"

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(prediction, target, reduction="none")

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        return label_classes(self, labels, output, "labels.argmax(-1)")


@dataclass(frozen=True)
class KLDivergence(Loss):
    """How far a distribution is from the true one: the cross-entropy, less what the truth itself leaves open.

    loss = sum over k of y[k] * log(y[k] / p[k]),  0 where y[k] = 0;  with from_logits p = softmax(scores)

    Shape:   predictions and labels (n, k) or (n, h, w, k) -> (n,) or (n, h, w)
    Args:    from_logits: whether predictions are scores; by default they are probabilities.
    Errors:  DataError for labels of another shape, or that are no distributions.
    Source:  Kullback & Leibler 1951, doi:10.1214/aoms/1177729694
    Example: >>> round(KLDivergence()([[0.5, 0.5]], [[0.2, 0.8]]), 4)
             0.2231
    """

    head: ClassVar[str | None] = "Softmax"
    labels: ClassVar = "distributions"
    from_logits: bool = False

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = target.to(prediction.dtype)
        log = functional.log_softmax(prediction, 1) if self.from_logits else prediction.clamp(CLIP, 1).log()
        return (torch.xlogy(target, target) - target * log).sum(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        return label_shares(self, labels, output)


@dataclass(frozen=True)
class BinaryFocalCrossentropy(Loss):
    """Binary cross-entropy in which answers that are right already count little, so that rare hard ones are learned.

    loss = -(y * log p + (1 - y) * log(1 - p)) * (1 - q)**gamma, the mean over the outputs;
    q = y*p + (1 - y)*(1 - p), the probability of the truth;  with from_logits p = sigmoid(score)

    Shape:   predictions (n, k) or (n, h, w, k), labels the same, or (n,) for one output -> (n,) or (n, h, w)
    Args:    apply_class_balancing: whether a yes counts `alpha` times, a no 1 - alpha times.
             alpha: the weight of a yes, if classes are balanced.
             gamma: how little the right answers count; 0 is the binary cross-entropy.
             from_logits: whether predictions are scores; by default they are probabilities.
             label_smoothing: share a of the truth that is spread evenly: y*(1 - a) + a/2.
    Errors:  DataError for labels of another shape, or outside 0..1.
    Source:  Lin et al. 2017, arXiv:1708.02002
    Example: >>> round(BinaryFocalCrossentropy()([1], [[0.8]]), 4)
             0.0089
    """

    head: ClassVar[str | None] = "Sigmoid"
    labels: ClassVar = "yes or no"
    apply_class_balancing: bool = False
    alpha: Fraction = 0.25
    gamma: Factor = 2.0
    from_logits: bool = False
    label_smoothing: Fraction = 0.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = _smoothed(target.to(prediction.dtype), self.label_smoothing, 2)
        if self.from_logits:
            each = functional.binary_cross_entropy_with_logits(prediction, target, reduction="none")
            yes, no = torch.sigmoid(prediction), torch.sigmoid(-prediction)  # 1 - yes would round to 0
        else:
            yes = prediction.clamp(CLIP, 1 - CLIP)
            each, no = functional.binary_cross_entropy(yes, target, reduction="none"), 1 - yes
        each = each * _power(target * no + (1 - target) * yes, self.gamma)
        if self.apply_class_balancing:
            each = each * (target * self.alpha + (1 - target) * (1 - self.alpha))
        return each.mean(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        return label_yes_or_no(self, labels, output)


@dataclass(frozen=True)
class CategoricalFocalCrossentropy(Loss):
    """Categorical cross-entropy in which classes that are recognised already count little.

    loss = -alpha * sum over k of y[k] * (1 - p[k])**gamma * log p[k],  with from_logits p = softmax(scores)

    Shape:   predictions and labels (n, k) or (n, h, w, k) -> (n,) or (n, h, w)
    Args:    alpha: factor of the whole.
             gamma: how little the right answers count; 0 is alpha times the categorical cross-entropy.
             from_logits: whether predictions are scores; by default they are probabilities.
             label_smoothing: share a of the truth that is spread evenly: y*(1 - a) + a/k.
    Errors:  DataError for labels of another shape, or that are no distributions.
    Source:  Lin et al. 2017, arXiv:1708.02002; for several classes Keras 3, keras.losses.CategoricalFocalCrossentropy
    Example: >>> round(CategoricalFocalCrossentropy()([[0, 1]], [[0.2, 0.8]]), 4)
             0.0022
    """

    head: ClassVar[str | None] = "Softmax"
    labels: ClassVar = "distributions"
    alpha: Factor = 0.25
    gamma: Factor = 2.0
    from_logits: bool = False
    label_smoothing: Fraction = 0.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = _smoothed(target.to(prediction.dtype), self.label_smoothing, prediction.shape[1])
        log = functional.log_softmax(prediction, 1) if self.from_logits else _log_shares(prediction)
        missing = -torch.expm1(log)  # (n, k, h, w): what is missing to certainty; 1 - exp(log) would round to 0
        return -self.alpha * (target * _power(missing, self.gamma) * log).sum(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        return label_shares(self, labels, output)


def _power(missing: torch.Tensor, gamma: float) -> torch.Tensor:
    """missing**gamma, also where nothing is missing: there its slope is infinite for gamma < 1, that of the loss is 0."""
    return missing.clamp(min=torch.finfo(missing.dtype).tiny) ** gamma


def _log_shares(prediction: torch.Tensor) -> torch.Tensor:
    """log of the probabilities, made to sum to 1 and clipped as Keras does."""
    shares = prediction / prediction.sum(1, keepdim=True)
    return shares.clamp(CLIP, 1 - CLIP).log()


def _smoothed(target: torch.Tensor, share: float, choices: int) -> torch.Tensor:
    return target * (1 - share) + share / choices if share else target
