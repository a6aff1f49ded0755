"""Shapes and the arithmetic of windows that slide over maps.

Letters, everywhere in striate: n batch, h w map (l in one dimension, d h w in three), c channels, k classes.
Shapes are written without the batch, channels last: (h, w, c) is a map, (c,) a vector.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Strict

from striate.errors import DataError, OpenSizeError, ShapeError
from striate.units import Count, Index

__all__ = [
    "EVERYTHING",
    "Axes",
    "OpenSize",
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
    "fits",
    "is_open",
    "shape_text",
    "sides",
    "to_border",
    "to_inside",
]

Shape = tuple[int, ...]
"""Of one sample. A size that is left open, of a network that takes maps of any size, is None."""

OpenSize = Annotated[tuple[Count | None, ...], Strict(False)]
"""A shape whose sizes may be left open, as Input takes it."""
Size = Annotated[tuple[Count, ...], Strict(False)]
"""A shape as an argument takes it: a tuple or list of counts."""
Single = Count | Annotated[tuple[Count], Strict(False)]
Pair = Count | Annotated[tuple[Count, Count], Strict(False)]
Triple = Count | Annotated[tuple[Count, Count, Count], Strict(False)]
"""One count for every axis, or one count for each axis."""
Sizes = int | tuple[int, ...]
_Sides = Annotated[tuple[Index, Index], Strict(False)]
Padding = Literal["valid", "same"] | Index | Annotated[tuple[Index | _Sides, ...], Strict(False)]
"""Pixels added around a map: none, so many that stride 1 keeps the size, a stated number on each side, or for each axis
its own: a number, or (before, after)."""

Axes = Count | Size
"""Axes as an argument takes them: one, or several, counted with the batch in front as axis 0."""

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def axes(value: Sizes, count: int) -> tuple[int, ...]:
    """One number for each of `count` axes.

    Example: >>> axes(3, 2), axes((1, 5), 2)
             ((3, 3), (1, 5))
    """
    return (value,) * count if isinstance(value, int) else tuple(value)


def elements(shape: Sequence[int]) -> int:
    """How many numbers an array of this shape holds.

    Errors:  ShapeError where a size is left open.
    Example: >>> elements((28, 28, 1))
             784
    """
    if is_open(shape):
        raise OpenSizeError(
            f"the size of the map must be known here, and {shape} leaves it open",
            sum=f"{shape_text(shape)} has no product",
            fix="Input with all sizes, or a layer that takes any size, such as GlobalAveragePooling2D or Conv2D",
        )
    return math.prod(shape)


def is_open(shape: Sequence[int | None]) -> bool:
    """Whether a size is left open.

    Example: >>> is_open((None, None, 3)), is_open((28, 28, 1))
             (True, False)
    """
    return any(size is None for size in shape)


def fits(given: Sequence[int], wanted: Sequence[int | None]) -> bool:
    """Whether an array of a shape goes where a shape is wanted, of which sizes may be left open.

    Example: >>> fits((31, 40, 3), (None, None, 3)), fits((31, 40, 1), (None, None, 3))
             (True, False)
    """
    return len(given) == len(wanted) and all(size in (each, None) for each, size in zip(given, wanted, strict=True))


def shape_text(shape: Sequence[int | None]) -> str:
    """A shape as people write it, with ? for a size that is left open.

    Example: >>> shape_text((28, 28, 1))
             '28x28x1'
    """
    return "x".join("?" if size is None else str(size) for size in shape)


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
    late: bool = False
    """Whether "same" is asked for with a stride on a map of open size: the padding is known when the map is."""

    @classmethod
    def of(
        cls,
        kernel: Sequence[int],
        stride: Sequence[int],
        padding: str | int | Sequence[Any],
        dilation: Sequence[int],
        sizes: Sequence[int],
    ) -> "Window":
        """The window for a map of `sizes`; "same" pads so that ceil(n/stride) outputs come out, the odd pixel last."""
        if padding == "valid":
            padding = 0
        late = False
        if padding == "same":
            late = any(n is None and s > 1 for n, s in zip(sizes, stride, strict=True))
            totals = [
                # With stride 1 the size does not matter: d*(k - 1).
                max((math.ceil((n or 1) / s) - 1) * s + d * (k - 1) + 1 - (n or 1), 0)
                for n, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
            ]
            sides = tuple((total // 2, total - total // 2) for total in totals)
        else:
            assert not isinstance(padding, str)
            each = (padding,) * len(sizes) if isinstance(padding, int) else tuple(padding)
            if len(each) != len(sizes):
                raise ShapeError(
                    f"padding={each} has {len(each)} numbers, the map has {len(sizes)} axes",
                    fix="one number for all axes, or one for each",
                )
            sides = tuple((p, p) if isinstance(p, int) else tuple(p) for p in each)
        return cls(tuple(kernel), tuple(stride), sides, tuple(dilation), late)

    @property
    def reach(self) -> tuple[int, ...]:
        """How many pixels the dilated kernel spans on each axis."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def transposed(self) -> "Window":
        """The window of the layer that goes the way back: its outputs lie 1/stride apart, and each sees what covers it.

        Example: >>> back = Window.of((3, 4), (2, 2), "valid", (1, 1), (9, 9)).transposed
                 >>> back.kernel, [str(stride) for stride in back.stride]
                 ((2, 2), ['1/2', '1/2'])
        """
        covering = tuple(math.ceil(reach / s) for reach, s in zip(self.reach, self.stride, strict=True))
        apart: Any = tuple(Fraction(1, s) for s in self.stride)
        return Window(covering, apart, ((0, 0),) * len(apart), (1,) * len(apart))

    @property
    def symmetric(self) -> bool:
        """Whether every axis has as many pixels of padding before as after."""
        return not self.late and all(before == after for before, after in self.padding)

    def outputs(self, sizes: Sequence[int], who: str = "the window") -> Shape:
        """The map that comes out.

        Errors: ShapeError if the dilated kernel exceeds the padded map.
        """
        out: list[Any] = []
        for axis, n, k, s, d, (before, after) in self._each(sizes):
            if n is None:
                out.append(None)
                continue
            size = (n + before + after - d * (k - 1) - 1) // s + 1
            if size < 1:
                pads = f"2*{before}" if before == after else f"{before} + {after}"
                need = tuple(max(-(((n or reach) - reach) // 2), 0) for n, reach in zip(sizes, self.reach, strict=True))
                raise ShapeError(
                    f"{who} cannot fit a {shape_text(self.kernel)} kernel in a {shape_text(sizes)} map",
                    sum=f"{axis}: floor(({n} + {pads} - {d}*({k}-1) - 1) / {s}) + 1 = {size}, must be >= 1",
                    fix=f'padding="same", or padding={need[0] if len(set(need)) == 1 else need}, '
                    f"or a map of at least {shape_text(self.reach)}",
                )
            out.append(size)
        return tuple(out)

    def unseen(self, sizes: Sequence[int]) -> tuple[tuple[str, int, str], ...]:
        """Axes on which real pixels at the end are never seen: (axis, pixels, the sum).

        A stride longer than the kernel leaves pixels out everywhere on purpose; as many at the end are no slip.
        """
        found = []
        for axis, n, k, s, d, (before, after) in self._each(sizes):
            if n is None:
                continue
            rest = (n + before + after - d * (k - 1) - 1) % s
            if rest - after > max(s - d * (k - 1) - 1, 0):
                pads = f"2*{before}" if before == after else f"{before} + {after}"
                exact = (n + before + after - d * (k - 1) - 1) / s + 1
                found.append((axis, rest - after, f"{axis}: ({n} + {pads} - {d}*({k}-1) - 1) / {s} + 1 = {exact:.4g}"))
        return tuple(found)

    def _each(self, sizes: Sequence[int]) -> zip:
        return zip(AXES[len(sizes)], sizes, self.kernel, self.stride, self.dilation, self.padding, strict=True)


def sides(window: Window, x: torch.Tensor) -> list[Any]:
    """The padding of a window for a map (n, c, ...), as torch.nn.functional.pad takes it: the last axis first.

    Where the window's padding is known only with the map, it is computed from the map's size.

    Example: >>> sides(Window.of((2,), (1,), "same", (1,), (5,)), torch.zeros(1, 1, 5))
             [0, 1]
    """
    if not window.late:
        return [side for before_after in reversed(window.padding) for side in before_after]
    found: list[Any] = []
    for axis in reversed(range(len(window.kernel))):
        size, stride = x.shape[2 + axis], window.stride[axis]
        # (ceil(n/s) - 1)*s + reach - n, in operations that torch can trace.
        total = torch.sym_max(window.reach[axis] - stride + (-size) % stride, 0)
        found += [total // 2, total - total // 2]
    return found


EVERYTHING = Window((), (), (), ())
"""The window of a layer whose every output sees every position of its input."""
