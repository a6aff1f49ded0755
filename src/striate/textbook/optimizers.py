"""Optimizers: from a weight and its gradient to a better weight.

One instance looks after one weight and keeps that weight's averages. Small letters: w weight, g gradient, r
learning_rate, t the number of the step from 1. epsilon stands outside the root, sqrt(v) + epsilon, as torch has it,
except in Adadelta; with epsilon_placement="keras" it stands where Keras has it. (The lectures differ in this; for a
gradient of 0 with no past something must keep the quotient finite: lecture 000 L430 has nothing and would divide 0 by 0.)
"""

from abc import ABC, abstractmethod

import numpy as np

from striate.textbook.brick import Array

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]


class Optimizer(ABC):
    """A rule that moves a weight downhill, with what it remembers of the gradients before.

    w <- w - step(g, what is remembered)

    Shape:   w and g (any) -> the same
    Source:  Robbins & Monro 1951, doi:10.1214/aoms/1177729586; lecture 003 L158-184.
    Example: >>> class Signs(Optimizer):
             ...     def update(self, w, g):
             ...         return w - 0.1 * np.sign(g)
             >>> Signs().update(np.array([1.0]), np.array([5.0])).tolist()
             [0.9]
    """

    @abstractmethod
    def update(self, w: Array, g: Array) -> Array:
        """Give the new weight, and remember what the next step needs."""


class SGD(Optimizer):
    """Step against the gradient, with a momentum of the steps before.

    v <- momentum*v + g,    w <- w - r*v,    with nesterov w <- w - r*(g + momentum*v)

    The lectures write v <- momentum*v - r*g, w <- w + v, which is the same while r stays the same. For Nesterov
    they take the gradient at the point ahead, w + momentum*v; here w is that point.

    Shape:   w and g (any) -> the same
    Args:    learning_rate: r.
             momentum: share of the velocity v that is kept.
             nesterov: whether to look ahead.
    Source:  Polyak 1964, doi:10.1016/0041-5553(64)90137-5; Sutskever et al. 2013,
             proceedings.mlr.press/v28/sutskever13; lecture 001 L972-984, L1004-1010, lecture 003 L184.
             (Lecture 001 L1004 pairs x^(i) with y^(j); it must be y^(i).)
    Example: >>> sgd = SGD(0.1, momentum=0.5)
             >>> w = np.array([1.0])
             >>> for g in (1.0, 1.0, 0.0):
             ...     w = sgd.update(w, np.array([g]))
             ...     print(w.round(6).tolist())
             [0.9]
             [0.75]
             [0.675]
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False) -> None:
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov
        self.v: Array | float = 0.0

    def update(self, w: Array, g: Array) -> Array:
        self.v = self.momentum * self.v + g
        step = g + self.momentum * self.v if self.nesterov else self.v
        return w - self.learning_rate * step


class Adagrad(Optimizer):
    """Give every weight a rate of its own, which shrinks with the gradients it has seen.

    v <- v + g^2,    w <- w - r*g / (sqrt(v) + epsilon)

    Shape:   w and g (any) -> the same
    Args:    learning_rate: r.
             initial_accumulator_value: v before the first step.
             epsilon: keeps the quotient finite.
             epsilon_placement: "torch", or "keras": sqrt(v + epsilon).
    Source:  Duchi, Hazan & Singer 2011, jmlr.org/papers/v12/duchi11a.html; lecture 000 L418-488.
    Example: lecture 000 L440-456: gradients 0.1 and 0.2 leave a rate of r/0.1, then r/0.22
             >>> adagrad = Adagrad(1.0, epsilon=0.0)
             >>> for g in (0.1, 0.2):
             ...     step = -adagrad.update(np.zeros(1), np.array([g]))
             ...     print((g / step).round(2).tolist())
             [0.1]
             [0.22]
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        initial_accumulator_value: float = 0.0,
        epsilon: float = 1e-7,
        epsilon_placement: str = "torch",
    ) -> None:
        self.learning_rate = learning_rate
        self.epsilon = epsilon
        self.epsilon_placement = epsilon_placement
        self.v: Array | float = initial_accumulator_value

    def update(self, w: Array, g: Array) -> Array:
        self.v = self.v + g**2
        return w - self.learning_rate * g / _root(self.v, self.epsilon, self.epsilon_placement)


