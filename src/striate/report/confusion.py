"""The confusion matrix: what is true against what was said."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from striate.report.svg import drawing, element
from striate.report.text import compact, short

__all__ = ["MOST_CLASSES", "Pair", "confusion", "confusion_drawing", "most_confused"]

MOST_CLASSES = 20
"""With more classes than this the matrix is too large to read; the most confused pairs say more."""
CELL = 30.0
LETTER = 6.6
"""Width of a letter of a class name, about."""


def confusion(labels: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    """(k, k) counts: row is what is true, column what was said.

    Example: >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
             array([[1, 1],
                    [0, 1]])
    """
    return np.bincount(labels * classes + said, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True)
class Pair:
    """Images of one class that were taken for another.

    Args:    true, said: class numbers.
             count: how many.
             share: of all images of the true class.
    """

    true: int
    said: int
    count: int
    share: float


def most_confused(matrix: np.ndarray, limit: int = 10) -> list[Pair]:
    """The commonest mistakes, most frequent first; equal counts by the share of their class.

    Example: >>> most_confused(np.array([[8, 2], [0, 5]]))
             [Pair(true=0, said=1, count=2, share=0.2)]
    """
    totals = matrix.sum(axis=1)
    pairs = [
        Pair(int(true), int(said), int(matrix[true, said]), float(matrix[true, said] / totals[true]))
        for true, said in np.argwhere(matrix > 0)
        if true != said
    ]
    return sorted(pairs, key=lambda pair: (-pair.count, -pair.share, pair.true, pair.said))[:limit]


def confusion_drawing(matrix: np.ndarray, names: Sequence[str]) -> Markup:
    """The matrix with its counts, right answers in one colour and mistakes in another.

    The shade grows with the square root of the count, against the largest of its colour: few mistakes among
    thousands of right answers still show.

    Example: >>> "a taken for b: 1 of 4" in confusion_drawing(np.array([[3, 1], [0, 4]]), ["a", "b"])
             True
    """
    k = len(names)
    shown = [short(name, 14) for name in names]
    longest = max(map(len, shown))
    upright = longest <= 3
    left = 26 + LETTER * longest
    # Names that do not fit above their column lean to the right, over the edge of the last one.
    top = 42.0 if upright else 30 + 0.72 * LETTER * longest
    width, height = left + k * CELL + (6 if upright else max(6.0, 0.72 * LETTER * longest - 8)), top + k * CELL + 4
    mistakes = matrix - np.diag(matrix.diagonal())
    most = {True: max(int(matrix.diagonal().max()), 1), False: max(int(mistakes.max()), 1)}
    parts = [
        element("text", "said", x=left + k * CELL / 2, y=12, text_anchor="middle", class_="title"),
        element(
            "text",
            "true",
            text_anchor="middle",
            class_="title",
            transform=f"translate(11 {top + k * CELL / 2:.1f})rotate(-90)",
        ),
    ]
    for i, name in enumerate(shown):
        middle = (i + 0.5) * CELL
        parts += [
            element("text", name, x=left - 7, y=top + middle + 4, text_anchor="end"),
            element("text", name, x=left + middle, y=top - 8, text_anchor="middle")
            if upright
            else element("text", name, transform=f"translate({left + middle:.1f} {top - 7:.1f})rotate(-45)"),
        ]
    totals = matrix.sum(axis=1)
    for i in range(k):
        for j in range(k):
            count, right = int(matrix[i, j]), i == j
            cell = element(
                "rect",
                x=left + j * CELL + 0.5,
                y=top + i * CELL + 0.5,
                width=CELL - 1,
                height=CELL - 1,
                rx=3,
                class_=("hit" if right else "miss") if count else "none",
                **({"fill_opacity": f"{0.1 + 0.9 * math.sqrt(count / most[right]):.2f}"} if count else {}),
            )
            if not count:
                parts.append(cell)
                continue
            what = f"{names[i]} named correctly" if right else f"{names[i]} taken for {names[j]}"
            number = element("text", compact(count), x=left + j * CELL + CELL / 2, y=top + i * CELL + 19.5)
            parts.append(element("g", element("title", f"{what}: {count:,} of {totals[i]:,}"), cell, number))
    label = f"Confusion matrix: {int(matrix.diagonal().sum()):,} right, {int(mistakes.sum()):,} wrong"
    return drawing(width, height, label, *parts, class_="chart matrix", style=f"--width:{width:.0f}px")
