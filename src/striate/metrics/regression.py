"""How far values are from those they should be."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from striate.metrics.base import Metric

__all__ = ["MeanAbsoluteError", "MeanSquaredError"]


@dataclass(frozen=True)
class MeanAbsoluteError(Metric):
    """The mean distance between a value and the one it should be.

    mae = mean of |a - y|

    Source:  Keras 3, keras.metrics.MeanAbsoluteError
    Example: >>> MeanAbsoluteError()([[1.0, 2.0]], [[1.0, 4.0]])
             1.0
    """

    name: ClassVar[str] = "mean_absolute_error"

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - target).abs()


@dataclass(frozen=True)
class MeanSquaredError(Metric):
    """The mean squared distance between a value and the one it should be.

    mse = mean of (a - y)**2

    Source:  Keras 3, keras.metrics.MeanSquaredError
    Example: >>> MeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]])
             2.0
    """

    name: ClassVar[str] = "mean_squared_error"

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - target).square()
