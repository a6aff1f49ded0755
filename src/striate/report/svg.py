"""Drawing: SVG elements that escape what they are given, and scales with round ticks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from striate.report.text import clean

__all__ = ["Scale", "drawing", "element", "polyline"]


def element(name: str, *children: object, **attributes: object) -> Markup:
    """An SVG element; text is escaped, `class_` means class, `stroke_width` means stroke-width.

    Example: >>> element("text", "3 < 8", x=1.25, class_="quiet")
             Markup('<text x="1.2" class="quiet">3 &lt; 8</text>')
    """
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_written(value))}"' for key, value in attributes.items()
    )
    inside = Markup("").join([clean(child) for child in children])  # ty: ignore[invalid-argument-type]  # join escapes all that is not markup already
    return Markup(f"<{name}{shown}>{inside}</{name}>") if inside else Markup(f"<{name}{shown}/>")  # noqa: S704


def _written(value: object) -> object:
    """Coordinates to a tenth of a unit; text made clean."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return clean(value)


def drawing(width: float, height: float, label: str, *children: object, **attributes: object) -> Markup:
    """A picture with its description for those who cannot see it.

    Example: >>> drawing(10, 5, "a line")
             Markup('<svg viewBox="0 0 10 5" role="img" aria-label="a line"><title>a line</title></svg>')
    """
    box = f"0 0 {_written(float(width))} {_written(float(height))}"
    return element("svg", element("title", label), *children, viewBox=box, role="img", aria_label=label, **attributes)


def polyline(points: Iterable[tuple[float, float]], **attributes: object) -> Markup:
    """A line through the points that are numbers, broken where one is not; a point that stands alone is a dot.

    Example: >>> polyline([(0.0, 1.0), (2.0, 3.0), (4.0, math.nan), (6.0, 1.0)])
             Markup('<path d="M0 1L2 3M6 1h0"/>')
    """
    runs: list[list[str]] = [[]]
    for x, y in points:
        if math.isfinite(x) and math.isfinite(y):
            runs[-1].append(f"{_written(float(x))} {_written(float(y))}")
        elif runs[-1]:
            runs.append([])
    # A line of length 0 with round ends is drawn as a dot.
    steps = "".join("M" + "L".join(run) + ("h0" if len(run) == 1 else "") for run in runs if run)
    return element("path", d=steps, **attributes) if steps else Markup("")


@dataclass(frozen=True)
class Scale:
    """Numbers from `low` to `high` laid out from `start` to `end`, evenly or (`log`) by their logarithms.

    at(v) = start + (end - start)*(v - low)/(high - low)

    Args:    low, high: the numbers at the two ends; high > low, and low > 0 where `log`.
             start, end: their coordinates.
             log: equal ratios take equal room.
    Example: >>> Scale(0, 10, 100, 0).at(2.5), Scale(1, 100, 0, 10, log=True).at(10)
             (75.0, 5.0)
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The coordinate of a number."""
        if not math.isfinite(value) or (self.log and value <= 0):
            return math.nan
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return self.start + (self.end - self.start) * (value - low) / (high - low)

    def ticks(self, count: int = 5, whole: bool = False) -> list[float]:
        """At most about `count` round numbers inside.

        Example: >>> Scale(0, 0.7, 0, 1).ticks(), Scale(0.02, 3, 0, 1, log=True).ticks()
                 ([0.0, 0.2, 0.4, 0.6], [0.03, 0.1, 0.3, 1.0, 3.0])
        """
        if self.log:
            return self._log_ticks(count)
        step = _round_up((self.high - self.low) / count)
        if whole:
            step = max(1.0, step)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [float(f"{n * step:.10g}") for n in range(first, last + 1)]

    def _log_ticks(self, count: int) -> list[float]:
        """Powers of ten, with numbers between them where there is room, thinned out where there is none."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        every = max(1, math.ceil(len(powers) / count))
        inside: list[float] = []
        for between, step in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), every)):
            values = [float(f"{factor}e{power}") for power in powers[::step] for factor in between]
            inside = [value for value in values if self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9)]
            if len(inside) <= count + 1:
                break
        return inside


def _round_up(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))
