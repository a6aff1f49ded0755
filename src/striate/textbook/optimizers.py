"""Optimizers: from a weight and its gradient to a better weight.

One instance looks after one weight and keeps that weight's averages. Small letters: w weight, g gradient, r
learning_rate, t the number of the step from 1. epsilon stands outside the root, sqrt(v) + epsilon, as torch has it,
except in Adadelta; with epsilon_placement="keras" it stands where Keras has it. (The lectures differ in this; for a
gradient of 0 with no past something must keep the quotient finite: lecture 000 L430 has nothing and would divide 0 by 0.)
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from striate.textbook.brick import Array

__all__ = [
    "SGD",
    "VSGD",
    "AdaSecant",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ExponentialMovingAverage",
    "Lion",
    "Lookahead",
    "Muon",
    "Nadam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Ranger",
]

Function = Callable[[Array], Array]


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


class Nadam(Optimizer):
    """Adam that looks one step ahead along its mean, as Nesterov's momentum does.

    u_t = beta_1 * (1 - 0.5 * 0.96^(t*momentum_decay)),    U_t = u_1 * ... * u_t,    m and v as in Adam
    w <- w - r * (u_(t+1) * m / (1 - U_(t+1)) + (1 - u_t) * g / (1 - U_t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)

    Shape:   w and g (any) -> the same
    Args:    learning_rate, beta_1, beta_2, epsilon: as in Adam.
             weight_decay: as in AdamW; None: nothing.
             momentum_decay: how fast u comes to beta_1.
    Source:  Dozat 2016, openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ
    Example: u begins at about beta_1/2, and the first step of a gradient of 1 is 0.45 * 0.1 / (1 - 0.45^2) + 1
             >>> round(float(Nadam(1.0, epsilon=0.0).update(0.0, 1.0)), 3)
             -1.056
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        momentum_decay: float = 0.004,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.weight_decay = weight_decay or 0.0
        self.momentum_decay = momentum_decay
        self.t = 0
        self.product = 1.0
        self.m: Array | float = 0.0
        self.v: Array | float = 0.0

    def update(self, w: Array, g: Array) -> Array:
        self.t += 1
        now, ahead = (self.beta_1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay)) for t in (self.t, self.t + 1))
        self.product *= now
        self.m = self.beta_1 * self.m + (1.0 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1.0 - self.beta_2) * g**2
        mean = ahead * self.m / (1.0 - self.product * ahead) + (1.0 - now) * g / (1.0 - self.product)
        root = np.sqrt(self.v / (1.0 - self.beta_2**self.t)) + self.epsilon
        return w - self.learning_rate * self.weight_decay * w - self.learning_rate * mean / root


