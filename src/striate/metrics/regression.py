"""How far quantities are from those they should be."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch

from striate.metrics.base import Metric, require_same_shape

__all__ = ["MeanAbsoluteError", "MeanSquaredError"]


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
