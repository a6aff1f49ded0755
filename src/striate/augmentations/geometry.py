"""Augmentations that move pixels: flips, shifts, turns, changes of scale.

Flips and shifts move whole pixels, so nothing is blurred; turns and changes of scale interpolate bilinearly.
"""

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

import torch
from pydantic import Strict

from striate.augmentations.base import Augmentation, FillMode
from striate.errors import ArgumentError
from striate.units import Count, Fraction, Real

__all__ = ["RandomCrop", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"]

Range = Annotated[tuple[Real, Real], Strict(False)]
"""From a lowest to a highest value."""


@dataclass(frozen=True)
class RandomFlip(Augmentation):
    """Mirror an image, each way with probability 1/2.

    x'[i,j] = x[i, w-1-j]  (horizontal),  x[h-1-i, j]  (vertical)

    Args:    mode: "horizontal", "vertical" or "horizontal_and_vertical".
    Source:  Keras 3, keras.layers.RandomFlip; lecture 001 L1273
    Example: >>> RandomFlip("horizontal").whole_pixels
             True
    """

    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal_and_vertical"

    draws = 2

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        ways = self.mode.split("_and_")
        down, across = (
            torch.where((draws[:, axis] < 0.5) & (way in ways), -1.0, 1.0)
            for axis, way in enumerate(("vertical", "horizontal"))
        )
        return _matrix(draws, (down, 0, 0), (0, across, 0))


@dataclass(frozen=True)
class _Moving(Augmentation, abstract=True):
    """What moves the image so that something comes in from outside.

    Args:    fill_mode: what comes in: "constant" (black), "nearest" or "reflect". Augmentations that are used together
                 need the same, as they are made in one step.
    """

    fill_mode: FillMode = field(default="constant", kw_only=True)

    def _require_range(self, *names: str, least: float = -math.inf) -> None:
        for name in names:
            value = getattr(self, name)
            low, high = _range(value or 0.0)
            if not least < low <= high < math.inf:
                raise ArgumentError(
                    f"{type(self).__name__}: {name} cannot be {value}",
                    sum=f"{least:g} < {low:g} <= {high:g} < inf must hold",
                    fix="(lowest, highest), or one number f for -f to f",
                )


@dataclass(frozen=True)
class RandomTranslation(_Moving):
    """Shift an image by whole pixels, up to a share of its height and width.

    x'[i,j] = x[i-a, j-b],  a uniform among the whole numbers from -r to r, r = round(h*height_factor); b likewise

    Keras shifts by fractions of a pixel, which blurs.

    Args:    height_factor: largest shift up and down, as a share of the height; or (lowest, highest), down is positive.
             width_factor: the same to the left and right, as a share of the width; right is positive.
    Errors:  ArgumentError if the lowest is above the highest.
    Source:  Keras 3, keras.layers.RandomTranslation; lecture 001 L1288
    Example: >>> RandomTranslation(0.1, (0, 0.2)).whole_pixels
             True
    """

    height_factor: Fraction | Range
    width_factor: Fraction | Range

    draws = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_range("height_factor", "width_factor")

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        down, across = (
            _whole(draws[:, axis], *(_rounded(end * size) for end in _range(factor)))
            for axis, (factor, size) in enumerate(((self.height_factor, height), (self.width_factor, width)))
        )
        return _matrix(draws, (1, 0, -down), (0, 1, -across))

    @classmethod
    def example(cls) -> "RandomTranslation":
        return cls(0.2, 0.2)


@dataclass(frozen=True)
class RandomCrop(_Moving):
    """Pad an image on all sides and crop it back to its size, anywhere.

    x'[i,j] = x[i-a, j-b],  a and b uniform among the whole numbers from -padding to padding

    Args:    padding: pixels on each side.
    Source:  He et al. 2016, arXiv:1512.03385, section 4.2; lecture 001 L1278
    Example: >>> RandomCrop(padding=4).whole_pixels
             True
    """

    padding: Count = 4

    draws = 2

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        down, across = (_whole(draws[:, axis], -self.padding, self.padding) for axis in (0, 1))
        return _matrix(draws, (1, 0, -down), (0, 1, -across))


@dataclass(frozen=True)
class RandomRotation(_Moving):
    """Turn an image about its centre, up to a share of a full turn.

    x'[p] = x[R p],  R = (cos a, sin a; -sin a, cos a),  a uniform from -2*pi*factor to 2*pi*factor

    Args:    factor: largest angle as a share of a full turn; or (lowest, highest), anticlockwise is positive.
    Errors:  ArgumentError if the lowest is above the highest.
    Source:  Keras 3, keras.layers.RandomRotation; lecture 001 L1288
    Example: >>> RandomRotation(0.05).whole_pixels
             False
    """

    factor: Fraction | Range

    draws = 1
    whole_pixels = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_range("factor")

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        angle = 2 * math.pi * _between(draws[:, 0], self.factor)
        return _matrix(draws, (angle.cos(), angle.sin(), 0), (-angle.sin(), angle.cos(), 0))

    @classmethod
    def example(cls) -> "RandomRotation":
        return cls(0.1)


@dataclass(frozen=True)
class RandomZoom(_Moving):
    """Change the scale of an image about its centre.

    x'[i,j] = x[i*(1+a), j*(1+b)]  from the centre,  a uniform from -height_factor to height_factor; b = a, or likewise

    Args:    height_factor: largest change of the height; or (lowest, highest), positive makes the picture smaller.
             width_factor: of the width, drawn by itself; None keeps the proportions.
    Errors:  ArgumentError if the lowest is above the highest, or not above -1.
    Source:  Keras 3, keras.layers.RandomZoom; lecture 001 L1278
    Example: >>> RandomZoom(0.2).whole_pixels
             False
    """

    height_factor: Fraction | Range
    width_factor: Fraction | Range | None = None

    draws = 2
    whole_pixels = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_range("height_factor", "width_factor", least=-1)

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        down = 1 + _between(draws[:, 0], self.height_factor)
        across = down if self.width_factor is None else 1 + _between(draws[:, 1], self.width_factor)
        return _matrix(draws, (down, 0, 0), (0, across, 0))

    @classmethod
    def example(cls) -> "RandomZoom":
        return cls(0.2)


def _range(factor: float | tuple[float, float]) -> tuple[float, float]:
    return factor if isinstance(factor, tuple) else (-factor, factor)


def _between(draw: torch.Tensor, factor: float | tuple[float, float]) -> torch.Tensor:
    low, high = _range(factor)
    return low + draw * (high - low)


def _rounded(pixels: float) -> int:
    """To whole pixels, halves away from 0, so that a range stays symmetric."""
    return int(math.copysign(math.floor(abs(pixels) + 0.5), pixels))


def _whole(draw: torch.Tensor, low: int, high: int) -> torch.Tensor:
    """A whole number from low to high, each as likely."""
    return (draw * (high - low + 1)).floor() + low


_Row = tuple[torch.Tensor | float, torch.Tensor | float, torch.Tensor | float]


def _matrix(draws: torch.Tensor, down: _Row, across: _Row) -> torch.Tensor:
    """(n, 3, 3) from (row, column, 1) of a pixel that comes out to that of the one it is taken from."""
    made = draws.new_zeros(len(draws), 3, 3)
    for row, parts in enumerate((down, across, (0, 0, 1))):
        for column, part in enumerate(parts):
            made[:, row, column] = part
    return made
