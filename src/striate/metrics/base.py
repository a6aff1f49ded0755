"""What it is to be a metric: a number people read, gathered over batches."""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import torch

from striate import catalog
from striate.errors import ArgumentError, DataError
from striate.shape import as_tensor, to_inside

__all__ = ["Meter", "Metric", "MetricLike", "require_same_shape"]


class Meter:
    """Gathers a metric over batches; this one is a mean of values, others override both methods."""

    def __init__(self, metric: "Metric") -> None:
        self.metric = metric
        self.total = torch.zeros((), dtype=torch.float64)
        self.count = 0

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        values = self.metric.values(prediction, target)
        self.total += values.sum(dtype=torch.float64)
        self.count += values.numel()

    def result(self) -> float:
        """The metric of everything added so far; nan before the first batch."""
        return float(self.total) / self.count if self.count else float("nan")


@dataclass(frozen=True)
class Metric(catalog.Concept, shelf="metrics"):
    """A number for how good predictions are.

    Inside, predictions are (n, k) or (n, k, h, w), targets as the loss made them (Loss.target). Called as Keras does,
    `metric(y_true, y_pred)`, it takes border arrays and returns a float.

    Args:
        name: the key in logs and metrics.csv.
    """

    order_only: ClassVar[bool] = False
    """Whether scores before the softmax give the same number, so that none need be computed for it."""
    direction: ClassVar[Literal["min", "max"]] = "max"
    """Which numbers are the good ones: large or small."""

    name: str = field(default="metric", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The metric of each sample (and position), for those that are means."""
        raise NotImplementedError

    def require(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Refuse labels that cannot be meant, in a direct call: those of a training the loss has looked at."""

    def meter(self) -> Meter:
        """A new counter."""
        return Meter(self)

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        target, prediction = as_tensor(y_true, "labels"), as_tensor(y_pred, "predictions")
        if not prediction.is_floating_point():
            prediction = prediction.float()
        if prediction.dim() == 1:  # one number for each sample
            prediction = prediction.unsqueeze(1)
        if target.dim() < 1 or prediction.dim() < 1 or len(target) != len(prediction):
            raise DataError(
                "the labels do not go with the predictions",
                sum=f"labels {tuple(target.shape)}, predictions {tuple(prediction.shape)}",
                fix="one label for each prediction",
            )
        target = to_inside(target) if target.dim() == prediction.dim() else target
        prediction = to_inside(prediction)
        self.require(prediction, target)
        meter = self.meter()
        meter.update(prediction, target)
        return meter.result()


MetricLike = Annotated[Metric | str, catalog.Member("metrics")]


def require_same_shape(metric: Metric, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The target of a metric that compares number with number; with one output its axis may be left out.

    Errors:  ArgumentError if the targets are of another kind.
    Example: >>> from striate.metrics import BinaryAccuracy
             >>> require_same_shape(BinaryAccuracy(), torch.zeros(2, 1), torch.zeros(2)).shape
             torch.Size([2, 1])
    """
    if prediction.shape[1] == 1 and target.shape == (len(prediction), *prediction.shape[2:]):
        target = target.unsqueeze(1)
    if target.shape != prediction.shape:
        raise ArgumentError(
            f"{type(metric).__name__} compares number with number: the labels must have the shape of the predictions",
            sum=f"labels {tuple(target.shape)}, predictions {tuple(prediction.shape)}",
            fix='metrics=["accuracy"], which goes by the loss',
        )
    return target
