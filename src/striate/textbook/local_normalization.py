"""Local normalisation: each number is compared with its neighbours, on the map or among the channels."""

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["LocalContrastNormalization", "LocalResponseNormalization"]


class LocalResponseNormalization(Brick):
    """Divide each number by what its neighbours among the channels, at the same position, say.

    d[i] = k + alpha * sum over j around i of x[j]^2,    y[i] = x[i] / d[i]^beta

    A number reaches the loss by its own y and by the d of every neighbour:
    dx[j] = dy[j] / d[j]^beta - 2*alpha*beta * x[j] * sum over i around which j lies of dy[i]*x[i] / d[i]^(beta + 1)

    Shape:   x (n, c) or (n, c, ...) -> the same
    Args:    size: how many neighbours are added, itself among them: size//2 before and (size - 1)//2 after.
             alpha, beta, k: as in the formula. The sum is not divided by size, as torch has it.
    Source:  Krizhevsky, Sutskever & Hinton 2012, section 3.3, doi:10.1145/3065386.
    Example: the second of three channels has the squares of all three around it: 2 / (1 + 1 + 4 + 9)
             >>> brick = LocalResponseNormalization(size=3, alpha=1.0, beta=1.0, k=1.0)
             >>> brick.forward(np.array([[1.0, 2.0, 3.0]]), {}).round(4).tolist()
             [[0.1667, 0.1333, 0.2143]]
    """

    def __init__(self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0) -> None:
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        i = np.arange(x.shape[1])
        distance = i[None, :] - i[:, None]  # of channel j, in columns, from channel i, in rows
        self.around = (distance >= -(self.size // 2)) & (distance <= (self.size - 1) // 2)
        self.x = x
        self.d = self.k + self.alpha * np.einsum("ij,nj...->ni...", self.around, x**2)
        return x / self.d**self.beta

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        by_d = dy * self.x / self.d ** (self.beta + 1.0)
        others = np.einsum("ij,ni...->nj...", self.around, by_d)
        return dy / self.d**self.beta - 2.0 * self.alpha * self.beta * self.x * others, {}


class LocalContrastNormalization(Brick):
    """Take away what lies around each number, and divide by how much it varies there, over all channels.

    With A the weighted mean over the window and all channels, which gives one number a position:
    v = x - A(x),    s = sqrt(max(A(v^2), eps^2)),    m = mean of s over the positions,    y = v / max(m, s)

    Backward, with d = max(m, s), each line a step back, A^T the transpose of the matrix A:
    dv  = dy / d,    dd = - sum over c of dy * v / d^2
    ds  = dd where s > m, and 1/positions of the sum of dd where it is not (equals count half for each)
    dq  = ds / 2s where s > eps, 0 elsewhere                      (q = A(v^2))
    dv += 2 * v * A^T(dq),    dx = dv - A^T(sum over c of dv)

    Shape:   x (n, c) or (n, c, ...) -> the same
    Args:    kernel_size: side of the window, odd.
             sigma: standard deviation of its Gaussian, pixels; None for a quarter of kernel_size.
             epsilon: eps, the least contrast that is divided by.
    Source:  Jarrett, Kavukcuoglu, Ranzato & LeCun 2009, doi:10.1109/ICCV.2009.5459469; lecture 004 L491.
    Example: a map without contrast becomes 0
             >>> LocalContrastNormalization(3).forward(np.full((1, 1, 2, 2), 7.0), {}).tolist()
             [[[[0.0, 0.0], [0.0, 0.0]]]]
    """

    def __init__(self, kernel_size: int = 9, sigma: float | None = None, epsilon: float = 1e-4) -> None:
        self.reach = kernel_size // 2
        self.sigma = kernel_size / 4 if sigma is None else sigma
        self.epsilon = epsilon

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.means = [self._mean(size) for size in x.shape[2:]]
        self.v = x - self._around(x.mean(axis=1, keepdims=True))
        self.q = self._around(np.mean(self.v**2, axis=1, keepdims=True))  # (n, 1, h, w)
        self.s = np.sqrt(np.maximum(self.q, self.epsilon**2))
        self.positions = tuple(range(2, x.ndim))
        self.m = self.s.mean(axis=self.positions, keepdims=True)
        self.d = np.maximum(self.m, self.s)
        return self.v / self.d

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        channels = dy.shape[1]
        dv = dy / self.d
        dd = -np.sum(dy * self.v, axis=1, keepdims=True) / self.d**2
        own = 0.5 * (1.0 + np.sign(self.s - self.m))  # 1 where d is s, 0 where it is m, a half where they are equal
        everywhere = np.sum(dd * (1.0 - own), axis=self.positions, keepdims=True)
        ds = dd * own + everywhere / (self.s.size // len(self.s))
        dq = np.where(self.q > self.epsilon**2, ds / (2.0 * self.s), 0.0)
        dv = dv + 2.0 * self.v * self._around(dq, transposed=True) / channels
        return dv - self._around(np.sum(dv, axis=1, keepdims=True), transposed=True) / channels, {}

    def _mean(self, size: int) -> Array:
        """The weights with which the positions of one axis, in columns, are averaged around each, in rows."""
        i = np.arange(size)
        distance = i[None, :] - i[:, None]
        weights = np.where(np.abs(distance) <= self.reach, np.exp(-0.5 * (distance / self.sigma) ** 2), 0.0)
        return weights / weights.sum(axis=1, keepdims=True)

    def _around(self, x: Array, transposed: bool = False) -> Array:
        """The mean around each position, axis by axis: a Gaussian of two variables is a product of two of one."""
        for axis, mean in enumerate(self.means, start=2):
            x = np.moveaxis(np.tensordot(x, mean.T if transposed else mean, (axis, 1)), -1, axis)
        return x
