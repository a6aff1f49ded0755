"""Pooling: each window of a map is summed up in one number, channel by channel. No weights.

(Lecture 004 L363 says pooling reduces the number of parameters: only of dense layers that come after it.)
"""

from collections.abc import Sequence

import numpy as np

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.window import Padding, add_windows, crop, pad, pad_widths, per_axis, windows

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


class _Pooling(Brick):
    """The windows of max and average pooling: their size, their stride and the frame round the map."""

    axes: int  # along how many axes the window slides

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: Padding = "valid",
    ) -> None:
        self.pool_size = per_axis(pool_size, self.axes)
        self.strides = self.pool_size if strides is None else per_axis(strides, self.axes)
        self.padding = padding
        if not isinstance(padding, str):
            for p, k in zip(per_axis(padding, self.axes), self.pool_size, strict=True):
                if 2 * (p if isinstance(p, int) else max(p)) > k:
                    raise ValueError(f"padding {p} is more than half the window {k}: a window could hold no pixel")

    def seen(self, x: Array, frame: float) -> Array:
        """The windows of x in a frame of one value."""
        self.widths = pad_widths(x.shape[2:], self.pool_size, self.strides, self.padding, (1,) * self.axes)
        padded = pad(x, self.widths, frame)  # (n, c, h+p+q, w+p+q)
        self.padded_shape = padded.shape
        return windows(padded, self.pool_size, self.strides, (1,) * self.axes)  # (n, c, h', w', kh, kw)

    def dx(self, dseen: Array) -> Array:
        """The gradient of x, given that of each window."""
        return crop(add_windows(dseen, self.padded_shape, self.strides, (1,) * self.axes), self.widths)


class _MaxPooling(_Pooling):
    """Keep the largest pixel of each window; only that pixel made a difference, so it alone gets the gradient.

    y[n,c,i] = max over u of x[n, c, i*s + u - p]
    dx       = each dy[n,c,i] added to the pixel that was the maximum of window i, the first one among equals

    The frame is -infinity, so that it is never the maximum.
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        seen = self.seen(x, -np.inf)  # (n, c, h', w', kh, kw)
        self.shape = seen.shape
        flat = seen.reshape(*seen.shape[: 2 + self.axes], -1)  # (n, c, h', w', kh*kw), row by row
        self.winner = flat.argmax(axis=-1)[..., None]  # argmax takes the first among equals
        return np.take_along_axis(flat, self.winner, axis=-1)[..., 0]

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dflat = np.zeros((*dy.shape, np.prod(self.pool_size)))  # (n, c, h', w', kh*kw)
        np.put_along_axis(dflat, self.winner, dy[..., None], axis=-1)
        return self.dx(dflat.reshape(self.shape)), {}


class _AveragePooling(_Pooling):
    """Keep the mean of each window; every pixel of it had the same share, and gets that share of the gradient.

    y[n,c,i] = (sum over u of x[n, c, i*s + u - p]) / m[i],     m[i] = pixels of window i that are not frame
    dx       = dy[n,c,i] / m[i] added to each pixel of window i
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        taps = tuple(range(2 + self.axes, 2 + 2 * self.axes))
        self.count = self.seen(np.ones((1, 1, *x.shape[2:])), 0.0).sum(axis=taps)  # (1, 1, h', w')
        seen = self.seen(x, 0.0)  # (n, c, h', w', kh, kw)
        self.shape = seen.shape
        return seen.sum(axis=taps) / self.count

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        share = (dy / self.count).reshape(*dy.shape, *[1] * self.axes)  # (n, c, h', w', 1, 1)
        return self.dx(np.broadcast_to(share, self.shape)), {}


