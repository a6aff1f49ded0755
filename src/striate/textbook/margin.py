"""Losses of scores: by how much the right side, or the right class, must win.

c is the truth: a sign, 1 or -1, or a class number. Losses of signs are means over samples, pixels and outputs; those
of classes are means over samples and pixels.
"""

import numpy as np
from numpy.typing import NDArray

from striate.textbook.activation import sigmoid
from striate.textbook.brick import Array
from striate.textbook.losses import Loss, one_hot

__all__ = ["Hinge", "LogLoss", "MaxMargin", "PerceptronLoss", "SquaredHinge", "WestonWatkins"]


class LogLoss(Loss):
    """The Log brick: the binary cross-entropy of a score, for signs.

    E = mean of ln(1 + e^(-c x)),    dE/dx = -c / (1 + e^(c x)) / numbers

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Errors:  ValueError if the shapes differ.
    Source:  Cox 1958, doi:10.1111/j.2517-6161.1958.tb00292.x; lecture 003 L246.
    Example: >>> loss = LogLoss()
             >>> round(loss.forward(np.array([[0.0]]), np.array([[1.0]])), 6), loss.backward().tolist()
             (0.693147, [[-0.5]])
    """

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        z = self.target * self.prediction
        # ln(1 + e^-z) = max(-z, 0) + ln(1 + e^-|z|), in which e^ never grows
        return float(np.mean(np.maximum(-z, 0.0) + np.log1p(np.exp(-np.abs(z)))))

    def backward(self) -> Array:
        return -self.target * sigmoid(-self.target * self.prediction) / self.prediction.size


class Hinge(Loss):
    """The Hinge brick: nothing is lost once a score is on its side by the margin.

    E = mean of max(0, m - c x),    dE/dx = (-c if c x < m else 0) / numbers

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Args:    margin: m, how far on its side a score must be.
    Errors:  ValueError if the shapes differ.
    Source:  Cortes & Vapnik 1995, doi:10.1007/BF00994018; lecture 003 L247.
    Example: >>> loss = Hinge()
             >>> loss.forward(np.array([[0.5, -3.0]]), np.array([[1.0, -1.0]])), loss.backward().tolist()
             (0.25, [[-0.5, 0.0]])
    """

    def __init__(self, margin: float = 1.0) -> None:
        self.margin = margin

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        return float(np.mean(np.maximum(self.margin - self.target * self.prediction, 0.0)))

    def backward(self) -> Array:
        inside = self.target * self.prediction < self.margin
        return np.where(inside, -self.target, 0.0) / self.prediction.size


class SquaredHinge(Hinge):
    """The square of the hinge, which has no kink.

    E = mean of max(0, m - c x)^2,    dE/dx = -2 c max(0, m - c x) / numbers

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Args:    margin: m, how far on its side a score must be.
    Errors:  ValueError if the shapes differ.
    Source:  Lee & Mangasarian 2001, doi:10.1023/A:1011215321374.
    Example: >>> loss = SquaredHinge()
             >>> loss.forward(np.array([[0.5, -3.0]]), np.array([[1.0, -1.0]])), loss.backward().tolist()
             (0.125, [[-0.5, 0.0]])
    """

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        self.lacking = np.maximum(self.margin - self.target * self.prediction, 0.0)
        return float(np.mean(self.lacking**2))

    def backward(self) -> Array:
        return -2.0 * self.target * self.lacking / self.prediction.size


