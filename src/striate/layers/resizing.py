"""Layers that make a map larger or smaller without weights: enlarging, frames of zeros, cutting edges off."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Strict
from torch import nn

from striate.errors import ShapeError
from striate.layers.base import Layer, require_rank
from striate.shape import AXES, Pair, Shape, Sizes, Triple, Window, axes, shape_text
from striate.units import Count, Index

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]

_LETTERS = {1: "length, channels", 2: "height, width, channels", 3: "depth, height, width, channels"}

_Sides = Annotated[tuple[Index, Index], Strict(False)]
_Sides1 = Index | _Sides
_Sides2 = Index | Annotated[tuple[Index | _Sides, Index | _Sides], Strict(False)]
_Sides3 = Index | Annotated[tuple[Index | _Sides, Index | _Sides, Index | _Sides], Strict(False)]
"""Pixels at the sides of a map: one number for all, one for each axis, or (before, after) for each axis."""


@dataclass(frozen=True, eq=False)
class _UpSampling(Layer, abstract=True):
    """What enlarging shares.

    Args: size: how many times as large; one number, or one for each axis.
    """

    linear = True

    dimensions: ClassVar[int]
    mode: ClassVar[str] = "nearest-exact"  # torch's "nearest" computes places in single precision, and rounds down

    size: Sizes = 2

    def output(self, shape: Shape) -> Shape:
        require_rank(self, shape, self.dimensions + 1, _LETTERS[self.dimensions])
        each: Any = zip(shape, axes(self.size, self.dimensions), strict=False)
        sizes: Any = [None if n is None else n * times for n, times in each]
        return (*sizes, shape[-1])

    def window(self, shape: Shape) -> Window:
        apart: Any = tuple(Fraction(1, times) for times in axes(self.size, self.dimensions))
        sees = tuple(self._neighbours(times) for times in axes(self.size, self.dimensions))
        return Window(sees, apart, ((0, 0),) * self.dimensions, (1,) * self.dimensions)

    def _neighbours(self, times: int) -> int:
        """How many pixels one that comes out depends on."""
        return 1

    def build(self, shape: Shape) -> nn.Module:
        self.output(shape)
        return nn.Upsample(scale_factor=axes(self.size, self.dimensions), mode=self.mode)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(*(5, 6, 4)[: cls.dimensions], 2))


@dataclass(frozen=True, eq=False)
class UpSampling1D(_UpSampling):
    """Repeat each value of a sequence.

    y[c,i] = x[c, floor(i/s)]

    Shape:   (l, c) -> (l*s, c)
    Source:  Keras 3, keras.layers.UpSampling1D
    Example: >>> UpSampling1D(2).output((5, 3))
             (10, 3)
    """

    dimensions = 1
    size: Count = 2


@dataclass(frozen=True, eq=False)
class UpSampling2D(_UpSampling):
    """Enlarge a map: repeat each pixel, or draw straight lines between the centres of pixels.

    nearest:   y[c,i,j] = x[c, floor(i/s), floor(j/s)]
    bilinear:  y[c,i,j] = sum over a,e of m(i,a)*m(j,e) * x[c,a,e],  m(i,a) = max(0, 1 - |(i + 1/2)/s - 1/2 - a|)

    Beyond the centres of the outermost pixels their values go on.

    Shape:   (h, w, c) -> (h*s, w*s, c)
    Args:    interpolation: "nearest" or "bilinear".
    Source:  Odena, Dumoulin & Olah 2016, doi:10.23915/distill.00003 (enlarge, then convolve)
    Example: >>> UpSampling2D(2).output((7, 7, 512))
             (14, 14, 512)
    """

    dimensions = 2
    size: Pair = 2
    interpolation: Literal["nearest", "bilinear"] = "nearest"

    def _neighbours(self, times: int) -> int:
        return 2 if self.interpolation == "bilinear" and times > 1 else 1

    def build(self, shape: Shape) -> nn.Module:
        if self.interpolation == "nearest":
            return super().build(shape)
        self.output(shape)
        return nn.Upsample(scale_factor=axes(self.size, 2), mode="bilinear")


@dataclass(frozen=True, eq=False)
class UpSampling3D(_UpSampling):
    """Repeat each voxel of a volume.

    y[c,i,j,k] = x[c, floor(i/s), floor(j/s), floor(k/s)]

    Shape:   (d, h, w, c) -> (d*s, h*s, w*s, c)
    Source:  Keras 3, keras.layers.UpSampling3D
    Example: >>> UpSampling3D(2).output((4, 4, 4, 3))
             (8, 8, 8, 3)
    """

    dimensions = 3
    size: Triple = 2


def _each_side(value: Any, dimensions: int) -> tuple[tuple[int, int], ...]:
    """(before, after) for each axis; of a sequence, two numbers are those."""
    if dimensions == 1 and isinstance(value, tuple):
        return (value,)
    return tuple((side, side) if isinstance(side, int) else side for side in axes(value, dimensions))


def _place_by_place(dimensions: int) -> Window:
    """The window of a layer that moves pixels about and leaves each as it is."""
    return Window((1,) * dimensions, (1,) * dimensions, ((0, 0),) * dimensions, (1,) * dimensions)


_PADS: dict[int, Any] = {1: nn.ZeroPad1d, 2: nn.ZeroPad2d, 3: nn.ZeroPad3d}
"""They cut off where the number of pixels is negative."""


@dataclass(frozen=True, eq=False)
class _ZeroPadding(Layer, abstract=True):
    """What frames of zeros share."""

    linear = True

    dimensions: ClassVar[int]

    padding: Any = 1

    def output(self, shape: Shape) -> Shape:
        require_rank(self, shape, self.dimensions + 1, _LETTERS[self.dimensions])
        each: Any = zip(shape, _each_side(self.padding, self.dimensions), strict=False)
        sizes: Any = [None if n is None else n + before + after for n, (before, after) in each]
        return (*sizes, shape[-1])

    def window(self, shape: Shape) -> Window:
        return _place_by_place(self.dimensions)

    def build(self, shape: Shape) -> nn.Module:
        self.output(shape)
        around = _each_side(self.padding, self.dimensions)
        return _PADS[self.dimensions](tuple(side for sides in reversed(around) for side in sides))

    @classmethod
    def example(cls) -> Any:
        return cls(((1, 2), 0, 1)[: cls.dimensions] if cls.dimensions > 1 else (1, 2), input_shape=_shape(cls))


@dataclass(frozen=True, eq=False)
class ZeroPadding1D(_ZeroPadding):
    """Put zeros before and after a sequence.

    y[c,i] = x[c, i-p] for p <= i < p + l, else 0

    Shape:   (l, c) -> (p + l + q, c)
    Args:    padding: values on either side, or (before, after): p and q.
    Source:  lecture 001 L485-491
    Example: >>> ZeroPadding1D((4, 0)).output((10, 3))
             (14, 3)
    """

    dimensions = 1
    padding: _Sides1 = 1


@dataclass(frozen=True, eq=False)
class ZeroPadding2D(_ZeroPadding):
    """Put a frame of zeros round a map.

    y[c,i,j] = x[c, i-p, j-p] where that pixel exists, else 0

    Shape:   (h, w, c) -> (p + h + q, p + w + q, c)
    Args:    padding: pixels on every side, on the sides of each axis, or (before, after) for each axis: p and q.
    Source:  lecture 001 L485-491, lecture 002 L543-596
    Example: >>> ZeroPadding2D(2).output((32, 32, 1))
             (36, 36, 1)
    """

    dimensions = 2
    padding: _Sides2 = 1


@dataclass(frozen=True, eq=False)
class ZeroPadding3D(_ZeroPadding):
    """Put a shell of zeros round a volume.

    y[c,i,j,k] = x[c, i-p, j-p, k-p] where that voxel exists, else 0

    Shape:   (d, h, w, c) -> (p + d + q, p + h + q, p + w + q, c)
    Args:    padding: voxels on every side, on the sides of each axis, or (before, after) for each axis: p and q.
    Source:  lecture 004 L194-196, L279-284
    Example: >>> ZeroPadding3D(1).output((8, 8, 8, 3))
             (10, 10, 10, 3)
    """

    dimensions = 3
    padding: _Sides3 = ((1, 1), (1, 1), (1, 1))


@dataclass(frozen=True, eq=False)
class _Cropping(Layer, abstract=True):
    """What cutting edges off shares.

    Errors:  ShapeError if nothing would be left.
    """

    linear = True

    dimensions: ClassVar[int]

    cropping: Any = 1

    def output(self, shape: Shape) -> Shape:
        require_rank(self, shape, self.dimensions + 1, _LETTERS[self.dimensions])
        out: list[Any] = []
        each: Any = zip(AXES[self.dimensions], shape, _each_side(self.cropping, self.dimensions), strict=False)
        for axis, n, (before, after) in each:
            left = None if n is None else n - before - after
            if left is not None and left < 1:
                raise ShapeError(
                    f"{type(self).__name__} leaves nothing of a {shape_text(shape[:-1])} map",
                    sum=f"{axis}: {n} - {before} - {after} = {left}, must be >= 1",
                    fix=f"a smaller cropping, or a map of at least {before + after + 1} on that axis",
                )
            out.append(left)
        return (*out, shape[-1])

    def window(self, shape: Shape) -> Window:
        return _place_by_place(self.dimensions)

    def build(self, shape: Shape) -> nn.Module:
        self.output(shape)
        around = _each_side(self.cropping, self.dimensions)
        return _PADS[self.dimensions](tuple(-side for sides in reversed(around) for side in sides))

    @classmethod
    def example(cls) -> Any:
        return cls(((1, 2), 0, 1)[: cls.dimensions] if cls.dimensions > 1 else (1, 2), input_shape=_shape(cls))


def _shape(layer: type[_ZeroPadding | _Cropping]) -> Shape:
    return (*(5, 6, 4)[: layer.dimensions], 2)


@dataclass(frozen=True, eq=False)
class Cropping1D(_Cropping):
    """Cut values off both ends of a sequence.

    y[c,i] = x[c, i+p]

    Shape:   (l, c) -> (l - p - q, c)
    Args:    cropping: values on either side, or (before, after): p and q.
    Source:  Keras 3, keras.layers.Cropping1D
    Example: >>> Cropping1D((2, 1)).output((10, 3))
             (7, 3)
    """

    dimensions = 1
    cropping: _Sides1 = (1, 1)


@dataclass(frozen=True, eq=False)
class Cropping2D(_Cropping):
    """Cut the edges off a map, as U-Net does before it joins maps of two sizes.

    y[c,i,j] = x[c, i+p, j+p]

    Shape:   (h, w, c) -> (h - p - q, w - p - q, c)
    Args:    cropping: pixels on every side, on the sides of each axis, or (before, after) for each axis: p and q.
    Source:  Ronneberger et al. 2015, arXiv:1505.04597
    Example: >>> Cropping2D(4).output((64, 64, 512))
             (56, 56, 512)
    """

    dimensions = 2
    cropping: _Sides2 = ((0, 0), (0, 0))


@dataclass(frozen=True, eq=False)
class Cropping3D(_Cropping):
    """Cut the outer voxels off a volume.

    y[c,i,j,k] = x[c, i+p, j+p, k+p]

    Shape:   (d, h, w, c) -> (d - p - q, h - p - q, w - p - q, c)
    Args:    cropping: voxels on every side, on the sides of each axis, or (before, after) for each axis: p and q.
    Source:  Çiçek et al. 2016, arXiv:1606.06650
    Example: >>> Cropping3D(1).output((8, 8, 8, 3))
             (6, 6, 6, 3)
    """

    dimensions = 3
    cropping: _Sides3 = ((1, 1), (1, 1), (1, 1))
