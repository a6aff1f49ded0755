"""Dropout: train a different, thinner network at every step."""

import numpy as np
from numpy.typing import NDArray

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["Dropout"]


class Dropout(Brick):
    """Set each number to zero with probability `rate`, and make up for it by enlarging the others.

    y = x * kept / (1 - rate),    dx = dy * kept / (1 - rate),    kept = 0 with probability rate, else 1

    The mean of y is x, so nothing needs to be done at prediction, when y = x. (The paper, lecture 000 L192 and
    lecture 003 L603 do it the other way round: no factor in training, and at prediction the outgoing weights are
    halved. Halving is right for rate 0.5 only; in general the factor is 1 - rate.)

    Set `mask` to decide which numbers are kept: the next forwards use it in place of the generator.

    Shape:   any -> the same
    Args:    rate: probability that a number is dropped.
             rng: the generator that draws; a fresh, unseeded one by default.
    Errors:  ValueError if rate is not in [0, 1].
    Source:  Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a.html; lecture 000 L163-206,
             lecture 003 L525-612.
    Example: >>> brick = Dropout(0.5)
             >>> brick.mask = np.array([[True, False, True]])
             >>> brick.forward(np.array([[1.0, 2.0, 3.0]]), {}).tolist()
             [[2.0, 0.0, 6.0]]
             >>> brick.backward(np.array([[1.0, 1.0, 1.0]]))[0].tolist()
             [[2.0, 0.0, 2.0]]
             >>> brick.forward(np.array([[1.0, 2.0, 3.0]]), {}, training=False).tolist()
             [[1.0, 2.0, 3.0]]
    """

    def __init__(self, rate: float, rng: np.random.Generator | None = None) -> None:
        if not 0.0 <= rate <= 1.0:
            raise ValueError(f"rate is a probability, from 0 to 1, not {rate}")
        self.rate = rate
        self.rng = np.random.default_rng() if rng is None else rng
        self.mask: NDArray | None = None

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        if training:
            kept = self.rng.random(x.shape) >= self.rate if self.mask is None else self.mask
            self.factor = np.asarray(kept / (1.0 - self.rate) if self.rate < 1.0 else np.zeros(x.shape))
        else:
            self.factor = np.ones(())
        return x * self.factor

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy * self.factor, {}
