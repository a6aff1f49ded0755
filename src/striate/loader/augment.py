"""Augmentation of a batch in one pass, drawn for each image by itself.

The numbers come from a hash of (seed, epoch, row of the image, number of the draw): they do not depend on the batch an
image is in, nor on how many workers or which device compute it.
"""

from collections.abc import Sequence

import torch
from torch.nn import functional

from striate import catalog
from striate.augmentations.base import Augmentation
from striate.errors import ArgumentError
from striate.seed import derive

__all__ = ["Augmenter", "uniform"]

_PADDING = {"constant": "zeros", "nearest": "border", "reflect": "reflection"}
"""Names of fill modes in grid_sample."""


def uniform(seed: int, epoch: int, rows: torch.Tensor, count: int) -> torch.Tensor:
    """(n, count) numbers uniform in 0..1, decided by the seed, the epoch, the row and the place alone.

    u = mix(start + golden*(row*count + place + 1)) / 2^53,  start from (seed, epoch)

    Shape:   (n,) whole numbers -> (n, count) float64, below 1
    Args:    seed, epoch: fix the stream. rows: of the images. count: numbers for each.
    Source:  splitmix64: Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195
    Example: >>> uniform(0, 0, torch.tensor([5, 6]), 2)[1].equal(uniform(0, 0, torch.tensor([6]), 2)[0])
             True
    """
    counter = rows.cpu().long().unsqueeze(1) * count + torch.arange(1, count + 1)
    state = counter * _signed(0x9E3779B97F4A7C15) + derive(seed, "augment", epoch)
    state = (state ^ _shifted(state, 30)) * _signed(0xBF58476D1CE4E5B9)
    state = (state ^ _shifted(state, 27)) * _signed(0x94D049BB133111EB)
    state = state ^ _shifted(state, 31)
    return _shifted(state, 11).double() * 2.0**-53


def _signed(constant: int) -> int:
    return constant - (1 << 64) if constant >> 63 else constant


def _shifted(state: torch.Tensor, bits: int) -> torch.Tensor:
    """Shift right, filling with zeros (torch's own shift copies the sign)."""
    return (state >> bits) & ((1 << (64 - bits)) - 1)


class Augmenter:
    """Applies augmentations to batches (n, h, w, c), uint8 or float.

    x'[p] = x[A_1 A_2 ... A_k p],    A_i the matrix that the i-th augmentation drew

    Where all of them move whole pixels, pixels are copied; else the image is interpolated, once.

    Errors:  ArgumentError for augmentations that fill what comes in from outside differently.
    Example: >>> from striate.augmentations import RandomFlip
             >>> Augmenter([RandomFlip()], seed=0)(torch.zeros(2, 4, 4, 1), torch.arange(2), epoch=0).shape
             torch.Size([2, 4, 4, 1])
    """

    def __init__(self, augmentations: Sequence[Augmentation | str], seed: int) -> None:
        self.augmentations: list[Augmentation] = [catalog.get("augmentations", each) for each in augmentations]
        self.seed = seed
        modes = sorted({each.fill_mode for each in self.augmentations if each.fill_mode is not None})
        if len(modes) > 1:
            raise ArgumentError(
                f"augmentations that are used together cannot fill differently: {', '.join(modes)}",
                sum="they are joined and made in one step",
                fix=f"fill_mode={modes[0]!r} for all of them",
            )
        self.fill_mode = modes[0] if modes else "constant"

    def __call__(self, images: torch.Tensor, rows: torch.Tensor, epoch: int) -> torch.Tensor:
        """The images as this epoch sees them; `rows` are their places in the data set."""
        if not self.augmentations or not len(images):
            return images
        matrix = self.places(rows, epoch, images.shape[1], images.shape[2])
        if all(each.whole_pixels for each in self.augmentations):
            return _moved(images, matrix, self.fill_mode)
        return _sampled(images, matrix, self.fill_mode)

    def places(self, rows: torch.Tensor, epoch: int, height: int, width: int) -> torch.Tensor:
        """The joined (n, 3, 3) matrices of all augmentations, float64."""
        draws = uniform(self.seed, epoch, rows, sum(each.draws for each in self.augmentations))
        parts = draws.split([each.draws for each in self.augmentations], 1)
        # The last augmentation is undone first: its output is what the pixel that comes out belongs to.
        matrices = [each.place(part, height, width) for each, part in zip(self.augmentations, parts, strict=True)]
        joined = matrices[0]
        for matrix in matrices[1:]:
            joined = joined @ matrix
        return joined


