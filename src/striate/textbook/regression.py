"""Losses of quantities: how far a number is from the one it should be.

Here e = p - t is the error, and "numbers" is how many there are: samples times outputs times pixels.
"""

import numpy as np
from numpy.typing import NDArray

from striate.textbook.brick import Array
from striate.textbook.losses import Loss

__all__ = ["CosineSimilarity", "Huber", "LogCosh", "MeanAbsoluteError", "Poisson", "QuadraticCost"]


class QuadraticCost(Loss):
    """Half the squared length of the error, the mean over the samples and the pixels of a map.

    E = (1/n) sum over n,k of (1/2) e^2,    dE/dp = e / n

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Errors:  ValueError if the shapes differ.
    Source:  lecture 000 L270, L325-329; lecture 003 L225-235, L245.
             (Lecture 000 L360-366 leaves out 1/n; a batch twice as large would then need half the rate.)
    Example: >>> loss = QuadraticCost()
             >>> loss.forward(np.array([[1.0, 5.0]]), np.array([[0.0, 2.0]])), loss.backward().tolist()
             (5.0, [[1.0, 3.0]])
    """

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        self.samples = self.prediction.size // self.prediction.shape[1]
        return float(np.sum((self.prediction - self.target) ** 2) / 2.0 / self.samples)

    def backward(self) -> Array:
        return (self.prediction - self.target) / self.samples


class MeanAbsoluteError(Loss):
    """The mean of the sizes of the errors.

    E = mean of |e|,    dE/dp = sign(e) / numbers

    There is no derivative at e = 0; sign(0) = 0 is taken.

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Errors:  ValueError if the shapes differ.
    Source:  Laplace 1774, Memoire sur la probabilite des causes par les evenemens.
    Example: >>> loss = MeanAbsoluteError()
             >>> loss.forward(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]])), loss.backward().tolist()
             (1.5, [[0.5, -0.5]])
    """

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        return float(np.mean(np.abs(self.prediction - self.target)))

    def backward(self) -> Array:
        return np.sign(self.prediction - self.target) / self.prediction.size


class Huber(Loss):
    """Square near the target and straight far from it.

    E = mean of (e^2 / 2 if |e| <= delta else delta |e| - delta^2 / 2)
    dE/dp = (e, but no further from 0 than delta) / numbers

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Args:    delta: the error from which the loss is straight.
    Errors:  ValueError if the shapes differ.
    Source:  Huber 1964, doi:10.1214/aoms/1177703732.
    Example: >>> loss = Huber()
             >>> loss.forward(np.array([[1.0, 0.0]]), np.array([[0.5, 2.0]])), loss.backward().tolist()
             (0.8125, [[0.25, -0.5]])
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = delta

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        size = np.abs(self.prediction - self.target)
        straight = self.delta * size - self.delta**2 / 2.0
        return float(np.mean(np.where(size <= self.delta, size**2 / 2.0, straight)))

    def backward(self) -> Array:
        return np.clip(self.prediction - self.target, -self.delta, self.delta) / self.prediction.size


class LogCosh(Loss):
    """Nearly e^2 / 2 where the error is small and |e| - ln 2 where it is large, without a joint.

    E = mean of ln cosh e,    dE/dp = tanh(e) / numbers

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Errors:  ValueError if the shapes differ.
    Source:  Green 1990, doi:10.1109/42.52985.
    Example: >>> loss = LogCosh()
             >>> round(loss.forward(np.array([[1.0]]), np.array([[0.0]])), 6), loss.backward().round(6).tolist()
             (0.433781, [[0.761594]])
    """

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        size = np.abs(self.prediction - self.target)
        # ln cosh e = |e| + ln(1 + e^-2|e|) - ln 2, in which e^ never grows
        return float(np.mean(size + np.log1p(np.exp(-2.0 * size)) - np.log(2.0)))

    def backward(self) -> Array:
        return np.tanh(self.prediction - self.target) / self.prediction.size


class Poisson(Loss):
    """Minus the log probability of counts t at the rates p, without what no rate changes.

    E = mean of [p - t ln(p + 1e-7)],    dE/dp = (1 - t / (p + 1e-7)) / numbers

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Errors:  ValueError if the shapes differ.
    Source:  Nelder & Wedderburn 1972, doi:10.2307/2344614; the 1e-7, which lets a rate be 0, is Keras'.
    Example: >>> loss = Poisson()
             >>> round(loss.forward(np.array([[1.0]]), np.array([[2.0]])), 6), loss.backward().round(6).tolist()
             (1.0, [[-1.0]])
    """

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        return float(np.mean(self.prediction - self.target * np.log(self.prediction + 1e-7)))

    def backward(self) -> Array:
        return (1.0 - self.target / (self.prediction + 1e-7)) / self.prediction.size


class CosineSimilarity(Loss):
    """Minus the cosine of the angle between prediction and target, the mean over the samples.

    E = -(1/n) sum over n of u . v,  u = p / |p|, v = t / |t|
    dE/dp = -(v - (u . v) u) / (n |p|): what of v stands across u

    Shape:   prediction and target (n, k) or (n, k, h, w), none of them 0 -> a number
    Errors:  ValueError if the shapes differ.
    Source:  Salton & McGill 1983, ISBN 0-07-054484-0.
    Example: >>> loss = CosineSimilarity()
             >>> loss.forward(np.array([[0.0, 2.0]]), np.array([[3.0, 0.0]])), loss.backward().tolist()
             (0.0, [[-0.5, 0.0]])
    """

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        self.length = np.sqrt(np.sum(self.prediction**2, axis=1, keepdims=True))  # (n, 1, h, w)
        self.u = self.prediction / self.length
        self.v = self.target / np.sqrt(np.sum(self.target**2, axis=1, keepdims=True))
        self.cosine = np.sum(self.u * self.v, axis=1, keepdims=True)
        return float(0.0 - np.mean(self.cosine))

    def backward(self) -> Array:
        return (self.cosine * self.u - self.v) / (self.cosine.size * self.length)
