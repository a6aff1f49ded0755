"""Initializers: how large the first random weights should be.

Not zero and not all the same, or all units of a layer would learn the same (lecture 003 L468-472); and of such a spread
that signals neither die out nor explode on their way through the layers, forward or backward.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from striate.textbook.brick import Array

__all__ = [
    "dirac",
    "fans",
    "glorot_deviation",
    "glorot_limit",
    "glorot_uniform",
    "he_deviation",
    "he_limit",
    "identity",
    "lecun_deviation",
    "lecun_limit",
    "orthonormal",
    "truncated_normal",
    "unit_variance",
]


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Count the connections into and out of a unit.

    fan_in = inputs * taps of the kernel,    fan_out = outputs * taps of the kernel

    Shape:   weight (units, features) or (f, c/groups, kh, kw), as torch lays them out -> two numbers;
             a vector has its length for both
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a.
    Example: 20 filters of 5x5 on one channel
             >>> fans((20, 1, 5, 5)), fans((30, 784))
             ((25, 500), (784, 30))
    """
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    taps = math.prod(shape[2:])
    return shape[1] * taps, shape[0] * taps


def glorot_limit(shape: Sequence[int]) -> float:
    """Bound the uniform distribution that keeps variances, forward and backward at once.

    b = sqrt(6 / (fan_in + fan_out)),    w ~ U(-b, b)

    Shape:   that of a weight -> a number
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a; lecture 004 L488.
    Example: >>> glorot_limit((2, 4))
             1.0
    """
    return math.sqrt(6 / sum(fans(shape)))


def glorot_deviation(shape: Sequence[int]) -> float:
    """Give the standard deviation that goes with `glorot_limit`: b / sqrt(3).

    s = sqrt(2 / (fan_in + fan_out)),    w ~ N(0, s^2)

    Shape:   that of a weight -> a number
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a; lecture 004 L488.
    Example: >>> glorot_deviation((4, 4))
             0.5
    """
    return math.sqrt(2 / sum(fans(shape)))


def he_limit(shape: Sequence[int]) -> float:
    """Bound the uniform distribution that keeps the variance through layers with ReLU, which halves it.

    b = sqrt(6 / fan_in),    w ~ U(-b, b)

    Shape:   that of a weight -> a number
    Source:  He et al. 2015, doi:10.1109/ICCV.2015.123.
    Example: >>> he_limit((10, 6))
             1.0
    """
    return math.sqrt(6 / fans(shape)[0])


def he_deviation(shape: Sequence[int]) -> float:
    """Give the standard deviation that goes with `he_limit`: b / sqrt(3).

    s = sqrt(2 / fan_in),    w ~ N(0, s^2)

    Shape:   that of a weight -> a number
    Source:  He et al. 2015, doi:10.1109/ICCV.2015.123.
    Example: >>> he_deviation((10, 2, 2, 2))
             0.5
    """
    return math.sqrt(2 / fans(shape)[0])


def lecun_limit(shape: Sequence[int]) -> float:
    """Bound the uniform distribution that keeps the variance on its way forward through linear layers.

    b = sqrt(3 / fan_in),    w ~ U(-b, b)

    Shape:   that of a weight -> a number
    Source:  LeCun et al. 1998, doi:10.1007/3-540-49430-8_2.
    Example: >>> lecun_limit((10, 3))
             1.0
    """
    return math.sqrt(3 / fans(shape)[0])


def lecun_deviation(shape: Sequence[int]) -> float:
    """Give the standard deviation that goes with `lecun_limit`: b / sqrt(3).

    s = sqrt(1 / fan_in),    w ~ N(0, s^2)

    Shape:   that of a weight -> a number
    Source:  LeCun et al. 1998, doi:10.1007/3-540-49430-8_2.
    Example: >>> lecun_deviation((10, 1, 2, 2))
             0.5
    """
    return math.sqrt(1 / fans(shape)[0])


def glorot_uniform(shape: Sequence[int], rng: np.random.Generator) -> Array:
    """Draw a weight uniformly between -glorot_limit and glorot_limit.

    w ~ U(-b, b),    b = sqrt(6 / (fan_in + fan_out))

    Shape:   that of a weight -> a weight of that shape
    Args:    rng: the generator that draws.
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a; lecture 004 L488.
    Example: >>> glorot_uniform((2, 4), np.random.default_rng(0)).shape
             (2, 4)
    """
    b = glorot_limit(shape)
    return rng.uniform(-b, b, size=tuple(shape))


