"""How well a yes can be trusted, and how few are missed: precision, recall, and the area under the ROC curve."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch

from striate.errors import ArgumentError
from striate.metrics.base import Meter, Metric, Tallied, true_outputs
from striate.units import Count, Index, Positive, Real, counted

__all__ = ["AUC", "F1Score", "FBetaScore", "Precision", "Recall"]

Average = Literal["micro", "macro", "weighted"]


@dataclass(frozen=True)
class _Answers(Tallied, abstract=True):
    """What metrics of right and wrong answers share: three counts for each output."""

    takes_numbers: ClassVar[bool] = True

    def said(self, prediction: torch.Tensor) -> torch.Tensor:
        """Which outputs say yes."""
        raise NotImplementedError

    def sums(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """(3, k): yes that is right, yes that is wrong, no that is wrong."""
        truth, said = true_outputs(self, prediction, target), self.said(prediction)
        counts = [said & truth, said & ~truth, ~said & truth]
        return torch.stack([each.transpose(0, 1).flatten(1).sum(1) for each in counts]).double()


def _averaged(counts: torch.Tensor, average: str, weights: tuple[float, float, float]) -> torch.Tensor:
    """w * right / (w * right + u * wrong yes + v * wrong no), 0 for 0/0, over the outputs as `average` says."""
    if average == "micro":
        counts = counts.sum(1, keepdim=True)
    right = weights[0] * counts[0]
    whole = sum(weight * each for weight, each in zip(weights, counts, strict=True))
    share = torch.where(right > 0, right / whole, 0.0)
    true = counts[0] + counts[2]
    return (share * true).sum() / true.sum().clamp(min=1) if average == "weighted" else share.mean()


def _first(prediction: torch.Tensor, k: int) -> torch.Tensor:
    """The k highest scores of each sample, the lower numbers first among equals."""
    k = min(k, prediction.shape[1])
    best = prediction.sort(stable=True, dim=1, descending=True).indices[:, :k]
    return torch.zeros_like(prediction, dtype=torch.bool).scatter(1, best, True)


@dataclass(frozen=True)
class _Thresholded(_Answers, abstract=True):
    """What precision and recall share.

    Args:
        thresholds: what a yes must exceed; by default 0.5, and with top_k nothing.
        top_k: only so many outputs, the highest, say yes.
        class_id: the one output that counts; by default all.
        average: all outputs counted together, or the mean over them, or that weighted by how often each is true.

    Errors:  ArgumentError for an output that there is not.
    """

    thresholds: Real | None = None
    top_k: Count | None = None
    class_id: Index | None = None
    average: Average = "micro"

    def said(self, prediction: torch.Tensor) -> torch.Tensor:
        if self.top_k is None:
            return prediction > (0.5 if self.thresholds is None else self.thresholds)
        among = _first(prediction, self.top_k)
        return among if self.thresholds is None else among & (prediction > self.thresholds)

    def sums(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        counts = super().sums(prediction, target)
        if self.class_id is None:
            return counts
        outputs = counts.shape[1]
        if self.class_id >= outputs:
            raise ArgumentError(
                f"{type(self).__name__} of class_id={self.class_id}, and the predictions have {counted(outputs, 'output')}",
                sum=f"outputs are numbered 0..{outputs - 1}",
                fix=f"class_id={outputs - 1}",
            )
        return counts[:, self.class_id : self.class_id + 1]


@dataclass(frozen=True)
class Precision(_Thresholded):
    """How often a yes is right.

    precision = (yes that is right) / (all yes),  0 where there is none

    Of class numbers, the output of the class should say yes and the others no.

    Shape:   predictions (n, k) or (n, h, w, k), labels the same, or class numbers (n,) or (n, h, w)
    Source:  Kent et al. 1955, doi:10.1002/asi.5090060209; Keras 3, keras.metrics.Precision
    Example: >>> Precision()([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1])
             0.6666666666666666
    """

    name: str = field(default="precision", kw_only=True)

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor:
        return _averaged(sums, self.average, (1, 1, 0))


@dataclass(frozen=True)
class Recall(_Thresholded):
    """How much of what is true is found.

    recall = (yes that is right) / (all that should be yes),  0 where there is none

    Of class numbers, the output of the class should say yes and the others no.

    Shape:   predictions (n, k) or (n, h, w, k), labels the same, or class numbers (n,) or (n, h, w)
    Source:  Kent et al. 1955, doi:10.1002/asi.5090060209; Keras 3, keras.metrics.Recall
    Example: >>> Recall()([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1])
             0.6666666666666666
    """

    name: str = field(default="recall", kw_only=True)

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor:
        return _averaged(sums, self.average, (1, 0, 1))


def _beyond(prediction: torch.Tensor, threshold: float | None) -> torch.Tensor:
    """Which outputs say yes: those beyond the threshold, or without one the highest."""
    if threshold is None and prediction.shape[1] > 1:
        return _first(prediction, 1)
    return prediction > (0.5 if threshold is None else threshold)


@dataclass(frozen=True)
class FBetaScore(_Answers):
    """Precision and recall in one number, in which recall counts beta times as much.

    F = (1 + beta**2) * P * R / (beta**2 * P + R),  P precision, R recall;  0 where nothing is found

    Shape:   predictions (n, k) or (n, h, w, k), labels the same, or class numbers (n,) or (n, h, w)
    Args:    average: all outputs counted together, or the mean over them, or that weighted by how often each is true.
             beta: how many times as much recall counts.
             threshold: what a yes must exceed; by default the highest output says yes, and one output beyond 0.5.
    Source:  van Rijsbergen 1979, Information Retrieval, chapter 7; Keras 3, keras.metrics.FBetaScore
    Example: >>> round(FBetaScore(beta=2.0)([1, 0, 1, 1], [0.9, 0.8, 0.1, 0.1]), 4)
             0.3571
    """

    average: Average = "macro"
    beta: Positive = 1.0
    threshold: Real | None = None
    name: str = field(default="f_beta_score", kw_only=True)

    def said(self, prediction: torch.Tensor) -> torch.Tensor:
        return _beyond(prediction, self.threshold)

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor:
        square = self.beta**2
        return _averaged(sums, self.average, (1 + square, 1, square))


@dataclass(frozen=True)
class F1Score(_Answers):
    """Precision and recall in one number: their harmonic mean.

    F1 = 2 * P * R / (P + R),  P precision, R recall;  0 where nothing is found

    Shape:   predictions (n, k) or (n, h, w, k), labels the same, or class numbers (n,) or (n, h, w)
    Args:    average: all outputs counted together, or the mean over them, or that weighted by how often each is true.
             threshold: what a yes must exceed; by default the highest output says yes, and one output beyond 0.5.
    Source:  van Rijsbergen 1979, Information Retrieval, chapter 7; Keras 3, keras.metrics.F1Score
    Example: >>> F1Score()([1, 0, 1, 1], [0.9, 0.8, 0.1, 0.1])
             0.4
    """

    average: Average = "macro"
    threshold: Real | None = None
    name: str = field(default="f1_score", kw_only=True)

    def said(self, prediction: torch.Tensor) -> torch.Tensor:
        return _beyond(prediction, self.threshold)

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor:
        return _averaged(sums, self.average, (2, 1, 1))


@dataclass(frozen=True)
class AUC(Metric):
    """The area under the ROC curve: how often a true one has a higher score than a false one.

    auc = P(score of a yes > score of a no) + 1/2 * P(they are equal), over all pairs of a yes and a no

    Exact, by ranks. nan where all labels are alike.

    Shape:   predictions (n, k) or (n, h, w, k), labels the same, or class numbers (n,) or (n, h, w)
    Cost:    all scores are kept until the end: 5 bytes for each output of each sample
    Args:    multi_label: the mean over the outputs, each against the rest; by default all answers are ranked together.
    Source:  Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747; Mann & Whitney 1947,
             doi:10.1214/aoms/1177730491
    Example: >>> AUC()([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
             0.75
    """

    takes_numbers: ClassVar[bool] = True
    multi_label: bool = False
    name: str = field(default="auc", kw_only=True)

    def meter(self) -> Meter:
        return _Ranks(self)


class _Ranks(Meter):
    """Keeps every score with its truth."""

    def __init__(self, metric: AUC) -> None:
        self.metric: AUC = metric
        self.scores: list[torch.Tensor] = []
        self.truths: list[torch.Tensor] = []

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        for kept, batch in (
            (self.scores, prediction.detach()),
            (self.truths, true_outputs(self.metric, prediction, target)),
        ):
            kept.append(batch.transpose(0, 1).flatten(1))  # (k, n * h * w)

    def gathered(self) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        return self.scores, self.truths

    def add(self, gathered: tuple[list[torch.Tensor], list[torch.Tensor]]) -> None:
        self.scores, self.truths = self.scores + gathered[0], self.truths + gathered[1]

    def result(self) -> float:
        if not self.scores:
            return float("nan")
        scores, truths = torch.cat(self.scores, 1), torch.cat(self.truths, 1)
        if not self.metric.multi_label:
            scores, truths = scores.reshape(1, -1), truths.reshape(1, -1)
        areas = torch.stack([_area(*column) for column in zip(scores, truths, strict=True)])
        return float(areas[~areas.isnan()].mean()) if torch.isfinite(scores).all() else float("nan")


def _area(scores: torch.Tensor, truths: torch.Tensor) -> torch.Tensor:
    """Mann and Whitney's count of pairs, from the ranks of the true ones; equals share the mean of their ranks."""
    _, place, many = scores.unique(return_inverse=True, return_counts=True)
    ranks = (many.cumsum(0).double() - (many - 1) / 2)[place]  # from 1
    yes = truths.sum().double()
    no = len(truths) - yes
    return (ranks[truths].sum() - yes * (yes + 1) / 2) / (yes * no)
