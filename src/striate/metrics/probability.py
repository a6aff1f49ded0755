"""Whether probabilities mean what they say."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch

from striate.metrics.base import Tallied, class_guesses, class_truths
from striate.units import Count

__all__ = ["ExpectedCalibrationError", "Perplexity"]

CLIP = 1e-7
"""No probability is taken for less, as in the cross-entropies."""


@dataclass(frozen=True)
class _Probabilities(Tallied, abstract=True):
    """What metrics of probabilities share."""

    direction: ClassVar[Literal["min", "max"]] = "min"
    takes_numbers: ClassVar[bool] = True

    def shares(self, prediction: torch.Tensor) -> torch.Tensor:
        """A probability for each class: of one output, those of no and yes."""
        return torch.cat([1 - prediction, prediction], 1) if prediction.shape[1] == 1 else prediction


@dataclass(frozen=True)
class ExpectedCalibrationError(_Probabilities):
    """How far confidence and accuracy are apart: whether answers given with 90 % are right 90 % of the time.

    ECE = sum over bins of count/n * |accuracy - confidence|,  confidence the highest probability of a sample, the bins
    equal ranges of it, each with its upper end

    Shape:   predictions (n, k) or (n, h, w, k), labels (n,) or (n, h, w), or as the predictions
    Args:    bins: how many ranges of confidence.
    Source:  Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602; Guo et al. 2017, arXiv:1706.04599, equation 3
    Example: >>> round(ExpectedCalibrationError()([0, 1], [[0.9, 0.1], [0.8, 0.2]]), 4)
             0.45
    """

    aliases: ClassVar[tuple[str, ...]] = ("ece",)
    bins: Count = 10
    name: str = field(default="expected_calibration_error", kw_only=True)

    def sums(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """(3, bins): answers, their confidence, those that are right."""
        confidence = self.shares(prediction).amax(1).double().flatten()
        right = (class_guesses(prediction) == class_truths(self, prediction, target)).double().flatten()
        ends = torch.arange(1, self.bins, dtype=torch.float64, device=confidence.device) / self.bins
        place = torch.bucketize(confidence, ends)
        sums = confidence.new_zeros(3, self.bins)
        return sums.index_add(1, place, torch.stack([torch.ones_like(right), confidence, right]))

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor:
        answers, confidence, right = sums
        return (right - confidence).abs().sum() / answers.sum()


@dataclass(frozen=True)
class Perplexity(_Probabilities):
    """Among how many equally likely classes a network that is so surprised would be choosing.

    perplexity = exp(mean of -log p[y])

    Shape:   predictions (n, k) or (n, h, w, k), labels (n,) or (n, h, w), or as the predictions
    Args:    from_logits: whether predictions are scores; by default they are probabilities.
    Source:  Jelinek et al. 1977, doi:10.1121/1.2016299
    Example: >>> round(Perplexity()([0, 1], [[0.25, 0.75], [0.0, 1.0]]), 4)
             2.0
    """

    from_logits: bool = False
    name: str = field(default="perplexity", kw_only=True)

    def sums(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        scores = prediction.double()
        if self.from_logits and scores.shape[1] == 1:
            scores = torch.cat([torch.zeros_like(scores), scores], 1)  # sigmoid(x) is the second of softmax(0, x)
        shares = self.shares(scores)
        log = (
            torch.log_softmax(shares, 1)
            if self.from_logits
            else (shares / shares.sum(1, keepdim=True)).clamp(CLIP, 1 - CLIP).log()
        )
        lost = -log.gather(1, class_truths(self, prediction, target).unsqueeze(1))
        return torch.stack([lost.sum(), lost.new_full((), lost.numel())])

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor:
        return (sums[0] / sums[1]).exp()
