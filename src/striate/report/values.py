"""Values that a network gives, against the true ones."""

import numpy as np
from markupsafe import Markup

from striate.report.svg import Scale, drawing, element

__all__ = ["values_drawing"]

SIDE = 360.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 350.0, 12.0, 310.0
MOST = 1000
"""More points than this hide each other; the first ones are as good as any."""


def values_drawing(labels: np.ndarray, outputs: np.ndarray) -> Markup:
    """(n, m) true and given values as points; on the dashed line they are equal.

    Example: >>> values_drawing(np.array([[1.0], [2.0]]), np.array([[1.5], [2.0]])).count("<circle")
             2
    """
    true, said = labels[:MOST].ravel(), outputs[:MOST].ravel()
    low, high = float(min(true.min(), said.min())), float(max(true.max(), said.max()))
    air = 0.04 * (high - low) or 1.0
    x, y = Scale(low - air, high + air, LEFT, RIGHT), Scale(low - air, high + air, BOTTOM, TOP)
    parts = []
    for tick in x.ticks(4):
        parts += [
            element("path", d=f"M{LEFT} {y.at(tick):.1f}H{RIGHT}", class_="grid"),
            element("text", f"{tick:.6g}", x=LEFT - 6, y=y.at(tick) + 4, text_anchor="end"),
            element("text", f"{tick:.6g}", x=x.at(tick), y=BOTTOM + 18, text_anchor="middle"),
        ]
    parts += [
        element("path", d=f"M{LEFT} {BOTTOM}L{RIGHT} {TOP}", class_="ideal"),
        element("text", "true", x=(LEFT + RIGHT) / 2, y=BOTTOM + 38, text_anchor="middle"),
        element("text", "said", x=LEFT + 6, y=TOP + 14),
        *(
            element("circle", cx=x.at(float(one)), cy=y.at(float(other)), r=2.5, class_="dot")
            for one, other in zip(true, said, strict=True)
        ),
    ]
    return drawing(SIDE, SIDE, f"What was said against what is true, {len(true):,} values", *parts, class_="chart")
