"""Augmentations that move pixels: flips, shifts, turns, changes of scale.

Flips and shifts move whole pixels, so nothing is blurred; turns and changes of scale interpolate bilinearly. What comes
in from outside the image is black.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch

from striate.augmentations.base import Augmentation
from striate.units import Count, Fraction

__all__ = ["RandomCrop", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"]


@dataclass(frozen=True)
class RandomFlip(Augmentation):
    """Mirror an image, each way with probability 1/2.

    x'[i,j] = x[i, w-1-j]  (horizontal),  x[h-1-i, j]  (vertical)

    Args:    mode: "horizontal", "vertical" or "horizontal_and_vertical".
    Source:  Keras 3, keras.layers.RandomFlip; lecture 001 L1273
    Example: >>> RandomFlip("horizontal").draws
             2
    """

    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal_and_vertical"

    draws = 2

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        down = torch.where((draws[:, 0] < 0.5) & ("vertical" in self.mode.split("_")), -1.0, 1.0)
        across = torch.where((draws[:, 1] < 0.5) & ("horizontal" in self.mode.split("_")), -1.0, 1.0)
        return _matrix(down, 0, 0, across, 0, 0)


@dataclass(frozen=True)
class RandomTranslation(Augmentation):
    """Shift an image by whole pixels, up to a share of its height and width, either way.

    x'[i,j] = x[i-a, j-b],  a uniform in -h*height_factor .. h*height_factor, rounded; b likewise

    Args:
        height_factor: largest shift up or down, as a share of the height.
        width_factor: largest shift to a side, as a share of the width.
    Source:  Keras 3, keras.layers.RandomTranslation (which interpolates); lecture 001 L1288
    Example: >>> RandomTranslation(0.1, 0.1).whole_pixels
             True
    """

    height_factor: Fraction
    width_factor: Fraction

    draws = 2

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        high, wide = round(self.height_factor * height), round(self.width_factor * width)
        return _matrix(1, 0, _whole(draws[:, 0], high), 1, 0, _whole(draws[:, 1], wide), len(draws))

    @classmethod
    def example(cls) -> "RandomTranslation":
        return cls(0.2, 0.2)


@dataclass(frozen=True)
class RandomCrop(Augmentation):
    """Pad an image with black and crop it back to its size, anywhere.

    x'[i,j] = x[i-a, j-b],  a and b uniform in -padding .. padding

    Args:    padding: pixels on each side.
    Source:  He et al. 2016, arXiv:1512.03385, section 4.2; lecture 001 L1278
    Example: >>> RandomCrop(padding=4).whole_pixels
             True
    """

    padding: Count = 4

    draws = 2

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        down, across = (_whole(draws[:, axis], self.padding) for axis in (0, 1))
        return _matrix(1, 0, down, 1, 0, across, len(draws))


@dataclass(frozen=True)
class RandomRotation(Augmentation):
    """Turn an image about its centre, up to a share of a full turn, either way.

    x'[p] = x[R(a) p],  a uniform in -2*pi*factor .. 2*pi*factor

    Args:    factor: largest angle as a share of a full turn.
    Source:  Keras 3, keras.layers.RandomRotation; lecture 001 L1288
    Example: >>> RandomRotation(0.05).whole_pixels
             False
    """

    factor: Fraction

    draws = 1
    whole_pixels = False

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        angle = (2 * draws[:, 0] - 1) * (2 * math.pi * self.factor)
        return _matrix(angle.cos(), angle.sin(), 0, angle.cos(), -angle.sin(), 0)

    @classmethod
    def example(cls) -> "RandomRotation":
        return cls(0.1)


@dataclass(frozen=True)
class RandomZoom(Augmentation):
    """Change the scale of an image about its centre, up to a share, either way.

    x'[p] = x[p * z],  z uniform in 1-factor .. 1+factor (above 1 the picture gets smaller)

    Args:    factor: largest change.
    Source:  Keras 3, keras.layers.RandomZoom; lecture 001 L1278
    Example: >>> RandomZoom(0.2).whole_pixels
             False
    """

    factor: Fraction

    draws = 1
    whole_pixels = False

    def place(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        scale = 1 + (2 * draws[:, 0] - 1) * self.factor
        return _matrix(scale, 0, 0, scale, 0, 0)

    @classmethod
    def example(cls) -> "RandomZoom":
        return cls(0.2)


def _whole(draw: torch.Tensor, most: int) -> torch.Tensor:
    """A whole number of -most .. most, each as likely."""
    return (draw * (2 * most + 1)).floor().clamp(max=2 * most) - most


def _matrix(
    down_down: torch.Tensor | float,
    down_across: torch.Tensor | float,
    down_shift: torch.Tensor | float,
    across_across: torch.Tensor | float,
    across_down: torch.Tensor | float,
    across_shift: torch.Tensor | float,
    count: int | None = None,
) -> torch.Tensor:
    """(n, 3, 3) from (row, column, 1) of a pixel that comes out to that of the one it is taken from."""
    parts = (down_down, down_across, down_shift, across_down, across_across, across_shift)
    count = count or next(len(part) for part in parts if isinstance(part, torch.Tensor))
    made = torch.zeros(count, 3, 3)
    for place, part in enumerate(parts):
        made[:, place // 3, place % 3] = part
    made[:, 2, 2] = 1
    return made