def _moved(images: torch.Tensor, matrix: torch.Tensor, fill_mode: str) -> torch.Tensor:
    """Whole pixels only: each row that comes out is a stretch of memory of the padded images, or of their mirror image.

    Stretches are copied whole, which is several times faster than looking up each pixel.
    """
    count, height, width, channels = images.shape
    down, across = matrix[:, 0, 0].long(), matrix[:, 1, 1].long()  # 1, or -1 where mirrored
    shift_down = _nearer(matrix[:, 0, 2].round().long(), height, fill_mode)
    shift_across = _nearer(matrix[:, 1, 2].round().long(), width, fill_mode)
    high, wide = int(shift_down.abs().max()), int(shift_across.abs().max())
    sources = _padded(images, high, wide, fill_mode).unsqueeze(0)
    if (across < 0).any():
        sources = torch.cat([sources, sources.flip(3)])
    tall, broad = height + 2 * high, width + 2 * wide
    first = torch.where(down > 0, shift_down, shift_down + height - 1) + high
    row = first.unsqueeze(1) + down.unsqueeze(1) * torch.arange(height)  # (n, h), in the padded image
    image = torch.arange(count) + count * (across < 0)
    start = (image.unsqueeze(1) * tall + row) * broad + (wide + shift_across * across).unsqueeze(1)
    positions = sources.numel() // channels - width + 1
    stretches = sources.as_strided((positions, width * channels), (channels, 1))
    return stretches.index_select(0, start.flatten().to(images.device)).view(images.shape)


def _nearer(shift: torch.Tensor, size: int, fill_mode: str) -> torch.Tensor:
    """The smallest shift that shows the same: beyond its edge an image repeats or has nothing new."""
    return shift.fmod(2 * size) if fill_mode == "reflect" else shift.clamp(-size, size)


def _padded(images: torch.Tensor, high: int, wide: int, fill_mode: str) -> torch.Tensor:
    """Images with more rows and columns around them."""
    count, height, width, channels = images.shape
    if not high and not wide:
        return images.contiguous()
    if fill_mode == "constant":
        padded = images.new_zeros(count, height + 2 * high, width + 2 * wide, channels)
        padded[:, high : high + height, wide : wide + width] = images
        return padded
    rows, columns = (_inner(size, more, fill_mode).to(images.device) for size, more in ((height, high), (width, wide)))
    return images.index_select(1, rows).index_select(2, columns)


def _inner(size: int, more: int, fill_mode: str) -> torch.Tensor:
    """For the pixels -more ... size + more - 1 of an axis, the pixel of the image that is shown there."""
    pixels = torch.arange(-more, size + more)
    if fill_mode == "nearest":
        return pixels.clamp(0, size - 1)
    pixels = pixels.remainder(2 * size)
    return torch.minimum(pixels, 2 * size - 1 - pixels)


def _sampled(images: torch.Tensor, matrix: torch.Tensor, fill_mode: str) -> torch.Tensor:
    """Bilinear between pixels. The grid is built by broadcasting: affine_grid costs ten times as much."""
    count, height, width, _ = images.shape
    # In units of half the image, as grid_sample counts: -1..1 at its outer edges.
    unit = torch.tensor([[2 / height], [2 / width]], dtype=matrix.dtype)
    m = (matrix[:, :2] * unit).to(torch.float32).to(images.device).reshape(count, 2, 3, 1, 1)
    row = (torch.arange(height, device=images.device) - (height - 1) / 2).reshape(1, -1, 1)
    column = (torch.arange(width, device=images.device) - (width - 1) / 2).reshape(1, 1, -1)
    grid = torch.empty(count, height, width, 2, device=images.device)
    for axis, place in ((0, 1), (1, 0)):  # grid_sample wants the column first
        torch.addcmul(m[:, axis, 2] + m[:, axis, 0] * row, m[:, axis, 1], column, out=grid[..., place])
    numbers = images.movedim(-1, 1).to(torch.float32)
    taken = functional.grid_sample(
        numbers, grid, mode="bilinear", padding_mode=_PADDING[fill_mode], align_corners=False
    ).movedim(1, -1)
    return (taken if images.is_floating_point() else taken.round()).to(images.dtype).contiguous()
