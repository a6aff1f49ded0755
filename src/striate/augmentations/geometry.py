"""Augmentations that move pixels: flips, shifts, turns, changes of scale, shears, the distortion of a lens.

Flips and shifts move whole pixels, so nothing is blurred; all others interpolate bilinearly.
"""

import math
from dataclasses import dataclass, field
from typing import Literal

import torch

from striate.augmentations.base import FillMode, Moving, Probability, Range, between, ends
from striate.errors import ArgumentError
from striate.units import Count, Fraction

__all__ = [
    "LensDistortion",
    "RandomCrop",
    "RandomFlip",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
]


@dataclass(frozen=True)
class RandomFlip(Moving):
    """Mirror an image, each way with probability 1/2.

    x'[i,j] = x[i, w-1-j]  (horizontal),  x[h-1-i, j]  (vertical)

    Args:    mode: "horizontal", "vertical" or "horizontal_and_vertical".
             alternating: whether chance decides in the first epoch only, and each epoch then does the opposite of the
                 one before, so that two epochs show an image both ways.
    Source:  Keras 3, keras.layers.RandomFlip; lecture 001 L1273; alternating: Jordan 2024, arXiv:2404.00498, section 3.6
    Example: >>> RandomFlip("horizontal").whole_pixels
             True
    """

    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal_and_vertical"
    alternating: bool = False

    draws = 2

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        ways = self.mode.split("_and_")
        down, across = (
            torch.where((draws[:, axis] < 0.5) & (way in ways), -1.0, 1.0)
            for axis, way in enumerate(("vertical", "horizontal"))
        )
        return _matrix(draws, (down, 0, 0), (0, across, 0))


@dataclass(frozen=True)
class _Filling(Moving, abstract=True):
    """What moves the image so that something comes in from outside.

    Args:    fill_mode: what comes in: "constant" (black), "nearest" or "reflect". Augmentations that are used together
                 need the same, as they are made in one step.
    """

    fill_mode: FillMode = field(default="constant", kw_only=True)


@dataclass(frozen=True)
class RandomTranslation(_Filling):
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
            _whole(draws[:, axis], *(_rounded(end * size) for end in ends(factor)))
            for axis, (factor, size) in enumerate(((self.height_factor, height), (self.width_factor, width)))
        )
        return _matrix(draws, (1, 0, -down), (0, 1, -across))

    @classmethod
    def example(cls) -> "RandomTranslation":
        return cls(0.2, 0.2)


@dataclass(frozen=True)
class RandomCrop(_Filling):
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
class RandomRotation(_Filling):
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
        angle = 2 * math.pi * between(draws[:, 0], ends(self.factor))
        return _matrix(draws, (angle.cos(), angle.sin(), 0), (-angle.sin(), angle.cos(), 0))

    @classmethod
    def example(cls) -> "RandomRotation":
        return cls(0.1)


