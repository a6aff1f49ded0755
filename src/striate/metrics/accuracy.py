"""How often a prediction is right."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch

from striate import catalog
from striate.errors import ArgumentError, UnknownNameError, printable
from striate.metrics.base import Metric, require_class_numbers, require_classes, require_same_shape
from striate.units import Count, Real

__all__ = [
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SignAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "resolve",
]


@dataclass(frozen=True)
class _Sparse(Metric, abstract=True):
    """What metrics of class numbers share."""

    def require(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        require_classes(self, prediction, target)


@dataclass(frozen=True)
class SparseCategoricalAccuracy(_Sparse):
    """The share of samples whose highest score is that of the true class, given by its number.

    accuracy = 1/n * sum over i of [argmax over k of p[i,k] = y[i]],  the first among equals

    Shape:   predictions (n, k) or (n, h, w, k), labels (n,) or (n, 1) or (n, h, w)
    Source:  lecture 003 L145-149
    Example: >>> SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.1, 0.9]])
             0.5
    """

    order_only: ClassVar[bool] = True
    name: str = field(default="sparse_categorical_accuracy", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction.argmax(1) == require_class_numbers(self, prediction, target)).float()


@dataclass(frozen=True)
class CategoricalAccuracy(Metric):
    """The share of samples whose highest score is that of the true class, given one-hot.

    accuracy = 1/n * sum over i of [argmax over k of p[i,k] = argmax over k of y[i,k]],  the first among equals

    Shape:   predictions and labels (n, k) or (n, h, w, k)
    Source:  lecture 003 L145-149
    Example: >>> CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.1, 0.9]])
             0.5
    """

    order_only: ClassVar[bool] = True
    name: str = field(default="categorical_accuracy", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction.argmax(1) == require_same_shape(self, prediction, target).argmax(1)).float()


@dataclass(frozen=True)
class BinaryAccuracy(Metric):
    """The share of outputs that fall on the right side of the threshold.

    accuracy = mean over samples and outputs of [(p > threshold) = y]

    Shape:   predictions (n, k) or (n, h, w, k), labels the same, or (n,) for one output
    Args:    threshold: what a yes must exceed: a probability, or a score where predictions are scores.
    Source:  lecture 000 L287-295; Keras 3, keras.metrics.BinaryAccuracy
    Example: >>> BinaryAccuracy()([1, 0], [[0.8], [0.9]])
             0.5
    """

    threshold: Real = 0.5
    name: str = field(default="binary_accuracy", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = require_same_shape(self, prediction, target)
        return ((prediction > self.threshold).to(target.dtype) == target).float().mean(1)


@dataclass(frozen=True)
class SignAccuracy(Metric):
    """The share of scores that have the sign of their label: 1 or -1, where 0 stands for -1.

    accuracy = mean over samples and outputs of [(x > 0) = (c > 0)]

    Shape:   scores (n, k) or (n, h, w, k), labels the same, or (n,) for one output
    Source:  lecture 003 L246-247
    Example: >>> SignAccuracy()([1, -1], [0.3, 0.9])
             0.5
    """

    name: str = field(default="sign_accuracy", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = require_same_shape(self, prediction, target)
        return ((prediction > 0) == (target > 0)).float().mean(1)


@dataclass(frozen=True)
class SparseTopKCategoricalAccuracy(_Sparse):
    """The share of samples whose true class, given by its number, is among the k highest scores.

    accuracy = 1/n * sum over i of [rank of class y[i] < k],  rank = how many classes stand before it: those of a
    higher score, and the lower numbers among equals

    Shape:   predictions (n, classes) or (n, h, w, classes), labels (n,) or (n, 1) or (n, h, w)
    Args:    k: how many guesses count.
    Source:  Russakovsky et al. 2015, doi:10.1007/s11263-015-0816-y
    Example: >>> SparseTopKCategoricalAccuracy(2)([0, 2], [[0.3, 0.6, 0.1], [0.5, 0.3, 0.2]])
             0.5
    """

    order_only: ClassVar[bool] = True
    k: Count = 5
    name: str = field(default="sparse_top_k_categorical_accuracy", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (_rank(prediction, require_class_numbers(self, prediction, target)) < self.k).float()


@dataclass(frozen=True)
class TopKCategoricalAccuracy(Metric):
    """The share of samples whose true class, given one-hot, is among the k highest scores.

    accuracy = 1/n * sum over i of [rank of class argmax y[i] < k],  as in SparseTopKCategoricalAccuracy

    Shape:   predictions and labels (n, classes) or (n, h, w, classes)
    Args:    k: how many guesses count.
    Source:  Russakovsky et al. 2015, doi:10.1007/s11263-015-0816-y
    Example: >>> TopKCategoricalAccuracy(2)([[1, 0, 0], [0, 0, 1]], [[0.3, 0.6, 0.1], [0.5, 0.3, 0.2]])
             0.5
    """

    order_only: ClassVar[bool] = True
    k: Count = 5
    name: str = field(default="top_k_categorical_accuracy", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (_rank(prediction, require_same_shape(self, prediction, target).argmax(1)) < self.k).float()


def _rank(prediction: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """How many classes stand before the given one. A score that is no number stands last."""
    classes = classes.long().unsqueeze(1)  # (n, 1, h, w)
    score = prediction.gather(1, classes)
    numbers = torch.arange(prediction.shape[1], device=prediction.device)
    numbers = numbers.reshape(-1, *[1] * (prediction.dim() - 2))  # (k, 1, 1)
    return (~(prediction <= score) | ((prediction == score) & (numbers < classes))).sum(1)


_BY_LABELS: dict[str, dict[str, type[Metric]]] = {
    "accuracy": {
        "class numbers": SparseCategoricalAccuracy,
        "distributions": CategoricalAccuracy,
        "yes or no": BinaryAccuracy,
        "signs": SignAccuracy,
    },
    "top_k_accuracy": {
        "class numbers": SparseTopKCategoricalAccuracy,
        "distributions": TopKCategoricalAccuracy,
    },
}
_SHORT = {"acc": "accuracy", "top_k": "top_k_accuracy"}


def resolve(metric: Metric | str, loss: Any) -> Metric:
    """The metric that a name means beside a loss: "accuracy" ("acc") and "top_k_accuracy" ("top_k") suit its labels.

    The key in logs is the name as it was given, without abbreviation: "accuracy", "top_k_accuracy", "mse" ...

    Errors:  UnknownNameError; ArgumentError if the labels of the loss are no classes.
    Example: >>> resolve("sparse_categorical_accuracy", None)
             SparseCategoricalAccuracy()
    """
    if not isinstance(metric, str):
        return metric
    word = _SHORT.get(metric.lower(), metric.lower())
    if word not in _BY_LABELS:
        try:
            return replace(catalog.get("metrics", metric), name=catalog.snake_case(metric))
        except UnknownNameError:
            raise UnknownNameError(
                "metric", printable(metric, 60), [*_BY_LABELS, *catalog.members("metrics")]
            ) from None
    suited = _BY_LABELS[word].get(getattr(loss, "labels", ""))
    if suited is None:
        others = "there is none" if loss is None else f"labels of {type(loss).__name__} are {loss.labels}"
        raise ArgumentError(
            f"{metric!r} goes by the loss, and {others}",
            sum=f"it goes with labels that are {', '.join(_BY_LABELS[word])}",
            fix='such a loss, as "sparse_categorical_crossentropy" is for class numbers, or the metric by its full name, '
            'such as "categorical_accuracy"',
        )
    if suited is BinaryAccuracy and getattr(loss, "from_logits", False):
        # A score of 0 is a probability of 1/2, which is no yes; but a Step says yes at 0.
        return BinaryAccuracy(threshold=-torch.finfo(torch.float32).tiny if loss.head == "Step" else 0.0, name=word)
    return suited(name=word)
