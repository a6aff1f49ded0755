"""Maxout: every unit is the largest of several weighted sums."""

import numpy as np

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.dense import Dense

__all__ = ["Maxout"]


class Maxout(Brick):
    """Compute `pieces` weighted sums for each unit, and keep the largest.

    z[n,u,p] = b[u,p] + sum over f of w[u,p,f] * x[n,f],    y[n,u] = max over p of z[n,u,p]
    dz[n,u,p] = dy[n,u] where z[n,u,p] is the largest, 0 elsewhere; m that are equally large have dy/m each

    From z on it is the fully connected brick, whose rules give dx, dw and db.

    Shape:   x (n, features), weight (units*pieces, features), bias (units*pieces,) or none -> (n, units);
             x (n, features, h, w) -> (n, units, h, w)
    Args:    units: how many numbers come out.
             pieces: how many sums there are for each.
    Source:  Goodfellow et al. 2013, doi:10.48550/arXiv.1302.4389; lecture 001 L141-143.
    Example: the absolute value is the larger of x and -x
             >>> brick = Maxout(1)
             >>> brick.forward(np.array([[3.0], [-2.0]]), {"weight": np.array([[1.0], [-1.0]])}).tolist()
             [[3.0], [2.0]]
             >>> brick.backward(np.array([[1.0], [1.0]]))[0].tolist()
             [[1.0], [-1.0]]
    """

    def __init__(self, units: int, pieces: int = 2) -> None:
        self.units, self.pieces = units, pieces
        self.dense = Dense()

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        sums = self.dense.forward(x, weights, training)  # (n, units*pieces, h, w)
        z = sums.reshape(len(x), self.units, self.pieces, *x.shape[2:])
        y = np.max(z, axis=2)
        largest = z == y[:, :, None]
        self.share = largest / np.sum(largest, axis=2, keepdims=True)
        return y

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dz = self.share * dy[:, :, None]  # (n, units, pieces, h, w)
        return self.dense.backward(dz.reshape(len(dy), self.units * self.pieces, *dy.shape[2:]))
