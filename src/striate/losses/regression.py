"""Losses of quantities: how far a number is from the one it should be."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from striate.losses.base import Loss, label_numbers
from striate.shape import Shape

__all__ = ["MeanSquaredError"]


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The squared distance, averaged over the outputs; the quadratic cost of lecture 000 L270 is half of it.

    loss = 1/k * sum over k of (a[k] - y[k])**2

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output -> (n,) or (n, h, w)
    Errors:  DataError for labels of another shape, or that are not finite.
    Source:  Legendre 1805; lecture 003 L49-65, L225-235
    Example: >>> MeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]])
             2.0
    """

    aliases: ClassVar[tuple[str, ...]] = ("mse",)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - target.to(prediction.dtype)).square().mean(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        return label_numbers(self, labels, output, "utils.to_categorical(labels), or a last layer of one unit")
