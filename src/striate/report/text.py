"""How the report writes names, shares and sizes."""

import math
import os
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from striate.errors import printable

__all__ = ["clean", "compact", "mathematical", "percent", "share_digits", "shared_folder", "short", "sizes"]

LONGEST = 20_000
"""Letters of one line that are shown; a line longer than this is no text for people."""


def clean(value: object) -> object:
    """Text of any origin as a page can hold it: letters that no page can show are written as escapes.

    Markup of our own and everything that is no text stay as they are.

    Example: >>> clean("bell\\x07")
             'bell\\\\x07'
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(printable(line, LONGEST) for line in value.split("\n"))


def short(name: object, limit: int) -> str:
    """A name of at most `limit` letters, cut in its middle: names often differ only at their end, as files do.

    Example: >>> short("granny smith apple", 9)
             'gran…pple'
    """
    whole = printable(name, LONGEST)
    kept = limit - 1
    return whole if len(whole) <= limit else f"{whole[: kept - kept // 2]}…{whole[len(whole) - kept // 2 :]}"


def shared_folder(paths: Sequence[str]) -> str:
    """The folder that all these files are in, with its closing slash; empty if there is none.

    Example: >>> shared_folder(["pets/cat/1.png", "pets/cow/1.png"])
             'pets/'
    """
    start = os.path.commonprefix(paths)  # noqa: RUF071  # cut at the last slash; commonpath refuses / beside none
    return start[: start.rfind("/") + 1]


def share_digits(count: int) -> int:
    """Decimals of a percentage that `count` images support.

    Example: >>> share_digits(360), share_digits(10_000)
             (1, 2)
    """
    return 0 if count < 100 else 1 if count < 2000 else 2


def percent(share: float, digits: int = 1) -> str:
    """A share in per cent. Only exactly all is 100 %, only exactly none is 0 %.

    Example: >>> percent(0.9941, 2), percent(0.99999), percent(1.0), percent(0.00001)
             ('99.41\\u202f%', '99.9\\u202f%', '100\\u202f%', '0.1\\u202f%')
    """
    if not math.isfinite(share):
        return "–"
    if share in (0, 1):
        return f"{100 * share:.0f}\u202f%"
    least = 10.0**-digits
    inside = min(max(100 * share, least), 100 - least) if 0 < share < 1 else 100 * share
    return f"{inside:.{digits}f}\u202f%"


def compact(count: float) -> str:
    """A count in at most four letters.

    Example: >>> compact(980), compact(12_345), compact(2_500_000)
             ('980', '12k', '2.5M')
    """
    for step, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        # From 9,999.5 on four digits no longer hold the count; from 999.5k on "1000k" would be five letters.
        if count >= max(0.9995 * step, 9999.5):
            scaled = count / step
            return f"{scaled:.1f}{letter}" if scaled < 9.95 else f"{scaled:.0f}{letter}"
    return f"{count:.0f}"


def mathematical(value: float) -> str:
    """A number of any size in four significant digits, with real minus signs.

    Example: >>> mathematical(-0.123456), mathematical(1234567.0)
             ('\\u22120.1235', '1.235e+06')
    """
    return f"{value:.4g}".replace("-", "\u2212") if math.isfinite(value) else "–"


def sizes(shape: Iterable[int]) -> str:
    """A shape, or a window, as people write it.

    Example: >>> sizes((28, 28, 1))
             '28 × 28 × 1'
    """
    return " × ".join(f"{size:,}" for size in shape)
