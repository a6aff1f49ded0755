"""Convolutions that take the channels apart: along the map and across the channels are two steps."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import nn

from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, LayerLike, Weight, require_rank
from striate.layers.convolution import Conv1D, Conv2D
from striate.regularizers.base import RegularizerLike
from striate.shape import Padding, Pair, Shape, Single, Sizes, Window, axes
from striate.units import Count

__all__ = ["DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"]


def _by_channel(layer: Any, shape: Shape, **more: Any) -> Conv1D | Conv2D:
    """The convolution with a group for each channel, in which no channel sees another."""
    require_rank(layer, shape, layer.dimensions + 1, layer.convolution.letters)
    return layer.convolution(
        shape[-1] * layer.depth_multiplier,
        layer.kernel_size,
        layer.strides,
        layer.padding,
        layer.dilation_rate,
        groups=shape[-1],
        kernel_initializer=layer.depthwise_initializer,
        kernel_regularizer=layer.depthwise_regularizer,
        **more,
    )


def _as_keras_has_it(weight: Weight, layer: Any, channels: int) -> Weight:
    """(c*m, 1, kh, kw) in torch is (kh, kw, c, m) in Keras."""
    return replace(weight, keras_shape=(*axes(layer.kernel_size, layer.dimensions), channels, layer.depth_multiplier))


@dataclass(frozen=True, eq=False)
class _Depthwise(Layer, abstract=True):
    """What depthwise convolutions of one and two dimensions share.

    Args:
        kernel_size: sides of the kernel, pixels.
        strides: steps of the window, pixels.
        padding: "valid" (none), "same" (ceil(size/stride) comes out), or pixels, as Conv2D takes them.
        depth_multiplier: m, how many kernels each channel has for itself.
        dilation_rate: distance between the taps of the kernel, pixels.
        activation: applied to the sum.
        use_bias: whether b is added.
        depthwise_initializer: first values of w.
        bias_initializer: first values of b.
        depthwise_regularizer: penalty on w.
        bias_regularizer: penalty on b.
    Errors:  ShapeError if the dilated kernel exceeds the padded map.
    """

    linear = True

    dimensions: ClassVar[int]
    convolution: ClassVar[type[Conv1D | Conv2D]]

    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "valid"
    depth_multiplier: Count = 1
    dilation_rate: Sizes = 1
    activation: LayerLike | None = None
    use_bias: bool = True
    depthwise_initializer: InitializerLike = "glorot_uniform"
    bias_initializer: InitializerLike = "zeros"
    depthwise_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None

    def _grouped(self, shape: Shape) -> Conv1D | Conv2D:
        return _by_channel(
            self,
            shape,
            use_bias=self.use_bias,
            bias_initializer=self.bias_initializer,
            bias_regularizer=self.bias_regularizer,
        )

    def output(self, shape: Shape) -> Shape:
        positions = self.window(shape).outputs(shape[:-1], type(self).__name__)
        return (*positions, shape[-1] * self.depth_multiplier)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        found = self._grouped(shape).weights(shape)
        return {**found, "weight": _as_keras_has_it(found["weight"], self, shape[-1])}

    def macs(self, shape: Shape) -> int:
        return self._grouped(shape).macs(shape)

    def window(self, shape: Shape) -> Window:
        return self._grouped(shape).window(shape)

    def build(self, shape: Shape) -> nn.Module:
        return self._grouped(shape).build(shape)

    @classmethod
    def example(cls) -> Any:
        return cls(2, depth_multiplier=2, input_shape=(*(5, 6)[: cls.dimensions], 2))


@dataclass(frozen=True, eq=False)
class DepthwiseConv1D(_Depthwise):
    """Cross-correlate each channel of a sequence with kernels of its own.

    y[c*m+q,i] = b[c*m+q] + sum over u of w[c*m+q,u] * x[c, i*s+u*d-p],  q = 0 ... m-1

    Shape:   (l, c) -> (l', c*m),  l' = floor((l + 2p - d(k-1) - 1)/s) + 1
    Cost:    c*m*k + c*m params;  c*m*k*l' MACs
    Source:  Howard et al. 2017, arXiv:1704.04861
    Example: >>> DepthwiseConv1D(5).output((32, 8))
             (28, 8)
    """

    dimensions, convolution = 1, Conv1D
    kernel_size: Single
    strides: Single = 1
    dilation_rate: Single = 1


@dataclass(frozen=True, eq=False)
class DepthwiseConv2D(_Depthwise):
    """Cross-correlate each channel of a map with kernels of its own.

    y[c*m+q,i,j] = b[c*m+q] + sum over u,v of w[c*m+q,u,v] * x[c, i*s+u*d-p, j*s+v*d-p],  q = 0 ... m-1

    Shape:   (h, w, c) -> (h', w', c*m),  h' = floor((h + 2p - d(k-1) - 1)/s) + 1
    Cost:    c*m*k*k + c*m params;  c*m*k*k*h'*w' MACs
    Source:  Howard et al. 2017, arXiv:1704.04861
    Example: >>> DepthwiseConv2D(3, padding="same").output((32, 32, 8))
             (32, 32, 8)
    """

    dimensions, convolution = 2, Conv2D
    kernel_size: Pair
    strides: Pair = 1
    dilation_rate: Pair = 1


@dataclass(frozen=True, eq=False)
class _Separable(Layer, abstract=True):
    """What separable convolutions of one and two dimensions share.

    Args:
        filters: how many channels come out.
        kernel_size: sides of the kernel, pixels.
        strides: steps of the window, pixels.
        padding: "valid" (none), "same" (ceil(size/stride) comes out), or pixels, as Conv2D takes them.
        dilation_rate: distance between the taps of the kernel, pixels.
        depth_multiplier: m, how many kernels each channel has for itself in the first step.
        activation: applied to the sum.
        use_bias: whether b is added, after the second step.
        depthwise_initializer: first values of w.
        pointwise_initializer: first values of v.
        bias_initializer: first values of b.
        depthwise_regularizer: penalty on w.
        pointwise_regularizer: penalty on v.
        bias_regularizer: penalty on b.
    Errors:  ShapeError if the dilated kernel exceeds the padded map.
    """

    linear = True

    dimensions: ClassVar[int]
    convolution: ClassVar[type[Conv1D | Conv2D]]

    filters: Count
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "valid"
    dilation_rate: Sizes = 1
    depth_multiplier: Count = 1
    activation: LayerLike | None = None
    use_bias: bool = True
    depthwise_initializer: InitializerLike = "glorot_uniform"
    pointwise_initializer: InitializerLike = "glorot_uniform"
    bias_initializer: InitializerLike = "zeros"
    depthwise_regularizer: RegularizerLike | None = None
    pointwise_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None

    def _along(self, shape: Shape) -> Conv1D | Conv2D:
        return _by_channel(self, shape, use_bias=False)

    def _across(self) -> Conv1D | Conv2D:
        return self.convolution(
            self.filters,
            1,
            use_bias=self.use_bias,
            kernel_initializer=self.pointwise_initializer,
            bias_initializer=self.bias_initializer,
            kernel_regularizer=self.pointwise_regularizer,
            bias_regularizer=self.bias_regularizer,
        )

    def _between(self, shape: Shape) -> Shape:
        """The map of the first step."""
        positions = self.window(shape).outputs(shape[:-1], type(self).__name__)
        return (*positions, shape[-1] * self.depth_multiplier)

    def output(self, shape: Shape) -> Shape:
        return self._across().output(self._between(shape))

    def weights(self, shape: Shape) -> dict[str, Weight]:
        along = _as_keras_has_it(self._along(shape).weights(shape)["weight"], self, shape[-1])
        across = self._across().weights(self._between(shape))
        return {"depthwise.weight": along, **{f"pointwise.{name}": weight for name, weight in across.items()}}

    def macs(self, shape: Shape) -> int:
        return self._along(shape).macs(shape) + self._across().macs(self._between(shape))

    def window(self, shape: Shape) -> Window:
        return self._along(shape).window(shape)

    def build(self, shape: Shape) -> nn.Module:
        steps = {"depthwise": self._along(shape).build(shape), "pointwise": self._across().build(self._between(shape))}
        return nn.Sequential(OrderedDict(steps))

    @classmethod
    def example(cls) -> Any:
        return cls(3, 2, depth_multiplier=2, input_shape=(*(5, 6)[: cls.dimensions], 2))


@dataclass(frozen=True, eq=False)
class SeparableConv1D(_Separable):
    """Cross-correlate each channel of a sequence by itself, then mix the channels at each place.

    y[f,i] = b[f] + sum over e of v[f,e] * sum over u of w[e,u] * x[e div m, i*s+u*d-p],  e = 0 ... c*m-1

    Shape:   (l, c) -> (l', filters),  l' = floor((l + 2p - d(k-1) - 1)/s) + 1
    Cost:    c*m*k + filters*c*m + filters params;  (c*m*k + filters*c*m)*l' MACs
    Source:  Chollet 2017, arXiv:1610.02357
    Example: >>> SeparableConv1D(16, 5).output((32, 8))
             (28, 16)
    """

    dimensions, convolution = 1, Conv1D
    kernel_size: Single
    strides: Single = 1
    dilation_rate: Single = 1


@dataclass(frozen=True, eq=False)
class SeparableConv2D(_Separable):
    """Cross-correlate each channel of a map by itself, then mix the channels at each pixel.

    y[f,i,j] = b[f] + sum over e of v[f,e] * sum over u,v of w[e,u,v] * x[e div m, i*s+u*d-p, j*s+v*d-p]

    Here e = 0 ... c*m-1. Nothing stands between the two steps; a kernel of rank one across the channels does what a
    full one does with c*m*k*k + filters*c*m numbers instead of filters*c*k*k.

    Shape:   (h, w, c) -> (h', w', filters),  h' = floor((h + 2p - d(k-1) - 1)/s) + 1
    Cost:    c*m*k*k + filters*c*m + filters params;  (c*m*k*k + filters*c*m)*h'*w' MACs
    Source:  Chollet 2017, arXiv:1610.02357
    Example: >>> SeparableConv2D(16, 3, padding="same").output((32, 32, 8))
             (32, 32, 16)
    """

    dimensions, convolution = 2, Conv2D
    kernel_size: Pair
    strides: Pair = 1
    dilation_rate: Pair = 1
