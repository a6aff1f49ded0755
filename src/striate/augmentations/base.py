"""What it is to be an augmentation: a change of an image that leaves its label true."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch

from striate import catalog

__all__ = ["Augmentation", "AugmentationLike", "FillMode"]

FillMode = Literal["constant", "nearest", "reflect"]
"""What comes in from outside the image: black, its outermost pixels, or its mirror image (edge pixels twice)."""


@dataclass(frozen=True)
class Augmentation(catalog.Concept, shelf="augmentations"):
    """A random change, drawn anew for each image and epoch from (seed, epoch, row of the image).

    A change of place says where each pixel that comes out is taken from; several are joined into one before any pixel
    is touched, so an image is interpolated once, however many there are.
    """

    draws: ClassVar[int]
    """How many random numbers an image takes."""
    whole_pixels: ClassVar[bool] = True
    """Whether pixels only change places, so that nothing has to be interpolated."""
    moves: ClassVar[bool] = True
    """Whether it moves what the image shows, so that labels of single positions would no longer be true."""
    fill_mode = None
    # Those that bring in pixels from outside override this with a field.

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """(n, 3, 3) matrices from (row, column, 1), counted from the centre, of a new pixel to those of its source.

        `draws` (n, draws) are uniform in 0..1, as float64.
        """
        raise NotImplementedError


AugmentationLike = Annotated[Augmentation | str, catalog.Member("augmentations")]