class Adamax(Optimizer):
    """Adam that measures by the largest gradient so far, which fades, in place of the root mean square.

    m <- beta_1*m + (1 - beta_1)*g,    u <- max(beta_2*u, |g| + epsilon),    w <- w - r * m / (1 - beta_1^t) / u

    Shape:   w and g (any) -> the same
    Args:    learning_rate, beta_1, epsilon: as in Adam.
             beta_2: share of the largest gradient that is kept.
             epsilon_placement: "torch", or "keras": u <- max(beta_2*u, |g|), and the divisor is u + epsilon.
    Source:  Kingma & Ba 2015, section 7.1, doi:10.48550/arXiv.1412.6980
    Example: after gradients of 4 and 0 the mean is 0.9 * 0.4 / (1 - 0.81), the largest 4 * 0.5
             >>> adamax = Adamax(1.0, beta_2=0.5, epsilon=0.0)
             >>> w = adamax.update(0.0, 4.0)
             >>> round(float(adamax.update(w, 0.0) - w), 6) == round(-0.36 / 0.19 / 2, 6)
             True
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
        self.within, self.beside = (0.0, epsilon) if epsilon_placement == "keras" else (epsilon, 0.0)
        self.t = 0
        self.m: Array | float = 0.0
        self.u: Array | float = 0.0

    def update(self, w: Array, g: Array) -> Array:
        self.t += 1
        self.m = self.beta_1 * self.m + (1.0 - self.beta_1) * g
        self.u = np.maximum(self.beta_2 * self.u, np.abs(g) + self.within)
        return w - self.learning_rate * self.m / (1.0 - self.beta_1**self.t) / (self.u + self.beside)


class RAdam(Optimizer):
    """Adam that waits with its division until the mean square is worth something.

    p = 2 / (1 - beta_2) - 1,    p_t = p - 2*t*beta_2^t / (1 - beta_2^t),    m and v as in Adam
    p_t > 4:    w <- w - r * c * m / (1 - beta_1^t) * sqrt(1 - beta_2^t) / (sqrt(v) + epsilon)
                c = sqrt((p_t - 4)*(p_t - 2)*p / ((p - 4)*(p - 2)*p_t))
    else:       w <- w - r * m / (1 - beta_1^t)

    p_t counts the gradients that v is worth: for the default beta_2 it is above 4 from the fifth step.

    Shape:   w and g (any) -> the same
    Args:    learning_rate, beta_1, beta_2, epsilon: as in Adam.
             weight_decay: as in AdamW; None: nothing.
    Source:  Liu et al. 2020, doi:10.48550/arXiv.1908.03265; lecture 001 L1032-1034.
    Example: four steps of the gradient itself, then small ones
             >>> radam, w = RAdam(1.0), 0.0
             >>> for _ in range(5):
             ...     before, w = w, radam.update(w, 10.0)
             ...     print(round(float(before - w), 3))
             10.0
             10.0
             10.0
             10.0
             0.017
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.weight_decay = weight_decay or 0.0
        self.t = 0
        self.m: Array | float = 0.0
        self.v: Array | float = 0.0

    def update(self, w: Array, g: Array) -> Array:
        self.t += 1
        self.m = self.beta_1 * self.m + (1.0 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1.0 - self.beta_2) * g**2
        w = w - self.learning_rate * self.weight_decay * w
        step = self.m / (1.0 - self.beta_1**self.t)
        left = 1.0 - self.beta_2**self.t
        p = 2.0 / (1.0 - self.beta_2) - 1.0
        now = p - 2.0 * self.t * (1.0 - left) / left
        if now > 4.0:
            c = np.sqrt((now - 4.0) * (now - 2.0) * p / ((p - 4.0) * (p - 2.0) * now))
            step = step * c * np.sqrt(left) / (np.sqrt(self.v) + self.epsilon)
        return w - self.learning_rate * step


class Lion(Optimizer):
    """Step by the sign of a mean: every weight moves by the learning rate.

    w <- w - r*sign(beta_1*m + (1 - beta_1)*g),    then    m <- beta_2*m + (1 - beta_2)*g

    Shape:   w and g (any) -> the same
    Args:    learning_rate: r.
             beta_1: share of the mean in the sign.
             beta_2: share of the mean that is kept.
             weight_decay: as in AdamW; None: nothing.
    Source:  Chen et al. 2023, doi:10.48550/arXiv.2302.06675
    Example: >>> Lion(0.25).update(np.zeros(3), np.array([5.0, -0.1, 0.0])).tolist()
             [-0.25, 0.25, 0.0]
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.weight_decay = weight_decay or 0.0
        self.m: Array | float = 0.0

    def update(self, w: Array, g: Array) -> Array:
        direction = np.sign(self.beta_1 * self.m + (1.0 - self.beta_1) * g)
        self.m = self.beta_2 * self.m + (1.0 - self.beta_2) * g
        return w - self.learning_rate * (self.weight_decay * w + direction)


class Muon(Optimizer):
    """Step along a matrix whose singular values are all about 1; vectors are moved by AdamW.

    m <- momentum*m + g,    d = g + momentum*m with nesterov, else m,    x = d / |d|
    ns_steps times x <- a*x + (b*y + c*y*y)*x with y = x*x'
    w <- w - r*weight_decay*w - r * rms_rate * sqrt(max(rows, columns)) * x

    The polynomial a*s + b*s^3 + c*s^5 of every singular value s drives it towards 1. A weight of more than two axes is
    the matrix of its first axis by the others.

    Shape:   w and g (any) -> the same
    Args:    learning_rate: r.
             adam_beta_1, adam_beta_2, adam_weight_decay, epsilon: AdamW's, for vectors.
             weight_decay: share of a matrix that a step at rate 1 takes off.
             momentum: share of the velocity m that is kept.
             ns_steps: steps of the iteration.
             nesterov: whether to look ahead.
             rms_rate: size of an element's step at rate 1.
    Source:  Jordan et al. 2024, kellerjordan.github.io/posts/muon; rms_rate: Liu et al. 2025,
             doi:10.48550/arXiv.2502.16982
    Example: singular values of 8 and 1 both become about 1
             >>> muon = Muon(1.0, weight_decay=0.0, rms_rate=1.0)
             >>> step = -muon.update(np.zeros((2, 2)), np.diag([8.0, 1.0])) / np.sqrt(2)
             >>> bool((abs(np.diag(step) - 1) < 0.35).all())
             True
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float = 0.004,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float = 0.2,
    ) -> None:
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate
        self.vectors = AdamW(learning_rate, adam_beta_1, adam_beta_2, epsilon, adam_weight_decay)
        self.m: Array | float = 0.0

    def update(self, w: Array, g: Array) -> Array:
        if np.ndim(w) < 2:
            return self.vectors.update(w, g)
        self.m = self.momentum * self.m + g
        d = (g + self.momentum * self.m if self.nesterov else self.m).reshape(len(w), -1)
        x = d / max(np.sqrt(np.sum(d**2)), 1e-7)
        for _ in range(self.ns_steps):
            y = x @ x.T
            x = 3.4445 * x + (-4.775 * y + 2.0315 * y @ y) @ x
        step = self.rms_rate * np.sqrt(max(x.shape)) * x.reshape(w.shape)
        return w - self.learning_rate * (self.weight_decay * w + step)


