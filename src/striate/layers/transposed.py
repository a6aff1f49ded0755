"""Transposed convolutions: the way back of a convolution, from its outputs to a map of the size of its input."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Strict
from torch import nn

from striate.errors import ShapeError
from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, LayerLike, Weight, require_rank, stated
from striate.regularizers.base import RegularizerLike
from striate.shape import AXES, Padding, Pair, Shape, Single, Sizes, Triple, Window, axes, elements
from striate.units import Count, Index

__all__ = ["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"]

_Extra = Index | tuple[Index, ...]


class _Cropped(nn.Module):
    """torch's transposed convolution without what it cannot leave out itself."""

    rest: list[tuple[int, int]]

    def forward(self, input: torch.Tensor, output_size: list[int] | None = None) -> torch.Tensor:  # noqa: A002
        y = super().forward(input, output_size)
        return y[(..., *(slice(before, -after or None) for before, after in self.rest))]


class _Cropped1D(_Cropped, nn.ConvTranspose1d):
    pass


class _Cropped2D(_Cropped, nn.ConvTranspose2d):
    pass


class _Cropped3D(_Cropped, nn.ConvTranspose3d):
    pass


@dataclass(frozen=True, eq=False)
class _Transposed(Layer, abstract=True):
    """What transposed convolutions of one, two and three dimensions share.

    Each input pixel lays its kernel, times itself, on the map that comes out, s pixels from that of its neighbour, and
    what overlaps is added. That map has (h-1)*s + d(k-1) + 1 pixels; `padding` says how many of them are cut off:
    "valid" none (it is h*s where the stride exceeds the kernel), "same" so many that h*s are left, the odd one at the
    end, and pixels as many as are said, which undoes a Conv2D with that padding.

    Args:
        filters: how many channels come out.
        kernel_size: sides of the kernel, pixels.
        strides: pixels from the kernel of one input to that of the next.
        padding: what is cut off: "valid", "same", or pixels, as Conv2D takes them.
        output_padding: pixels more at the end, below the stride. With "same", as in Keras, they are counted from
            (h-1)*s + (1 for an odd d(k-1) + 1, 0 for an even one).
        dilation_rate: distance between the taps of the kernel, pixels.
        activation: applied to the sum.
        use_bias: whether b is added.
        kernel_initializer: first values of w.
        bias_initializer: first values of b.
        kernel_regularizer: penalty on w.
        bias_regularizer: penalty on b.
    Errors:  ShapeError if more is cut off than there is, or output_padding reaches the stride.
    """

    linear = True

    dimensions: ClassVar[int]
    letters: ClassVar[str]
    module: ClassVar[type[nn.Module]]
    cropped: ClassVar[Any]

    filters: Count
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "valid"
    output_padding: _Extra | None = None
    dilation_rate: Sizes = 1
    activation: LayerLike | None = None
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    bias_initializer: InitializerLike = "zeros"
    kernel_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None

    def output(self, shape: Shape) -> Shape:
        window, out = self._forward(shape), []
        for axis, n, s, reach, (before, after) in zip(
            AXES[self.dimensions], shape, window.stride, window.reach, self._cut(window), strict=False
        ):
            size: Any = None if n is None else (n - 1) * s + reach - before - after
            if size is not None and size < 1:
                raise ShapeError(
                    f"{type(self).__name__} cuts off more than there is",
                    sum=f"{axis}: ({n} - 1)*{s} + {reach} - {before} - {after} = {size}, must be >= 1",
                    fix='padding="same", or less of it',
                )
            out.append(size)
        return (*out, self.filters)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        found = {"weight": stated(self, "kernel", self._kernel(shape), keras=(*range(2, 2 + self.dimensions), 1, 0))}
        if self.use_bias:
            found["bias"] = stated(self, "bias", (self.filters,))
        return found

    def macs(self, shape: Shape) -> int:
        return elements(self._kernel(shape)) * elements(shape[:-1])

    def _kernel(self, shape: Shape) -> Shape:
        return (shape[-1], self.filters, *axes(self.kernel_size, self.dimensions))

    def window(self, shape: Shape) -> Window:
        return self._forward(shape).transposed

    def _forward(self, shape: Shape) -> Window:
        """The window of the convolution whose way back this is. Its padding is that of the argument."""
        require_rank(self, shape, self.dimensions + 1, self.letters)
        kernel, stride, dilation = (
            axes(value, self.dimensions) for value in (self.kernel_size, self.strides, self.dilation_rate)
        )
        padding = "valid" if self.padding == "same" else self.padding
        return Window.of(kernel, stride, padding, dilation, shape[:-1])

    def _cut(self, window: Window) -> list[tuple[int, int]]:
        """Pixels cut off (before, after) on each axis; negative ones are added."""
        found = []
        given = None if self.output_padding is None else axes(self.output_padding, self.dimensions)
        for number, (s, reach, (before, after)) in enumerate(
            zip(window.stride, window.reach, window.padding, strict=True)
        ):
            extra = None if given is None else given[number]
            if extra is not None and extra >= s:
                raise ShapeError(
                    f"{type(self).__name__}: output_padding must be below the stride",
                    sum=f"{AXES[self.dimensions][number]}: output_padding {extra}, strides {s}",
                    fix=f"output_padding={s - 1} at most, or larger strides",
                )
            if self.padding == "same":
                total = reach - s if extra is None else reach - reach % 2 - extra
                before = max(total // 2, 0)
                found.append((before, total - before))
            else:
                reaches = max(s - reach, 0) if self.padding == "valid" else 0
                found.append((before, after - (reaches if extra is None else extra)))
        return found

    def build(self, shape: Shape) -> nn.Module:
        # torch cuts off p before and p - o after, where o may be as large as a step of the kernel or its taps; of what
        # is uneven in another way, the rest is left out after it.
        self.output(shape)
        window, pads, extra, rest = self._forward(shape), [], [], []
        for s, d, (before, after) in zip(window.stride, window.dilation, self._cut(window), strict=True):
            even = 0 <= before - after < max(s, d)
            pad = before if even else max(min(before, after), 0)
            more = before - after if even else max(-after, 0)
            pads.append(pad)
            extra.append(more)
            rest.append((before - pad, after - pad + more))
        module: Any = self.cropped if any(map(any, rest)) else self.module
        built = module(
            shape[-1],
            self.filters,
            window.kernel,
            window.stride,
            tuple(pads),
            tuple(extra),
            bias=self.use_bias,
            dilation=window.dilation,
        )
        if module is self.cropped:
            built.rest = rest
        return built

    @classmethod
    def example(cls) -> Any:
        return cls(3, 2, input_shape=(*(5, 6, 4)[: cls.dimensions], 2))


@dataclass(frozen=True, eq=False)
class Conv1DTranspose(_Transposed):
    """Lay a kernel for each value of a sequence, and add up what overlaps.

    y[f,a] = b[f] + sum over c and over i,u with i*s+u*d-p = a of w[c,f,u] * x[c,i]

    Shape:   (l, c) -> (l', filters),  l' = (l-1)*s + max(d(k-1) + 1, s), with "same" l*s, else (l-1)*s + d(k-1) + 1 - 2p
    Cost:    filters*c*k + filters params;  filters*c*k*l MACs
    Source:  Dumoulin & Visin 2016, arXiv:1603.07285
    Example: >>> Conv1DTranspose(6, 4, 2, "same").output((16, 8))
             (32, 6)
    """

    dimensions, letters, module = 1, "length, channels", nn.ConvTranspose1d
    cropped = _Cropped1D
    kernel_size: Single
    strides: Single = 1
    output_padding: Index | Annotated[tuple[Index], Strict(False)] | None = None
    dilation_rate: Single = 1


@dataclass(frozen=True, eq=False)
class Conv2DTranspose(_Transposed):
    """Lay a kernel for each pixel of a map, and add up what overlaps: the "up-convolution" of U-Nets.

    y[f,a,e] = b[f] + sum over c and over i,u with i*s+u*d-p = a and j,v with j*s+v*d-p = e of w[c,f,u,v] * x[c,i,j]

    Shape:   (h, w, c) -> (h', w', filters),  h' = (h-1)*s + max(d(k-1) + 1, s), with "same" h*s,
             else (h-1)*s + d(k-1) + 1 - 2p
    Cost:    filters*c*k*k + filters params;  filters*c*k*k*h*w MACs
    Source:  Zeiler et al. 2010, doi:10.1109/CVPR.2010.5539957; Ronneberger et al. 2015, arXiv:1505.04597;
             lecture 001 L694-696
    Example: >>> Conv2DTranspose(64, 2, 2).output((28, 28, 128))
             (56, 56, 64)
    """

    dimensions, letters, module = 2, "height, width, channels", nn.ConvTranspose2d
    cropped = _Cropped2D
    kernel_size: Pair
    strides: Pair = 1
    output_padding: Index | Annotated[tuple[Index, Index], Strict(False)] | None = None
    dilation_rate: Pair = 1


@dataclass(frozen=True, eq=False)
class Conv3DTranspose(_Transposed):
    """Lay a kernel for each voxel of a volume, and add up what overlaps.

    y[f,a] = b[f] + sum over c and over i,u with i*s+u*d-p = a of w[c,f,u] * x[c,i], a, i and u of three numbers each

    Shape:   (d, h, w, c) -> (d', h', w', filters),  h' = (h-1)*s + max(d(k-1) + 1, s), with "same" h*s,
             else (h-1)*s + d(k-1) + 1 - 2p
    Cost:    filters*c*k*k*k + filters params;  filters*c*k*k*k*d*h*w MACs
    Source:  Çiçek et al. 2016, arXiv:1606.06650
    Example: >>> Conv3DTranspose(6, 2, 2).output((8, 8, 8, 12))
             (16, 16, 16, 6)
    """

    dimensions, letters, module = 3, "depth, height, width, channels", nn.ConvTranspose3d
    cropped = _Cropped3D
    kernel_size: Triple
    strides: Triple = 1
    output_padding: Index | Annotated[tuple[Index, Index, Index], Strict(False)] | None = None
    dilation_rate: Triple = 1
