"""Losses of scores: by how much the right side, or the right class, must win."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional

from striate.errors import DataError
from striate.losses.base import Loss, label_classes, label_signs, label_yes_or_no
from striate.shape import Shape
from striate.units import Positive

__all__ = ["Hinge", "LogLoss", "MaxMargin", "PerceptronLoss", "SquaredHinge", "WestonWatkins"]


@dataclass(frozen=True)
class _Signs(Loss, abstract=True):
    """What losses of labels 1 and -1 share."""

    labels: ClassVar = "signs"

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        return label_signs(self, labels, output)


@dataclass(frozen=True)
class LogLoss(_Signs):
    """The Log brick: binary cross-entropy of a score, for labels 1 and -1; the mean over the outputs.

    loss = log(1 + exp(-c*x)),  gradient -c / (1 + exp(c*x));  c = 1 or -1

    Shape:   scores (n, k) or (n, h, w, k), labels the same, or (n,) for one output -> (n,) or (n, h, w)
    Errors:  DataError for labels that are neither 1 and -1 nor 1 and 0; 0 stands for -1.
    Source:  Cox 1958, doi:10.1111/j.2517-6161.1958.tb00292.x; lecture 003 L246
    Example: >>> round(LogLoss()([1, -1], [0.0, 0.0]), 4)
             0.6931
    """

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return -functional.logsigmoid(target.to(prediction.dtype) * prediction).mean(1)


@dataclass(frozen=True)
class Hinge(_Signs):
    """The Hinge brick: nothing is lost once a score is on its side by the margin; the mean over the outputs.

    loss = max(0, m - c*x),  gradient -c where c*x < m, else 0;  c = 1 or -1

    Shape:   scores (n, k) or (n, h, w, k), labels the same, or (n,) for one output -> (n,) or (n, h, w)
    Args:    margin: m, how far on its side a score must be.
    Errors:  DataError for labels that are neither 1 and -1 nor 1 and 0; 0 stands for -1.
    Source:  Cortes & Vapnik 1995, doi:10.1007/BF00994018; lecture 003 L247
    Example: >>> Hinge()([1, -1], [0.5, -3.0])
             0.25
    """

    margin: Positive = 1.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.margin - target.to(prediction.dtype) * prediction).mean(1)


@dataclass(frozen=True)
class SquaredHinge(_Signs):
    """The square of the hinge, which has no kink; the mean over the outputs.

    loss = max(0, m - c*x)**2,  gradient -2*c*max(0, m - c*x);  c = 1 or -1

    Shape:   scores (n, k) or (n, h, w, k), labels the same, or (n,) for one output -> (n,) or (n, h, w)
    Args:    margin: m, how far on its side a score must be.
    Errors:  DataError for labels that are neither 1 and -1 nor 1 and 0; 0 stands for -1.
    Source:  Lee & Mangasarian 2001, doi:10.1023/A:1011215321374
    Example: >>> SquaredHinge()([1, -1], [0.5, -3.0])
             0.125
    """

    margin: Positive = 1.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.margin - target.to(prediction.dtype) * prediction).square().mean(1)


@dataclass(frozen=True)
class _Rivals(Loss, abstract=True):
    """What losses share that compare the score of the true class with those of the others."""

    labels: ClassVar = "class numbers"

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        if output[-1] == 1:
            raise DataError(
                f"{type(self).__name__} goes with labels of several classes: the one output has no rival",
                sum=f"labels {tuple(labels.shape)}, outputs {output}",
                fix='a score for each class, or loss="hinge"',
            )
        return label_classes(self, labels, output, "labels.argmax(-1)")


@dataclass(frozen=True)
class MaxMargin(_Rivals):
    """The MaxMargin brick: the true class must beat its strongest rival by the margin.

    loss = max(0, max over k != c of (x[k] + m) - x[c]),  gradient [s = k*] - [s = c] where the loss is above 0;
    k* the strongest rival, the first among equals

    Shape:   scores (n, k) or (n, h, w, k), labels (n,) or (n, 1) or (n, h, w) -> (n,) or (n, h, w)
    Args:    margin: m, by how much the true class must win.
    Errors:  DataError for labels that are no class numbers 0 ... k - 1, and for a single output.
    Source:  Crammer & Singer 2001, jmlr.org/papers/v2/crammer01a.html; lecture 003 L249
    Example: >>> MaxMargin()([0, 0], [[-3.0, -5.0], [1.0, 0.5]])
             0.25
    """

    margin: Positive = 1.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        true = target.unsqueeze(1)  # (n, 1, h, w)
        strongest = prediction.scatter(1, true, -torch.inf).argmax(1, keepdim=True)
        lead = prediction.gather(1, strongest) + self.margin - prediction.gather(1, true)
        return functional.relu(lead).squeeze(1)


@dataclass(frozen=True)
class WestonWatkins(_Rivals):
    """The sum-hinge of a multi-class support vector machine: the true class must beat every rival by the margin.

    loss = sum over k != c of max(0, x[k] - x[c] + m)

    The paper's margin is 2, the lecture's is 1: the same machine on another scale.

    Shape:   scores (n, k) or (n, h, w, k), labels (n,) or (n, 1) or (n, h, w) -> (n,) or (n, h, w)
    Args:    margin: m, by how much the true class must win.
    Errors:  DataError for labels that are no class numbers 0 ... k - 1, and for a single output.
    Source:  Weston & Watkins 1999, Support vector machines for multi-class pattern recognition, ESANN; lecture 001
             L1197
    Example: >>> WestonWatkins()([0], [[3.0, 2.5, 4.0]])
             2.5
    """

    margin: Positive = 1.0

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        true = target.unsqueeze(1)  # (n, 1, h, w)
        leads = functional.relu(prediction - prediction.gather(1, true) + self.margin)
        return leads.scatter(1, true, 0.0).sum(1)


@dataclass(frozen=True)
class PerceptronLoss(Loss):
    """What a perceptron makes small: how far a score is on the wrong side; the sum over the outputs.

    loss = (step(s) - y) * s,  gradient step(s) - y: descent at rate 1 is the perceptron's learning rule;
    step(s) = 1 where s >= 0, else 0

    Through a step no gradient passes. After a Step the loss can only count what is wrong, |a - y|; training takes the
    scores before it.

    Shape:   predictions (n, k) or (n, h, w, k), labels the same, or (n,) for one output -> (n,) or (n, h, w)
    Args:    from_logits: whether predictions are scores; by default they come out of a Step.
    Errors:  DataError for labels of another shape, or outside 0..1.
    Source:  Rosenblatt 1958, doi:10.1037/h0042519; as a loss LeCun et al. 1998, doi:10.1007/3-540-49430-8_2;
             lecture 002 L66-68
    Example: >>> PerceptronLoss(from_logits=True)([0, 1], [2.0, 3.0]), PerceptronLoss()([0, 1], [1.0, 1.0])
             (1.0, 0.5)
    """

    head: ClassVar[str | None] = "Step"
    labels: ClassVar = "yes or no"
    from_logits: bool = False

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target = target.to(prediction.dtype)
        if self.from_logits:
            answer = (prediction >= 0).to(prediction.dtype)  # a constant: it has no gradient
            return ((answer - target) * prediction).sum(1)
        return (prediction - target).abs().sum(1)

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        return label_yes_or_no(self, labels, output)
