"""Pooling: each window of a map, or the whole of it, summed up in one number, channel by channel. No weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from striate.errors import ShapeError
from striate.layers.base import Layer, require_rank
from striate.shape import EVERYTHING, Padding, Pair, Shape, Single, Sizes, Triple, Window, axes

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]

_LETTERS = {1: "length, channels", 2: "height, width, channels", 3: "depth, height, width, channels"}


@dataclass(frozen=True, eq=False)
class _Pooling(Layer, abstract=True):
    """What pooling by windows shares. Pixels of padding are never taken for pixels of the map.

    Args:
        pool_size: sides of the window, pixels.
        strides: steps of the window, pixels; None for pool_size, so that windows do not overlap.
        padding: "valid" (none), "same" (ceil(size/stride) comes out), or pixels on each side.
    Errors:  ShapeError if the window exceeds the padded map, or one could hold nothing but padding.
    """

    dimensions: ClassVar[int]
    module: ClassVar[Callable[..., nn.Module]]

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
        for k, (before, _) in zip(kernel, window.padding, strict=True):
            if 2 * before > k:
                raise ShapeError(
                    f"{type(self).__name__} has a window that could hold nothing but padding",
                    sum=f"2*{before} = {2 * before} pixels of padding, the window is {k}",
                    fix=f"padding={k // 2} at most, or a larger pool_size",
                )
        return window

    def build(self, shape: Shape) -> nn.Module:
        # torch pads both sides alike. Where "same" wants one pixel more at the end, ceil_mode lets the last window
        # reach over it; only at stride 1 it does not, and there one window more at the start is made and left out.
        window = self.window(shape)
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

    dimensions, module = 1, nn.MaxPool1d
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

    dimensions, module = 2, nn.MaxPool2d
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

    dimensions, module = 3, nn.MaxPool3d
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

    dimensions, module = 1, _average(nn.AvgPool1d)
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

    dimensions, module = 2, _average(nn.AvgPool2d)
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

    dimensions, module = 3, _average(nn.AvgPool3d)
    pool_size: Triple = 2
    strides: Triple | None = None

    def build(self, shape: Shape) -> nn.Module:
        window = self.window(shape)
        fits = all(k <= n for k, n in zip(window.kernel, shape, strict=False))
        return super().build(shape) if fits else _AverageOfPadded(self.module(window.kernel, window.stride), window)


@dataclass(frozen=True, eq=False)
class _GlobalPooling(Layer, abstract=True):
    """What pooling of the whole map shares; the map may have any size.

    Args:
        keepdims: whether the axes of the map are kept, with size 1.
    Errors:  ShapeError for an input of another rank.
    """

    dimensions: ClassVar[int]
    reduce: ClassVar[Callable[..., torch.Tensor]]

    keepdims: bool = False

    def output(self, shape: Shape) -> Shape:
        require_rank(self, shape, self.dimensions + 1, _LETTERS[self.dimensions])
        return (*(1,) * self.dimensions, shape[-1]) if self.keepdims else shape[-1:]

    def window(self, shape: Shape) -> Window:
        return EVERYTHING

    def build(self, shape: Shape) -> nn.Module:
        return _Reduce(type(self).reduce, tuple(range(2, 2 + self.dimensions)), self.keepdims)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(*(5, 6, 4)[: cls.dimensions], 2))


def _largest(x: torch.Tensor, over: tuple[int, ...], keepdims: bool) -> torch.Tensor:
    """The largest number of each channel. amax would share the gradient among equals; here the first has it."""
    largest = x.flatten(2).max(2).values  # (n, c)
    return largest[(..., *(None,) * len(over))] if keepdims else largest


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


@dataclass(frozen=True, eq=False)
class GlobalAveragePooling1D(_GlobalPooling):
    """Keep the mean of each channel of a sequence.

    y[c] = (1/l) sum over i of x[c,i]

    Shape:   (l, c) -> (c,), or (1, c) with keepdims
    Source:  Lin, Chen & Yan 2014, arXiv:1312.4400
    Example: >>> GlobalAveragePooling1D().output((10, 3))
             (3,)
    """

    dimensions, reduce = 1, torch.mean


@dataclass(frozen=True, eq=False)
class GlobalAveragePooling2D(_GlobalPooling):
    """Keep the mean of each channel of a map, so that a map of any size becomes a vector.

    y[c] = (1/hw) sum over i,j of x[c,i,j]

    Shape:   (h, w, c) -> (c,), or (1, 1, c) with keepdims
    Source:  Lin, Chen & Yan 2014, arXiv:1312.4400; lecture 004 L335
    Example: >>> GlobalAveragePooling2D().output((7, 7, 512))
             (512,)
    """

    dimensions, reduce = 2, torch.mean


@dataclass(frozen=True, eq=False)
class GlobalAveragePooling3D(_GlobalPooling):
    """Keep the mean of each channel of a volume.

    y[c] = (1/dhw) sum over i,j,k of x[c,i,j,k]

    Shape:   (d, h, w, c) -> (c,), or (1, 1, 1, c) with keepdims
    Source:  Lin, Chen & Yan 2014, arXiv:1312.4400; lecture 004 L194-196
    Example: >>> GlobalAveragePooling3D().output((4, 4, 4, 3))
             (3,)
    """

    dimensions, reduce = 3, torch.mean


class _From(nn.Module):
    """A map without the first `starts` positions of its axes."""

    def __init__(self, starts: list[int]) -> None:
        super().__init__()
        self.part = (slice(None), slice(None), *(slice(start, None) for start in starts))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[self.part]


class _AverageOfPadded(nn.Module):
    """AvgPool3d refuses a map smaller than its window, padded or not: here the padding comes first, then the count."""

    def __init__(self, pool: nn.Module, window: Window) -> None:
        super().__init__()
        self.pool = pool
        self.sides = [side for before_after in reversed(window.padding) for side in before_after]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        real = functional.pad(torch.ones_like(x[:1, :1]), self.sides)
        return self.pool(functional.pad(x, self.sides)) / self.pool(real)


class _Reduce(nn.Module):
    """One number for each channel."""

    def __init__(self, reduce: Callable[..., torch.Tensor], over: tuple[int, ...], keepdims: bool) -> None:
        super().__init__()
        self.reduce, self.over, self.keepdims = reduce, over, keepdims

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.reduce(x, self.over, self.keepdims)
