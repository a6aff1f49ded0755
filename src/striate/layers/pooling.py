"""Pooling: one number for each window of a map."""

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
    """What poolings of one, two and three dimensions share.

    Args:
        pool_size: sides of the window, pixels.
        strides: steps of the window, pixels; by default its sides, so that windows do not overlap.
        padding: "valid" (none), "same" (ceil(size/stride) comes out), or pixels on each side, at most half a window.
    Errors:  ShapeError if the window exceeds the padded map, or the padding half the window.
    """

    dimensions: ClassVar[int]

    pool_size: Sizes = 2
    strides: Sizes | None = None
    padding: Padding = "valid"

    def output(self, shape: Shape) -> Shape:
        window = self.window(shape)
        if self.padding != "same" and any(2 * p > k for (p, _), k in zip(window.padding, window.kernel, strict=True)):
            raise ShapeError(
                f"{type(self).__name__} cannot pad by more than half its window",
                sum=f"padding {self.padding}, half of the window {tuple(k // 2 for k in window.kernel)}",
                fix="less padding, or a larger pool_size",
            )
        return (*window.outputs(shape[:-1], type(self).__name__), shape[-1])

    def window(self, shape: Shape) -> Window:
        require_rank(self, shape, self.dimensions + 1, _LETTERS[self.dimensions])
        kernel = axes(self.pool_size, self.dimensions)
        stride = kernel if self.strides is None else axes(self.strides, self.dimensions)
        return Window.of(kernel, stride, self.padding, (1,) * self.dimensions, shape[:-1])

    @classmethod
    def example(cls) -> Any:
        return cls(2, input_shape=(*(6, 7, 5)[: cls.dimensions], 2))


class _MaxPooling(_Pooling, abstract=True):
    """The largest number of each window."""

    def build(self, shape: Shape) -> nn.Module:
        window = self.window(shape)
        if window.symmetric and all(2 * p <= k for (p, _), k in zip(window.padding, window.kernel, strict=True)):
            module = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)[self.dimensions - 1]
            return module(window.kernel, window.stride, tuple(before for before, _ in window.padding))
        return _UNEVEN_MAX[self.dimensions](window)


class _AveragePooling(_Pooling, abstract=True):
    """The mean of the real pixels of each window."""

    def build(self, shape: Shape) -> nn.Module:
        window = self.window(shape)
        padding = tuple(before for before, _ in window.padding)
        if not any(any(sides) for sides in window.padding):
            module = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)[self.dimensions - 1]
            return module(window.kernel, window.stride, padding)
        return _PaddedAverage(window)


def _uneven_max(pool: Any) -> Any:
    """torch pads both sides alike; "same" may need one pixel more at the end, which must never be the largest."""

    class UnevenMax(pool):
        def __init__(self, window: Window) -> None:
            super().__init__(window.kernel, window.stride)
            self.sides = _sides(window)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(functional.pad(x, self.sides, value=float("-inf")))

    return UnevenMax


_UNEVEN_MAX = {1: _uneven_max(nn.MaxPool1d), 2: _uneven_max(nn.MaxPool2d), 3: _uneven_max(nn.MaxPool3d)}


