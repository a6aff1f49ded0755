"""Shapes and the arithmetic of windows that slide over maps.

Letters, everywhere in striate: n batch, h w map (l in one dimension, d h w in three), c channels, k classes.
Shapes are written without the batch, channels last: (h, w, c) is a map, (c,) a vector.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Strict

from striate.errors import DataError, ShapeError
from striate.units import Count, Index

__all__ = [
    "EVERYTHING",
    "Padding",
    "Pair",
    "Shape",
    "Size",
    "Sizes",
    "Triple",
    "Window",
    "as_tensor",
    "axes",
    "elements",
    "shape_text",
    "to_border",
    "to_inside",
]

Shape = tuple[int, ...]

Size = Annotated[tuple[Count, ...], Strict(False)]
"""A shape as an argument takes it: a tuple or list of counts."""
Single = Count | Annotated[tuple[Count], Strict(False)]
Pair = Count | Annotated[tuple[Count, Count], Strict(False)]
Triple = Count | Annotated[tuple[Count, Count, Count], Strict(False)]
"""One count for every axis, or one count for each axis."""
Sizes = int | tuple[int, ...]
Padding = Literal["valid", "same"] | Index | Annotated[tuple[Index, ...], Strict(False)]
"""Pixels added around a map: none, so many that stride 1 keeps the size, or a stated number on each side."""

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def axes(value: Sizes, count: int) -> tuple[int, ...]:
    """One number for each of `count` axes.

    Example: >>> axes(3, 2), axes((1, 5), 2)
             ((3, 3), (1, 5))
    """
    return (value,) * count if isinstance(value, int) else tuple(value)


def elements(shape: Sequence[int]) -> int:
    """How many numbers an array of this shape holds.

    Example: >>> elements((28, 28, 1))
             784
    """
    return math.prod(shape)


def shape_text(shape: Sequence[int]) -> str:
    """A shape as people write it.

    Example: >>> shape_text((28, 28, 1))
             '28x28x1'
    """
    return "x".join(str(size) for size in shape)


def as_tensor(value: Any, what: str) -> torch.Tensor:
    """What people hand over as numbers, `what` by its name: a tensor, an array, nested lists.

    Errors:  DataError for names, and for rows of different lengths.
    Example: >>> as_tensor([[1, 2]], "labels")
             tensor([[1, 2]])
    """
    if isinstance(value, torch.Tensor):
        return value.detach()
    try:
        return torch.from_numpy(np.array(value))
    except (TypeError, ValueError):
        raise DataError(f"the {what} are no array of numbers", fix="numbers, in rows of one length") from None


def to_border(x: torch.Tensor) -> torch.Tensor:
    """(n, c, ...) as (n, ..., c): for a map in channels_last memory a view.

    Example: >>> to_border(torch.zeros(1, 3, 28, 28)).shape
             torch.Size([1, 28, 28, 3])
    """
    return x.movedim(1, -1)


def to_inside(x: torch.Tensor) -> torch.Tensor:
    """(n, ..., c) as (n, c, ...): a view.

    Example: >>> to_inside(torch.zeros(1, 28, 28, 3)).shape
             torch.Size([1, 3, 28, 28])
    """
    return x.movedim(-1, 1)


@dataclass(frozen=True)
class Window:
    """A window of `kernel` pixels, `dilation` apart, that moves by `stride` over a map with `padding` at its sides.

    output = floor((n + before + after - dilation*(kernel - 1) - 1) / stride) + 1

    Source: Dumoulin & Visin 2016, arXiv:1603.07285
    Example: >>> Window.of((5, 5), (2, 2), "same", (1, 1), (28, 28)).outputs((28, 28))
             (14, 14)
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    """Pixels (before, after) on each axis."""
    dilation: tuple[int, ...]

    @classmethod
    def of(
        cls,
        kernel: Sequence[int],
        stride: Sequence[int],
        padding: str | int | Sequence[int],
        dilation: Sequence[int],
        sizes: Sequence[int],
    ) -> "Window":
        """The window for a map of `sizes`; "same" pads so that ceil(n/stride) outputs come out, the odd pixel last."""
        if padding == "valid":
            padding = 0
        if padding == "same":
            totals = [
                max((math.ceil(n / s) - 1) * s + d * (k - 1) + 1 - n, 0)
                for n, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
            ]
            sides = tuple((total // 2, total - total // 2) for total in totals)
        else:
            assert not isinstance(padding, str)
            each = axes(padding if isinstance(padding, int) else tuple(padding), len(sizes))
            if len(each) != len(sizes):
                raise ShapeError(
                    f"padding={each} has {len(each)} numbers, the map has {len(sizes)} axes",
                    fix="one number for all axes, or one for each",
                )
            sides = tuple((p, p) for p in each)
        return cls(tuple(kernel), tuple(stride), sides, tuple(dilation))

    @property
    def reach(self) -> tuple[int, ...]:
        """How many pixels the dilated kernel spans on each axis."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def symmetric(self) -> bool:
        """Whether every axis has as many pixels of padding before as after."""
        return all(before == after for before, after in self.padding)

    def outputs(self, sizes: Sequence[int], who: str = "the window") -> Shape:
        """The map that comes out.

        Errors: ShapeError if the dilated kernel exceeds the padded map.
        """
        out = []
        for axis, n, k, s, d, (before, after) in self._each(sizes):
            size = (n + before + after - d * (k - 1) - 1) // s + 1
            if size < 1:
                pads = f"2*{before}" if before == after else f"{before} + {after}"
                need = tuple(max(-((n - reach) // 2), 0) for n, reach in zip(sizes, self.reach, strict=True))
                raise ShapeError(
                    f"{who} cannot fit a {shape_text(self.kernel)} kernel in a {shape_text(sizes)} map",
                    sum=f"{axis}: floor(({n} + {pads} - {d}*({k}-1) - 1) / {s}) + 1 = {size}, must be >= 1",
                    fix=f'padding="same", or padding={need[0] if len(set(need)) == 1 else need}, '
                    f"or a map of at least {shape_text(self.reach)}",
                )
            out.append(size)
        return tuple(out)

    def unseen(self, sizes: Sequence[int]) -> tuple[tuple[str, int, str], ...]:
        """Axes on which real pixels at the end are never seen: (axis, pixels, the sum)."""
        found = []
        for axis, n, k, s, d, (before, after) in self._each(sizes):
            rest = (n + before + after - d * (k - 1) - 1) % s
            if rest > after:
                pads = f"2*{before}" if before == after else f"{before} + {after}"
                exact = (n + before + after - d * (k - 1) - 1) / s + 1
                found.append((axis, rest - after, f"{axis}: ({n} + {pads} - {d}*({k}-1) - 1) / {s} + 1 = {exact:.4g}"))
        return tuple(found)

    def _each(self, sizes: Sequence[int]) -> zip:
        return zip(AXES[len(sizes)], sizes, self.kernel, self.stride, self.dilation, self.padding, strict=True)


EVERYTHING = Window((), (), (), ())
"""The window of a layer whose every output sees every position of its input."""
