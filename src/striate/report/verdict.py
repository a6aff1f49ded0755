"""The verdict: how good, how sure, and compared with what."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from striate.report.results import Results
from striate.report.text import mathematical, percent, share_digits, short

__all__ = ["Verdict", "regression", "verdict", "wilson"]

Z95 = NormalDist().inv_cdf(0.975)
"""1.96: a normal variable is within this many standard deviations 95 % of the time."""


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share of which `right` of `total` were seen.

    (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n),  p = right/n, n = total, z = 1.96

    Unlike p ± z·sqrt(p(1-p)/n) it stays within 0 and 1, and says something sensible where nothing went wrong.

    Source:  Wilson 1927, doi:10.1080/01621459.1927.10502953; Newcombe 1998, method 3
    Example: >>> "%.4f %.4f" % wilson(81, 263)
             '0.2553 0.3662'
    """
    if total == 0:
        return 0.0, 1.0
    p, z = right / total, Z95
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    # Rounding must not push the ends of "none" and "all" off 0 and 1.
    return (0.0 if right == 0 else middle - half), (1.0 if right == total else middle + half)


@dataclass(frozen=True)
class Verdict:
    """The first thing to read.

    Args:    number: the big one, as text.
             unit: what the number counts.
             sentences: what it means, the most important first.
             share: the same number, to draw; None where it is no share.
             interval: its 95 % interval.
             baseline: (name, share) of the best answer that looks at no image.
    """

    number: str
    unit: str
    sentences: tuple[str, ...]
    share: float | None = None
    interval: tuple[float, float] | None = None
    baseline: tuple[str, float] | None = None


def verdict(results: Results) -> Verdict:
    """How good the network is on images it was not trained on, with its interval, against always the same answer.

    Example: >>> verdict(Results(title="coins", class_names=["heads", "tails"], labels=[0, 1], outputs=[0.1, 0.8])).number
             '100\\u202f%'
    """
    n = len(results.labels)
    if n == 0:
        return Verdict(
            "–", "no images were kept back", ("How good the network is on images it has not seen is not known.",)
        )
    return _classified(results, n) if results.classifies else _valued(results, n)


def _classified(results: Results, n: int) -> Verdict:
    right = int(results.right.sum())
    share, interval, digits = right / n, wilson(right, n), share_digits(n)
    counts = np.bincount(results.labels, minlength=len(results.class_names))
    often = int(counts.argmax()) if results.majority is None else results.majority
    name, base = short(results.class_names[often], 40), counts[often] / n
    low, high = interval
    compared = "Better than" if low > base else "Worse than" if high < base else "Not clearly better than"
    return Verdict(
        percent(share, digits),
        f"of {n:,} {results.part} images named correctly",
        (
            _wrong(n - right, n),
            f"{compared} always saying “{name}”, which would be right for {percent(base, min(digits, 1))}.",
            (
                f"With ever more images of this kind the share would probably settle between {percent(low, digits)} and "
                f"{percent(high, digits)} (95\u202f% interval)."
            ),
        ),
        share,
        interval,
        (f"always “{name}”", float(base)),
    )


def _wrong(wrong: int, n: int) -> str:
    if wrong == 0:
        return "None is wrong."
    if wrong == 1:
        return "One is wrong."
    often = "" if 3 * wrong > n else f", about 1 in {round(n / wrong):,}"
    return f"{wrong:,} are wrong{often}."


def regression(labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    """Mean absolute error, that of always saying the median, and R² (the mean over columns; NaN without variance).

    MAE = mean |y - t|;  R² = 1 - sum (y - t)² / sum (t - mean t)²

    Example: >>> regression(np.array([[1.0], [2.0], [6.0]]), np.array([[2.0], [2.0], [4.0]]))["mae"]
             1.0
    """
    spread = ((labels - labels.mean(axis=0)) ** 2).sum(axis=0)
    missed = ((outputs - labels) ** 2).sum(axis=0)
    r2 = 1 - missed[spread > 0] / spread[spread > 0]
    return {
        "mae": float(np.abs(outputs - labels).mean()),
        "baseline": float(np.abs(labels - np.median(labels, axis=0)).mean()),
        "r2": float(r2.mean()) if len(r2) else math.nan,
    }


def _valued(results: Results, n: int) -> Verdict:
    found = regression(np.asarray(results.labels), results.scores)
    compared = "Better than" if found["mae"] < found["baseline"] else "No better than"
    explained = f"R² is {mathematical(found['r2'])}: " if math.isfinite(found["r2"]) else ""
    return Verdict(
        mathematical(found["mae"]),
        f"off on average, over {n:,} {results.part} images",
        (
            f"{compared} always saying the median, which would be off by {mathematical(found['baseline'])}.",
            f"{explained}1 would be perfect, 0 no better than always saying the mean." if explained else "",
        ),
    )
