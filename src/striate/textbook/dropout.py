"""Dropout: train a different, thinner network at every step."""

import numpy as np
from numpy.typing import NDArray

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["AlphaDropout", "ClassicDropout", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


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


class ClassicDropout(Dropout):
    """Set each number to zero with probability `rate` in training, and shrink all of them in prediction.

    training:   y = x * kept,           dx = dy * kept,    kept = 0 with probability rate, else 1
    prediction: y = x * (1 - rate),     dx = dy * (1 - rate)

    The mean of y in training is what y is in prediction. The lectures halve, which is this for a rate of a half;
    ConvNetJS multiplied by the rate where it must be 1 - rate, which is also right for a half alone.

    Set `mask` to decide which numbers are kept.

    Shape:   any -> the same
    Args:    rate, rng: as of Dropout.
    Source:  Hinton et al. 2012, doi:10.48550/arXiv.1207.0580; lecture 000 L191-192, lecture 003 L603.
    Example: >>> brick = ClassicDropout(0.25)
             >>> brick.mask = np.array([[True, False, True]])
             >>> brick.forward(np.array([[1.0, 2.0, 3.0]]), {}).tolist()
             [[1.0, 0.0, 3.0]]
             >>> brick.forward(np.array([[1.0, 2.0, 3.0]]), {}, training=False).tolist()
             [[0.75, 1.5, 2.25]]
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        super().forward(x, weights, training)
        self.factor = self.factor * (1.0 - self.rate)
        return x * self.factor


class _SpatialDropout(Dropout):
    """Dropout that draws once for a channel: all positions of a map are kept, or none."""

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        if self.mask is None:
            self.mask = self.rng.random((*x.shape[:2], *(1,) * (x.ndim - 2))) >= self.rate  # (n, c, 1, 1)
            y = super().forward(x, weights, training)
            self.mask = None
            return y
        return super().forward(x, weights, training)


class SpatialDropout1D(_SpatialDropout):
    """Drop whole channels of sequences, and enlarge the others.

    y = x * kept[c] / (1 - rate),    dx = dy * kept[c] / (1 - rate);  in prediction y = x, dx = dy

    Shape:   (n, c, l) -> the same; a `mask` is (n, c, 1)
    Args:    rate: probability that a channel is dropped.
             rng: the generator that draws.
    Source:  Tompson et al. 2015, doi:10.48550/arXiv.1411.4280.
    Example: >>> brick = SpatialDropout1D(0.5)
             >>> brick.mask = np.array([1.0, 0.0]).reshape(1, 2, 1)
             >>> brick.forward(np.array([[[1.0, 2.0], [3.0, 4.0]]]), {}).tolist()
             [[[2.0, 4.0], [0.0, 0.0]]]
    """


class SpatialDropout2D(_SpatialDropout):
    """Drop whole channels of maps, and enlarge the others.

    y = x * kept[c] / (1 - rate),    dx = dy * kept[c] / (1 - rate);  in prediction y = x, dx = dy

    Shape:   (n, c, h, w) -> the same; a `mask` is (n, c, 1, 1)
    Args:    rate: probability that a channel is dropped.
             rng: the generator that draws.
    Source:  Tompson et al. 2015, doi:10.48550/arXiv.1411.4280.
    Example: >>> brick = SpatialDropout2D(0.5)
             >>> brick.mask = np.array([1.0, 0.0]).reshape(1, 2, 1, 1)
             >>> brick.forward(np.array([[[[1.0, 2.0]], [[3.0, 4.0]]]]), {}).tolist()
             [[[[2.0, 4.0]], [[0.0, 0.0]]]]
    """


class SpatialDropout3D(_SpatialDropout):
    """Drop whole channels of volumes, and enlarge the others.

    y = x * kept[c] / (1 - rate),    dx = dy * kept[c] / (1 - rate);  in prediction y = x, dx = dy

    Shape:   (n, c, d, h, w) -> the same; a `mask` is (n, c, 1, 1, 1)
    Args:    rate: probability that a channel is dropped.
             rng: the generator that draws.
    Source:  Tompson et al. 2015, doi:10.48550/arXiv.1411.4280.
    Example: >>> brick = SpatialDropout3D(0.5)
             >>> brick.mask = np.array([1.0, 0.0]).reshape(1, 2, 1, 1, 1)
             >>> brick.forward(np.array([[[[[1.0, 2.0]]], [[[3.0, 4.0]]]]]), {}).tolist()
             [[[[[2.0, 4.0]]], [[[0.0, 0.0]]]]]
    """


class AlphaDropout(Dropout):
    """Drop to the lowest value of SELU, -v, and undo what that did to mean and variance.

    y = a * (x where kept, -v elsewhere) + b,    dx = a * dy where kept, 0 elsewhere;  in prediction y = x, dx = dy

    Of a standard normal x, what is kept or -v has mean -rate*v and variance (1 - rate) * (1 + rate*v^2), so
    a = 1 / sqrt((1 - rate) * (1 + rate*v^2)) and b = a * rate * v bring back 0 and 1.

    Shape:   any -> the same
    Args:    rate, rng: as of Dropout.
    Source:  Klambauer et al. 2017, doi:10.48550/arXiv.1706.02515.
    Example: >>> brick = AlphaDropout(0.5)
             >>> brick.mask = np.array([[True, False]])
             >>> brick.forward(np.array([[1.0, 1.0]]), {}).round(4).tolist()
             [[1.6656, -0.7792]]
    """

    v = 1.7580993408473766

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        super().forward(x, weights, training)
        if not training:
            return x
        kept = self.factor > 0
        a = 1.0 / np.sqrt((1.0 - self.rate) * (1.0 + self.rate * self.v**2))
        self.factor = a * kept
        return a * np.where(kept, x, -self.v) + a * self.rate * self.v