@dataclass(frozen=True)
class RandomZoom(_Filling):
    """Change the scale of an image about its centre, or stretch it.

    x'[i,j] = x[i*(1+a), j*(1+b)]  from the centre,  a uniform from -height_factor to height_factor; b = a, or likewise

    Args:    height_factor: largest change of the height; or (lowest, highest), positive makes the picture smaller.
             width_factor: of the width, drawn by itself, which stretches; None keeps the proportions.
    Errors:  ArgumentError if the lowest is above the highest, or not above -1.
    Source:  Keras 3, keras.layers.RandomZoom; lecture 001 L1278, L1288
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
        down = 1 + between(draws[:, 0], ends(self.height_factor))
        across = down if self.width_factor is None else 1 + between(draws[:, 1], ends(self.width_factor))
        return _matrix(draws, (down, 0, 0), (0, across, 0))

    @classmethod
    def example(cls) -> "RandomZoom":
        return cls(0.2)


@dataclass(frozen=True)
class RandomShear(_Filling):
    """Slant an image about its centre.

    x'[i,j] = x[i + t*b*j, j + t*a*i]  from the centre,  a uniform from 0 to x_factor, b to y_factor, t 1 or -1

    Args:    x_factor: largest slant of upright lines, columns a row; or (lowest, highest), both from 0 to 1.
             y_factor: of level lines, rows a column; both ways are drawn together.
    Errors:  ArgumentError if the lowest is above the highest.
    Source:  Keras 3, keras.layers.RandomShear; lecture 001 L1288
    Example: >>> RandomShear(0.25).place(torch.tensor([[0.0, 1.0, 0.0]]), 9, 9)[0].tolist()[1]
             [0.25, 1.0, 0.0]
    """

    x_factor: Probability | Range = 0.0
    y_factor: Probability | Range = 0.0

    draws = 3
    whole_pixels = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_shares("x_factor", "y_factor")

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        way = torch.where(draws[:, 0] < 0.5, 1.0, -1.0)
        across, down = (
            way * between(draws[:, axis], ends(factor, least=0.0))
            for axis, factor in ((1, self.x_factor), (2, self.y_factor))
        )
        return _matrix(draws, (1, down, 0), (across, 1, 0))

    @classmethod
    def example(cls) -> "RandomShear":
        return cls(0.3, 0.2)


@dataclass(frozen=True)
class RandomResizedCrop(Moving):
    """Take a part of an image, of any proportions and at any place, and stretch it to the size of the whole.

    x'[i,j] = x[a + i*p, b + j*q]  from the centre,  p = min(1, sqrt(s*w/(h*r))), q = min(1, sqrt(s*h*r/w)),
    s uniform in scale, log r in log ratio,  a and b uniform where all is taken from inside

    Args:    scale: (smallest, largest) share of the area.
             ratio: (smallest, largest) width by height of the part, in pixels; what would not fit is cut.
    Errors:  ArgumentError if the smallest is above the largest, or not above 0.
    Source:  Szegedy et al. 2015, arXiv:1409.4842, section 6; lecture 001 L1278
    Example: >>> RandomResizedCrop().place(torch.tensor([[1.0, 0.5, 0.5, 0.5]]), 9, 9)[0].diagonal().tolist()
             [1.0, 1.0, 1.0]
    """

    scale: Range = (0.08, 1.0)
    ratio: Range = (3 / 4, 4 / 3)

    draws = 4
    whole_pixels = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, most in (("scale", 1.0), ("ratio", math.inf)):
            low, high = getattr(self, name)
            if not (0 < low <= high <= most and high < math.inf):
                raise ArgumentError(
                    f"RandomResizedCrop: {name} cannot be {(low, high)}",
                    sum=f"0 < {low:g} <= {high:g} <= {most:g} must hold",
                    fix=f"{name}={getattr(type(self), name)}",
                )

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        area = between(draws[:, 0], self.scale) * height * width
        ratio = between(draws[:, 1], (math.log(self.ratio[0]), math.log(self.ratio[1]))).exp()
        down = ((area / ratio).sqrt() / height).clamp(max=1)
        across = ((area * ratio).sqrt() / width).clamp(max=1)
        rows, columns = (
            (draws[:, axis] - 0.5) * (1 - part) * (size - 1)
            for axis, part, size in ((2, down, height), (3, across, width))
        )
        return _matrix(draws, (down, 0, rows), (0, across, columns))


@dataclass(frozen=True)
class LensDistortion(_Filling):
    """Bend an image as a lens does: outwards at the edges (pincushion) or inwards (barrel).

    x'[p] = x[p (1 + k |p|^2)],  p from the centre, |p| = 1 at the corners,  k uniform from -factor to factor

    Beyond |p|^2 = -1/(3k), where a lens would fold the image over, it is only enlarged.

    Args:    factor: largest k; or (lowest, highest), positive draws the corners in (barrel).
    Errors:  ArgumentError if the lowest is above the highest, or not above -1/3, where the corners would fold over.
    Source:  Brown 1966, "Decentering distortion of lenses", Photogrammetric Engineering 32(3), its first radial term;
             lecture 001 L1288
    Example: >>> LensDistortion(0.3).straight
             False
    """

    factor: Fraction | Range

    draws = 1
    whole_pixels = False
    straight = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_range("factor", least=-1 / 3)

    def bend(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        corner = (height**2 + width**2) / 4
        return between(draws[:, 0], ends(self.factor)) / corner

    @classmethod
    def example(cls) -> "LensDistortion":
        return cls(0.2)


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
            if isinstance(part, torch.Tensor) or part:
                made[:, row, column] = part
    return made
