"""Augmentation of a batch in one pass, drawn for each image by itself.

The numbers come from a hash of (seed, epoch, row of the image, number of the draw): they do not depend on the batch an
image is in, nor on how many workers or which device compute it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from typing import Any, TypeVar

import torch
from torch.nn import functional

from striate import catalog
from striate.augmentations.base import LUMA, Augmentation, Colouring, Erasing, Mixing, Moving, recoloured
from striate.errors import ArgumentError, DataError
from striate.loader.transfer import sent
from striate.seed import derive

__all__ = ["Augmenter", "Bend", "uniform"]

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


@dataclass(frozen=True)
class Bend:
    """A place that is no matrix: the source of p is p (1 + k |p|^2), p counted from the centre in pixels.

    Where k is below 0, |p|^2 stops at -1/(3k): from there on p is only enlarged, as |p| (1 + k |p|^2) would turn back.
    """

    k: torch.Tensor
    """(n,)"""

    def __call__(self, down: torch.Tensor, across: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows and columns (n, h, w) of new pixels to those of their sources."""
        k = sent(self.k.to(down.dtype), down.device).reshape(-1, 1, 1)
        turning = torch.where(k < 0, -1 / (3 * k), math.inf)
        factor = 1 + k * torch.minimum(down.square() + across.square(), turning)
        return down * factor, across * factor


