"""Losses of values: how far a number is from the one it should be."""

from dataclasses import dataclass

import torch

from striate.losses.base import Loss, require_shape
from striate.shape import Shape, to_inside

__all__ = ["MeanSquaredError"]


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The squared distance, averaged over the outputs. (The lectures' quadratic cost is half of it: 000 L270.)

    loss = 1/k * sum over k of (a[k] - y[k])**2

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output -> (n,) or (n, h, w)
    Errors:  DataError for labels of another shape.
    Source:  lecture 003 L49-65
    Example: >>> MeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]])
             2.0
    """

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - target.to(prediction.dtype)).square().mean(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        if labels.dim() == len(output) and output[-1] == 1:
            labels = labels.unsqueeze(-1)
        require_shape(labels, output)
        return to_inside(labels if labels.is_floating_point() else labels.float())
