"""Unpooling: the way back of max pooling, which remembers where each maximum was."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from striate.errors import ShapeError
from striate.layers.base import Merging
from striate.layers.pooling import MaxPooling1D, MaxPooling2D, MaxPooling3D
from striate.shape import Padding, Pair, Shape, Single, Sizes, Triple, Window, sides, to_border, to_inside

__all__ = ["MaxUnpooling1D", "MaxUnpooling2D", "MaxUnpooling3D"]


@dataclass(frozen=True, eq=False)
class _MaxUnpooling(Merging, abstract=True):
    """What unpooling shares: it is called on [small, before], where `before` is the map that was pooled.

    Each number of `small` is put where the largest pixel of its window of `before` was (the switch); everything else
    is 0. A pixel that was the largest of several windows gets the sum. The arguments are those of the MaxPooling layer
    whose way back it is; `small` has the size that layer gives, and what comes out the size of `before`. `before` only
    says where: its gradient is 0.

    Args:
        pool_size: sides of the window, pixels.
        strides: steps of the window, pixels; None for pool_size.
        padding: "valid" (none), "same" (ceil(size/stride) comes out), or pixels, as MaxPooling2D takes them.
    Errors:  ShapeError if `small` has not the size that pooling `before` gives.
    """

    dimensions: ClassVar[int]
    pooling: ClassVar[Any]
    takes = (2, 2)

    pool_size: Sizes = 2
    strides: Sizes | None = None
    padding: Padding = "valid"

    def _pool(self) -> Any:
        """The pooling that is undone."""
        return self.pooling(self.pool_size, self.strides, self.padding)

    def output(self, *shapes: Shape) -> Shape:
        small, before = shapes
        pooled = self._pool().output(before)
        if len(small) != len(pooled) or any(a != b and None not in (a, b) for a, b in zip(small, pooled, strict=True)):
            raise ShapeError(
                f"{type(self).__name__} takes [small, before], where small is as large as before is once it is pooled",
                sum=f"before {before} is {pooled} once pooled, small is {small}",
                fix=f"small of {pooled}, or the arguments of the {self.pooling.__name__} that was used",
            )
        return before

    def window(self, *shapes: Shape) -> Window:
        return self._pool().window(shapes[1]).transposed

    def build(self, *shapes: Shape) -> nn.Module:
        self.output(*shapes)
        return _Switched(self._pool().window(shapes[1]))

    def example_shapes(self) -> tuple[Shape, ...]:
        *_, before = super().example_shapes()
        return self._pool().output(before), before

    @classmethod
    def example(cls) -> Any:
        return cls(2, input_shape=(*(5, 6, 4)[: cls.dimensions], 2))


class _Switched(nn.Module):
    """Numbers put back where the maxima were found."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window, self.find = window, _SEARCHES[len(window.kernel)]
        self.framed = window.late or any(map(any, window.padding))

    def forward(self, small: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        around = sides(self.window, before)
        framed = functional.pad(before, around, value=-math.inf) if self.framed else before
        _, switches = self.find(framed, self.window.kernel, self.window.stride)
        # Channels last, so that the map that comes out is in that memory: (n, h*w, c) numbers, (n, h'*w', c) places.
        blank = torch.zeros_like(to_border(framed), dtype=small.dtype).flatten(1, -2)
        placed = blank.scatter_add(1, to_border(switches).flatten(1, -2), to_border(small).flatten(1, -2))
        back = to_inside(placed.unflatten(1, framed.shape[2:]))
        return functional.pad(back, [-side for side in around]) if self.framed else back


_SEARCHES: dict[int, Any] = {
    1: functional.max_pool1d_with_indices,
    2: functional.max_pool2d_with_indices,
    3: functional.max_pool3d_with_indices,
}


@dataclass(frozen=True, eq=False)
class MaxUnpooling1D(_MaxUnpooling):
    """Put each value back where the largest of its stretch of a sequence was.

    y[c,a] = sum of small[c,i] over the windows i of which before[c,a] was the first largest value

    Shape:   [(l', c), (l, c)] -> (l, c)
    Source:  Zeiler & Fergus 2014, arXiv:1311.2901; lecture 004 L464
    Example: >>> MaxUnpooling1D(2).output((5, 3), (10, 3))
             (10, 3)
    """

    dimensions, pooling = 1, MaxPooling1D
    pool_size: Single = 2
    strides: Single | None = None


@dataclass(frozen=True, eq=False)
class MaxUnpooling2D(_MaxUnpooling):
    """Put each pixel back where the largest of its window of a map was, as the deconvnet does.

    y[c,a,e] = sum of small[c,i,j] over the windows i,j of which before[c,a,e] was the first largest pixel

    Shape:   [(h', w', c), (h, w, c)] -> (h, w, c)
    Source:  Zeiler & Fergus 2014, arXiv:1311.2901; lecture 004 L464
    Example: >>> MaxUnpooling2D(2).output((12, 12, 20), (24, 24, 20))
             (24, 24, 20)
    """

    dimensions, pooling = 2, MaxPooling2D
    pool_size: Pair = 2
    strides: Pair | None = None


@dataclass(frozen=True, eq=False)
class MaxUnpooling3D(_MaxUnpooling):
    """Put each voxel back where the largest of its window of a volume was.

    y[c,a] = sum of small[c,i] over the windows i of which before[c,a] was the first largest, a and i of three numbers

    Shape:   [(d', h', w', c), (d, h, w, c)] -> (d, h, w, c)
    Source:  Zeiler & Fergus 2014, arXiv:1311.2901; lecture 004 L194-196, L464
    Example: >>> MaxUnpooling3D(2).output((4, 4, 4, 3), (8, 8, 8, 3))
             (8, 8, 8, 3)
    """

    dimensions, pooling = 3, MaxPooling3D
    pool_size: Triple = 2
    strides: Triple | None = None