class Augmenter:
    """Applies augmentations to batches (n, h, w, c), uint8 or float.

    x'[p] = M_m ... M_1 (x[A_1(A_2(... A_k(p)))], 1),    A_i the places, M_i the colours that the i-th augmentation drew

    Pixels are moved first, in one step: copied where all augmentations move whole pixels, else interpolated. Then they
    are coloured, in one step, and last erased. What mixes images changes their labels too, and has a step of its own:
    `mix`. All that is drawn is computed on the CPU in float64; pixels are changed on the device where they are.

    Errors:  ArgumentError for augmentations that fill what comes in from outside differently, or count black and white
             differently, and for two that mix images; DataError for what is no image, or cannot be coloured.
    Example: >>> from striate.augmentations import RandomFlip
             >>> Augmenter([RandomFlip()], seed=0)(torch.zeros(2, 4, 4, 1), torch.arange(2), epoch=0).shape
             torch.Size([2, 4, 4, 1])
    """

    def __init__(self, augmentations: Sequence[Augmentation | str], seed: int) -> None:
        self.augmentations: list[Augmentation] = [catalog.get("augmentations", each) for each in augmentations]
        self.seed = seed
        self.fill_mode = _agreed("fill", "fill_mode", self.augmentations) or "constant"
        self.value_range = _agreed("count black and white", "value_range", self.augmentations)
        mixing = [each for each in self.augmentations if each.mixes]
        if len(mixing) > 1:
            raise ArgumentError(
                f"one augmentation can mix images, not {len(mixing)}",
                sum="an image has one partner",
                fix=f"{mixing[0]} alone",
            )

    def __call__(self, images: torch.Tensor, rows: torch.Tensor, epoch: int) -> torch.Tensor:
        """The images as this epoch sees them, but for what mixes them; `rows` are their places in the data set."""
        if all(each.mixes for each in self.augmentations) or not len(images):
            return images
        self._require_images(images)
        drawn = self._drawn(rows, epoch)
        changed = images
        if moving := _of_kind(Moving, drawn):
            first, *others = places = _places(moving, images.shape[1], images.shape[2])
            if all(each.whole_pixels for each, _ in moving):
                assert isinstance(first, torch.Tensor) and not others  # whole pixels stay straight
                changed = _moved(images, first, self.fill_mode)
            else:
                changed = _sampled(images, places, self.fill_mode)
        if colouring := _of_kind(Colouring, drawn):
            changed = _coloured(changed, colouring, *_ends(images, self.value_range))
        changed = _typed(changed, images.dtype)
        for each, draws in _of_kind(Erasing, drawn):
            changed = _erased(changed, each.hole(draws, images.shape[1], images.shape[2]), each.fill_value)
        return changed

    def places(self, rows: torch.Tensor, epoch: int, height: int, width: int) -> list[torch.Tensor | Bend]:
        """What a new pixel passes through on its way to its source: (n, 3, 3) float64 matrices, and bends.

        Neighbouring matrices are joined, so that without bends there is but one.
        """
        return _places(_of_kind(Moving, self._drawn(rows, epoch)), height, width)

    def mix(
        self, images: torch.Tensor, rows: torch.Tensor, epoch: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None:
        """The images mixed, the place of each one's partner in the batch (n,), and its own share (n,), float32.

        Images and shares are where the images were, places on the CPU.

        loss = share * loss(y) + (1 - share) * loss(y[partner]);  None where no augmentation mixes. An image's share is
        decided by seed, epoch and row, its partner by the other images of the batch too, but not by their order.
        """
        mixing = _of_kind(Mixing, self._drawn(rows, epoch)) if len(images) else []
        if not mixing:
            return None
        ((each, draws),) = mixing
        if images.dtype == torch.int64:
            raise DataError(
                f"{type(each).__name__} would mix the numbers of words, and between two of them is no word",
                sum=f"the network takes {tuple(images.shape)} whole numbers",
                fix="leave it out",
            )
        partner, own = each.partners(draws)
        own = sent(own.to(torch.float32), images.device)
        share = own.reshape(-1, *[1] * (images.dim() - 1))
        partners = images.index_select(0, sent(partner, images.device))
        mixed = torch.lerp(partners.to(torch.float32), images.to(torch.float32), share)
        return _typed(mixed, images.dtype), partner, own

    def _require_images(self, images: torch.Tensor) -> None:
        if images.dim() != 4 or images.dtype == torch.int64:
            names = ", ".join(type(each).__name__ for each in self.augmentations if not each.mixes)
            raise DataError(
                f"{names} changes images, and the network takes none",
                sum=f"(n, h, w, c) of pixels needed, {tuple(images.shape)} {str(images.dtype).removeprefix('torch.')} given",
                fix=f"leave {names} out",
            )

    def _drawn(self, rows: torch.Tensor, epoch: int) -> list[tuple[Augmentation, torch.Tensor]]:
        """Each augmentation with what was drawn for it, (n, draws)."""
        counts = [each.draws for each in self.augmentations]
        parts = uniform(self.seed, epoch, rows, sum(counts)).split(counts, 1)
        if any(each.alternating for each in self.augmentations):
            opposite = 0.5 * (epoch % 2)
            first = [(draws + opposite) % 1 for draws in uniform(self.seed, 0, rows, sum(counts)).split(counts, 1)]
            choices = zip(self.augmentations, first, parts, strict=True)
            parts = [begun if each.alternating else drawn for each, begun, drawn in choices]
        return list(zip(self.augmentations, parts, strict=True))


def _agreed(how: str, name: str, augmentations: Sequence[Augmentation]) -> Any:
    """What all augmentations that have an argument of that name give it; None where none has."""
    given = sorted(
        {str(value): value for each in augmentations if (value := getattr(each, name, None)) is not None}.items()
    )
    if len(given) > 1:
        raise ArgumentError(
            f"augmentations that are used together cannot {how} differently: {', '.join(text for text, _ in given)}",
            sum="they are joined and made in one step",
            fix=f"{name}={given[0][1]!r} for all of them",
        )
    return given[0][1] if given else None


_Kind = TypeVar("_Kind", bound=Augmentation)
_Drawn = list[tuple[_Kind, torch.Tensor]]


def _of_kind(kind: type[_Kind], drawn: list[tuple[Augmentation, torch.Tensor]]) -> _Drawn[_Kind]:
    return [(each, draws) for each, draws in drawn if isinstance(each, kind)]


def _places(moving: _Drawn[Moving], height: int, width: int) -> list[torch.Tensor | Bend]:
    """See Augmenter.places."""
    places: list[torch.Tensor | Bend] = []
    for straight, run in groupby(moving, key=lambda pair: pair[0].straight):
        if straight:
            places.append(reduce(torch.matmul, [each.place(draws, height, width) for each, draws in run]))
        else:
            places += [Bend(each.bend(draws, height, width)) for each, draws in run]
    # The last augmentation is undone first: its output is what the pixel that comes out belongs to.
    return places[::-1]


def _ends(images: torch.Tensor, value_range: tuple[float, float] | None) -> tuple[float, float]:
    """Black and white of these images, which must lie between them and be grey or red, green, blue."""
    if images.shape[-1] not in (1, 3):
        raise DataError(
            f"colours cannot be changed in images of {images.shape[-1]} channels",
            sum="1 channel is grey, 3 are red, green, blue",
            fix="augmentations that move or erase pixels",
        )
    if value_range is None and not images.is_floating_point():
        return 0.0, 255.0
    black, white = value_range or (0.0, 1.0)
    low, high = (float(end) for end in images.aminmax())
    if not black <= low <= high <= white:
        raise DataError(
            f"colours are changed between {black:g} and {white:g}, the images reach from {low:g} to {high:g}",
            sum="brightness and contrast are shares of the way from black to white",
            fix="value_range=(black, white) of the images, in all augmentations of colour",
        )
    return black, white


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
    return stretches.index_select(0, sent(start.flatten(), images.device)).view(images.shape)


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
    rows, columns = (
        sent(_inner(size, more, fill_mode), images.device) for size, more in ((height, high), (width, wide))
    )
    return images.index_select(1, rows).index_select(2, columns)


def _inner(size: int, more: int, fill_mode: str) -> torch.Tensor:
    """For the pixels -more ... size + more - 1 of an axis, the pixel of the image that is shown there."""
    pixels = torch.arange(-more, size + more)
    if fill_mode == "nearest":
        return pixels.clamp(0, size - 1)
    pixels = pixels.remainder(2 * size)
    return torch.minimum(pixels, 2 * size - 1 - pixels)


def _sampled(images: torch.Tensor, places: list[torch.Tensor | Bend], fill_mode: str) -> torch.Tensor:
    """Bilinear between pixels, as float32. The grid is built by broadcasting: affine_grid costs ten times as much."""
    count, height, width, _ = images.shape
    device = images.device
    down = (torch.arange(height, device=device) - (height - 1) / 2).reshape(1, -1, 1)
    across = (torch.arange(width, device=device) - (width - 1) / 2).reshape(1, 1, -1)
    *before, last = places
    if isinstance(last, Bend):
        before, last = places, torch.eye(3).repeat(count, 1, 1)
    for place in before:
        if isinstance(place, Bend):
            down, across = place(down, across)
        else:
            m = sent(place.to(torch.float32), device).reshape(count, 3, 3, 1, 1)
            down, across = (m[:, axis, 2] + m[:, axis, 0] * down + m[:, axis, 1] * across for axis in (0, 1))
    # In units of half the image, as grid_sample counts: -1..1 at its outer edges.
    unit = torch.tensor([[2 / height], [2 / width]], dtype=last.dtype)
    m = sent((last[:, :2] * unit).to(torch.float32), device).reshape(count, 2, 3, 1, 1)
    grid = torch.empty(count, height, width, 2, device=device)
    for axis, place in ((0, 1), (1, 0)):  # grid_sample wants the column first
        torch.addcmul(m[:, axis, 2] + m[:, axis, 0] * down, m[:, axis, 1], across, out=grid[..., place])
    numbers = images.movedim(-1, 1).to(torch.float32)
    return functional.grid_sample(
        numbers, grid, mode="bilinear", padding_mode=_PADDING[fill_mode], align_corners=False
    ).movedim(1, -1)


def _coloured(images: torch.Tensor, colouring: _Drawn[Colouring], black: float, white: float) -> torch.Tensor:
    """One matrix an image, for all changes of colour, and clipped once, as float32."""
    count, height, width, channels = images.shape
    pixels = images.movedim(-1, 1).contiguous().to(torch.float32).reshape(count, channels, -1)
    parts, draws = zip(*colouring, strict=True)
    mean = torch.zeros(count, 3, dtype=torch.float64)
    if any(each.means for each in parts):
        mean = ((pixels.mean(2, dtype=torch.float64).cpu() - black) / (white - black)).expand(-1, 3)
    made = recoloured(parts, torch.cat(draws, 1), mean)
    matrix, shift = made[:, :, :3], made[:, :, 3:]
    if channels == 1:
        luma = matrix.new_tensor([LUMA])
        matrix, shift = luma @ matrix.sum(2, keepdim=True), luma @ shift
    shift = black + (white - black) * shift - black * matrix.sum(2, keepdim=True)
    matrix, shift = (sent(each.to(torch.float32), pixels.device) for each in (matrix, shift))
    # The shift is added afterwards: libraries that do both in one round once or twice, and not alike for one image and many.
    changed = torch.bmm(matrix, pixels).add_(shift).clamp_(black, white)
    return changed.reshape(count, -1, height, width).movedim(1, -1)


def _erased(images: torch.Tensor, hole: torch.Tensor, fill_value: float) -> torch.Tensor:
    """With one number where the centres of pixels lie in the hole."""
    inside = []
    for axis, size in ((0, images.shape[1]), (2, images.shape[2])):
        centres = torch.arange(size) + 0.5
        found = (hole[:, axis : axis + 1] <= centres) & (centres < hole[:, axis + 1 : axis + 2])
        inside.append(sent(found.to(torch.uint8).neg(), images.device))  # 255 inside, 0 outside
    rows, columns = inside
    # Bytes are masked by their bits, several times as fast as by yes and no; whole rows of numbers at once, as a mask
    # that is stretched over the channels takes three times as long.
    mask = (rows.unsqueeze(2) & columns.repeat_interleave(images.shape[3], 1).unsqueeze(1)).view(images.shape)
    if images.is_floating_point():
        return images.masked_fill(mask.bool(), fill_value)
    return images ^ ((images ^ min(max(round(fill_value), 0), 255)) & mask)


def _typed(images: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """As the images were given: rounded, if those were whole numbers."""
    if images.dtype == dtype:
        return images.contiguous()
    if not dtype.is_floating_point:
        images = images.round()
    # Channel by channel: half as long as turning them all at once.
    return torch.stack(images.to(dtype).unbind(3), 3)
