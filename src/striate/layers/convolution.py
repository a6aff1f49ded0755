"""Convolutions: the same small kernel at every place of a map."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from striate.errors import ShapeError
from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, LayerLike, Weight, require_rank, stated
from striate.regularizers.base import RegularizerLike
from striate.shape import Padding, Pair, Shape, Single, Sizes, Triple, Window, axes, elements, sides
from striate.units import Count

__all__ = ["Conv1D", "Conv2D", "Conv3D", "FlippedConv1D", "FlippedConv2D", "FlippedConv3D"]


_Module: Any = nn.Module
"""For what is mixed into torch's convolutions, whose weights and settings it takes for there."""


class _Uneven(_Module):
    """torch pads both sides alike; "same" with an even kernel or a stride needs one pixel more at the end."""

    weighted_sum: ClassVar[bool] = True
    window: Window
    convolve: ClassVar[Any]
    """torch's function."""

    @property
    def kernel(self) -> torch.Tensor:
        """What is laid on the map."""
        return self.weight

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002  as torch calls it
        padded = functional.pad(input, sides(self.window, input))
        return self.convolve(padded, self.kernel, self.bias, self.stride, 0, self.dilation, self.groups)


class _Uneven1D(_Uneven, nn.Conv1d):
    convolve = staticmethod(functional.conv1d)


class _Uneven2D(_Uneven, nn.Conv2d):
    convolve = staticmethod(functional.conv2d)


class _Uneven3D(_Uneven, nn.Conv3d):
    convolve = staticmethod(functional.conv3d)


class _Flipped(_Uneven):
    """torch's convolutions lay the kernel on the map as it is; here it is turned round first."""

    @property
    def kernel(self) -> torch.Tensor:
        """The weights, the last tap first along every axis of the map."""
        return self.weight.flip(tuple(range(2, 2 + len(self.kernel_size))))


class _Flipped1D(_Flipped, _Uneven1D):
    pass


class _Flipped2D(_Flipped, _Uneven2D):
    pass


class _Flipped3D(_Flipped, _Uneven3D):
    pass


