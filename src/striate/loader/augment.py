"""Augmentation of a batch in one pass, drawn for each image by itself.

The numbers come from a hash of (seed, epoch, row of the image, number of the draw): they do not depend on the batch an
image is in, nor on how many workers or which device compute it.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from striate import catalog
from striate.augmentations.base import Augmentation
from striate.seed import derive

__all__ = ["Augmenter", "uniform"]


def uniform(seed: int, epoch: int, rows: torch.Tensor, count: int) -> torch.Tensor:
    """(n, count) numbers uniform in 0..1, decided by the seed, the epoch, the row and the place alone.

    Source:  splitmix64: Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195
    Example: >>> uniform(0, 0, torch.tensor([5, 6]), 2)[1].equal(uniform(0, 0, torch.tensor([6]), 2)[0])
             True
    """
    start = derive(seed, "augment", epoch)
    state = (rows.long().unsqueeze(1) * count + torch.arange(count, device=rows.device) + 1) * _signed(
        0x9E3779B97F4A7C15
    )
    state = state + start
    state = (state ^ _shifted(state, 30)) * _signed(0xBF58476D1CE4E5B9)
    state = (state ^ _shifted(state, 27)) * _signed(0x94D049BB133111EB)
    state = state ^ _shifted(state, 31)
    return _shifted(state, 40).float() / (1 << 24)


def _signed(constant: int) -> int:
    return constant - (1 << 64) if constant >> 63 else constant


def _shifted(state: torch.Tensor, bits: int) -> torch.Tensor:
    """Shift right, filling with zeros (torch's own shift copies the sign)."""
    return (state >> bits) & ((1 << (64 - bits)) - 1)


class Augmenter:
    """Applies augmentations to batches (n, h, w, c), uint8 or float.

    Example: >>> from striate.augmentations import RandomFlip
             >>> Augmenter([RandomFlip()], seed=0)(torch.zeros(2, 4, 4, 1), torch.arange(2), epoch=0).shape
             torch.Size([2, 4, 4, 1])
    """

    def __init__(self, augmentations: Sequence[Augmentation | str], seed: int) -> None:
        self.augmentations: list[Any] = [catalog.get("augmentations", each) for each in augmentations]
        self.seed = seed

    def __call__(self, images: torch.Tensor, rows: torch.Tensor, epoch: int) -> torch.Tensor:
        """The images as this epoch sees them; `rows` are their places in the data set."""
        _, height, width, _ = images.shape
        matrix = self.places(rows, epoch, height, width)
        if all(each.whole_pixels for each in self.augmentations):
            return _moved(images, matrix)
        return _sampled(images, matrix)

    def places(self, rows: torch.Tensor, epoch: int, height: int, width: int) -> torch.Tensor:
        """The joined (n, 3, 3) matrices of all augmentations."""
        draws = uniform(self.seed, epoch, rows, sum(each.draws for each in self.augmentations))
        parts = draws.split([each.draws for each in self.augmentations], 1)
        # The last augmentation is undone first: its output is what the pixel that comes out belongs to.
        matrices = [each.place(part, height, width) for each, part in zip(self.augmentations, parts, strict=True)]
        joined = matrices[0]
        for matrix in matrices[1:]:
            joined = joined @ matrix
        return joined


def _moved(images: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Whole pixels only: each is looked up. Rows and columns do not mix, so an index for each is enough."""
    count, height, width, channels = images.shape
    row = matrix[:, 0, 0:1] * (torch.arange(height) - (height - 1) / 2) + matrix[:, 0, 2:3] + (height - 1) / 2
    column = matrix[:, 1, 1:2] * (torch.arange(width) - (width - 1) / 2) + matrix[:, 1, 2:3] + (width - 1) / 2
    row, column = row.round().long(), column.round().long()  # (n, h), (n, w)
    inside = ((row >= 0) & (row < height)).unsqueeze(2) & ((column >= 0) & (column < width)).unsqueeze(1)
    flat = row.clamp(0, height - 1).unsqueeze(2) * width + column.clamp(0, width - 1).unsqueeze(1)  # (n, h, w)
    flat += (torch.arange(count) * (height * width)).reshape(-1, 1, 1)
    taken = images.reshape(-1, channels).index_select(0, flat.flatten()).reshape(images.shape)
    return taken.mul_(inside.unsqueeze(3))


def _sampled(images: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Bilinear between pixels. The grid is built by broadcasting: affine_grid costs ten times as much."""
    _, height, width, _ = images.shape
    row = (torch.arange(height) - (height - 1) / 2).reshape(1, -1, 1)
    column = (torch.arange(width) - (width - 1) / 2).reshape(1, 1, -1)
    m = matrix.reshape(-1, 3, 3, 1, 1)
    down = m[:, 0, 0] * row + m[:, 0, 1] * column + m[:, 0, 2]
    across = m[:, 1, 0] * row + m[:, 1, 1] * column + m[:, 1, 2]
    grid = torch.stack([across * (2 / width), down * (2 / height)], -1)  # -1..1 at the outer edges of the image
    numbers = images.movedim(-1, 1).float()
    taken = functional.grid_sample(numbers, grid, mode="bilinear", padding_mode="zeros", align_corners=False).movedim(
        1, -1
    )
    return taken if images.is_floating_point() else taken.round().to(images.dtype)
