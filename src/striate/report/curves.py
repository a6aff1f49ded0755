"""Learning curves: what training and validation gave, epoch by epoch."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from striate.report.svg import Scale, drawing, element, polyline
from striate.report.text import mathematical, percent

__all__ = ["Curves", "curves"]

WIDTH, HEIGHT = 360.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 270.0, 26.0, 194.0
"""The plot inside the drawing; the room to the right is for the names of the lines."""
APART = 30.0
"""A line's name and value take two lines of text."""
NO_CURVE = {"epoch", "learning_rate", "seconds", "images_per_second"}
NAMES = {"": "training", "val_": "validation"}


@dataclass(frozen=True)
class Curves:
    """One drawing for each measure, and the same numbers as a table.

    Args:    drawings: SVG.
             columns: the table's head.
             rows: its lines, as text.
             best: number of the line whose weights were kept, or None.
             gaps: (epoch from 1, key) of values that are no numbers.
    """

    drawings: tuple[Markup, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    best: int | None
    gaps: tuple[tuple[int, str], ...]


def curves(history: Mapping[str, Sequence[float]], best: int | None = None) -> Curves | None:
    """The curves of a history, of any length and with any keys; None if it holds nothing.

    Example: >>> curves({"loss": [2.0, 1.0], "val_loss": [2.1, float("nan")]}, best=0).rows
             (('1', '2', '2.1'), ('2', '1', '–'))
    """
    columns = {
        key: [math.nan if value is None else float(value) for value in values] for key, values in history.items()
    }
    columns = {key: values for key, values in columns.items() if values and key != "epoch"}
    epochs = max(map(len, columns.values()), default=0)
    if not epochs:
        return None
    columns = {key: values + [math.nan] * (epochs - len(values)) for key, values in columns.items()}
    measures = dict.fromkeys(key.removeprefix("val_") for key in columns if key not in NO_CURVE)
    best = best if best is not None and 0 <= best < epochs else None
    drawn = (_drawing(measure, columns, epochs, best) for measure in measures)
    return Curves(
        tuple(one for one in drawn if one),
        tuple(columns),
        tuple(
            (str(epoch + 1), *(_table_text(key, values[epoch]) for key, values in columns.items()))
            for epoch in range(epochs)
        ),
        best,
        tuple(
            (epoch + 1, key)
            for key, values in columns.items()
            for epoch, value in enumerate(values[: len(history[key])])
            if not math.isfinite(value)
        ),
    )


def _table_text(key: str, value: float) -> str:
    """The table has the digits to compare neighbours; times and speeds need no more than a glance."""
    if key == "images_per_second" and math.isfinite(value):
        return f"{value:,.0f}"
    return mathematical(value)


def _is_share(measure: str, values: Sequence[float]) -> bool:
    return ("acc" in measure or "top" in measure) and all(0 <= value <= 1 for value in values)


def _drawing(measure: str, columns: Mapping[str, Sequence[float]], epochs: int, best: int | None) -> Markup | None:
    lines = {name: columns[prefix + measure] for prefix, name in NAMES.items() if prefix + measure in columns}
    finite = [value for values in lines.values() for value in values if math.isfinite(value)]
    if not finite:
        return None
    share = _is_share(measure, finite)
    log = not share and min(finite) > 0 and max(finite) > 20 * min(finite)
    x, y = Scale(1, max(epochs, 2), LEFT + 6, RIGHT - 4), _upright(finite, share, log)

    def shown(value: float) -> str:
        return percent(value, 1) if share else mathematical(float(f"{value:.3g}"))

    title = f"{measure.replace('_', ' ').capitalize()} by epoch" + (", logarithmic" if log else "")
    said = "; ".join(
        f"{name} from {shown(ends[0])} to {shown(ends[-1])}"
        for name, values in lines.items()
        if (ends := [value for value in values if math.isfinite(value)])
    )
    return drawing(
        WIDTH,
        HEIGHT,
        f"{title}: {said}" + (f"; best epoch {best + 1}" if best is not None else ""),
        element("text", title, x=LEFT, y=12, class_="title"),
        *_axes(x, y, epochs, share, best),
        *_best_mark(x, y, lines, best),
        *(
            polyline(((x.at(i + 1), y.at(value)) for i, value in enumerate(values)), class_=f"line {name}")
            for name, values in lines.items()
        ),
        *_line_names(y, lines, shown),
        class_="chart",
    )


def _upright(values: Sequence[float], share: bool, log: bool) -> Scale:
    """From the least to the greatest value with some air; a loss that fits on an even scale begins at 0."""
    low, high = min(values), max(values)
    if log:
        return Scale(low / 1.15, high * 1.15, BOTTOM, TOP, log=True)
    if share:
        air = max(0.06 * (high - low), 0.005)
        return Scale(max(0.0, low - air), min(1.0, high + air), BOTTOM, TOP)
    # A loss that hardly moves is drawn as what it is, flat, and its ticks differ in the digits that are written.
    air = max(0.06 * (high - low), 0.005 * abs(high)) or 1.0
    return Scale(0.0 if 0 <= low < 0.5 * high else low - air, high + air, BOTTOM, TOP)


def _axes(x: Scale, y: Scale, epochs: int, share: bool, best: int | None) -> list[Markup]:
    parts = []
    for value in y.ticks(5):
        written = f"{100 * value:.6g}\u202f%" if share else f"{value:.6g}"
        parts += [
            element("path", d=f"M{LEFT} {y.at(value):.1f}H{RIGHT}", class_="grid"),
            element("text", written, x=LEFT - 6, y=y.at(value) + 4, text_anchor="end"),
        ]
    for epoch in x.ticks(6, whole=True) if epochs > 1 else [1.0]:
        parts.append(element("text", f"{epoch:.0f}", x=x.at(epoch), y=BOTTOM + 16, text_anchor="middle"))
    below = "epoch" if best is None else f"epoch (best: {best + 1})"
    return [*parts, element("text", below, x=(LEFT + RIGHT) / 2, y=BOTTOM + 33, text_anchor="middle")]


def _best_mark(x: Scale, y: Scale, lines: Mapping[str, Sequence[float]], best: int | None) -> list[Markup]:
    if best is None:
        return []
    at, values = x.at(best + 1), lines.get("validation") or next(iter(lines.values()))
    parts = [element("path", d=f"M{at:.1f} {TOP}V{BOTTOM}", class_="best")]
    if math.isfinite(y.at(values[best])):
        parts.append(element("circle", cx=at, cy=y.at(values[best]), r=4.5, class_="best"))
    return parts


def _line_names(y: Scale, lines: Mapping[str, Sequence[float]], shown: Callable[[float], str]) -> list[Markup]:
    """Each line's name and last value beside its end, moved apart where they would meet."""
    ends = sorted(
        (y.at(finite[-1]), name, finite[-1])
        for name, values in lines.items()
        if (finite := [value for value in values if math.isfinite(y.at(value))])
    )
    lowest = BOTTOM - 10  # below it stand the epochs
    heights = [min(height, lowest) for height, _, _ in ends]
    if len(heights) == 2 and heights[1] - heights[0] < APART:
        middle = min(max(sum(heights) / 2, TOP + APART / 2), lowest - APART / 2)
        heights = [middle - APART / 2, middle + APART / 2]
    return [
        element(
            "text",
            element("tspan", name, x=RIGHT + 6, y=height - 2),
            element("tspan", shown(value), x=RIGHT + 6, y=height + 12, class_="number"),
            class_=f"name {name}",
        )
        for height, (_, name, value) in zip(heights, ends, strict=True)
    ]