class MaxMargin(Loss):
    """The MaxMargin brick: the true class must beat its strongest rival by the margin.

    E = (1/n) sum over n of max(0, max over k != c of (x[k] + m) - x[c])
    dE/dx[s] = ((1 if s = k* else 0) - (1 if s = c else 0)) / n where the loss is above 0, else 0

    k* is the strongest rival, the first among equals. The true class is none of the rivals: were it kept among them
    with a score of 0, as some programs have it, scores of -3 and -5 would cost 4 where the truth leads by 2.

    Shape:   prediction (n, k) or (n, k, h, w), target (n,) or (n, h, w) of whole numbers -> a number
    Args:    margin: m, by how much the true class must win.
    Errors:  ValueError if the shapes do not go together or a label is not from 0 to k-1.
    Source:  Crammer & Singer 2001, jmlr.org/papers/v2/crammer01a.html; lecture 003 L249.
    Example: >>> loss = MaxMargin()
             >>> loss.forward(np.array([[-3.0, -5.0], [1.0, 0.5]]), np.array([0, 0])), loss.backward().tolist()
             (0.25, [[0.0, 0.0], [-0.5, 0.5]])
    """

    def __init__(self, margin: float = 1.0) -> None:
        self.margin = margin

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, one_hot(target, np.shape(prediction)[1]))
        rivals = np.where(self.target == 1.0, -np.inf, self.prediction)  # (n, k, h, w)
        self.strongest = one_hot(rivals.argmax(axis=1), rivals.shape[1])
        own = np.sum(self.target * self.prediction, axis=1)  # (n, h, w)
        self.lost = np.maximum(rivals.max(axis=1) + self.margin - own, 0.0)
        return float(np.mean(self.lost))

    def backward(self) -> Array:
        return np.where(self.lost[:, None] > 0.0, self.strongest - self.target, 0.0) / self.lost.size


class WestonWatkins(Loss):
    """The sum-hinge of a multi-class support vector machine: the true class must beat every rival by the margin.

    E = (1/n) sum over n and k != c of max(0, x[k] - x[c] + m)
    dE/dx[s] = (1 if x[s] - x[c] + m > 0 else 0) / n for rivals; minus the sum of those for s = c

    Shape:   prediction (n, k) or (n, k, h, w), target (n,) or (n, h, w) of whole numbers -> a number
    Args:    margin: m, by how much the true class must win; 2 in the paper, 1 in the lecture.
    Errors:  ValueError if the shapes do not go together or a label is not from 0 to k-1.
    Source:  Weston & Watkins 1999, Support vector machines for multi-class pattern recognition, ESANN; lecture 001
             L1197.
    Example: >>> loss = WestonWatkins()
             >>> loss.forward(np.array([[3.0, 2.5, 4.0]]), np.array([0])), loss.backward().tolist()
             (2.5, [[-2.0, 1.0, 1.0]])
    """

    def __init__(self, margin: float = 1.0) -> None:
        self.margin = margin

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, one_hot(target, np.shape(prediction)[1]))
        own = np.sum(self.target * self.prediction, axis=1, keepdims=True)  # (n, 1, h, w)
        self.lost = np.maximum(self.prediction - own + self.margin, 0.0) * (1.0 - self.target)
        return float(np.sum(self.lost) / own.size)

    def backward(self) -> Array:
        rivals = (self.lost > 0.0).astype(float)
        samples = rivals.size // rivals.shape[1]
        return (rivals - self.target * rivals.sum(axis=1, keepdims=True)) / samples


class PerceptronLoss(Loss):
    """What a perceptron makes small: how far scores are on the wrong side.

    From scores s, with step(s) = 1 where s >= 0, else 0:
    E = (1/n) sum over n,k of (step(s) - t) s,    dE/ds = (step(s) - t) / n

    One sample and rate 1 make of w <- w - dE/dw the learning rule w <- w + (t - answer) x. The answers a that come
    out of the step can only be counted: E = (1/n) sum over n,k of |a - t|,  dE/da = sign(a - t) / n, and no gradient
    passes back through the step.

    Shape:   prediction and target (n, k) or (n, k, h, w) -> a number
    Args:    from_logits: whether predictions are scores, before the step.
    Errors:  ValueError if the shapes differ.
    Source:  Rosenblatt 1958, doi:10.1037/h0042519; as a loss LeCun et al. 1998, doi:10.1007/3-540-49430-8_2;
             lecture 002 L66-68.
    Example: >>> loss = PerceptronLoss(from_logits=True)
             >>> loss.forward(np.array([[2.0], [3.0]]), np.array([[0.0], [1.0]])), loss.backward().tolist()
             (1.0, [[0.5], [0.0]])
    """

    def __init__(self, from_logits: bool = False) -> None:
        self.from_logits = from_logits

    def forward(self, prediction: Array, target: NDArray) -> float:
        self.keep(prediction, target)
        s, t = self.prediction, self.target
        self.samples = s.size // s.shape[1]
        self.wrong = ((s >= 0.0) if self.from_logits else s) - t
        return float(np.sum(self.wrong * s if self.from_logits else np.abs(self.wrong)) / self.samples)

    def backward(self) -> Array:
        return (self.wrong if self.from_logits else np.sign(self.wrong)) / self.samples