class Lookahead(Optimizer):
    """Let an optimizer explore; every few steps go a part of the way to where it is, and let it go on from there.

    w <- the step of `optimizer`;    every sync_period steps also s <- s + slow_step_size*(w - s),    w <- s

    s begins as the first weight.

    Shape:   w and g (any) -> the same
    Args:    optimizer: the one that explores.
             sync_period: steps between two of the slow weight s.
             slow_step_size: which part of the way it goes.
    Source:  Zhang et al. 2019, doi:10.48550/arXiv.1907.08610; lecture 001 L1036-1041.
    Example: two steps down by 1, and half of the way back
             >>> ahead, w = Lookahead(SGD(1.0), sync_period=2), 4.0
             >>> for _ in range(4):
             ...     w = ahead.update(w, 1.0)
             ...     print(w)
             3.0
             3.0
             2.0
             2.0
    """

    def __init__(self, optimizer: Optimizer, sync_period: int = 5, slow_step_size: float = 0.5) -> None:
        self.optimizer = optimizer
        self.sync_period = sync_period
        self.slow_step_size = slow_step_size
        self.t = 0
        self.s: Array | float = 0.0

    def update(self, w: Array, g: Array) -> Array:
        self.t += 1
        if self.t == 1:
            self.s = w
        w = self.optimizer.update(w, g)
        if self.t % self.sync_period == 0:
            self.s = self.s + self.slow_step_size * (w - self.s)
            return self.s
        return w


