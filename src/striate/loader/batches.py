"""Batches: rows picked, augmented and normalised in one pass, from arrays in memory or memory-mapped."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from striate.loader.augment import Augmenter
from striate.loader.preprocessing import Preprocessing
from striate.loader.transfer import sent
from striate.seed import stream

__all__ = ["Batch", "Batches", "parts_of"]

_CPU = torch.device("cpu")


def parts_of(rows: int, most: int) -> int:
    """Into how many parts a batch is cut, at most: none of a single image, in which statistics would have no spread.

    Example: >>> parts_of(32, 4), parts_of(5, 4), parts_of(1, 4)
             (4, 2, 1)
    """
    return max(min(most, rows // 2), 1)


@dataclass(frozen=True)
class Batch:
    """One step's worth: for each input images (n, c, h, w) ready for the network, for each output targets."""

    x: tuple[torch.Tensor, ...]
    y: tuple[torch.Tensor, ...]
    weight: tuple[torch.Tensor | None, ...] | None
    """What each sample counts, by output."""
    rows: torch.Tensor
    """Where the samples stand in the data; on the CPU."""
    mix: "tuple[Batch, torch.Tensor] | None" = None
    """Where images were mixed: what each one's partner is labelled, and its own share."""
    whole: int | None = None
    """How many samples the batch has that this is a process's part of."""

    def __len__(self) -> int:
        return len(self.rows)

    def tensors(self) -> list[torch.Tensor]:
        """All that a step computes with, in an order of its own."""
        found = [*self.x, *self.y, *(each for each in self.weight or () if each is not None)]
        return found if self.mix is None else [*found, *self.mix[0].tensors(), self.mix[1]]

    def part(self, start: int, end: int) -> "Batch":
        """The samples from one place to before another."""
        here = slice(start, end)
        return Batch(
            tuple(x[here] for x in self.x),
            tuple(y[here] for y in self.y),
            self.weight and tuple(None if each is None else each[here] for each in self.weight),
            self.rows[here],
            self.mix and (self.mix[0].part(start, end), self.mix[1][here]),
        )

    def weighed(self, factor: float) -> "Batch":
        """The same, each sample counting `factor` times as much."""
        kind = self.x[0].dtype if self.x and self.x[0].is_floating_point() else torch.float32
        known = self.weight or (None,) * len(self.y)
        weight = tuple(torch.full((len(self),), factor, dtype=kind) if w is None else w * factor for w in known)
        return replace(self, weight=weight, mix=self.mix and (self.mix[0].weighed(factor), self.mix[1]))


@dataclass(frozen=True)
class Batches:
    """The batches of every epoch, decided by (seed, epoch) alone.

    No worker processes: picking rows of arrays in memory is faster than handing them over (5.7 ms an epoch of digits
    against 121 ms with two workers).
    """

    x: tuple[torch.Tensor, ...]
    """For each input of the network (n, h, w, c), uint8 or float32; or whole numbers, for one that takes those."""
    y: tuple[torch.Tensor, ...]
    """For each output targets as its loss takes them, (n, ...)."""
    preprocessing: tuple[Preprocessing, ...]
    """Of each input."""
    size: int
    seed: int = 0
    shuffle: bool = True
    augmenter: Augmenter | None = None
    """Of the images of the only input."""
    weight: tuple[torch.Tensor | None, ...] | None = None
    place: int = 0
    places: int = 1
    """Which part of every batch an epoch gives, of how many: all processes together see what one alone would."""
    device: torch.device = _CPU
    """Where batches are made, whether or not all data lies there."""

    def to(self, device: torch.device, room: float = math.inf) -> "Batches":
        """The same batches, made on a device: its memory takes all data at once if that has at most `room` bytes.

        Else every batch is picked here and sent. Images stay of the type that they are, uint8 in a quarter of the room.
        """
        moved = replace(self, device=device)
        if self.bytes > room:
            return moved
        weight = self.weight and tuple(None if each is None else each.to(device) for each in self.weight)
        x, y = (tuple(each.to(device) for each in data) for data in (self.x, self.y))
        return replace(moved, x=x, y=y, weight=weight)

    @property
    def bytes(self) -> int:
        """Bytes of images, targets and weights."""
        return sum(each.nbytes for each in (*self.x, *self.y, *(self.weight or ())) if each is not None)

    @property
    def resident(self) -> bool:
        """Whether all data lies where batches are made."""
        return self.x[0].device == self.device

    @property
    def samples(self) -> int:
        """How many there are."""
        return len(self.x[0])

    def __len__(self) -> int:
        """Steps of an epoch. A last batch of one joins the one before it: batch normalisation has no spread of one."""
        count, rest = divmod(self.samples, self.size)
        return max(count + (rest > 1), 1)

    def order(self, epoch: int) -> torch.Tensor:
        """The rows in the order of one epoch."""
        if not self.shuffle:
            return torch.arange(self.samples)
        return torch.randperm(self.samples, generator=stream(self.seed, "order", epoch))

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from step `start` on."""
        order = self.order(epoch)
        for step in range(start, len(self)):
            end = len(order) if step == len(self) - 1 else (step + 1) * self.size
            yield self._part(order[step * self.size : end], epoch)

    def _part(self, rows: torch.Tensor, epoch: int) -> Batch:
        """This place's part of the batch of these rows, of sizes that differ by one at most; the last may have none."""
        if self.places == 1:
            return self.batch(rows, epoch)
        parts = parts_of(len(rows), self.places)
        start, end = (len(rows) * min(place, parts) // parts for place in (self.place, self.place + 1))
        if self.augmenter is not None and any(each.mixes for each in self.augmenter.augmentations):
            return replace(self.batch(rows, epoch).part(start, end), whole=len(rows))  # partners are anywhere in it
        return replace(self.batch(rows[start:end], epoch), whole=len(rows))

    def batch(self, rows: torch.Tensor, epoch: int) -> Batch:
        """The images of these rows as an epoch sees them."""
        images: Sequence[torch.Tensor] = self._picked(self.x, rows)
        mix = None
        if self.augmenter is not None:
            images = [self.augmenter(images[0], rows, epoch)]
            mixed = self.augmenter.mix(images[0], rows, epoch)
            if mixed is not None:
                images, mix = [mixed[0]], (self._labelled((), rows[mixed[1]]), mixed[2])
        ready = tuple(way.tensor(each) for way, each in zip(self.preprocessing, images, strict=True))
        return replace(self._labelled(ready, rows), mix=mix)

    def _labelled(self, x: tuple[torch.Tensor, ...], rows: torch.Tensor) -> Batch:
        """Images with the labels and weights of these rows."""
        return Batch(x, self._picked(self.y, rows), self.weight and self._picked(self.weight, rows), rows)

    def _picked(self, data: Sequence[Any], rows: torch.Tensor) -> tuple[Any, ...]:
        """These rows of tensors, on the device."""
        here = sent(rows, self.x[0].device)
        return tuple(None if each is None else sent(each.index_select(0, here), self.device) for each in data)
