"""Depthwise and separable convolutions: along the map, and across the channels, one after the other."""

from collections.abc import Sequence

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.convolution import Conv1D, Conv2D
from striate.textbook.window import Padding

__all__ = ["DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"]


class _Depthwise(Brick):
    """A convolution with as many groups as there are channels: none sees another.

    y[n,c*m+q,i] = b[c*m+q] + sum over u of w[c*m+q,0,u] * x[n, c, i*s + u*d - p]
    """

    convolution: type[Conv1D | Conv2D]

    def __init__(
        self,
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        dilation_rate: int | Sequence[int] = 1,
    ) -> None:
        self.arguments = strides, padding, dilation_rate

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.grouped = self.convolution(*self.arguments, groups=x.shape[1])
        return self.grouped.forward(x, weights, training)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return self.grouped.backward(dy)


class DepthwiseConv1D(_Depthwise):
    """Cross-correlate each channel of a sequence with kernels of its own.

    y[n,c*m+q,i] = b[c*m+q] + sum over u of w[c*m+q,0,u] * x[n, c, i*s + u*d - p]

    Shape:   x (n, c, l), weight (c*m, 1, k), bias (c*m,) or none -> (n, c*m, l')
    Args:    strides, padding, dilation_rate: as in Conv2D.
    Source:  Howard et al. 2017, arXiv:1704.04861.
    Example: >>> import numpy as np
             >>> weights = {"weight": np.array([[[1.0, 1.0]], [[-1.0, 1.0]]])}
             >>> DepthwiseConv1D().forward(np.array([[[1.0, 4.0], [1.0, 4.0]]]), weights).tolist()
             [[[5.0], [3.0]]]
    """

    convolution = Conv1D


class DepthwiseConv2D(_Depthwise):
    """Cross-correlate each channel of a map with kernels of its own.

    y[n,c*m+q,i,j] = b[c*m+q] + sum over u,v of w[c*m+q,0,u,v] * x[n, c, i*s + u*d - p, j*s + v*d - p]

    Shape:   x (n, c, h, w), weight (c*m, 1, kh, kw), bias (c*m,) or none -> (n, c*m, h', w')
    Args:    strides, padding, dilation_rate: as in Conv2D.
    Source:  Howard et al. 2017, arXiv:1704.04861.
    Example: one channel, two kernels
             >>> import numpy as np
             >>> weights = {"weight": np.array([[[[2.0]]], [[[3.0]]]])}
             >>> DepthwiseConv2D().forward(np.array([[[[1.0, 5.0]]]]), weights).tolist()
             [[[[2.0, 10.0]], [[3.0, 15.0]]]]
    """

    convolution = Conv2D


class _Separable(Brick):
    """A depthwise convolution without bias, then a convolution of one tap: a chain of two bricks."""

    convolution: type[Conv1D | Conv2D]
    depthwise: type[_Depthwise]

    def __init__(
        self,
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        dilation_rate: int | Sequence[int] = 1,
    ) -> None:
        self.along = self.depthwise(strides, padding, dilation_rate)
        self.across = self.convolution()

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        own = {name.removeprefix("pointwise."): w for name, w in weights.items() if name.startswith("pointwise.")}
        between = self.along.forward(x, {"weight": weights["depthwise.weight"]}, training)
        return self.across.forward(between, own, training)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dbetween, across = self.across.backward(dy)
        dx, along = self.along.backward(dbetween)
        return dx, {
            "depthwise.weight": along["weight"],
            **{f"pointwise.{name}": gradient for name, gradient in across.items()},
        }


class SeparableConv1D(_Separable):
    """Cross-correlate each channel of a sequence by itself, then mix the channels.

    y[n,f,i] = b[f] + sum over e of v[f,e] * sum over u of w[e,0,u] * x[n, e div m, i*s + u*d - p]

    Shape:   x (n, c, l), depthwise.weight w (c*m, 1, k), pointwise.weight v (f, c*m, 1), pointwise.bias b (f,) or none
             -> (n, f, l')
    Args:    strides, padding, dilation_rate: as in Conv2D.
    Source:  Chollet 2017, arXiv:1610.02357.
    Example: >>> import numpy as np
             >>> weights = {"depthwise.weight": np.array([[[1.0, 1.0]]]), "pointwise.weight": np.array([[[10.0]]])}
             >>> SeparableConv1D().forward(np.array([[[1.0, 2.0, 3.0]]]), weights).tolist()
             [[[30.0, 50.0]]]
    """

    convolution, depthwise = Conv1D, DepthwiseConv1D


class SeparableConv2D(_Separable):
    """Cross-correlate each channel of a map by itself, then mix the channels.

    y[n,f,i,j] = b[f] + sum over e of v[f,e] * sum over u,v of w[e,0,u,v] * x[n, e div m, i*s + u*d - p, j*s + v*d - p]

    Shape:   x (n, c, h, w), depthwise.weight w (c*m, 1, kh, kw), pointwise.weight v (f, c*m, 1, 1),
             pointwise.bias b (f,) or none -> (n, f, h', w')
    Args:    strides, padding, dilation_rate: as in Conv2D.
    Source:  Chollet 2017, arXiv:1610.02357.
    Example: two channels times 2 and 3, then added
             >>> import numpy as np
             >>> weights = {"depthwise.weight": np.array([[[[2.0]]], [[[3.0]]]]), "pointwise.weight": np.ones((1, 2, 1, 1))}
             >>> SeparableConv2D().forward(np.array([[[[1.0]], [[10.0]]]]), weights).tolist()
             [[[[32.0]]]]
    """

    convolution, depthwise = Conv2D, DepthwiseConv2D
