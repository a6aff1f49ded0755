"""Filters of image processing: a kernel that nobody learns."""

from collections.abc import Sequence

import numpy as np

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.separable import DepthwiseConv2D
from striate.textbook.window import Padding

__all__ = ["FixedFilter2D"]


class FixedFilter2D(Brick):
    """Lay one kernel on every channel of a map, as it is printed.

    y[n,c,i,j] = sum over u,v of w[u,v] * x[n, c, i*s + u - p, j*s + v - p]
    dx         = each dy[n,c,i,j] * w[u,v] added to the pixel x[n, c, i*s + u - p, j*s + v - p];  dw is nobody's concern

    Shape:   x (n, c, h, w), kernel (kh, kw) -> (n, c, h', w')
    Args:    strides, padding: as in Conv2D.
    Source:  lecture 002 L398-507. Its smoothing kernels (L452-466) must be divided by their sums, 9 and 8, for a
             kernel whose weights add up to more than 1 brightens the image.
    Example: the patch and the kernel of lecture 002 L446-448
             >>> patch = np.array([[[[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]]])
             >>> kernel = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
             >>> FixedFilter2D().forward(patch, {"kernel": kernel}).item()
             2.0
    """

    def __init__(self, strides: int | Sequence[int] = 1, padding: Padding = "valid") -> None:
        self.depthwise = DepthwiseConv2D(strides, padding)

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        kernel = weights["kernel"]
        each = np.broadcast_to(kernel, (x.shape[1], 1, *kernel.shape))
        return self.depthwise.forward(x, {"weight": each}, training)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return self.depthwise.backward(dy)[0], {}
