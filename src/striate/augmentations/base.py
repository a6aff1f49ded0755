"""What it is to be an augmentation, and the four kinds: moving pixels, colouring, erasing, mixing images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import torch
from annotated_types import Ge, Le
from pydantic import Strict

from striate import catalog
from striate.errors import ArgumentError
from striate.units import Real

__all__ = [
    "LUMA",
    "Augmentation",
    "AugmentationLike",
    "Colouring",
    "Erasing",
    "FillMode",
    "Mixing",
    "Moving",
    "Probability",
    "Range",
    "between",
    "ends",
    "recoloured",
]

FillMode = Literal["constant", "nearest", "reflect"]
"""What comes in from outside the image: black, its outermost pixels, or its mirror image (edge pixels twice)."""

Probability = Annotated[Real, Ge(0), Le(1)]
"""How often something happens: from 0, never, to 1, always."""
Range = Annotated[tuple[Real, Real], Strict(False)]
"""From a lowest to a highest value."""

LUMA = (0.299, 0.587, 0.114)
"""How bright red, green and blue look beside each other (ITU-R BT.601)."""


@dataclass(frozen=True)
class Augmentation(catalog.Concept, shelf="augmentations"):
    """A random change, drawn anew for each image and epoch from (seed, epoch, row of the image).

    Whatever their order, pixels are moved first, then coloured, then erased, and last images are mixed; augmentations
    of one kind follow each other as they are listed.
    """

    draws: ClassVar[int]
    """How many random numbers an image takes."""
    moves: ClassVar[bool] = False
    """Whether pixels change their places, so that labels of pixels would no longer lie under them."""
    mixes: ClassVar[bool] = False
    """Whether the label changes with the image."""
    alternating = False
    # Those that can do the opposite in every other epoch override this with a field: their draws are then those of the
    # first epoch, half the way round from 0 to 1 in every other.

    def _require_range(self, *names: str, least: float = -math.inf, most: float = math.inf) -> None:
        for name in names:
            value = getattr(self, name)
            low, high = ends(value or 0.0)
            if not least < low <= high < most:
                raise ArgumentError(
                    f"{type(self).__name__}: {name} cannot be {value}",
                    sum=f"{least:g} < {low:g} <= {high:g} < {most:g} must hold",
                    fix="(lowest, highest), or one number f for -f to f",
                )

    def _require_shares(self, *names: str) -> None:
        """Ranges of numbers from 0 to 1."""
        for name in names:
            value = getattr(self, name)
            low, high = ends(value or 0.0, least=0.0)
            if not 0 <= low <= high <= 1:
                raise ArgumentError(
                    f"{type(self).__name__}: {name} cannot be {value}",
                    sum=f"0 <= {low:g} <= {high:g} <= 1 must hold",
                    fix="(lowest, highest), or one number f for 0 to f",
                )


@dataclass(frozen=True)
class Moving(Augmentation, abstract=True):
    """A change of place: it says where each pixel that comes out is taken from.

    Several are joined into one before any pixel is touched, so an image is interpolated once, however many there are.
    """

    moves = True
    whole_pixels: ClassVar[bool] = True
    """Whether pixels only change places, so that nothing has to be interpolated."""
    straight: ClassVar[bool] = True
    """Whether straight lines stay straight, so that a matrix says it all; else `bend` does."""
    fill_mode = None
    # Those that bring in pixels from outside override this with a field.

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """(n, 3, 3) matrices from (row, column, 1), counted from the centre, of a new pixel to those of its source.

        `draws` (n, draws) are uniform in 0..1, as float64.
        """
        raise NotImplementedError

    def bend(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """(n,) coefficients k: the source of p is p (1 + k |p|^2), p counted from the centre in pixels.

        Of those that are not straight, in place of `place`.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Colouring(Augmentation, abstract=True):
    """A linear change of colour. Several are joined into one matrix an image, and clipped once, to what pixels can be.

    Black is 0 and white 1 in all formulas. A grey image changes as one with three equal channels would change its luma.

    Args:    value_range: (black, white) of the pixels; None is (0, 255) for uint8 and (0, 1) for float. Augmentations
                 that are used together need the same.
    Errors:  ArgumentError if black is not below white.
    """

    value_range: Range | None = field(default=None, kw_only=True)

    means: ClassVar[bool] = False
    """Whether the mean colour of the image is needed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.value_range is not None and not -math.inf < self.value_range[0] < self.value_range[1] < math.inf:
            raise ArgumentError(
                f"{type(self).__name__}: value_range cannot be {self.value_range}",
                sum=f"black < white must hold, not {self.value_range[0]:g} < {self.value_range[1]:g}",
                fix="value_range=(0, 1)",
            )

    def recolour(self, draws: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        """(n, 3, 4) matrices from (red, green, blue, 1) to the new red, green, blue.

        `draws` (n, draws) are uniform in 0..1, `mean` (n, 3) is the mean colour of each image where `means` asks for it;
        both as float64.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Erasing(Augmentation, abstract=True):
    """A part of the image is lost.

    Args:    fill_value: what stands there, as the pixels are counted; rounded and clipped for uint8.
    """

    fill_value: Real = field(default=0.0, kw_only=True)

    def hole(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """(n, 4): first and last row, first and last column; real numbers from 0, pixel i reaching from i to i + 1.

        `draws` (n, draws) are uniform in 0..1, as float64.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Mixing(Augmentation, abstract=True):
    """Two images and their labels become one: loss = share * loss(y) + (1 - share) * loss(y of the partner)."""

    mixes = True

    def partners(self, draws: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """For each image of a batch the place of its partner in the batch, (n,), and its own share, (n,) float64.

        `draws` (n, draws) are uniform in 0..1, as float64.
        """
        raise NotImplementedError


def ends(factor: float | tuple[float, float], least: float | None = None) -> tuple[float, float]:
    """The lowest and highest value that a factor means: one number is the highest, `least` or its opposite the lowest.

    Example: >>> ends(0.2), ends(0.2, least=0.0), ends((0.1, 0.3))
             ((-0.2, 0.2), (0.0, 0.2), (0.1, 0.3))
    """
    if isinstance(factor, tuple):
        return factor
    return (-factor if least is None else least), factor


def between(draw: torch.Tensor, ends: tuple[float, float]) -> torch.Tensor:
    """A draw that is uniform in 0..1, made uniform from the first to the second number.

    Example: >>> between(torch.tensor([0.25]), (1.0, 5.0))
             tensor([2.])
    """
    low, high = ends
    return low + draw * (high - low)


def recoloured(parts: Sequence[Colouring], draws: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    """Several changes of colour, each after the one before, as (n, 3, 4) matrices.

    Shape:   (n, numbers drawn for all of them) and (n, 3) -> (n, 3, 4)
    Args:    parts: the changes. draws: uniform in 0..1. mean: colour of each image before any change.
    Example: >>> recoloured([], torch.zeros(1, 0), torch.zeros(1, 3))[0].equal(torch.eye(3, 4))
             True
    """
    joined = torch.eye(3, 4, dtype=draws.dtype).repeat(len(draws), 1, 1)
    first = 0
    for part in parts:
        now = mean
        if part.means:  # the mean of changed pixels is the changed mean: nobody looks at the pixels in between
            now = torch.baddbmm(joined[:, :, 3:], joined[:, :, :3], mean.unsqueeze(2)).squeeze(2)
        made = part.recolour(draws[:, first : first + part.draws], now)
        joined = made[:, :, :3] @ joined
        joined[:, :, 3] += made[:, :, 3]
        first += part.draws
    return joined


AugmentationLike = Annotated[Augmentation | str, catalog.Member("augmentations")]
