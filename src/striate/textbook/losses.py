"""Losses: one number that says how wrong a prediction is. Here the backward pass begins.

All of them are means: over the samples, over the pixels of a map, and, where each output is judged for itself (mean
squared error, binary cross-entropy), over the outputs. (Lecture 000 averages at L325-339 and sums at L360-366; with
sums the learning rate would have to shrink as the batch grows.)
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from striate.textbook.activation import sigmoid, softmax
from striate.textbook.brick import Array

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "KLDivergence",
    "LogSoftMax",
    "Loss",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "one_hot",
]


def one_hot(labels: NDArray[np.integer], k: int) -> Array:
    """Write class numbers as vectors with a 1 in the place of the class.

    y[n,j] = 1 if labels[n] = j else 0

    Shape:   (n, ...) -> (n, k, ...)
    Args:    k: how many classes there are.
    Errors:  ValueError if a label is not a whole number from 0 to k-1.
    Source:  lecture 003 L101.
    Example: >>> one_hot(np.array([2, 0]), 3).tolist()
             [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    labels = np.asarray(labels)
    classes = np.arange(k).reshape(-1, *[1] * (labels.ndim - 1))  # (k, 1, 1)
    y = (labels[:, None] == classes).astype(float)  # (n, k, h, w)
    if not y.any(axis=1).all():
        raise ValueError(f"labels must be whole numbers from 0 to {k - 1}")
    return y


def _times_log(t: Array, p: Array) -> Array:
    """t * ln p, and 0 where t is 0, which is its limit there even for p = 0."""
    with np.errstate(divide="ignore"):  # ln 0 is -infinity, as it should be
        return t * np.log(p, where=t != 0, out=np.zeros_like(p))


def _over(t: Array, p: Array) -> Array:
    """t / p, and 0 where t is 0: the derivative of `_times_log`."""
    with np.errstate(divide="ignore"):
        return np.divide(t, p, where=t != 0, out=np.zeros_like(p))


class Loss(ABC):
    """A number to make small: a forward rule from prediction and target, a backward rule to the prediction.

    E = E(prediction, target),    backward() = dE/dprediction

    Shape:   prediction (n, ...), target -> a number; backward -> the shape of the prediction
    Source:  lecture 003 L223-249.
    Example: >>> class Sum(Loss):
             ...     def forward(self, prediction, target):
             ...         self.shape = prediction.shape
             ...         return float(prediction.sum())
             ...     def backward(self):
             ...         return np.ones(self.shape)
             >>> loss = Sum()
             >>> loss.forward(np.array([[1.0, 2.0]]), None), loss.backward().tolist()
             (3.0, [[1.0, 1.0]])
    """

    @abstractmethod
    def forward(self, prediction: Array, target: NDArray) -> float:
        """Compute the loss, and remember what `backward` needs."""

    @abstractmethod
    def backward(self) -> Array:
        """Give dE/dprediction at the latest forward."""

    def keep(self, prediction: Array, target: NDArray) -> None:
        """Remember both; refuse shapes that differ, for NumPy would stretch one to the other without a word."""
        if np.shape(prediction) != np.shape(target):
            raise ValueError(f"the prediction is {np.shape(prediction)}, the target {np.shape(target)}")
        self.prediction, self.target = np.asarray(prediction, dtype=float), np.asarray(target, dtype=float)


class MeanSquaredError(Loss):
    """The mean of the squared differences.

    E = mean of (p - t)^2,    dE/dp = 2 (p - t) / numbers

    The square brick of the lectures, (1/2)(p - t)^2, is half of it, and so is its gradient.

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Errors:  ValueError if the shapes differ.
    Source:  Legendre 1805; lecture 003 L49-65, L225-235, lecture 000 L270.
             (Lecture 002 L341 writes the derivative 2||p - t||; a norm has no sign, it must be 2(p - t).)
    Example: >>> loss = MeanSquaredError()
             >>> loss.forward(np.array([[1.0, 5.0]]), np.array([[0.0, 2.0]]))
             5.0
             >>> loss.backward().tolist()
             [[1.0, 3.0]]
    """

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        return float(np.mean((self.prediction - self.target) ** 2))

    def backward(self) -> Array:
        return 2.0 * (self.prediction - self.target) / self.prediction.size


class BinaryCrossentropy(Loss):
    """Minus the log probability of yes-or-no targets.

    E = -mean of [t ln p + (1 - t) ln(1 - p)],    dE/dp = (-t/p + (1 - t)/(1 - p)) / numbers

    From logits x, with p = s(x) the sigmoid, both become simpler, and s'(x) cancels: no saturation.
    E = mean of [ln(1 + e^x) - t x],    dE/dx = (s(x) - t) / numbers

    Probabilities are not clipped: a wrong answer given with certainty costs infinitely much.

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Args:    from_logits: whether predictions are scores, before the sigmoid.
    Errors:  ValueError if the shapes differ.
    Source:  Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; lecture 000 L287-317, lecture 003 L73-92.
             (Lecture 003 L80 leaves out the minus; as printed it would have to be maximised.)
    Example: >>> loss = BinaryCrossentropy()
             >>> round(loss.forward(np.array([[0.8]]), np.array([[1.0]])), 6), loss.backward().tolist()
             (0.223144, [[-1.25]])
             >>> loss = BinaryCrossentropy(from_logits=True)
             >>> round(loss.forward(np.array([[0.0]]), np.array([[1.0]])), 6), loss.backward().tolist()
             (0.693147, [[-0.5]])
    """

    def __init__(self, from_logits: bool = False) -> None:
        self.from_logits = from_logits

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        p, t = self.prediction, self.target
        if self.from_logits:
            # ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|), in which e^ never grows
            return float(np.mean(np.maximum(p, 0.0) - t * p + np.log1p(np.exp(-np.abs(p)))))
        return float(-np.mean(_times_log(t, p) + _times_log(1.0 - t, 1.0 - p)))

    def backward(self) -> Array:
        p, t = self.prediction, self.target
        slope = sigmoid(p) - t if self.from_logits else _over(1.0 - t, 1.0 - p) - _over(t, p)
        return slope / p.size


class CategoricalCrossentropy(Loss):
    """Minus the log probability of the class, with targets that are one-hot or probabilities themselves.

    E = -(1/n) sum over n,k of t ln p,    dE/dp = -t / (n p)

    From logits x, with p = softmax(x):
    E = (1/n) sum over n of [(sum of t) ln(sum over k of e^x) - sum of t x],    dE/dx = ((sum of t) p - t) / n

    n counts the samples, and the pixels of a map. Probabilities are taken as they are, neither clipped nor
    divided by their sum.

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Args:    from_logits: whether predictions are scores, before the softmax.
    Errors:  ValueError if the shapes differ.
    Source:  Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; lecture 003 L95-120, L248.
    Example: >>> loss = CategoricalCrossentropy()
             >>> round(loss.forward(np.array([[0.2, 0.8]]), np.array([[0.0, 1.0]])), 6), loss.backward().tolist()
             (0.223144, [[0.0, -1.25]])
             >>> loss = CategoricalCrossentropy(from_logits=True)
             >>> round(loss.forward(np.array([[0.0, 0.0]]), np.array([[0.0, 1.0]])), 6), loss.backward().tolist()
             (0.693147, [[0.5, -0.5]])
    """

    def __init__(self, from_logits: bool = False) -> None:
        self.from_logits = from_logits

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        p, t = self.prediction, self.target
        self.samples = p.size // p.shape[1]
        if self.from_logits:
            top = p.max(axis=1, keepdims=True)  # ln sum e^x = top + ln sum e^(x - top), in which e^ never grows
            log_sum = top + np.log(np.exp(p - top).sum(axis=1, keepdims=True))  # (n, 1)
            return float(np.sum(t * (log_sum - p)) / self.samples)
        return float(-np.sum(_times_log(t, p)) / self.samples)

    def backward(self) -> Array:
        p, t = self.prediction, self.target
        slope = softmax(p) * t.sum(axis=1, keepdims=True) - t if self.from_logits else _over(-t, p)
        return slope / self.samples


class SparseCategoricalCrossentropy(Loss):
    """Minus the log probability of the class, with the class given by its number c.

    E = -(1/n) sum over n of ln p[c],    dE/dp[j] = -1 / (n p[c]) if j = c else 0

    From logits x: E = (1/n) sum over n of [ln(sum over k of e^x) - x[c]],
    dE/dx[j] = (softmax(x)[j] - (1 if j = c else 0)) / n

    The same as CategoricalCrossentropy of the labels written one-hot, and computed so; smoothed labels are
    t[j] = (1 - a) (1 if j = c else 0) + a/k.

    Shape:   prediction (n, k) or (n, k, h, w), target (n,) or (n, h, w) of whole numbers -> a number
    Args:    from_logits: whether predictions are scores, before the softmax.
             label_smoothing: a, the share of the truth that all classes get alike.
    Errors:  ValueError if the shapes do not go together or a label is not from 0 to k-1.
    Source:  Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; lecture 003 L95-120, L248.
             (Lecture 003 L149 names the sparse metric beside one-hot labels; labels are one or the other.)
    Example: >>> loss = SparseCategoricalCrossentropy()
             >>> round(loss.forward(np.array([[0.2, 0.8]]), np.array([1])), 6), loss.backward().tolist()
             (0.223144, [[0.0, -1.25]])
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        self.dense, self.share = CategoricalCrossentropy(from_logits), label_smoothing

    def forward(self, prediction: Array, target: NDArray) -> float:
        k = np.shape(prediction)[1]
        return self.dense.forward(prediction, one_hot(target, k) * (1 - self.share) + self.share / k)

    def backward(self) -> Array:
        return self.dense.backward()


class LogSoftMax(SparseCategoricalCrossentropy):
    """The LogSoftMax brick: the sparse categorical cross-entropy of scores, under its own name.

    E = (1/n) sum over n of [ln(sum over k of e^x) - x[c]]
    dE/dx[s] = (e^x[s] / sum over k of e^x - (1 if s = c else 0)) / n

    Shape:   prediction (n, k) or (n, k, h, w), target (n,) or (n, h, w) of whole numbers -> a number
    Errors:  ValueError if the shapes do not go together or a label is not from 0 to k-1.
    Source:  lecture 003 L248.
    Example: >>> loss = LogSoftMax()
             >>> round(loss.forward(np.array([[0.0, 0.0]]), np.array([1])), 6), loss.backward().tolist()
             (0.693147, [[0.5, -0.5]])
    """

    def __init__(self) -> None:
        super().__init__(from_logits=True)


class KLDivergence(CategoricalCrossentropy):
    """The cross-entropy, less the entropy of the target, which no prediction can change: 0 where both are the same.

    E = (1/n) sum over n,k of t ln(t / p),    dE/dp as that of the cross-entropy

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Args:    from_logits: whether predictions are scores, before the softmax.
    Errors:  ValueError if the shapes differ.
    Source:  Kullback & Leibler 1951, doi:10.1214/aoms/1177729694.
    Example: >>> loss = KLDivergence()
             >>> value = loss.forward(np.array([[0.2, 0.8]]), np.array([[0.5, 0.5]]))
             >>> round(value, 6), loss.backward().tolist()
             (0.223144, [[-2.5, -0.625]])
    """

    def forward(self, prediction: Array, target: NDArray) -> float:
        crossentropy = super().forward(prediction, target)
        return crossentropy + float(np.sum(_times_log(self.target, self.target)) / self.samples)


class BinaryFocalCrossentropy(Loss):
    """Binary cross-entropy in which answers that are right already count little.

    E = mean of a u^g l,  l = -[t ln p + (1 - t) ln(1 - p)],  u = t (1 - p) + (1 - t) p: what is missing to the truth
    dE/dp = a [u^g dl/dp + g u^(g-1) (1 - 2t) l] / numbers,  a = alpha for t = 1 and 1 - alpha for t = 0, or 1 for all

    From logits x, with p = s(x) the sigmoid: dE/dx = dE/dp p (1 - p), in which p (1 - p) dl/dp = p - t.

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Args:    apply_class_balancing: whether a is alpha and 1 - alpha.
             alpha: the weight of a yes.
             gamma: g, how little the right answers count.
             from_logits: whether predictions are scores, before the sigmoid.
    Errors:  ValueError if the shapes differ.
    Source:  Lin et al. 2017, arXiv:1708.02002.
    Example: >>> loss = BinaryFocalCrossentropy()
             >>> round(loss.forward(np.array([[0.8]]), np.array([[1.0]])), 6), loss.backward().round(6).tolist()
             (0.008926, [[-0.139257]])
    """

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False
    ) -> None:
        self.balanced, self.alpha, self.gamma, self.from_logits = apply_class_balancing, alpha, gamma, from_logits

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        x, t = self.prediction, self.target
        if self.from_logits:
            self.p, self.rest = sigmoid(x), sigmoid(-x)
            self.l = np.maximum(x, 0.0) - t * x + np.log1p(np.exp(-np.abs(x)))
        else:
            self.p, self.rest = x, 1.0 - x
            self.l = -(_times_log(t, self.p) + _times_log(1.0 - t, self.rest))
        self.u = t * self.rest + (1.0 - t) * self.p
        self.a = t * self.alpha + (1.0 - t) * (1.0 - self.alpha) if self.balanced else np.ones_like(t)
        return float(np.mean(self.a * self.u**self.gamma * self.l))

    def backward(self) -> Array:
        t = self.target
        # Of l and of p: to the scores, or to the probabilities themselves.
        dl = self.p - t if self.from_logits else _over(1.0 - t, self.rest) - _over(t, self.p)
        dp = self.p * self.rest if self.from_logits else 1.0
        slope = self.u**self.gamma * dl + self.gamma * self.u ** (self.gamma - 1.0) * (1.0 - 2.0 * t) * dp * self.l
        return self.a * slope / t.size


class CategoricalFocalCrossentropy(Loss):
    """Categorical cross-entropy in which classes that are recognised already count little.

    E = -(alpha/n) sum over n,k of t (1 - p)^g ln p
    dE/dp = (alpha/n) t [g (1 - p)^(g-1) ln p - (1 - p)^g / p]

    From logits x, with p = softmax(x): dE/dx[j] = p[j] (dE/dp[j] - sum over k of dE/dp[k] p[k])

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Args:    alpha: factor of the whole.
             gamma: g, how little the right answers count.
             from_logits: whether predictions are scores, before the softmax.
    Errors:  ValueError if the shapes differ.
    Source:  Lin et al. 2017, arXiv:1708.02002; for several classes Keras 3, keras.losses.CategoricalFocalCrossentropy.
    Example: >>> loss = CategoricalFocalCrossentropy()
             >>> value = loss.forward(np.array([[0.2, 0.8]]), np.array([[0.0, 1.0]]))
             >>> round(value, 6), loss.backward().round(6).tolist()
             (0.002231, [[0.0, -0.034814]])
    """

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False) -> None:
        self.alpha, self.gamma, self.from_logits = alpha, gamma, from_logits

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        self.samples = self.prediction.size // self.prediction.shape[1]
        self.p = softmax(self.prediction) if self.from_logits else self.prediction
        self.missing = 1.0 - self.p
        return float(-self.alpha * np.sum(self.missing**self.gamma * _times_log(self.target, self.p)) / self.samples)

    def backward(self) -> Array:
        first = self.gamma * self.missing ** (self.gamma - 1.0) * _times_log(self.target, self.p)
        dp = self.alpha * (first - self.missing**self.gamma * _over(self.target, self.p)) / self.samples
        if not self.from_logits:
            return dp
        return self.p * (dp - np.sum(dp * self.p, axis=1, keepdims=True))
