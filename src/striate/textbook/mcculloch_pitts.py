"""The first artificial neuron, of 1943."""

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["McCullochPitts"]


class McCullochPitts(Brick):
    """Fire where enough inputs excite a unit and none inhibits it.

    excitation = sum over f of e[u,f] * x[f],  inhibition = sum over f of i[u,f] * x[f]
    y[u] = 1 where excitation >= threshold and inhibition <= 0, else 0,    dx = 0

    Shape:   x (n, features), excite and inhibit (units, features), threshold (units,) -> (n, units);
             x (n, features, h, w) -> (n, units, h, w)
    Source:  McCulloch & Pitts 1943, doi:10.1007/BF02478259; lecture 002 L26-53, which has the weighted sum of both
             kinds of inputs in place of the veto.
    Example: x1 and not x2
             >>> given = {"excite": np.eye(2)[:1], "inhibit": np.eye(2)[1:], "threshold": np.array([1.0])}
             >>> McCullochPitts().forward(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), given).tolist()
             [[0.0], [0.0], [1.0], [0.0]]
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.shape = x.shape
        last = np.moveaxis(x, 1, -1)  # (n, h, w, features)
        excitation = last @ weights["excite"].T
        inhibition = last @ weights["inhibit"].T
        fires = (excitation >= weights["threshold"]) & (inhibition <= 0.0)
        return np.moveaxis(fires.astype(float), -1, 1)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return np.zeros(self.shape), {}
