"""Calibration: whether answers given with 90 % confidence are right 90 % of the time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from striate.report.svg import Scale, drawing, element
from striate.report.text import compact, percent
from striate.report.verdict import wilson

__all__ = ["Bin", "calibration_bins", "calibration_drawing", "calibration_error"]

WIDTH, HEIGHT = 360.0, 330.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 350.0, 12.0, 222.0
BASE = 288.0
"""Below the diagram stand the columns that count the images."""


@dataclass(frozen=True)
class Bin:
    """The answers whose confidence lies between `low` (not included) and `high` (included).

    Args:    low, high: the ends.
             count: answers.
             right: how many are right.
             confidence: their mean confidence.
    """

    low: float
    high: float
    count: int
    right: int
    confidence: float

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return self.right / self.count


def calibration_bins(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> list[Bin]:
    """The answers by confidence, in `bins` equal ranges; empty ones are left out.

    Example: >>> calibration_bins(np.array([0.9, 0.95, 0.6]), np.array([True, False, True]))[-1]
             Bin(low=0.9, high=1.0, count=1, right=0, confidence=0.95)
    """
    # i/bins is the nearest number to the decimal fraction, as 0.7 in the data is; linspace's 0.7 is not.
    edges = [i / bins for i in range(bins + 1)]
    place = np.searchsorted(edges[1:-1], confidence, side="left")
    found = []
    for i in range(bins):
        inside = place == i
        if inside.any():
            mean = float(confidence[inside].mean())
            found.append(Bin(edges[i], edges[i + 1], int(inside.sum()), int(right[inside].sum()), mean))
    return found


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error: how far confidence and accuracy are apart, on average over the answers.

    ECE = sum over bins of count/n * |accuracy - confidence|

    Source:  Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599, equation 3
    Example: >>> round(calibration_error([Bin(0.8, 0.9, 3, 3, 0.9), Bin(0.9, 1.0, 1, 0, 1.0)]), 3)
             0.325
    """
    total = sum(one.count for one in bins)
    return sum(one.count / total * abs(one.accuracy - one.confidence) for one in bins)


def calibration_drawing(bins: Sequence[Bin]) -> Markup:
    """The reliability diagram: accuracy over confidence with 95 % intervals, above how many answers there are.

    Example: >>> "3 answers" in calibration_drawing([Bin(0.8, 0.9, 3, 3, 0.9)])
             True
    """
    x, y = Scale(0, 1, LEFT, RIGHT), Scale(0, 1, BOTTOM, TOP)
    parts = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        written = f"{100 * tick:.0f}\u202f%"
        anchor = "end" if tick == 1 else "middle"
        parts += [
            element("path", d=f"M{LEFT} {y.at(tick):.1f}H{RIGHT}", class_="grid"),
            element("text", written, x=LEFT - 6, y=y.at(tick) + 4, text_anchor="end"),
            element("text", written, x=x.at(tick), y=BASE + 18, text_anchor=anchor),
        ]
    parts += [
        element("path", d=f"M{LEFT} {BOTTOM}L{RIGHT} {TOP}", class_="ideal"),
        element("text", "confidence", x=(LEFT + RIGHT) / 2, y=BASE + 36, text_anchor="middle"),
        element("text", "right", x=LEFT + 6, y=TOP + 14),
        element("path", d=f"M{LEFT} {BASE}H{RIGHT}", class_="grid"),
    ]
    most = max(one.count for one in bins)
    for one in bins:
        low, high = wilson(one.right, one.count)
        at, tall = x.at(one.confidence), max(1.0, (BASE - BOTTOM - 30) * one.count / most)
        what = (
            f"confidence {percent(one.low)} to {percent(one.high)}: {one.count:,} answers, "
            f"{percent(one.accuracy)} right (95\u202f% interval {percent(low)} to {percent(high)})"
        )
        parts.append(
            element(
                "g",
                element("title", what),
                element("path", d=f"M{at:.1f} {y.at(low):.1f}V{y.at(high):.1f}", class_="whisker"),
                element("circle", cx=at, cy=y.at(one.accuracy), r=4, class_="point"),
                element(
                    "rect",
                    x=x.at(one.low) + 1,
                    y=BASE - tall,
                    width=x.at(one.high) - x.at(one.low) - 2,
                    height=tall,
                    class_="column",
                ),
                element(
                    "text",
                    compact(one.count),
                    x=x.at((one.low + one.high) / 2),
                    y=BASE - tall - 5,
                    text_anchor="middle",
                    class_="small",
                ),
            )
        )
    label = f"Reliability diagram: expected calibration error {percent(calibration_error(bins))}"
    return drawing(WIDTH, HEIGHT, label, *parts, class_="chart")