class RMSprop(Optimizer):
    """Divide the gradient by a running root mean square of it: Adagrad that forgets.

    v <- rho*v + (1 - rho)*g^2,    w <- w - r*g / (sqrt(v) + epsilon)
    centered: sqrt(v - m^2) for sqrt(v), with m <- rho*m + (1 - rho)*g;    momentum: b <- momentum*b + the
    quotient, w <- w - r*b

    Shape:   w and g (any) -> the same
    Args:    learning_rate: r.
             rho: share of the averages that is kept.
             momentum: share of the step before that is kept.
             epsilon: keeps the quotient finite.
             centered: whether to divide by the deviation from the mean gradient.
             epsilon_placement: "torch", or "keras": sqrt(v + epsilon).
    Source:  Tieleman & Hinton 2012, cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf; centered: Graves
             2013, doi:10.48550/arXiv.1308.0850; lecture 001 L990-994, L1016-1017.
             (Lecture 001 L994 adds the step, which climbs; L1086 leaves rho out, which is Adagrad.)
    Example: whatever the size of the gradient, the first step is r / sqrt(1 - rho)
             >>> [round(float(RMSprop(0.1, epsilon=0.0).update(1.0, g)), 6) for g in (0.01, 100.0)]
             [0.683772, 0.683772]
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        epsilon_placement: str = "torch",
    ) -> None:
        self.learning_rate = learning_rate
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
        self.epsilon_placement = epsilon_placement
        self.v: Array | float = 0.0
        self.m: Array | float = 0.0
        self.b: Array | float = 0.0

    def update(self, w: Array, g: Array) -> Array:
        self.v = self.rho * self.v + (1.0 - self.rho) * g**2
        variance = self.v
        if self.centered:
            self.m = self.rho * self.m + (1.0 - self.rho) * g
            variance = self.v - self.m**2
        self.b = self.momentum * self.b + g / _root(variance, self.epsilon, self.epsilon_placement)
        return w - self.learning_rate * self.b


class Adadelta(Optimizer):
    """Divide the gradient by its running root mean square, multiply by that of the steps: the units come out right.

    v <- rho*v + (1 - rho)*g^2,    d = g * sqrt(u + epsilon) / sqrt(v + epsilon)
    u <- rho*u + (1 - rho)*d^2,    w <- w - r*d

    Shape:   w and g (any) -> the same
    Args:    learning_rate: r; the paper has none, that is, 1.
             rho: share of the averages that is kept.
             epsilon: starts the steps off, and keeps the quotient finite.
    Source:  Zeiler 2012, doi:10.48550/arXiv.1212.5701; lecture 000 L495.
    Example: >>> adadelta = Adadelta(rho=0.5, epsilon=0.5)
             >>> round(float(adadelta.update(1.0, 1.0)), 6), round(float(adadelta.u), 6)
             (0.292893, 0.25)
    """

    def __init__(self, learning_rate: float = 1.0, rho: float = 0.95, epsilon: float = 1e-7) -> None:
        self.learning_rate = learning_rate
        self.rho = rho
        self.epsilon = epsilon
        self.v: Array | float = 0.0
        self.u: Array | float = 0.0

    def update(self, w: Array, g: Array) -> Array:
        self.v = self.rho * self.v + (1.0 - self.rho) * g**2
        d = g * np.sqrt(self.u + self.epsilon) / np.sqrt(self.v + self.epsilon)
        self.u = self.rho * self.u + (1.0 - self.rho) * d**2
        return w - self.learning_rate * d


class Adam(Optimizer):
    """Step along the running mean of the gradients, measured by their running root mean square.

    m <- beta_1*m + (1 - beta_1)*g,    v <- beta_2*v + (1 - beta_2)*g^2
    w <- w - r * (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)

    m and v begin at 0 and are too small at first; the divisions by 1 - beta^t put that right exactly.

    Shape:   w and g (any) -> the same
    Args:    learning_rate: r.
             beta_1: share of the mean that is kept.
             beta_2: share of the mean square that is kept.
             epsilon: keeps the quotient finite.
             epsilon_placement: "torch", or "keras": beside sqrt(v), before v is divided by 1 - beta_2^t.
    Source:  Kingma & Ba 2015, doi:10.48550/arXiv.1412.6980; lecture 001 L996-1000, L1019-1020, L1093-1099.
             (Lecture 001 L996-1000 takes the gradient off the mean and the mean off the weight: minus by minus is
             plus, so it climbs. It has no division by 1 - beta^t either. L1019 leaves out the step, L1095 rho.)
    Example: whatever the size of the gradient, the first step is r
             >>> [round(float(Adam(0.1, epsilon=0.0).update(1.0, g)), 6) for g in (0.01, 100.0)]
             [0.9, 0.9]
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        epsilon_placement: str = "torch",
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.epsilon_placement = epsilon_placement
        self.t = 0
        self.m: Array | float = 0.0
        self.v: Array | float = 0.0

    def update(self, w: Array, g: Array) -> Array:
        self.t += 1
        self.m = self.beta_1 * self.m + (1.0 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1.0 - self.beta_2) * g**2
        mean = self.m / (1.0 - self.beta_1**self.t)
        correction = np.sqrt(1.0 - self.beta_2**self.t)
        if self.epsilon_placement == "keras":
            root = (np.sqrt(self.v) + self.epsilon) / correction
        else:
            root = np.sqrt(self.v) / correction + self.epsilon
        return w - self.learning_rate * mean / root


class AdamW(Adam):
    """Adam, and apart from it a decay of the weights, which no gradient enters.

    w <- w - r*weight_decay*w, then Adam's step

    A penalty in the loss would go through Adam's division and decay the weights with large gradients least.

    Shape:   w and g (any) -> the same
    Args:    learning_rate, beta_1, beta_2, epsilon, epsilon_placement: as in Adam.
             weight_decay: share of the weight that a step at rate 1 takes off.
    Source:  Loshchilov & Hutter 2019, doi:10.48550/arXiv.1711.05101; lecture 001 L1203.
    Example: >>> round(float(AdamW(0.1, weight_decay=0.5).update(1.0, 0.0)), 6)
             0.95
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float = 0.004,
        epsilon_placement: str = "torch",
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, epsilon_placement)
        self.weight_decay = weight_decay

    def update(self, w: Array, g: Array) -> Array:
        return super().update(w - self.learning_rate * self.weight_decay * w, g)


def _root(v: Array | float, epsilon: float, placement: str) -> Array | float:
    """The divisor of Adagrad and RMSprop."""
    return np.sqrt(v + epsilon) if placement == "keras" else np.sqrt(v) + epsilon