class _PaddedAverage(nn.Module):
    """Sums over windows, divided by how many real pixels each holds."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.kernel, self.stride, self.sides = window.kernel, window.stride, _sides(window)
        self.pool = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[len(window.kernel) - 1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        real = functional.pad(torch.ones_like(x[:1, :1]), self.sides)
        share = self.pool(real, self.kernel, self.stride)
        return self.pool(functional.pad(x, self.sides), self.kernel, self.stride) / share


def _sides(window: Window) -> list[int]:
    """Padding as torch wants it: the last axis first."""
    return [side for sides in reversed(window.padding) for side in sides]


@dataclass(frozen=True, eq=False)
class MaxPooling1D(_MaxPooling):
    """Keep the largest number of each window of a sequence.

    y[c,i] = max over u of x[c, i*s+u-p];  the gradient goes to the first largest

    Shape:   (l, c) -> (l', c),  l' = floor((l + 2p - k)/s) + 1
    Source:  Zhou & Chellappa 1988, doi:10.1109/ICNN.1988.23914; lecture 004 L342
    Example: >>> MaxPooling1D(2).output((6, 3))
             (3, 3)
    """

    dimensions = 1
    pool_size: Single = 2
    strides: Single | None = None


@dataclass(frozen=True, eq=False)
class MaxPooling2D(_MaxPooling):
    """Keep the largest number of each window of a map.

    y[c,i,j] = max over u,v of x[c, i*s+u-p, j*s+v-p];  the gradient goes to the first largest

    Shape:   (h, w, c) -> (h', w', c),  h' = floor((h + 2p - k)/s) + 1
    Source:  Zhou & Chellappa 1988, doi:10.1109/ICNN.1988.23914; lecture 000 L121-145
    Example: >>> MaxPooling2D(2).output((24, 24, 20))
             (12, 12, 20)
    """

    dimensions = 2
    pool_size: Pair = 2
    strides: Pair | None = None


@dataclass(frozen=True, eq=False)
class MaxPooling3D(_MaxPooling):
    """Keep the largest number of each window of a volume.

    y[c,i,j,k] = max over u,v,t of x[c, i*s+u-p, j*s+v-p, k*s+t-p];  the gradient goes to the first largest

    Shape:   (d, h, w, c) -> (d', h', w', c),  d' = floor((d + 2p - k)/s) + 1
    Source:  Zhou & Chellappa 1988, doi:10.1109/ICNN.1988.23914; lecture 004 L342
    Example: >>> MaxPooling3D(2).output((8, 8, 8, 3))
             (4, 4, 4, 3)
    """

    dimensions = 3
    pool_size: Triple = 2
    strides: Triple | None = None


@dataclass(frozen=True, eq=False)
class AveragePooling1D(_AveragePooling):
    """Take the mean of each window of a sequence; padding does not count.

    y[c,i] = 1/m * sum over u of x[c, i*s+u-p],  m = how many of these are real

    Shape:   (l, c) -> (l', c),  l' = floor((l + 2p - k)/s) + 1
    Source:  LeCun et al. 1998, doi:10.1109/5.726791; lecture 004 L349
    Example: >>> AveragePooling1D(2).output((6, 3))
             (3, 3)
    """

    dimensions = 1
    pool_size: Single = 2
    strides: Single | None = None


@dataclass(frozen=True, eq=False)
class AveragePooling2D(_AveragePooling):
    """Take the mean of each window of a map; padding does not count.

    y[c,i,j] = 1/m * sum over u,v of x[c, i*s+u-p, j*s+v-p],  m = how many of these are real

    Shape:   (h, w, c) -> (h', w', c),  h' = floor((h + 2p - k)/s) + 1
    Source:  LeCun et al. 1998, doi:10.1109/5.726791; lecture 001 L704
    Example: >>> AveragePooling2D(2).output((4, 4, 1))
             (2, 2, 1)
    """

    dimensions = 2
    pool_size: Pair = 2
    strides: Pair | None = None


@dataclass(frozen=True, eq=False)
class AveragePooling3D(_AveragePooling):
    """Take the mean of each window of a volume; padding does not count.

    y[c,i,j,k] = 1/m * sum over u,v,t of x[c, i*s+u-p, j*s+v-p, k*s+t-p],  m = how many of these are real

    Shape:   (d, h, w, c) -> (d', h', w', c),  d' = floor((d + 2p - k)/s) + 1
    Source:  LeCun et al. 1998, doi:10.1109/5.726791; lecture 004 L349
    Example: >>> AveragePooling3D(2).output((8, 8, 8, 3))
             (4, 4, 4, 3)
    """

    dimensions = 3
    pool_size: Triple = 2
    strides: Triple | None = None


@dataclass(frozen=True, eq=False)
class _GlobalPooling(Layer, abstract=True):
    """What poolings over a whole map share.

    Args:
        keepdims: keep the axes of the map, with size 1.
    """

    dimensions: ClassVar[int]
    module: ClassVar[Any]

    keepdims: bool = False

    def output(self, shape: Shape) -> Shape:
        require_rank(self, shape, self.dimensions + 1, _LETTERS[self.dimensions])
        return (*(1,) * self.dimensions, shape[-1]) if self.keepdims else shape[-1:]

    def window(self, shape: Shape) -> Window:
        return EVERYTHING

    def build(self, shape: Shape) -> nn.Module:
        return self.module(tuple(range(2, 2 + self.dimensions)), self.keepdims)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(*(6, 7, 5)[: cls.dimensions], 2))


class _Mean(nn.Module):
    def __init__(self, over: tuple[int, ...], keepdims: bool) -> None:
        super().__init__()
        self.over, self.keepdims = over, keepdims

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(self.over, self.keepdims)


class _Largest(_Mean):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # amax shares the gradient among equal largest numbers; max gives it to the first, as max pooling does.
        flat = x.flatten(2).max(2).values
        return flat[(..., *(None,) * len(self.over))] if self.keepdims else flat


class _GlobalAverage(_GlobalPooling, abstract=True):
    module = _Mean


class _GlobalMax(_GlobalPooling, abstract=True):
    module = _Largest


@dataclass(frozen=True, eq=False)
class GlobalAveragePooling1D(_GlobalAverage):
    """Take the mean of a whole sequence, channel by channel.

    y[c] = 1/l * sum over i of x[c,i]

    Shape:   (l, c) -> (c,), or (1, c) with keepdims
    Source:  Lin et al. 2014, arXiv:1312.4400
    Example: >>> GlobalAveragePooling1D().output((6, 3))
             (3,)
    """

    dimensions = 1


@dataclass(frozen=True, eq=False)
class GlobalAveragePooling2D(_GlobalAverage):
    """Take the mean of a whole map, channel by channel.

    y[c] = 1/(h*w) * sum over i,j of x[c,i,j]

    Shape:   (h, w, c) -> (c,), or (1, 1, c) with keepdims
    Source:  Lin et al. 2014, arXiv:1312.4400
    Example: >>> GlobalAveragePooling2D().output((6, 6, 3))
             (3,)
    """

    dimensions = 2


@dataclass(frozen=True, eq=False)
class GlobalAveragePooling3D(_GlobalAverage):
    """Take the mean of a whole volume, channel by channel.

    y[c] = 1/(d*h*w) * sum over i,j,k of x[c,i,j,k]

    Shape:   (d, h, w, c) -> (c,), or (1, 1, 1, c) with keepdims
    Source:  Lin et al. 2014, arXiv:1312.4400
    Example: >>> GlobalAveragePooling3D().output((6, 6, 6, 3))
             (3,)
    """

    dimensions = 3


@dataclass(frozen=True, eq=False)
class GlobalMaxPooling1D(_GlobalMax):
    """Keep the largest number of a whole sequence, channel by channel.

    y[c] = max over i of x[c,i];  the gradient goes to the first largest

    Shape:   (l, c) -> (c,), or (1, c) with keepdims
    Source:  Oquab et al. 2015, doi:10.1109/CVPR.2015.7298668
    Example: >>> GlobalMaxPooling1D().output((6, 3))
             (3,)
    """

    dimensions = 1


@dataclass(frozen=True, eq=False)
class GlobalMaxPooling2D(_GlobalMax):
    """Keep the largest number of a whole map, channel by channel.

    y[c] = max over i,j of x[c,i,j];  the gradient goes to the first largest

    Shape:   (h, w, c) -> (c,), or (1, 1, c) with keepdims
    Source:  Oquab et al. 2015, doi:10.1109/CVPR.2015.7298668
    Example: >>> GlobalMaxPooling2D().output((6, 6, 3))
             (3,)
    """

    dimensions = 2


@dataclass(frozen=True, eq=False)
class GlobalMaxPooling3D(_GlobalMax):
    """Keep the largest number of a whole volume, channel by channel.

    y[c] = max over i,j,k of x[c,i,j,k];  the gradient goes to the first largest

    Shape:   (d, h, w, c) -> (c,), or (1, 1, 1, c) with keepdims
    Source:  Oquab et al. 2015, doi:10.1109/CVPR.2015.7298668
    Example: >>> GlobalMaxPooling3D().output((6, 6, 6, 3))
             (3,)
    """

    dimensions = 3
