"""Augmentations that hide a part of the image, so that a network does not lean on one part alone."""

from dataclasses import dataclass

import torch

from striate.augmentations.base import Erasing, Probability, Range, between
from striate.errors import ArgumentError

__all__ = ["RandomErasing"]


@dataclass(frozen=True)
class RandomErasing(Erasing):
    """Erase a rectangle, anywhere inside the image (cutout).

    x'[i,j] = fill_value for a <= i + 1/2 < a + h*sqrt(s), b <= j + 1/2 < b + w*sqrt(t), else x[i,j],
    s and t uniform in scale, a from 0 to h - h*sqrt(s), b likewise

    Args:    factor: probability that an image loses a part.
             scale: (smallest, largest) square of the share of each side; their product is the share of the area.
    Errors:  ArgumentError if the smallest is above the largest.
    Source:  Keras 3, keras.layers.RandomErasing; Zhong et al. 2017, arXiv:1708.04896; DeVries & Taylor 2017,
             arXiv:1708.04552
    Example: >>> RandomErasing(scale=(0.25, 0.25)).hole(torch.full((1, 5), 0.5), 8, 8).tolist()
             [[2.0, 6.0, 2.0, 6.0]]
    """

    factor: Probability = 1.0
    scale: Range = (0.02, 0.33)

    draws = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = self.scale
        if not 0 <= low <= high <= 1:
            raise ArgumentError(
                f"RandomErasing: scale cannot be {self.scale}",
                sum=f"0 <= {low:g} <= {high:g} <= 1 must hold",
                fix="scale=(0.02, 0.33)",
            )

    def hole(self, draws: torch.Tensor, height: int, width: int) -> torch.Tensor:
        sides = between(draws[:, 0:2], self.scale).sqrt() * (draws[:, 4:] < self.factor)
        sizes = draws.new_tensor([height, width])
        first = draws[:, 2:4] * (1 - sides) * sizes
        return torch.stack([first, first + sides * sizes], 2).flatten(1)
