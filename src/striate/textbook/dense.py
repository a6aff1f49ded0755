"""The fully connected brick: every output sees every input."""

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["Dense"]


class Dense(Brick):
    """Multiply by a matrix and add a bias.

    y[n,u]  = b[u] + sum over f of w[u,f] * x[n,f]
    dx[n,f] = sum over u of dy[n,u] * w[u,f]          an input went into every unit: add over the units
    dw[u,f] = sum over n of dy[n,u] * x[n,f]          local error signal times local input signal (002 L279)
    db[u]   = sum over n of dy[n,u]

    On a map it acts on the channels of every pixel alike, so w is shared by the pixels and the sums of dw and
    db run over them too.

    Shape:   x (n, features), weight (units, features), bias (units,) or none -> (n, units);
             x (n, features, h, w) -> (n, units, h, w)
    Source:  Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0; lecture 001 L800-817, lecture 003 L255-267.
             Lecture 003 L267 writes ∂E/∂W = x ∂E/∂v: it must be ∂E/∂y, and with its rows for gradients that is
             the shape of the transpose of W. Lecture 002 L227-232 has its factors in an order in which the
             matrices do not fit: the formulas above are the same, written out in sums.
    Example: >>> brick = Dense()
             >>> weights = {"weight": np.array([[1.0, 2.0, 3.0]]), "bias": np.array([0.5])}
             >>> brick.forward(np.array([[0.5, 1.0, 2.0]]), weights).tolist()
             [[9.0]]
             >>> dx, gradients = brick.backward(np.array([[2.0]]))
             >>> dx.tolist(), gradients["weight"].tolist(), gradients["bias"].tolist()
             ([[2.0, 4.0, 6.0]], [[1.0, 2.0, 4.0]], [2.0])
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.x = x
        self.weight = weights["weight"]  # (units, features)
        self.has_bias = "bias" in weights
        y = np.tensordot(x, self.weight, (1, 1))  # (n, f, h, w), (u, f) -> (n, h, w, u)
        if self.has_bias:
            y = y + weights["bias"]
        return np.moveaxis(y, -1, 1)  # (n, u, h, w)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        shared = (0, *range(2, dy.ndim))  # the samples, and the pixels of a map
        dx = np.moveaxis(np.tensordot(dy, self.weight, (1, 0)), -1, 1)  # (n, u, h, w), (u, f) -> (n, f, h, w)
        gradients = {"weight": np.tensordot(dy, self.x, (shared, shared))}  # (u, f)
        if self.has_bias:
            gradients["bias"] = dy.sum(axis=shared)  # (u,)
        return dx, gradients
