"""Regularizers: a penalty on the weights themselves, added to the loss, so that they stay small."""

import numpy as np

from striate.textbook.brick import Array

__all__ = ["L1", "L1L2", "L2"]


class L1L2:
    """Penalise the sizes and the squares of a weight: the elastic net.

    R = l1 * sum |w| + l2 * sum w^2,    dR/dw = l1 * sign(w) + 2 * l2 * w

    There is no derivative of |w| at 0; sign(0) = 0 is taken. The lecture's lambda sum of (beta w^2 + |w|) is l1 = lambda,
    l2 = lambda beta.

    Shape:   any -> a number; backward -> the shape of w
    Args:    l1: factor of the sizes.
             l2: factor of the squares.
    Source:  Zou & Hastie 2005, doi:10.1111/j.1467-9868.2005.00503.x; lecture 001 L1209-1213.
    Example: >>> penalty = L1L2(l1=0.5, l2=0.25)
             >>> penalty.forward(np.array([2.0, -4.0])), penalty.backward().tolist()
             (8.0, [1.5, -2.5])
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = l1
        self.l2 = l2

    def forward(self, w: Array) -> float:
        """Compute the penalty, and remember w."""
        self.w = w
        return float(self.l1 * np.sum(np.abs(w)) + self.l2 * np.sum(w**2))

    def backward(self) -> Array:
        """Give dR/dw at the latest forward."""
        return self.l1 * np.sign(self.w) + 2.0 * self.l2 * self.w


class L1(L1L2):
    """Penalise the sizes of a weight, which drives the useless ones to exactly 0.

    R = l1 * sum |w|,    dR/dw = l1 * sign(w)

    Shape:   any -> a number; backward -> the shape of w
    Args:    l1: factor of the sizes.
    Source:  Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x; lecture 001 L1205-1207.
    Example: >>> penalty = L1(0.5)
             >>> penalty.forward(np.array([2.0, -4.0])), penalty.backward().tolist()
             (3.0, [0.5, -0.5])
    """

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """Penalise the squares of a weight.

    R = l2 * sum w^2,    dR/dw = 2 * l2 * w

    The gradient is 2 l2 w: with plain descent a step multiplies w by 1 - 2*rate*l2. Where the penalty is written
    (1/2) l2 sum w^2, as for "weight decay", the gradient is half of that.

    Shape:   any -> a number; backward -> the shape of w
    Args:    l2: factor of the squares.
    Source:  Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634; lecture 001 L1201-1203.
    Example: >>> penalty = L2(0.25)
             >>> penalty.forward(np.array([2.0, -4.0])), penalty.backward().tolist()
             (5.0, [1.0, -2.0])
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)
