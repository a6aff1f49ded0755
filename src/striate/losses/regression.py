"""Losses of quantities: how far a number is from the one it should be."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional

from striate.errors import DataError
from striate.losses.base import Loss, label_numbers, label_place
from striate.shape import Shape, to_border
from striate.units import Positive

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "QuadraticCost",
]

EPSILON = 1e-7
"""Keras' smallest number: what a rate of 0 is taken for."""


@dataclass(frozen=True)
class _Quantities(Loss, abstract=True):
    """What losses of quantities share."""

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        return label_numbers(self, labels, output, "utils.to_categorical(labels), or a last layer of one unit")


@dataclass(frozen=True)
class QuadraticCost(_Quantities):
    """The square brick: half the squared distance, whose gradient is the error itself.

    loss = 1/2 * sum over k of (a[k] - y[k])**2,  gradient a[k] - y[k]

    The sum over the outputs, as the squared length in the lecture; for one output it is half the MeanSquaredError.

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output -> (n,) or (n, h, w)
    Errors:  DataError for labels of another shape, or that are not finite.
    Source:  lecture 000 L270, L325-329; lecture 003 L225-235, L245
    Example: >>> QuadraticCost()([[1.0, 2.0]], [[1.0, 4.0]])
             2.0
    """

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - target.to(prediction.dtype)).square().sum(1) / 2


@dataclass(frozen=True)
class MeanSquaredError(_Quantities):
    """The squared distance, averaged over the outputs; QuadraticCost is half of their sum.

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


@dataclass(frozen=True)
class MeanAbsoluteError(_Quantities):
    """The distance, averaged over the outputs: outliers pull no harder than others.

    loss = 1/k * sum over k of |a[k] - y[k]|

    There is no derivative where a = y; 0 is taken.

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output -> (n,) or (n, h, w)
    Errors:  DataError for labels of another shape, or that are not finite.
    Source:  Laplace 1774; Keras 3, keras.losses.MeanAbsoluteError
    Example: >>> MeanAbsoluteError()([[1.0, 2.0]], [[1.0, 4.0]])
             1.0
    """

    aliases: ClassVar[tuple[str, ...]] = ("mae",)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - target.to(prediction.dtype)).abs().mean(1)


@dataclass(frozen=True)
class Huber(_Quantities):
    """Square near the truth and straight far from it, averaged over the outputs.

    loss = e**2 / 2 where |e| <= delta, else delta * |e| - delta**2 / 2;  e = a - y

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output -> (n,) or (n, h, w)
    Args:    delta: the error from which the loss is straight.
    Errors:  DataError for labels of another shape, or that are not finite.
    Source:  Huber 1964, doi:10.1214/aoms/1177703732
    Example: >>> Huber()([[1.0, 2.0]], [[2.0, 4.0]])
             1.0
    """

    delta: Positive = 1.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return functional.huber_loss(prediction, target.to(prediction.dtype), "none", self.delta).mean(1)


@dataclass(frozen=True)
class LogCosh(_Quantities):
    """Like Huber without a joint: near the truth e**2 / 2, far from it |e| - log 2; averaged over the outputs.

    loss = log(cosh(e)),  gradient tanh(e);  e = a - y

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output -> (n,) or (n, h, w)
    Errors:  DataError for labels of another shape, or that are not finite.
    Source:  Green 1990, doi:10.1109/42.52985
    Example: >>> round(LogCosh()([[0.0]], [[1.0]]), 4)
             0.4338
    """

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        error = prediction - target.to(prediction.dtype)
        return (torch.logaddexp(error, -error) - math.log(2)).mean(1)  # cosh itself overflows from 90 on


@dataclass(frozen=True)
class Poisson(_Quantities):
    """How improbable a count is at the rate that was predicted, averaged over the outputs.

    loss = a - y * log(a + 1e-7): minus the log of Poisson's probability, without what does not depend on the rate a

    Shape:   predictions and labels (n, k) or (n, h, w, k), or labels (n,) for one output -> (n,) or (n, h, w)
    Errors:  DataError for labels of another shape, below 0, or that are not finite.
    Source:  Nelder & Wedderburn 1972, doi:10.2307/2344614; Keras 3, keras.losses.Poisson
    Example: >>> round(Poisson()([[2.0]], [[1.0]]), 4)
             1.0
    """

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (prediction - target.to(prediction.dtype) * (prediction + EPSILON).log()).mean(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        target = super().target(labels, output)
        if (target < 0).any():
            raise DataError(
                f"{label_place(to_border(target), to_border(target < 0))} is no count: labels of Poisson are >= 0",
                sum=f"{int((target < 0).sum())} of {target.numel()} numbers are below 0",
                fix='counts, or loss="mean_squared_error" for quantities of either sign',
            )
        return target


@dataclass(frozen=True)
class CosineSimilarity(_Quantities):
    """Minus the cosine of the angle between prediction and label: -1 for the same direction, 1 for the opposite one.

    loss = -(sum over k of a[k] * y[k]) / (|a| * |y|)

    Shape:   predictions and labels (n, k) or (n, h, w, k) -> (n,) or (n, h, w)
    Errors:  DataError for labels of another shape, that are not finite, or all 0 and so of no direction.
    Source:  Salton & McGill 1983, ISBN 0-07-054484-0; Keras 3, keras.losses.CosineSimilarity
    Example: >>> round(CosineSimilarity()([[0.0, 1.0]], [[1.0, 1.0]]), 4)
             -0.7071
    """

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return -functional.cosine_similarity(prediction, target.to(prediction.dtype), 1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        target = super().target(labels, output)
        nothing = (target == 0).all(1)
        if nothing.any():
            raise DataError(
                f"the label in row {int(nothing.nonzero()[0, 0])} has no direction: all of its numbers are 0",
                sum=f"{int(nothing.sum())} of {nothing.numel()} labels are so, and the cosine is 0/0",
                fix="leave those rows out",
            )
        return target
