"""How far quantities are from those they should be."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch.nn import functional

from striate.metrics.base import Meter, Metric, Tallied, require_same_shape

__all__ = ["CosineSimilarity", "MeanAbsoluteError", "MeanSquaredError", "R2Score", "RootMeanSquaredError"]


@dataclass(frozen=True)
class MeanAbsoluteError(Metric):
    """The mean distance between a quantity and what it should be.

    mae = mean of |a - y|

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output
    Source:  Keras 3, keras.metrics.MeanAbsoluteError
    Example: >>> MeanAbsoluteError()([[1.0, 2.0]], [[1.0, 4.0]])
             1.0
    """

    aliases: ClassVar[tuple[str, ...]] = ("mae",)
    direction: ClassVar[Literal["min", "max"]] = "min"
    name: str = field(default="mean_absolute_error", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - require_same_shape(self, prediction, target)).abs().mean(1)


@dataclass(frozen=True)
class MeanSquaredError(Metric):
    """The mean squared distance between a quantity and what it should be.

    mse = mean of (a - y)**2

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output
    Source:  lecture 003 L49-65
    Example: >>> MeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]])
             2.0
    """

    aliases: ClassVar[tuple[str, ...]] = ("mse",)
    direction: ClassVar[Literal["min", "max"]] = "min"
    name: str = field(default="mean_squared_error", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - require_same_shape(self, prediction, target)).square().mean(1)


@dataclass(frozen=True)
class RootMeanSquaredError(Tallied):
    """The root of the mean squared distance: as large as a quantity typically is away from what it should be.

    rmse = sqrt(mean of (a - y)**2), the mean over all samples, not over batches

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output
    Source:  Keras 3, keras.metrics.RootMeanSquaredError
    Example: >>> RootMeanSquaredError()([[0.0, 0.0]], [[1.0, 7.0]])
             5.0
    """

    aliases: ClassVar[tuple[str, ...]] = ("rmse",)
    direction: ClassVar[Literal["min", "max"]] = "min"
    name: str = field(default="root_mean_squared_error", kw_only=True)

    def sums(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        squares = (prediction - require_same_shape(self, prediction, target)).double().square()
        return torch.stack([squares.sum(), squares.new_full((), squares.numel())])

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor:
        return (sums[0] / sums[1]).sqrt()


@dataclass(frozen=True)
class CosineSimilarity(Metric):
    """The mean cosine of the angle between a prediction and what it should be: 1 for the same direction.

    cosine = mean of (sum over k of a[k] * y[k]) / (|a| * |y|),  0 where one of them is 0

    Shape:   predictions and labels (n, k) or (n, h, w, k)
    Source:  Salton & McGill 1983, ISBN 0-07-054484-0; Keras 3, keras.metrics.CosineSimilarity
    Example: >>> CosineSimilarity()([[1.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [0.0, 3.0]])
             0.5
    """

    name: str = field(default="cosine_similarity", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = require_same_shape(self, prediction, target).to(prediction.dtype)
        return functional.cosine_similarity(prediction, target, 1)


@dataclass(frozen=True)
class R2Score(Metric):
    """The share of what varies in the labels that the predictions explain: 1 is perfect, 0 no better than the mean.

    r2[k] = 1 - (sum of (a[k] - y[k])**2) / (sum of (y[k] - mean of y[k])**2),  then the mean over the outputs k

    Of labels that do not vary it is 1 where the predictions are exact, else 0.

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output
    Args:    class_aggregation: the mean over the outputs, or weighted by how much the labels of each vary.
    Source:  Wright 1921, Correlation and causation; Keras 3, keras.metrics.R2Score
    Example: >>> R2Score()([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
             0.5
    """

    class_aggregation: Literal["uniform_average", "variance_weighted_average"] = "uniform_average"
    name: str = field(default="r2_score", kw_only=True)

    def meter(self) -> Meter:
        return _Moments(self)


class _Moments(Meter):
    """Gathers means and squared distances from them, batch by batch; squares of the labels themselves would cancel.

    Source:  Chan, Golub & LeVeque 1983, doi:10.1080/00031305.1983.10483115, equation 2.1
    """

    def __init__(self, metric: R2Score) -> None:
        self.metric: R2Score = metric
        self.count = 0
        self.mean = self.spread = self.missed = torch.zeros((), dtype=torch.float64)

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        target = require_same_shape(self.metric, prediction, target)
        y, a = (x.movedim(1, -1).reshape(-1, prediction.shape[1]).double() for x in (target, prediction))
        mean = y.mean(0)
        self.add((len(y), mean, (y - mean).square().sum(0), (a - y).square().sum(0)))

    def gathered(self) -> tuple[int, torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.count, self.mean, self.spread, self.missed

    def add(self, gathered: tuple[int, torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
        more, mean, spread, missed = gathered
        if more:
            count, apart = self.count + more, mean - self.mean
            self.spread = self.spread + spread + apart.square() * self.count * more / count
            self.mean = self.mean + apart * more / count
            self.missed = self.missed + missed
            self.count = count

    def result(self) -> float:
        if not self.count:
            return float("nan")
        explained = 1 - self.missed / self.spread
        scores = torch.where(self.spread > 0, explained, (self.missed == 0).double())
        if self.metric.class_aggregation == "uniform_average" or not self.spread.any():
            return float(scores.mean())
        return float((scores * self.spread).sum() / self.spread.sum())