class _L2Pooling(_Pooling):
    """Keep the length of each window as a vector. The longer its arrow already is, the less a pixel turns it.

    y[n,c,i] = sqrt(sum over u of x[n, c, i*s + u - p]^2)
    dx       = dy[n,c,i] * x[n, c, i*s + u - p] / y[n,c,i] added to each pixel of window i;  0 where y is 0

    At y = 0 there is a kink as at the tip of a cone, and 0 is taken for the slope.
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.windows = self.seen(x, 0.0)  # (n, c, h', w', kh, kw)
        self.y = np.sqrt((self.windows**2).sum(axis=tuple(range(2 + self.axes, 2 + 2 * self.axes))))
        return self.y

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        share = _quotient(dy, self.y).reshape(*dy.shape, *[1] * self.axes)  # (n, c, h', w', 1, 1)
        return self.dx(share * self.windows), {}


def _quotient(a: Array, b: Array) -> Array:
    return np.divide(a, b, out=np.zeros_like(b), where=b != 0)  # 0 where it has none


class MaxPooling1D(_MaxPooling):
    """Keep the largest value of each stretch of a sequence.

    y[n,c,i] = max over u of x[n, c, i*s + u - p]

    Shape:   (n, c, l) -> (n, c, l')
    Args:    pool_size, strides, padding: as in MaxPooling2D.
    Source:  Scherer, Müller & Behnke 2010, doi:10.1007/978-3-642-15825-4_10; lecture 004 L342-365.
    Example: >>> brick = MaxPooling1D(2)
             >>> brick.forward(np.array([[[1.0, 5.0, 7.0, 2.0]]]), {}).tolist()
             [[[5.0, 7.0]]]
             >>> brick.backward(np.array([[[10.0, 20.0]]]))[0].tolist()
             [[[0.0, 10.0, 20.0, 0.0]]]
    """

    axes = 1


class MaxPooling2D(_MaxPooling):
    """Keep the largest pixel of each window of a map.

    y[n,c,i,j] = max over u,v of x[n, c, i*s + u - p, j*s + v - p]
    dx         = each dy[n,c,i,j] added to the pixel that was the maximum, the first (row by row) among equals

    Shape:   (n, c, h, w) -> (n, c, h', w'),  h' = floor((h + p + q - kh)/s) + 1
    Args:    pool_size: sides of the window, one number or one per axis.
             strides: pixels from window to window; None means pool_size, so that windows do not overlap.
             padding: "valid", "same", or pixels on either side, at most half the window.
    Errors:  ValueError if no window fits, or one could lie in the padding altogether.
    Source:  Scherer, Müller & Behnke 2010, doi:10.1007/978-3-642-15825-4_10; lecture 000 L126-145,
             lecture 004 L464.
    Example: lecture 001 L710-719
             >>> x = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
             >>> brick = MaxPooling2D(2)
             >>> brick.forward(x, {})[0, 0]
             array([[6., 8.],
                    [3., 4.]])
             >>> brick.backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))[0][0, 0]
             array([[0., 0., 0., 0.],
                    [0., 1., 0., 2.],
                    [3., 0., 0., 0.],
                    [0., 0., 0., 4.]])
    """

    axes = 2


class MaxPooling3D(_MaxPooling):
    """Keep the largest voxel of each window of a volume.

    y[n,c,i,j,k] = max over t,u,v of x[n, c, i*s + t - p, j*s + u - p, k*s + v - p]

    Shape:   (n, c, d, h, w) -> (n, c, d', h', w')
    Args:    pool_size, strides, padding: as in MaxPooling2D.
    Source:  Ji et al. 2013, doi:10.1109/TPAMI.2012.59; lecture 004 L196, L342-365.
    Example: >>> MaxPooling3D(2).forward(np.arange(8.0).reshape(1, 1, 2, 2, 2), {}).item()
             7.0
    """

    axes = 3


class AveragePooling1D(_AveragePooling):
    """Keep the mean of each stretch of a sequence.

    y[n,c,i] = (sum over u of x[n, c, i*s + u - p]) / (values in the window that are not padding)

    Shape:   (n, c, l) -> (n, c, l')
    Args:    pool_size, strides, padding: as in AveragePooling2D.
    Source:  LeCun et al. 1998, doi:10.1109/5.726791; lecture 004 L349.
    Example: the padding is not counted: the last window is the mean of 9 alone
             >>> AveragePooling1D(2, padding="same").forward(np.array([[[1.0, 5.0, 9.0]]]), {}).tolist()
             [[[3.0, 9.0]]]
    """

    axes = 1


class AveragePooling2D(_AveragePooling):
    """Keep the mean of each window of a map.

    y[n,c,i,j] = (sum over u,v of x[n, c, i*s + u - p, j*s + v - p]) / m[i,j],  m = pixels that are not padding
    dx         = dy[n,c,i,j] / m[i,j] added to each pixel of window i,j

    Shape:   (n, c, h, w) -> (n, c, h', w'),  h' = floor((h + p + q - kh)/s) + 1
    Args:    pool_size, strides, padding: as in MaxPooling2D.
    Errors:  ValueError if no window fits, or one could lie in the padding altogether.
    Source:  LeCun et al. 1998, doi:10.1109/5.726791 (whose S2 and S4 also learn a factor and a bias, which
             lecture 001 L765 leaves out); lecture 002 L662.
    Example: the map of lecture 001 L710-713
             >>> x = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
             >>> AveragePooling2D(2).forward(x, {})[0, 0]
             array([[3.25, 5.25],
                    [2.  , 2.  ]])
    """

    axes = 2


class AveragePooling3D(_AveragePooling):
    """Keep the mean of each window of a volume.

    y[n,c,i,j,k] = (sum over t,u,v of x[n, c, i*s + t - p, j*s + u - p, k*s + v - p]) / (voxels not padding)

    Shape:   (n, c, d, h, w) -> (n, c, d', h', w')
    Args:    pool_size, strides, padding: as in MaxPooling2D.
    Source:  LeCun et al. 1998, doi:10.1109/5.726791; lecture 004 L196, L349.
    Example: >>> AveragePooling3D(2).forward(np.arange(8.0).reshape(1, 1, 2, 2, 2), {}).item()
             3.5
    """

    axes = 3


class L2Pooling1D(_L2Pooling):
    """Keep the length of each stretch of a sequence as a vector.

    y[n,c,i] = sqrt(sum over u of x[n, c, i*s + u - p]^2)

    Shape:   (n, c, l) -> (n, c, l')
    Args:    pool_size, strides, padding: as in MaxPooling2D.
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151.
    Example: >>> L2Pooling1D(2).forward(np.array([[[3.0, 4.0, 5.0, 12.0]]]), {}).tolist()
             [[[5.0, 13.0]]]
    """

    axes = 1


class L2Pooling2D(_L2Pooling):
    """Keep the length of each window of a map as a vector: the root of the sum of the squares.

    y[n,c,i,j] = sqrt(sum over u,v of x[n, c, i*s + u - p, j*s + v - p]^2)
    dx         = dy[n,c,i,j] * x / y[n,c,i,j] added to each pixel of window i,j; 0 where y is 0

    Shape:   (n, c, h, w) -> (n, c, h', w')
    Args:    pool_size, strides, padding: as in MaxPooling2D.
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151, lecture 002 L839.
    Example: the map of lecture 001 L710-713
             >>> x = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
             >>> L2Pooling2D(2).forward(x, {})[0, 0].round(3)
             array([[ 7.937, 11.533],
                    [ 4.243,  5.099]])
    """

    axes = 2


class L2Pooling3D(_L2Pooling):
    """Keep the length of each window of a volume as a vector.

    y[n,c,i,j,k] = sqrt(sum over t,u,v of x[n, c, i*s + t - p, j*s + u - p, k*s + v - p]^2)

    Shape:   (n, c, d, h, w) -> (n, c, d', h', w')
    Args:    pool_size, strides, padding: as in MaxPooling2D.
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151, lecture 004 L196.
    Example: >>> L2Pooling3D((1, 2, 2)).forward(np.full((1, 1, 1, 2, 2), 3.0), {}).item()
             6.0
    """

    axes = 3


class _GlobalPooling(Brick):
    """One window that covers the whole of each channel."""

    axes: int

    def __init__(self, keepdims: bool = False) -> None:
        self.keepdims = keepdims

    def flat(self, x: Array) -> Array:
        if x.ndim != 2 + self.axes:
            raise ValueError(f"{type(self).__name__} needs {2 + self.axes} axes, not {x.shape}")
        self.shape = x.shape
        return x.reshape(*x.shape[:2], -1)  # (n, c, h*w)

    def shaped(self, y: Array) -> Array:
        return y.reshape(*y.shape, *[1] * self.axes) if self.keepdims else y  # (n, c) or (n, c, 1, 1)


class _GlobalAveragePooling(_GlobalPooling):
    """y[n,c] = mean over all pixels of x[n,c];    dx[n,c,i] = dy[n,c] / pixels"""

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        return self.shaped(self.flat(x).mean(axis=2))

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        pixels = np.prod(self.shape[2:])
        share = dy.reshape(*self.shape[:2], *[1] * self.axes) / pixels  # (n, c, 1, 1)
        return np.broadcast_to(share, self.shape).copy(), {}


class _GlobalMaxPooling(_GlobalPooling):
    """y[n,c] = max over all pixels of x[n,c];    dx = dy at the first maximum, 0 elsewhere"""

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        flat = self.flat(x)  # (n, c, h*w)
        self.winner = flat.argmax(axis=2)[..., None]
        return self.shaped(np.take_along_axis(flat, self.winner, axis=2)[..., 0])

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dflat = np.zeros((*self.shape[:2], np.prod(self.shape[2:])))
        np.put_along_axis(dflat, self.winner, dy.reshape(*self.shape[:2], 1), axis=2)
        return dflat.reshape(self.shape), {}


class _GlobalL2Pooling(_GlobalPooling):
    """y[n,c] = root of the sum over all pixels of x[n,c]^2;    dx = dy * x / y, 0 where y is 0"""

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.pixels = self.flat(x)  # (n, c, h*w)
        self.y = np.sqrt((self.pixels**2).sum(axis=2))  # (n, c)
        return self.shaped(self.y)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        share = _quotient(dy.reshape(self.y.shape), self.y)[..., None]  # (n, c, 1)
        return (share * self.pixels).reshape(self.shape), {}


class GlobalAveragePooling1D(_GlobalAveragePooling):
    """Keep the mean of each channel of a sequence.

    y[n,c] = (1/l) sum over i of x[n,c,i],    dx[n,c,i] = dy[n,c] / l

    Shape:   (n, c, l) -> (n, c), or (n, c, 1) with keepdims
    Args:    keepdims: keep the axis, with length 1.
    Source:  Lin, Chen & Yan 2014, doi:10.48550/arXiv.1312.4400; lecture 004 L335.
    Example: >>> GlobalAveragePooling1D().forward(np.array([[[1.0, 2.0, 6.0]]]), {}).tolist()
             [[3.0]]
    """

    axes = 1


class GlobalAveragePooling2D(_GlobalAveragePooling):
    """Keep the mean of each channel of a map, so that a map of any size becomes a vector.

    y[n,c] = (1/hw) sum over i,j of x[n,c,i,j],    dx[n,c,i,j] = dy[n,c] / hw

    Shape:   (n, c, h, w) -> (n, c), or (n, c, 1, 1) with keepdims
    Args:    keepdims: keep the axes, with length 1.
    Source:  Lin, Chen & Yan 2014, doi:10.48550/arXiv.1312.4400; lecture 004 L335.
    Example: >>> brick = GlobalAveragePooling2D()
             >>> brick.forward(np.array([[[[1.0, 2.0], [3.0, 6.0]]]]), {}).tolist()
             [[3.0]]
             >>> brick.backward(np.array([[4.0]]))[0].tolist()
             [[[[1.0, 1.0], [1.0, 1.0]]]]
    """

    axes = 2


class GlobalAveragePooling3D(_GlobalAveragePooling):
    """Keep the mean of each channel of a volume.

    y[n,c] = (1/dhw) sum over i,j,k of x[n,c,i,j,k],    dx[n,c,i,j,k] = dy[n,c] / dhw

    Shape:   (n, c, d, h, w) -> (n, c), or (n, c, 1, 1, 1) with keepdims
    Args:    keepdims: keep the axes, with length 1.
    Source:  Lin, Chen & Yan 2014, doi:10.48550/arXiv.1312.4400; lecture 004 L196, L335.
    Example: >>> GlobalAveragePooling3D().forward(np.arange(8.0).reshape(1, 1, 2, 2, 2), {}).tolist()
             [[3.5]]
    """

    axes = 3


class GlobalMaxPooling1D(_GlobalMaxPooling):
    """Keep the largest value of each channel of a sequence.

    y[n,c] = max over i of x[n,c,i],    dx = dy at the first maximum, 0 elsewhere

    Shape:   (n, c, l) -> (n, c), or (n, c, 1) with keepdims
    Args:    keepdims: keep the axis, with length 1.
    Source:  Oquab et al. 2015, doi:10.1109/CVPR.2015.7298668; lecture 004 L335.
    Example: >>> GlobalMaxPooling1D().forward(np.array([[[1.0, 6.0, 2.0]]]), {}).tolist()
             [[6.0]]
    """

    axes = 1


class GlobalMaxPooling2D(_GlobalMaxPooling):
    """Keep the largest pixel of each channel of a map: was the feature seen anywhere?

    y[n,c] = max over i,j of x[n,c,i,j],    dx = dy at the first maximum (row by row), 0 elsewhere

    Shape:   (n, c, h, w) -> (n, c), or (n, c, 1, 1) with keepdims
    Args:    keepdims: keep the axes, with length 1.
    Source:  Oquab et al. 2015, doi:10.1109/CVPR.2015.7298668; lecture 000 L142, lecture 004 L335.
    Example: >>> brick = GlobalMaxPooling2D()
             >>> brick.forward(np.array([[[[1.0, 6.0], [3.0, 2.0]]]]), {}).tolist()
             [[6.0]]
             >>> brick.backward(np.array([[4.0]]))[0].tolist()
             [[[[0.0, 4.0], [0.0, 0.0]]]]
    """

    axes = 2


class GlobalMaxPooling3D(_GlobalMaxPooling):
    """Keep the largest voxel of each channel of a volume.

    y[n,c] = max over i,j,k of x[n,c,i,j,k],    dx = dy at the first maximum, 0 elsewhere

    Shape:   (n, c, d, h, w) -> (n, c), or (n, c, 1, 1, 1) with keepdims
    Args:    keepdims: keep the axes, with length 1.
    Source:  Oquab et al. 2015, doi:10.1109/CVPR.2015.7298668; lecture 004 L196, L335.
    Example: >>> GlobalMaxPooling3D().forward(np.arange(8.0).reshape(1, 1, 2, 2, 2), {}).tolist()
             [[7.0]]
    """

    axes = 3


class GlobalL2Pooling1D(_GlobalL2Pooling):
    """Keep the length of each channel of a sequence as a vector.

    y[n,c] = sqrt(sum over i of x[n,c,i]^2),    dx[n,c,i] = dy[n,c] * x[n,c,i] / y[n,c], 0 where y is 0

    Shape:   (n, c, l) -> (n, c), or (n, c, 1) with keepdims
    Args:    keepdims: keep the axes, with length 1.
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151.
    Example: >>> GlobalL2Pooling1D().forward(np.array([[[3.0, 4.0]]]), {}).tolist()
             [[5.0]]
    """

    axes = 1


class GlobalL2Pooling2D(_GlobalL2Pooling):
    """Keep the length of each channel of a map as a vector.

    y[n,c] = sqrt(sum over i,j of x[n,c,i,j]^2),    dx[n,c,i,j] = dy[n,c] * x[n,c,i,j] / y[n,c], 0 where y is 0

    Shape:   (n, c, h, w) -> (n, c), or (n, c, 1, 1) with keepdims
    Args:    keepdims: keep the axes, with length 1.
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151.
    Example: >>> GlobalL2Pooling2D().forward(np.array([[[[1.0, 5.0], [1.0, 3.0]]]]), {}).tolist()
             [[6.0]]
    """

    axes = 2


class GlobalL2Pooling3D(_GlobalL2Pooling):
    """Keep the length of each channel of a volume as a vector.

    y[n,c] = sqrt(sum over i,j,k of x[n,c,i,j,k]^2),    dx[n,c,i,j,k] = dy[n,c] * x[n,c,i,j,k] / y[n,c], 0 where y is 0

    Shape:   (n, c, d, h, w) -> (n, c), or (n, c, 1, 1, 1) with keepdims
    Args:    keepdims: keep the axes, with length 1.
    Source:  Sermanet, Chintala & LeCun 2012, arXiv:1204.3968; lecture 000 L149-151.
    Example: >>> GlobalL2Pooling3D().forward(np.array([[[[[2.0]], [[2.0]], [[1.0]]]]]), {}).tolist()
             [[3.0]]
    """

    axes = 3
