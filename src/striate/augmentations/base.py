"""What it is to be an augmentation: a change of an image that leaves its label true."""

from dataclasses import dataclass
from typing import Annotated

from striate import catalog

__all__ = ["Augmentation", "AugmentationLike"]


@dataclass(frozen=True)
class Augmentation(catalog.Concept, shelf="augmentations"):
    """A random change, drawn anew for each image and epoch from (seed, epoch, index of the image)."""


AugmentationLike = Annotated[Augmentation | str, catalog.Member("augmentations")]
