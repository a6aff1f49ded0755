"""What LeNet-5 was made of in 1998, beside the bricks that are still in use."""

from collections.abc import Sequence

import numpy as np

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.window import add_windows, per_axis, windows

__all__ = ["RBF", "PartialConv2D", "ScaledTanh", "Subsampling2D"]


class PartialConv2D(Brick):
    """Cross-correlate maps with kernels of which each sees the channels that a table gives it.

    y[n,f,i,j]      = b[f] + sum over c in connections[f] and u,v of w[(f,c),u,v] * x[n, c, i+u, j+v]
    dw[(f,c),u,v]   = sum over n,i,j of dy[n,f,i,j] * x[n, c, i+u, j+v]
    dx              = each dy[n,f,i,j] * w[(f,c),u,v] added to the pixel x[n, c, i+u, j+v]
    db[f]           = sum over n,i,j of dy[n,f,i,j]

    Shape:   x (n, c, h, w), weight (pairs (f, c) in the order of the table, kh, kw), bias (f,) or none -> (n, f, h', w')
    Args:    connections: for each filter the channels that it sees.
    Source:  LeCun et al. 1998, doi:10.1109/5.726791, table I.
    Example: the second filter sees the second channel alone, and the first both
             >>> x = np.array([[[[1.0, 2.0]], [[10.0, 20.0]]]])
             >>> PartialConv2D([[0, 1], [1]]).forward(x, {"weight": np.array([[[1.0]], [[2.0]], [[3.0]]])}).tolist()
             [[[[21.0, 42.0]], [[30.0, 60.0]]]]
    """

    def __init__(self, connections: Sequence[Sequence[int]]) -> None:
        self.connections = [list(seen) for seen in connections]
        ends = np.cumsum([len(seen) for seen in self.connections])
        self.parts = [slice(end - len(seen), end) for seen, end in zip(self.connections, ends, strict=True)]

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.shape, self.weight, self.has_bias = x.shape, weights["weight"], "bias" in weights
        self.seen = windows(x, self.weight.shape[1:], (1, 1), (1, 1))  # (n, c, h', w', kh, kw)
        y = np.stack(
            [
                # Sum over the channels of the filter, and over u, v.
                np.tensordot(self.seen[:, channels], self.weight[part], ([1, 4, 5], [0, 1, 2]))
                for channels, part in zip(self.connections, self.parts, strict=True)
            ],
            axis=1,
        )  # (n, f, h', w')
        return y + weights["bias"][:, None, None] if self.has_bias else y

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dw, dseen = np.zeros(self.weight.shape), np.zeros(self.seen.shape)
        for f, (channels, part) in enumerate(zip(self.connections, self.parts, strict=True)):
            dw[part] = np.tensordot(dy[:, f], self.seen[:, channels], ([0, 1, 2], [0, 2, 3]))
            # (n, h', w') and (c, kh, kw) -> (n, c, h', w', kh, kw)
            dseen[:, channels] += np.einsum("nij,cuv->ncijuv", dy[:, f], self.weight[part])
        gradients = {"weight": dw}
        if self.has_bias:
            gradients["bias"] = dy.sum(axis=(0, 2, 3))
        return add_windows(dseen, self.shape, (1, 1), (1, 1)), gradients


class Subsampling2D(Brick):
    """Add up the pixels of each window, times a learned factor of the channel, plus a learned bias.

    s[n,c,i,j] = sum over u,v of x[n, c, i*k + u, j*k + v]
    y = w[c]*s + b[c],    dw[c] = sum over n,i,j of dy*s,    db[c] = sum over n,i,j of dy,    dx = w[c]*dy in the window

    Shape:   x (n, c, h, w), weight (c,), bias (c,) -> (n, c, floor(h/k), floor(w/k))
    Args:    pool_size: k, one number or one per axis.
    Source:  LeCun et al. 1998, doi:10.1109/5.726791, section II.B.
    Example: >>> brick = Subsampling2D()
             >>> weights = {"weight": np.array([0.5]), "bias": np.array([1.0])}
             >>> brick.forward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), weights).item()
             6.0
             >>> dx, gradients = brick.backward(np.array([[[[2.0]]]]))
             >>> dx.tolist(), gradients["weight"].item(), gradients["bias"].item()
             ([[[[1.0, 1.0], [1.0, 1.0]]]], 20.0, 2.0)
    """

    def __init__(self, pool_size: int | Sequence[int] = 2) -> None:
        self.sides = per_axis(pool_size, 2)

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.shape, self.weight = x.shape, weights["weight"][:, None, None]
        self.sums = windows(x, self.sides, self.sides, (1, 1)).sum(axis=(4, 5))
        return self.weight * self.sums + weights["bias"][:, None, None]

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dsums = (self.weight * dy)[..., None, None]
        dwindows = np.broadcast_to(dsums, (*dy.shape, *self.sides))
        dx = add_windows(dwindows, self.shape, self.sides, (1, 1))
        return dx, {"weight": (dy * self.sums).sum(axis=(0, 2, 3)), "bias": dy.sum(axis=(0, 2, 3))}


class ScaledTanh(Brick):
    """Squash numbers into (-a, a), so that f(1) = 1 and f(-1) = -1.

    y = a * tanh(s*x),    dx = dy * a*s * (1 - tanh(s*x)^2)

    Shape:   any -> the same
    Args:    amplitude: a. slope: s.
    Source:  LeCun et al. 1998, doi:10.1109/5.726791, equation 6 and appendix A.
    Example: >>> ScaledTanh().forward(np.array([[-1.0, 0.0, 1.0]]), {}).round(4).tolist()
             [[-1.0, 0.0, 1.0]]
    """

    def __init__(self, amplitude: float = 1.7159, slope: float = 2 / 3) -> None:
        self.amplitude, self.slope = amplitude, slope

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.t = np.tanh(self.slope * x)
        return self.amplitude * self.t

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy * self.amplitude * self.slope * (1 - self.t**2), {}


class RBF(Brick):
    """Compare a vector with pictures: the negative squared distance to each.

    y[n,k] = -sum over i of (x[n,i] - p[k,i])^2,    dx[n,i] = -2 * sum over k of dy[n,k] * (x[n,i] - p[k,i])

    Nothing is learned here: the pictures are given.

    Shape:   x (n, features), pictures (k, features) -> (n, k)
    Source:  LeCun et al. 1998, doi:10.1109/5.726791, section II.B (whose units give the distance itself).
    Example: >>> brick = RBF()
             >>> pictures = np.array([[1.0, 1.0], [-1.0, 1.0]])
             >>> brick.forward(np.array([[1.0, 0.0]]), {"pictures": pictures}).tolist()
             [[-1.0, -5.0]]
             >>> brick.backward(np.array([[1.0, 0.0]]))[0].tolist()
             [[-0.0, 2.0]]
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.apart = x[:, None] - weights["pictures"]  # (n, k, features)
        return -(self.apart**2).sum(axis=2)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return -2 * np.einsum("nk,nki->ni", dy, self.apart), {}
