"""The way around the layers of a residual network, where the map changes its size on the way."""

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["PaddedShortcut"]


class PaddedShortcut(Brick):
    """Take every s-th pixel, and put maps of zeros behind those that are there.

    y[n,c,i,j] = x[n, c, i*s, j*s] for the channels of x, 0 for the others
    dx         = dy at the pixels that were taken, 0 at the others; what reaches the zeros is lost

    Shape:   (n, c, h, w) -> (n, filters, ceil(h/s), ceil(w/s))
    Args:    filters: channels that come out. strides: s.
    Source:  He et al. 2016, arXiv:1512.03385, section 3.3, option A.
    Example: >>> brick = PaddedShortcut(2, 2)
             >>> brick.forward(np.array([[[[1.0, 2.0, 3.0]]]]), {}).tolist()
             [[[[1.0, 3.0]], [[0.0, 0.0]]]]
             >>> brick.backward(np.array([[[[5.0, 6.0]], [[7.0, 8.0]]]]))[0].tolist()
             [[[[5.0, 0.0, 6.0]]]]
    """

    def __init__(self, filters: int, strides: int = 1) -> None:
        self.filters, self.strides = filters, strides

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.shape = x.shape
        taken = x[:, :, :: self.strides, :: self.strides]
        y = np.zeros((len(x), self.filters, *taken.shape[2:]))
        y[:, : x.shape[1]] = taken
        return y

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dx = np.zeros(self.shape)
        dx[:, :, :: self.strides, :: self.strides] = dy[:, : self.shape[1]]
        return dx, {}