class Ranger(Lookahead):
    """RAdam with Lookahead around it.

    w <- RAdam's step;    every sync_period steps also s <- s + slow_step_size*(w - s),    w <- s

    Shape:   w and g (any) -> the same
    Args:    learning_rate, beta_1, beta_2, epsilon, weight_decay: RAdam's.
             sync_period, slow_step_size: Lookahead's.
    Source:  Wright 2019, github.com/lessw2020/Ranger-Deep-Learning-Optimizer; lecture 001 L1043.
    Example: >>> round(float(Ranger(0.5).update(1.0, 1.0)), 6)
             0.5
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.95,
        beta_2: float = 0.999,
        epsilon: float = 1e-5,
        weight_decay: float | None = None,
        sync_period: int = 6,
        slow_step_size: float = 0.5,
    ) -> None:
        super().__init__(RAdam(learning_rate, beta_1, beta_2, epsilon, weight_decay), sync_period, slow_step_size)


class ExponentialMovingAverage(Optimizer):
    """Let an optimizer train, and keep a running mean of its weights beside them.

    w <- the step of `optimizer`,    a <- momentum*a + (1 - momentum)*w;    a = w after the first step

    Shape:   w and g (any) -> the same
    Args:    optimizer: the one that trains.
             momentum: share of the mean that is kept.
    Source:  Polyak & Juditsky 1992, doi:10.1137/0330046
    Example: >>> mean, w = ExponentialMovingAverage(SGD(1.0), momentum=0.5), 4.0
             >>> for _ in range(2):
             ...     w = mean.update(w, 1.0)
             >>> w, mean.a
             (2.0, 2.5)
    """

    def __init__(self, optimizer: Optimizer, momentum: float = 0.99) -> None:
        self.optimizer = optimizer
        self.momentum = momentum
        self.a: Array | float | None = None

    def update(self, w: Array, g: Array) -> Array:
        w = self.optimizer.update(w, g)
        self.a = w if self.a is None else self.momentum * self.a + (1.0 - self.momentum) * w
        return w


class VSGD(Optimizer):
    """No more pesky learning rates: step by what is certain of a gradient, divided by the curvature.

    m, v, h, q <- running averages of g, g^2, c, c^2 with the memory T of every weight,    x <- x + (new - x)/T
    w <- w - r * m^2/v * g/h    ("finite-difference": r * m^2/v * h/q * g),    T <- (1 - m^2/v)*T + 1

    The first slow_start gradients only fill the averages; then v is multiplied by slow_constant. Where g or c is further
    than two deviations from its mean, T grows by 1 before the averages take it in.

    Shape:   w and g (any) -> the same
    Args:    learning_rate: r, a factor of the steps.
             curvature: what c is: "local", |z * Hz| with signs z; or "finite-difference", |g(w + m) - g(w)| / |m|.
             slow_start: gradients before the first step.
             slow_constant: by how much v is overestimated then.
             epsilon: the least curvature that is believed.
    Source:  Schaul, Zhang & LeCun 2013, doi:10.48550/arXiv.1206.1106; Schaul & LeCun 2013,
             doi:10.48550/arXiv.1301.3764; lecture 000 L498.
    Example: without noise the step is Newton's: to the bottom of 4*w^2/2 at once
             >>> vsgd = VSGD(slow_start=1, slow_constant=1.0)
             >>> w = np.array([3.0])
             >>> for _ in range(2):
             ...     w = vsgd.update(w, 4 * w, hessian=lambda v: 4 * v)
             ...     print(w.tolist())
             [3.0]
             [0.0]
    """

    def __init__(
        self,
        learning_rate: float = 1.0,
        curvature: str = "local",
        slow_start: int = 10,
        slow_constant: float = 10.0,
        epsilon: float = 1e-2,
    ) -> None:
        self.learning_rate = learning_rate
        self.curvature = curvature
        self.slow_start = slow_start
        self.slow_constant = slow_constant
        self.epsilon = epsilon
        self.t = 0
        self.m: Array | float = 0.0
        self.v: Array | float = 0.0
        self.h: Array | float = 0.0
        self.q: Array | float = 0.0
        self.T: Array | float = 0.0
        self.signs = np.random.default_rng(0)

    def update(self, w: Array, g: Array, gradient: Function | None = None, hessian: Function | None = None) -> Array:
        """`gradient` gives that of the same batch at another weight, `hessian` the second derivatives times a vector."""
        self.t += 1
        c = self.measured(w, g, gradient, hessian)
        if self.t <= self.slow_start:
            self.T = np.full_like(g, self.t)
        else:
            if self.t == self.slow_start + 1:
                self.v = self.v * self.slow_constant
            self.T = self.T + (_far_off(g, self.m, self.v) | _far_off(c, self.h, self.q))
        self.m = self.m + (g - self.m) / self.T
        self.v = self.v + (g**2 - self.v) / self.T
        self.h = self.h + (c - self.h) / self.T
        self.q = self.q + (c**2 - self.q) / self.T
        if self.t <= self.slow_start:
            return w
        certain = self.m**2 / np.maximum(self.v, 1e-30)
        inverse = (
            self.h / np.maximum(self.q, self.epsilon**2)
            if self.curvature == "finite-difference"
            else 1.0 / np.maximum(self.h, self.epsilon)
        )
        self.T = np.maximum((1.0 - certain) * self.T + 1.0, 1.0)
        return w - self.learning_rate * certain * inverse * g

    def measured(self, w: Array, g: Array, gradient: Function | None, hessian: Function | None) -> Array:
        """The curvature at w."""
        if self.curvature == "finite-difference" and gradient:
            shift = g if self.t == 1 else self.m
            return np.abs(gradient(w + shift) - g) / np.maximum(np.abs(shift), 1e-10)
        if self.curvature == "local" and hessian:
            z = self.signs.choice([-1.0, 1.0], np.shape(w))
            return np.abs(z * hessian(z))
        raise ValueError("the curvature cannot be measured without the gradient or the second derivatives")


class AdaSecant(Optimizer):
    """Find every weight's rate from how much its gradient changed over the last steps: the secant method, with noise.

    g is divided by its length, o is the gradient before divided by the same length, a = g - o, d the step between them.
    (The length is taken as at least a millionth of that of the gradient before: at the bottom it is 0.)
    E[...] are running averages: of g and g^2 with the share rho, of the others with the memory T of every weight.
    c = E[(o - g)*(o - E[g])] / E[(o - E[g])*(g - E[g])], between 0 and gamma_clip
    n = sqrt(E[d^2] + epsilon) / sqrt(E[a^2] + epsilon) - (E[a*d] - E[a]*E[d]) / (E[a^2] + epsilon), at least 0
    d <- -r * n * (g + c*E[g]) / (1 + c),    w <- w + d,    T <- (1 - E[d]^2/E[d^2])*T + 1

    With adagrad d is divided by sqrt(sum of g^2) where that is above 1. Where g or a is further than two deviations from
    its mean, T becomes 2.2. The first step is -r*g.

    Shape:   w and g (any) -> the same
    Args:    learning_rate: r, a factor of the steps.
             rho: share of E[g] and E[g^2] that is kept.
             gamma_clip: the most that the mean counts beside a gradient.
             adagrad: whether to let the steps shrink.
             epsilon: starts the steps off, and keeps the quotients finite.
    Source:  Gulcehre & Bengio 2014, doi:10.48550/arXiv.1412.7419; lecture 000 L497.
    Example: without noise the second step is Newton's: to the bottom of 4*w^2/2 at once
             >>> secant = AdaSecant(adagrad=False, epsilon=1e-30)
             >>> w = np.array([3.0])
             >>> for _ in range(2):
             ...     w = secant.update(w, 4 * w)
             ...     print(w.round(9).tolist())
             [2.0]
             [0.0]
    """

    def __init__(
        self,
        learning_rate: float = 1.0,
        rho: float = 0.95,
        gamma_clip: float = 1.8,
        adagrad: bool = True,
        epsilon: float = 1e-6,
    ) -> None:
        self.learning_rate = learning_rate
        self.rho = rho
        self.gamma_clip = gamma_clip
        self.adagrad = adagrad
        self.epsilon = epsilon
        self.t = 0
        self.T: Array | float = 2.2
        self.gradient = self.d = np.zeros(1)
        self.mean: Array | float = 0.0
        self.square: Array | float = 0.0
        self.sum: Array | float = 0.0
        self.averages: dict[str, Array] = {}

    def update(self, w: Array, g: Array) -> Array:
        self.t += 1
        length = max(np.sqrt(np.sum(g**2)), 1e-6 * np.sqrt(np.sum(self.gradient**2)), 1e-30)
        raw, g = g, g / length
        self.sum = self.sum + g**2
        if self.t == 1:
            self.mean, self.square = g, g**2
            self.T = np.full_like(g, 2.2)
            step = -g
        else:
            self.average(g, self.gradient / length)
            e = self.averages
            self.mean = self.rho * self.mean + (1.0 - self.rho) * g
            self.square = self.rho * self.square + (1.0 - self.rho) * g**2
            n = np.sqrt(e["dd"] + self.epsilon) / np.sqrt(e["aa"] + self.epsilon)
            n = n - (e["ad"] - e["a"] * e["d"]) / (e["aa"] + self.epsilon)
            c = np.clip(e["over"] / np.maximum(e["under"], 1e-30), 0.0, self.gamma_clip)
            self.T = np.clip((1.0 - e["d"] ** 2 / np.maximum(e["dd"], 1e-30)) * self.T + 1.0, 1.0, 1e8)
            step = -np.maximum(n, 0.0) * (g + c * self.mean) / (1.0 + c)
            if self.adagrad:
                step = step / np.maximum(np.sqrt(self.sum), 1.0)
        self.gradient, self.d = raw, self.learning_rate * step
        return w + self.d

    def average(self, g: Array, o: Array) -> None:
        """Take the change of the gradient, and the step that made it, into the averages."""
        a, d = g - o, self.d
        new = {
            "a": a,
            "aa": a**2,
            "ad": a * d,
            "d": d,
            "dd": d**2,
            "over": (o - g) * (o - self.mean),
            "under": (o - self.mean) * (g - self.mean),
        }
        if self.t == 2:
            self.averages = new
            return
        far = _far_off(g, self.mean, self.square) | _far_off(a, self.averages["a"], self.averages["aa"])
        self.T = np.where(far, 2.2, self.T)
        for name, value in new.items():
            self.averages[name] = self.averages[name] + (value - self.averages[name]) / self.T


def _far_off(value: Array, mean: Array | float, square: Array | float) -> np.ndarray:
    """Where a value is further from its running mean than two deviations, and than what may be rounding."""
    return np.asarray((value - mean) ** 2 > 4.0 * (square - mean**2) + 1e-6 * square)


def _root(v: Array | float, epsilon: float, placement: str) -> Array | float:
    """The divisor of Adagrad and RMSprop."""
    return np.sqrt(v + epsilon) if placement == "keras" else np.sqrt(v) + epsilon
