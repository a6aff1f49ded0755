"""Pooling: each window of a map, or the whole of it, summed up in one number, channel by channel. No weights."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from striate.errors import ShapeError
from striate.layers.base import Layer, require_rank
from striate.shape import (
    EVERYTHING,
    Padding,
    Pair,
    Shape,
    Single,
    Sizes,
    Triple,
    Window,
    axes,
    elements,
    sides,
    to_border,
)

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalL2Pooling1D",
    "GlobalL2Pooling2D",
    "GlobalL2Pooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "L2Pooling1D",
    "L2Pooling2D",
    "L2Pooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]

_LETTERS = {1: "length, channels", 2: "height, width, channels", 3: "depth, height, width, channels"}


class _MaxOfPadded(nn.Module):
    """A maximum in a frame that is never the largest, whatever its sides."""

    def __init__(self, pool: nn.Module, window: Window) -> None:
        super().__init__()
        self.pool, self.window = pool, window

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pool(functional.pad(x, sides(self.window, x), value=-math.inf))


class _AverageOfPadded(nn.Module):
    """A mean in a frame that does not count: the padding comes first, then the count of what is real."""

    def __init__(self, pool: nn.Module, window: Window) -> None:
        super().__init__()
        self.pool, self.window = pool, window

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        around = sides(self.window, x)
        real = functional.pad(torch.ones_like(x[:1, :1]), around)
        return self.pool(functional.pad(x, around)) / self.pool(real)


@dataclass(frozen=True, eq=False)
class _Pooling(Layer, abstract=True):
    """What pooling by windows shares. Pixels of padding are never taken for pixels of the map.

    Args:
        pool_size: sides of the window, pixels.
        strides: steps of the window, pixels; None for pool_size, so that windows do not overlap.
        padding: "valid" (none), "same" (ceil(size/stride) comes out), or pixels: for all sides, for each axis, or
            (before, after) for each axis.
    Errors:  ShapeError if the window exceeds the padded map, or one could hold nothing but padding.
    """

    dimensions: ClassVar[int]
    module: ClassVar[Callable[..., nn.Module]]
    padded: ClassVar[Callable[..., nn.Module]]

    pool_size: Sizes = 2
    strides: Sizes | None = None
    padding: Padding = "valid"

    def output(self, shape: Shape) -> Shape:
        return (*self.window(shape).outputs(shape[:-1], type(self).__name__), shape[-1])

    def window(self, shape: Shape) -> Window:
        require_rank(self, shape, self.dimensions + 1, _LETTERS[self.dimensions])
        kernel = axes(self.pool_size, self.dimensions)
        stride = kernel if self.strides is None else axes(self.strides, self.dimensions)
        window = Window.of(kernel, stride, self.padding, (1,) * self.dimensions, shape[:-1])
        for k, around in zip(kernel, window.padding, strict=True):
            # The odd pixel that "same" puts at the end is never more than the window holds beside a real one.
            side = around[0] if self.padding == "same" else max(around)
            if 2 * side > k:
                raise ShapeError(
                    f"{type(self).__name__} has a window that could hold nothing but padding",
                    sum=f"2*{side} = {2 * side} pixels of padding, the window is {k}",
                    fix=f"padding={k // 2} at most, or a larger pool_size",
                )
        return window

    def build(self, shape: Shape) -> nn.Module:
        # torch pads both sides alike. Where "same" wants one pixel more at the end, ceil_mode lets the last window
        # reach over it; only at stride 1 it does not, and there one window more at the start is made and left out.
        window = self.window(shape)
        if window.late or not (window.symmetric or self.padding == "same"):
            return self.padded(self.module(window.kernel, window.stride), window)
        pads, starts = [], []
        for stride, (before, after) in zip(window.stride, window.padding, strict=True):
            pads.append(after if stride == 1 else before)
            starts.append(pads[-1] - before)
        pool = self.module(window.kernel, window.stride, tuple(pads), ceil_mode=not window.symmetric)
        return nn.Sequential(pool, _From(starts)) if any(starts) else pool

    @classmethod
    def example(cls) -> Any:
        return cls(2, input_shape=(*(5, 6, 4)[: cls.dimensions], 2))


@dataclass(frozen=True, eq=False)
class MaxPooling1D(_Pooling):
    """Keep the largest value of each stretch of a sequence.

    y[c,i] = max over u of x[c, i*s+u-p]

    Shape:   (l, c) -> (l', c),  l' = floor((l + 2p - k)/s) + 1
    Source:  Waibel et al. 1989, doi:10.1109/29.21701; lecture 004 L342-365
    Example: >>> MaxPooling1D(2).output((10, 3))
             (5, 3)
    """

    dimensions, module, padded = 1, nn.MaxPool1d, _MaxOfPadded
    pool_size: Single = 2
    strides: Single | None = None


@dataclass(frozen=True, eq=False)
class MaxPooling2D(_Pooling):
    """Keep the largest pixel of each window of a map: was the feature seen about here?

    y[c,i,j] = max over u,v of x[c, i*s+u-p, j*s+v-p]

    Shape:   (h, w, c) -> (h', w', c),  h' = floor((h + 2p - k)/s) + 1
    Source:  Scherer, Müller & Behnke 2010, doi:10.1007/978-3-642-15825-4_10; lecture 000 L121-145
    Example: >>> MaxPooling2D(2).output((24, 24, 20))
             (12, 12, 20)
    """

    dimensions, module, padded = 2, nn.MaxPool2d, _MaxOfPadded
    pool_size: Pair = 2
    strides: Pair | None = None


@dataclass(frozen=True, eq=False)
class MaxPooling3D(_Pooling):
    """Keep the largest voxel of each window of a volume.

    y[c,i,j,k] = max over u,v,t of x[c, i*s+u-p, j*s+v-p, k*s+t-p]

    Shape:   (d, h, w, c) -> (d', h', w', c),  h' = floor((h + 2p - k)/s) + 1
    Source:  Ji et al. 2013, doi:10.1109/TPAMI.2012.59; lecture 004 L194-196
    Example: >>> MaxPooling3D(2).output((8, 8, 8, 3))
             (4, 4, 4, 3)
    """

    dimensions, module, padded = 3, nn.MaxPool3d, _MaxOfPadded
    pool_size: Triple = 2
    strides: Triple | None = None


def _average(pool: type[nn.Module]) -> Callable[..., nn.Module]:
    """torch's average, which counts real pixels only when it is told to."""

    def made(*args: Any, **kwargs: Any) -> nn.Module:
        """The pooling of real pixels."""
        return pool(*args, count_include_pad=False, **kwargs)

    return staticmethod(made)


@dataclass(frozen=True, eq=False)
class AveragePooling1D(_Pooling):
    """Keep the mean of each stretch of a sequence.

    y[c,i] = sum over u of x[c, i*s+u-p] / m[i],  m = values of the window that are not padding

    Shape:   (l, c) -> (l', c),  l' = floor((l + 2p - k)/s) + 1
    Source:  LeCun et al. 1998, doi:10.1109/5.726791; lecture 004 L349
    Example: >>> AveragePooling1D(2).output((10, 3))
             (5, 3)
    """

    linear = True

    dimensions, module, padded = 1, _average(nn.AvgPool1d), _AverageOfPadded
    pool_size: Single = 2
    strides: Single | None = None


@dataclass(frozen=True, eq=False)
class AveragePooling2D(_Pooling):
    """Keep the mean of each window of a map.

    y[c,i,j] = sum over u,v of x[c, i*s+u-p, j*s+v-p] / m[i,j],  m = pixels of the window that are not padding

    Shape:   (h, w, c) -> (h', w', c),  h' = floor((h + 2p - k)/s) + 1
    Source:  LeCun et al. 1998, doi:10.1109/5.726791; lecture 001 L704, lecture 002 L662
    Example: >>> AveragePooling2D(2).output((28, 28, 6))
             (14, 14, 6)
    """

    linear = True

    dimensions, module, padded = 2, _average(nn.AvgPool2d), _AverageOfPadded
    pool_size: Pair = 2
    strides: Pair | None = None


@dataclass(frozen=True, eq=False)
class AveragePooling3D(_Pooling):
    """Keep the mean of each window of a volume.

    y[c,i,j,k] = sum over u,v,t of x[c, i*s+u-p, j*s+v-p, k*s+t-p] / m[i,j,k],  m = voxels that are not padding

    Shape:   (d, h, w, c) -> (d', h', w', c),  h' = floor((h + 2p - k)/s) + 1
    Source:  LeCun et al. 1998, doi:10.1109/5.726791; lecture 004 L194-196, L349
    Example: >>> AveragePooling3D(2).output((8, 8, 8, 3))
             (4, 4, 4, 3)
    """

    linear = True

    dimensions, module, padded = 3, _average(nn.AvgPool3d), _AverageOfPadded
    pool_size: Triple = 2
    strides: Triple | None = None

    def build(self, shape: Shape) -> nn.Module:
        window = self.window(shape)
        # torch's own refuses a map smaller than its window, padded or not.
        fits = all(n is None or k <= n for k, n in zip(window.kernel, shape, strict=False))
        return super().build(shape) if fits else _AverageOfPadded(self.module(window.kernel, window.stride), window)


def _root(squares: torch.Tensor) -> torch.Tensor:
    """The root, whose slope at 0 is taken to be 0; the inner choice keeps an infinite one out of the gradient."""
    there = squares > 0
    return torch.where(there, torch.where(there, squares, 1).sqrt(), 0)


class _RootOfSquares(nn.Module):
    """The length of each window of a map as a vector."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window, self.count = window, elements(window.kernel)
        self.mean = _MEANS[len(window.kernel)]
        self.framed = window.late or any(map(any, window.padding))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        squares = functional.pad(x * x, sides(self.window, x)) if self.framed else x * x
        return _root(self.count * self.mean(squares, self.window.kernel, self.window.stride))


_MEANS: dict[int, Any] = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}


@dataclass(frozen=True, eq=False)
class _L2Pooling(_Pooling, abstract=True):
    """What pooling by the root of the sum of squares shares; padding adds nothing to a sum."""

    def build(self, shape: Shape) -> nn.Module:
        return _RootOfSquares(self.window(shape))


@dataclass(frozen=True, eq=False)
class L2Pooling1D(_L2Pooling):
    """Keep the length of each stretch of a sequence as a vector.

    y[c,i] = sqrt(sum over u of x[c, i*s+u-p]^2)

    Shape:   (l, c) -> (l', c),  l' = floor((l + 2p - k)/s) + 1
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151
    Example: >>> L2Pooling1D(2).output((10, 3))
             (5, 3)
    """

    dimensions = 1
    pool_size: Single = 2
    strides: Single | None = None


@dataclass(frozen=True, eq=False)
class L2Pooling2D(_L2Pooling):
    """Keep the length of each window of a map as a vector: the root of the sum, not of the mean, of the squares.

    y[c,i,j] = sqrt(sum over u,v of x[c, i*s+u-p, j*s+v-p]^2)

    Where a window holds nothing but zeros the root has no slope; 0 is taken.

    Shape:   (h, w, c) -> (h', w', c),  h' = floor((h + 2p - k)/s) + 1
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151, lecture 002 L839
    Example: >>> L2Pooling2D(2).output((24, 24, 20))
             (12, 12, 20)
    """

    dimensions = 2
    pool_size: Pair = 2
    strides: Pair | None = None


@dataclass(frozen=True, eq=False)
class L2Pooling3D(_L2Pooling):
    """Keep the length of each window of a volume as a vector.

    y[c,i,j,k] = sqrt(sum over u,v,t of x[c, i*s+u-p, j*s+v-p, k*s+t-p]^2)

    Shape:   (d, h, w, c) -> (d', h', w', c),  h' = floor((h + 2p - k)/s) + 1
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151, lecture 004 L194-196
    Example: >>> L2Pooling3D(2).output((8, 8, 8, 3))
             (4, 4, 4, 3)
    """

    dimensions = 3
    pool_size: Triple = 2
    strides: Triple | None = None


@dataclass(frozen=True, eq=False)
class _GlobalPooling(Layer, abstract=True):
    """What pooling of the whole map shares; the map may have any size.

    Args:
        keepdims: whether the axes of the map are kept, with size 1.
    Errors:  ShapeError for an input of another rank.
    """

    dimensions: ClassVar[int]
    reduce: ClassVar[Callable[[torch.Tensor, int], torch.Tensor]]
    """(n, c, ...) of so many dimensions to (n, c)."""

    keepdims: bool = False

    def output(self, shape: Shape) -> Shape:
        require_rank(self, shape, self.dimensions + 1, _LETTERS[self.dimensions])
        return (*(1,) * self.dimensions, shape[-1]) if self.keepdims else shape[-1:]

    def window(self, shape: Shape) -> Window:
        return EVERYTHING

    def build(self, shape: Shape) -> nn.Module:
        return _Reduce(type(self).reduce, self.dimensions, self.keepdims)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(*(5, 6, 4)[: cls.dimensions], 2))


_ADAPTIVE = {1: functional.adaptive_max_pool1d, 2: functional.adaptive_max_pool2d, 3: functional.adaptive_max_pool3d}


def _largest(x: torch.Tensor, dimensions: int) -> torch.Tensor:
    """The largest number of each channel. amax would share the gradient among equals; here the first has it."""
    return _ADAPTIVE[dimensions](x, 1).flatten(1)


@dataclass(frozen=True, eq=False)
class GlobalMaxPooling1D(_GlobalPooling):
    """Keep the largest value of each channel of a sequence.

    y[c] = max over i of x[c,i]

    Shape:   (l, c) -> (c,), or (1, c) with keepdims
    Source:  Oquab et al. 2015, doi:10.1109/CVPR.2015.7298668
    Example: >>> GlobalMaxPooling1D().output((10, 3))
             (3,)
    """

    dimensions, reduce = 1, _largest


@dataclass(frozen=True, eq=False)
class GlobalMaxPooling2D(_GlobalPooling):
    """Keep the largest pixel of each channel of a map: was the feature seen anywhere?

    y[c] = max over i,j of x[c,i,j]

    Shape:   (h, w, c) -> (c,), or (1, 1, c) with keepdims
    Source:  Oquab et al. 2015, doi:10.1109/CVPR.2015.7298668; lecture 004 L335
    Example: >>> GlobalMaxPooling2D().output((7, 7, 512))
             (512,)
    """

    dimensions, reduce = 2, _largest


@dataclass(frozen=True, eq=False)
class GlobalMaxPooling3D(_GlobalPooling):
    """Keep the largest voxel of each channel of a volume.

    y[c] = max over i,j,k of x[c,i,j,k]

    Shape:   (d, h, w, c) -> (c,), or (1, 1, 1, c) with keepdims
    Source:  Oquab et al. 2015, doi:10.1109/CVPR.2015.7298668; lecture 004 L194-196
    Example: >>> GlobalMaxPooling3D().output((4, 4, 4, 3))
             (3,)
    """

    dimensions, reduce = 3, _largest


def _mean(x: torch.Tensor, dimensions: int) -> torch.Tensor:
    """The mean of each channel.

    It is taken channels last so that its gradient lies in memory as the map does: the layers before it go through both.
    """
    return to_border(x).mean(tuple(range(1, 1 + dimensions)))


@dataclass(frozen=True, eq=False)
class GlobalAveragePooling1D(_GlobalPooling):
    """Keep the mean of each channel of a sequence.

    y[c] = (1/l) sum over i of x[c,i]

    Shape:   (l, c) -> (c,), or (1, c) with keepdims
    Source:  Lin, Chen & Yan 2014, arXiv:1312.4400
    Example: >>> GlobalAveragePooling1D().output((10, 3))
             (3,)
    """

    linear = True

    dimensions, reduce = 1, _mean


@dataclass(frozen=True, eq=False)
class GlobalAveragePooling2D(_GlobalPooling):
    """Keep the mean of each channel of a map, so that a map of any size becomes a vector.

    y[c] = (1/hw) sum over i,j of x[c,i,j]

    Shape:   (h, w, c) -> (c,), or (1, 1, c) with keepdims
    Source:  Lin, Chen & Yan 2014, arXiv:1312.4400; lecture 004 L335
    Example: >>> GlobalAveragePooling2D().output((7, 7, 512))
             (512,)
    """

    linear = True

    dimensions, reduce = 2, _mean


@dataclass(frozen=True, eq=False)
class GlobalAveragePooling3D(_GlobalPooling):
    """Keep the mean of each channel of a volume.

    y[c] = (1/dhw) sum over i,j,k of x[c,i,j,k]

    Shape:   (d, h, w, c) -> (c,), or (1, 1, 1, c) with keepdims
    Source:  Lin, Chen & Yan 2014, arXiv:1312.4400; lecture 004 L194-196
    Example: >>> GlobalAveragePooling3D().output((4, 4, 4, 3))
             (3,)
    """

    linear = True

    dimensions, reduce = 3, _mean


def _length(x: torch.Tensor, dimensions: int) -> torch.Tensor:
    """The root of the sum of the squares of each channel."""
    return _root((x * x).sum(tuple(range(2, 2 + dimensions))))


@dataclass(frozen=True, eq=False)
class GlobalL2Pooling1D(_GlobalPooling):
    """Keep the length of each channel of a sequence as a vector.

    y[c] = sqrt(sum over i of x[c,i]^2)

    Shape:   (l, c) -> (c,), or (1, c) with keepdims
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151
    Example: >>> GlobalL2Pooling1D().output((10, 3))
             (3,)
    """

    dimensions, reduce = 1, _length


@dataclass(frozen=True, eq=False)
class GlobalL2Pooling2D(_GlobalPooling):
    """Keep the length of each channel of a map as a vector.

    y[c] = sqrt(sum over i,j of x[c,i,j]^2)

    Shape:   (h, w, c) -> (c,), or (1, 1, c) with keepdims
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151
    Example: >>> GlobalL2Pooling2D().output((7, 7, 512))
             (512,)
    """

    dimensions, reduce = 2, _length


@dataclass(frozen=True, eq=False)
class GlobalL2Pooling3D(_GlobalPooling):
    """Keep the length of each channel of a volume as a vector.

    y[c] = sqrt(sum over i,j,k of x[c,i,j,k]^2)

    Shape:   (d, h, w, c) -> (c,), or (1, 1, 1, c) with keepdims
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151
    Example: >>> GlobalL2Pooling3D().output((4, 4, 4, 3))
             (3,)
    """

    dimensions, reduce = 3, _length


class _From(nn.Module):
    """A map without the first `starts` positions of its axes."""

    def __init__(self, starts: list[int]) -> None:
        super().__init__()
        self.part = (slice(None), slice(None), *(slice(start, None) for start in starts))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[self.part]


class _Reduce(nn.Module):
    """One number for each channel, and axes of size 1 for those of the map if they are kept."""

    def __init__(self, reduce: Callable[[torch.Tensor, int], torch.Tensor], dimensions: int, keepdims: bool) -> None:
        super().__init__()
        self.reduce, self.dimensions, self.keepdims = reduce, dimensions, keepdims

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.reduce(x, self.dimensions)
        return y[(..., *(None,) * self.dimensions)] if self.keepdims else y
