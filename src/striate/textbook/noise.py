"""Noise: numbers that are never twice the same."""

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["GaussianDropout", "GaussianNoise"]


class GaussianNoise(Brick):
    """Add normal noise in training.

    y = x + e,  e ~ N(0, stddev^2),    dx = dy;  in prediction y = x

    Set `noise` to decide e: the next forwards use it in place of the generator.

    Shape:   any -> the same
    Args:    stddev: standard deviation of the noise.
             rng: the generator that draws; a fresh, unseeded one by default.
    Source:  Bishop 1995, doi:10.1162/neco.1995.7.1.108.
    Example: >>> brick = GaussianNoise(0.1)
             >>> brick.noise = np.array([[0.5, -0.5]])
             >>> brick.forward(np.array([[1.0, 2.0]]), {}).tolist()
             [[1.5, 1.5]]
    """

    def __init__(self, stddev: float, rng: np.random.Generator | None = None) -> None:
        self.stddev = stddev
        self.rng = np.random.default_rng() if rng is None else rng
        self.noise: Array | None = None

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        if not training:
            return x
        return x + (self.rng.normal(0.0, self.stddev, x.shape) if self.noise is None else self.noise)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy, {}


class GaussianDropout(Brick):
    """Multiply each number by normal noise around 1 in training.

    y = x * e,  e ~ N(1, rate / (1 - rate)),    dx = dy * e;  in prediction y = x, dx = dy

    Dropout multiplies by 0 or 1/(1 - rate), which has the same mean and variance: 1 and rate / (1 - rate).

    Set `factors` to decide e: the next forwards use it in place of the generator.

    Shape:   any -> the same
    Args:    rate: of the dropout whose variance the noise has.
             rng: the generator that draws; a fresh, unseeded one by default.
    Source:  Srivastava et al. 2014, section 10, jmlr.org/papers/v15/srivastava14a.html.
    Example: >>> brick = GaussianDropout(0.5)
             >>> brick.factors = np.array([[1.5, -0.5]])
             >>> brick.forward(np.array([[1.0, 2.0]]), {}).tolist()
             [[1.5, -1.0]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].tolist()
             [[1.5, -0.5]]
    """

    def __init__(self, rate: float, rng: np.random.Generator | None = None) -> None:
        self.rate = rate
        self.rng = np.random.default_rng() if rng is None else rng
        self.factors: Array | None = None

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        spread = np.sqrt(self.rate / (1.0 - self.rate))
        drawn = self.rng.normal(1.0, spread, x.shape) if self.factors is None else self.factors
        self.used = drawn if training else np.ones(())
        return x * self.used

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy * self.used, {}