def truncated_normal(shape: Sequence[int], rng: np.random.Generator, mean: float = 0.0, stddev: float = 0.05) -> Array:
    """Draw a weight normally, and again every number that lies beyond two standard deviations.

    w ~ N(mean, stddev^2) given |w - mean| <= 2 stddev

    Shape:   that of a weight -> a weight of that shape
    Args:    rng: the generator that draws.
             mean: centre.
             stddev: standard deviation before numbers are drawn again.
    Source:  Keras 3, keras.initializers.TruncatedNormal.
    Example: >>> bool(np.abs(truncated_normal((30, 20), np.random.default_rng(0), stddev=0.5)).max() <= 1)
             True
    """
    w = rng.standard_normal(tuple(shape))
    while (out := np.abs(w) > 2).any():
        w[out] = rng.standard_normal(int(out.sum()))
    return mean + stddev * w


def identity(shape: Sequence[int], gain: float = 1.0) -> Array:
    """Let each output of a dense layer begin as the input of the same number.

    w[u,f] = gain if u = f, else 0

    Shape:   (units, features) -> a weight of that shape
    Args:    gain: the number on the diagonal.
    Source:  Le, Jaitly & Hinton 2015, doi:10.48550/arXiv.1504.00941.
    Example: >>> identity((2, 3))
             array([[1., 0., 0.],
                    [0., 1., 0.]])
    """
    units, features = shape
    return gain * (np.arange(units)[:, None] == np.arange(features)[None, :])


def dirac(shape: Sequence[int], groups: int = 1) -> Array:
    """Let each channel begin as the input channel of the same number: its kernel is a 1 in the middle.

    w[f,c,m] = 1 if c = f mod (filters / groups) and m is the middle tap, floor(k / 2) on each axis; else 0

    Shape:   (filters, channels/groups, *kernel) -> a weight of that shape
    Args:    groups: parts of the filters that each begin with the first channel.
    Source:  Zagoruyko & Komodakis 2017, doi:10.48550/arXiv.1706.00388.
    Example: >>> dirac((2, 2, 3))[1]
             array([[0., 0., 0.],
                    [0., 1., 0.]])
    """
    w = np.zeros(tuple(shape))
    for index in np.ndindex(w.shape):
        f, c, *taps = index
        in_the_middle = all(tap == size // 2 for tap, size in zip(taps, shape[2:], strict=True))
        if in_the_middle and c == f % (shape[0] // groups):
            w[index] = 1
    return w


def orthonormal(a: Array) -> Array:
    """Turn the columns of a matrix to right angles and to length 1, one after another (Gram and Schmidt).

    q_j = (a_j - sum over i < j of (q_i . a_j) q_i) / its length

    Of a normal random matrix this makes an orthonormal one of which all are equally likely.

    Shape:   (n, m) with n >= m -> (n, m)
    Source:  Saxe et al. 2014, doi:10.48550/arXiv.1312.6120; Schmidt 1907, doi:10.1007/BF01449770.
    Example: >>> orthonormal(np.array([[3.0, 1.0], [4.0, 3.0]]))
             array([[ 0.6, -0.8],
                    [ 0.8,  0.6]])
    """
    q = np.array(a, dtype=float)
    for j in range(q.shape[1]):
        for i in range(j):
            q[:, j] -= (q[:, i] @ q[:, j]) * q[:, i]
        q[:, j] /= math.sqrt(q[:, j] @ q[:, j])
    return q


def unit_variance(x: Array, weights: Sequence[Array], activation: Callable[[Array], Array]) -> list[Array]:
    """Scale the weights of a chain of dense layers, one after another, until each gives numbers of variance 1.

    w_l <- w_l / sqrt(var(w_l x_l)),    x_(l+1) = activation(w_l x_l)

    Shape:   x (n, features), weights (units, features) each -> weights of the same shapes
    Args:    x: the first batch.
             weights: of the layers, in their order.
             activation: between the layers.
    Source:  Mishkin & Matas 2016, doi:10.48550/arXiv.1511.06422.
    Example: >>> unit_variance(np.array([[3.0], [-3.0]]), [np.array([[1.0]]), np.array([[2.0]])], lambda y: 4 * y)
             [array([[0.33333333]]), array([[0.25]])]
    """
    scaled = []
    for w in weights:
        scaled.append(w / math.sqrt(np.var(x @ w.T)))
        x = activation(x @ scaled[-1].T)
    return scaled
