"""How often a prediction is right."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from striate import catalog
from striate.errors import UnknownNameError
from striate.metrics.base import Metric
from striate.units import Count, Real

__all__ = [
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "resolve",
]


@dataclass(frozen=True)
class SparseCategoricalAccuracy(Metric):
    """The share of samples whose highest score is that of the true class, given by its number.

    accuracy = 1/n * sum over i of [argmax over k of p[i,k] = y[i]]

    Source:  lecture 003 L149
    Example: >>> SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.1, 0.9]])
             0.5
    """

    name: ClassVar[str] = "accuracy"
    order_only: ClassVar[bool] = True

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction.argmax(1) == target).float()


@dataclass(frozen=True)
class CategoricalAccuracy(Metric):
    """The share of samples whose highest score is that of the true class, given as a one-hot row.

    accuracy = 1/n * sum over i of [argmax over k of p[i,k] = argmax over k of y[i,k]]

    Source:  lecture 003 L149
    Example: >>> CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.1, 0.9]])
             0.5
    """

    name: ClassVar[str] = "accuracy"
    order_only: ClassVar[bool] = True

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction.argmax(1) == target.argmax(1)).float()


@dataclass(frozen=True)
class BinaryAccuracy(Metric):
    """The share of outputs on the right side of the threshold.

    accuracy = mean of [(p > threshold) = y]

    Args:    threshold: probability from which it is a yes.
    Source:  Keras 3, keras.metrics.BinaryAccuracy
    Example: >>> BinaryAccuracy()([[1], [0]], [[0.8], [0.9]])
             0.5
    """

    name: ClassVar[str] = "accuracy"
    threshold: Real = 0.5

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return ((prediction > self.threshold) == (target > self.threshold)).float()


@dataclass(frozen=True)
class SparseTopKCategoricalAccuracy(Metric):
    """The share of samples whose true class, given by its number, is among the k highest scores.

    accuracy = 1/n * sum over i of [y[i] among the k largest of p[i]]

    Args:    k: how many guesses count.
    Source:  Russakovsky et al. 2015, doi:10.1007/s11263-015-0816-y
    Example: >>> SparseTopKCategoricalAccuracy(2)([0, 2], [[0.3, 0.6, 0.1], [0.5, 0.3, 0.2]])
             0.5
    """

    name: ClassVar[str] = "top_k_accuracy"
    order_only: ClassVar[bool] = True
    k: Count = 5

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        guesses = prediction.topk(min(self.k, prediction.shape[1]), dim=1).indices
        return (guesses == target.unsqueeze(1)).any(1).float()


@dataclass(frozen=True)
class TopKCategoricalAccuracy(Metric):
    """The share of samples whose true class, given as a one-hot row, is among the k highest scores.

    accuracy = 1/n * sum over i of [argmax y[i] among the k largest of p[i]]

    Args:    k: how many guesses count.
    Source:  Russakovsky et al. 2015, doi:10.1007/s11263-015-0816-y
    Example: >>> TopKCategoricalAccuracy(2)([[1, 0, 0], [0, 0, 1]], [[0.3, 0.6, 0.1], [0.5, 0.3, 0.2]])
             0.5
    """

    name: ClassVar[str] = "top_k_accuracy"
    order_only: ClassVar[bool] = True
    k: Count = 5

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return SparseTopKCategoricalAccuracy(self.k).values(prediction, target.argmax(1))


_BY_LOSS = {
    "SparseCategoricalCrossentropy": {"accuracy": SparseCategoricalAccuracy, "top_k": SparseTopKCategoricalAccuracy},
    "CategoricalCrossentropy": {"accuracy": CategoricalAccuracy, "top_k": TopKCategoricalAccuracy},
    "BinaryCrossentropy": {"accuracy": BinaryAccuracy},
}


def resolve(metric: Any, loss: Any) -> Metric:
    """The metric that a name means beside a loss: "accuracy" (or "acc") and "top_k" are those of its labels.

    Errors:  UnknownNameError, with the known ones.
    Example: >>> resolve("sparse_categorical_accuracy", None)
             SparseCategoricalAccuracy()
    """
    if not isinstance(metric, str):
        return metric
    short = {"acc": "accuracy", "top_k_accuracy": "top_k"}.get(metric.lower(), metric.lower())
    if short in ("accuracy", "top_k"):
        chosen = _BY_LOSS.get(type(loss).__name__, {}).get(short)
        if chosen is None:
            raise UnknownNameError(
                f"{metric} for {type(loss).__name__}", metric, catalog.members("metrics"), where="metrics"
            )
        return chosen()
    return catalog.get("metrics", metric)