@dataclass(frozen=True, eq=False)
class _Convolution(Layer, abstract=True):
    """What convolutions of one, two and three dimensions share.

    Args:
        filters: how many kernels, which is how many channels come out.
        kernel_size: sides of the kernel, pixels.
        strides: steps of the window, pixels.
        padding: "valid" (none), "same" (ceil(size/stride) comes out), or pixels: for all sides, for each axis, or
            (before, after) for each axis.
        dilation_rate: distance between the taps of the kernel, pixels.
        groups: parts that the channels are split in; each sees only its own.
        activation: applied to the sum.
        use_bias: whether b is added.
        kernel_initializer: first values of w.
        bias_initializer: first values of b.
        kernel_regularizer: penalty on w.
        bias_regularizer: penalty on b.
    Errors:  ShapeError if the dilated kernel exceeds the padded map, or groups do not divide the channels.
    """

    linear = True

    dimensions: ClassVar[int]
    letters: ClassVar[str]
    module: ClassVar[type[nn.Module]]
    uneven: ClassVar[Any]

    filters: Count
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "valid"
    dilation_rate: Sizes = 1
    groups: Count = 1
    activation: LayerLike | None = None
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    bias_initializer: InitializerLike = "zeros"
    kernel_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None

    def output(self, shape: Shape) -> Shape:
        window = self.window(shape)
        if shape[-1] % self.groups or self.filters % self.groups:
            raise ShapeError(
                f"{type(self).__name__} cannot split {shape[-1]} channels and {self.filters} filters "
                f"in {self.groups} groups",
                sum=f"{shape[-1]} mod {self.groups} = {shape[-1] % self.groups}, "
                f"{self.filters} mod {self.groups} = {self.filters % self.groups}, both must be 0",
                fix="groups that divide both",
            )
        return (*window.outputs(shape[:-1], type(self).__name__), self.filters)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        keras = (*range(2, 2 + self.dimensions), 1, 0)
        found = {"weight": stated(self, "kernel", self._kernel(shape), keras=keras)}
        if self.use_bias:
            found["bias"] = stated(self, "bias", (self.filters,))
        return found

    def macs(self, shape: Shape) -> int:
        return elements(self._kernel(shape)) * elements(self.output(shape)[:-1])

    def _kernel(self, shape: Shape) -> Shape:
        return (self.filters, shape[-1] // self.groups, *axes(self.kernel_size, self.dimensions))

    def window(self, shape: Shape) -> Window:
        require_rank(self, shape, self.dimensions + 1, self.letters)
        kernel, stride, dilation = (
            axes(value, self.dimensions) for value in (self.kernel_size, self.strides, self.dilation_rate)
        )
        return Window.of(kernel, stride, self.padding, dilation, shape[:-1])

    def build(self, shape: Shape) -> nn.Module:
        window = self.window(shape)
        module: Any = self.module if window.symmetric else self.uneven
        built = module(
            shape[-1],
            self.filters,
            window.kernel,
            window.stride,
            tuple(before for before, _ in window.padding),
            window.dilation,
            self.groups,
            self.use_bias,
        )
        if module is self.uneven:
            built.window = window
        return built

    @classmethod
    def example(cls) -> Any:
        return cls(3, 2, input_shape=(*(5, 6, 4)[: cls.dimensions], 2))


@dataclass(frozen=True, eq=False)
class Conv1D(_Convolution):
    """Cross-correlate a sequence with `filters` kernels and add a bias.

    y[f,i] = b[f] + sum over c,u of w[f,c,u] * x[c, i*s+u*d-p]

    Shape:   (l, c) -> (l', filters),  l' = floor((l + 2p - d(k-1) - 1)/s) + 1
    Cost:    filters*(c/groups)*k + filters params;  filters*(c/groups)*k*l' MACs
    Source:  Waibel et al. 1989, doi:10.1109/29.21701; lecture 004 L58
    Example: >>> Conv1D(6, 5).output((32, 1))
             (28, 6)
    """

    dimensions, letters, module = 1, "length, channels", nn.Conv1d
    uneven = _Uneven1D
    kernel_size: Single
    strides: Single = 1
    dilation_rate: Single = 1


@dataclass(frozen=True, eq=False)
class Conv2D(_Convolution):
    """Cross-correlate a map with `filters` kernels and add a bias.

    y[f,i,j] = b[f] + sum over c,u,v of w[f,c,u,v] * x[c, i*s+u*d-p, j*s+v*d-p]

    Shape:   (h, w, c) -> (h', w', filters),  h' = floor((h + 2p - d(k-1) - 1)/s) + 1
    Cost:    filters*(c/groups)*k*k + filters params;  filters*(c/groups)*k*k*h'*w' MACs
    Source:  LeCun et al. 1989, doi:10.1162/neco.1989.1.4.541; lecture 000 L54-115
    Example: >>> Conv2D(6, 5).output((32, 32, 1))
             (28, 28, 6)
    """

    dimensions, letters, module = 2, "height, width, channels", nn.Conv2d
    uneven = _Uneven2D
    kernel_size: Pair
    strides: Pair = 1
    dilation_rate: Pair = 1


@dataclass(frozen=True, eq=False)
class Conv3D(_Convolution):
    """Cross-correlate a volume with `filters` kernels and add a bias.

    y[f,i,j,k] = b[f] + sum over c,u,v,t of w[f,c,u,v,t] * x[c, i*s+u*d-p, j*s+v*d-p, k*s+t*d-p]

    Shape:   (d, h, w, c) -> (d', h', w', filters),  h' = floor((h + 2p - d(k-1) - 1)/s) + 1
    Cost:    filters*(c/groups)*k*k*k + filters params;  filters*(c/groups)*k*k*k*d'*h'*w' MACs
    Source:  Ji et al. 2013, doi:10.1109/TPAMI.2012.59; lecture 004 L194-196
    Example: >>> Conv3D(6, 3).output((8, 8, 8, 1))
             (6, 6, 6, 6)
    """

    dimensions, letters, module = 3, "depth, height, width, channels", nn.Conv3d
    uneven = _Uneven3D
    kernel_size: Triple
    strides: Triple = 1
    dilation_rate: Triple = 1


@dataclass(frozen=True, eq=False)
class FlippedConv1D(Conv1D):
    """Convolve a sequence as mathematics has it, the kernel turned round, and add a bias.

    y[f,i] = b[f] + sum over c,u of w[f,c,u] * x[c, i*s+(k-1-u)*d-p]

    Shape:   (l, c) -> (l', filters),  l' = floor((l + 2p - d(k-1) - 1)/s) + 1
    Cost:    filters*(c/groups)*k + filters params;  filters*(c/groups)*k*l' MACs
    Source:  lecture 004 L127-135
    Example: >>> FlippedConv1D(6, 5).output((32, 1))
             (28, 6)
    """

    module = uneven = _Flipped1D


@dataclass(frozen=True, eq=False)
class FlippedConv2D(Conv2D):
    """Convolve a map as mathematics has it, the kernel turned round by half a turn, and add a bias.

    y[f,i,j] = b[f] + sum over c,u,v of w[f,c,u,v] * x[c, i*s+(k-1-u)*d-p, j*s+(k-1-v)*d-p]

    What networks call convolution is a cross-correlation: Conv2D lays the kernel on the map as it is. Learned kernels
    come out turned, and nothing else changes; a kernel from a book of image processing may be meant this way.

    Shape:   (h, w, c) -> (h', w', filters),  h' = floor((h + 2p - d(k-1) - 1)/s) + 1
    Cost:    filters*(c/groups)*k*k + filters params;  filters*(c/groups)*k*k*h'*w' MACs
    Source:  lecture 004 L127-135
    Example: >>> FlippedConv2D(6, 5).output((32, 32, 1))
             (28, 28, 6)
    """

    module = uneven = _Flipped2D


@dataclass(frozen=True, eq=False)
class FlippedConv3D(Conv3D):
    """Convolve a volume as mathematics has it, the kernel turned round along every axis, and add a bias.

    y[f,i,j,k] = b[f] + sum over c,u,v,t of w[f,c,u,v,t] * x[c, i*s+(k-1-u)*d-p, j*s+(k-1-v)*d-p, k*s+(k-1-t)*d-p]

    Shape:   (d, h, w, c) -> (d', h', w', filters),  h' = floor((h + 2p - d(k-1) - 1)/s) + 1
    Cost:    filters*(c/groups)*k*k*k + filters params;  filters*(c/groups)*k*k*k*d'*h'*w' MACs
    Source:  lecture 004 L127-135, L194-196
    Example: >>> FlippedConv3D(6, 3).output((8, 8, 8, 1))
             (6, 6, 6, 6)
    """

    module = uneven = _Flipped3D
