"""What it is to be a metric: a number people read, gathered over batches."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch

from striate import catalog
from striate.shape import to_inside

__all__ = ["Meter", "Metric", "MetricLike"]


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
    """

    name: ClassVar[str] = ""
    """The key in logs and metrics.csv."""
    order_only: ClassVar[bool] = False
    """Whether scores before the softmax give the same number, so that none need be computed for it."""

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The metric of each sample (and position), for those that are means."""
        raise NotImplementedError

    def meter(self) -> Meter:
        """A new counter."""
        return Meter(self)

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        meter = self.meter()
        meter.update(to_inside(torch.as_tensor(np.asarray(y_pred))), torch.as_tensor(np.asarray(y_true)))
        return meter.result()


MetricLike = Annotated[Metric | str, catalog.Member("metrics")]
