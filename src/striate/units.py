"""Kinds of numbers that declarations take, and how numbers are written for people."""

import math
import operator
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator, BeforeValidator, Strict

__all__ = [
    "Count",
    "Factor",
    "Fraction",
    "Index",
    "Positive",
    "Real",
    "bytes_text",
    "count_text",
    "counted",
    "seconds_text",
]

LARGEST = 1_000_000_000
"""No count of filters, units, pixels or epochs may exceed this: it is always a slip, and would overflow sums."""

LARGEST_REAL = 1e38
"""Networks compute in single precision, which ends at 3.4e38."""


def _plain(value: Any) -> Any:
    """NumPy's and torch's scalars as Python's own, so that a declaration never holds an array."""
    if isinstance(value, bool | int | float):
        return value
    if hasattr(value, "ndim") and value.ndim == 0 and hasattr(value, "item"):
        return value.item()
    try:
        return operator.index(value)
    except TypeError:  # no whole number, such as an array of several
        return value


def _single(value: float) -> float:
    """A number that single precision can hold, and the distance of two of them too; what is not finite is told apart."""
    if LARGEST_REAL < abs(value) < math.inf:
        raise ValueError(f"must lie between {-LARGEST_REAL:g} and {LARGEST_REAL:g}")
    return value


_Integer = Annotated[int, Strict(), BeforeValidator(_plain)]
Real = Annotated[float, Strict(), BeforeValidator(_plain), AfterValidator(_single)]

Count = Annotated[_Integer, Gt(0), Le(LARGEST)]
"""A whole number of at least 1: filters, units, pixels, epochs."""
Index = Annotated[_Integer, Ge(0), Le(LARGEST)]
"""A whole number of at least 0: padding, an axis, an epoch."""
Factor = Annotated[Real, Ge(0)]
"""A number of at least 0: a penalty, a momentum's opposite."""
Positive = Annotated[Real, Gt(0)]
"""A number above 0: a learning rate, an epsilon."""
Fraction = Annotated[Real, Ge(0), Lt(1)]
"""A share of at least 0 and below 1: dropout, momentum, validation."""


def count_text(number: int) -> str:
    """A count with thousands separators.

    Example: >>> count_text(61706)
             '61,706'
    """
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """So many things, by the noun of one of them.

    Example: >>> counted(1, "file"), counted(1200, "file")
             ('1 file', '1,200 files')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _scaled(number: float, step: float, names: str) -> str:
    smallest, *larger = names.split()
    unit = smallest
    while number >= step - 0.5 and larger:  # what rounds to a whole step is one of the next unit
        number, unit = number / step, larger.pop(0)
    return f"{number:.0f} {unit}" if number >= 99.95 or unit == smallest else f"{number:.1f} {unit}"


def bytes_text(number: float) -> str:
    """A number of bytes in kB, MB, GB (powers of 1,000).

    Example: >>> bytes_text(246_824)
             '247 kB'
    """
    return _scaled(number, 1000.0, "B kB MB GB TB")


def seconds_text(seconds: float) -> str:
    """A duration as a person would say it.

    Example: >>> seconds_text(75)
             '1 min 15 s'
    """
    if seconds < 0.9995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
