"""Activation functions: what makes a chain of linear bricks more than one linear brick."""

import math
from abc import abstractmethod

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "HardSigmoid",
    "HardSwish",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "Ramp",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Step",
    "Swish",
    "Tanh",
    "sigmoid",
    "softmax",
]


def sigmoid(x: Array) -> Array:
    """Squash numbers into (0, 1), without overflow for any of them.

    1 / (1 + e^-x) = e^x / (1 + e^x): the first where x >= 0, the second elsewhere, so that e^ never grows

    Shape:   any -> the same
    Source:  lecture 002 L309-320, lecture 003 L293.
    Example: >>> sigmoid(np.array([-5.0, -1.0, 0.0, 1.0, 5.0])).round(2).tolist()
             [0.01, 0.27, 0.5, 0.73, 0.99]
    """
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def softmax(x: Array) -> Array:
    """Turn the scores of k classes into probabilities that sum to 1.

    y[j] = e^x[j] / sum over k of e^x[k]; the largest score is taken off first, which changes nothing but the size

    Shape:   (n, k, ...) -> the same
    Source:  Bridle 1990, doi:10.1007/978-3-642-76153-9_28; lecture 000 L214-252.
    Example: >>> softmax(np.array([[3.0, 1.0, -3.0]])).round(2).tolist()
             [[0.88, 0.12, 0.0]]
    """
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class _Elementwise(Brick):
    """Apply one function to every number: y = f(x), dx = dy * f'(x) (lecture 003 L273-283)."""

    @abstractmethod
    def f(self, x: Array) -> Array:
        """The function."""

    @abstractmethod
    def slope(self, x: Array) -> Array:
        """Its derivative, f'(x)."""

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.x = x
        return self.f(x)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy * self.slope(self.x), {}


class Linear(_Elementwise):
    """Pass numbers on as they are.

    y = x,    dx = dy

    Shape:   any -> the same
    Source:  lecture 003 L255-265.
    Example: >>> Linear().forward(np.array([[-2.0, 3.0]]), {}).tolist()
             [[-2.0, 3.0]]
    """

    def f(self, x: Array) -> Array:
        return x

    def slope(self, x: Array) -> Array:
        return np.ones_like(x)


class ReLU(_Elementwise):
    """Cut off negative numbers.

    y = max(0, x),    dx = dy where x > 0, 0 elsewhere

    Shape:   any -> the same
    Source:  Nair & Hinton 2010, icml.cc/Conferences/2010/papers/432.pdf; lecture 003 L295-308, L357-448.
             There is no derivative at 0, where the lecture leaves the question open: any number of [0, 1] is a
             subgradient, and 0 is taken.
    Example: >>> brick = ReLU()
             >>> brick.forward(np.array([[-2.0, 0.0, 3.0]]), {}).tolist()
             [[0.0, 0.0, 3.0]]
             >>> brick.backward(np.array([[1.0, 1.0, 1.0]]))[0].tolist()
             [[0.0, 0.0, 1.0]]
    """

    def f(self, x: Array) -> Array:
        return np.maximum(0.0, x)

    def slope(self, x: Array) -> Array:
        return np.where(x > 0, 1.0, 0.0)


class LeakyReLU(_Elementwise):
    """Let a little of negative numbers through, so that a unit never stops learning.

    y = x where x > 0, a*x elsewhere,    dx = dy where x > 0, a*dy elsewhere

    Shape:   any -> the same
    Args:    negative_slope: a.
    Source:  Maas, Hannun & Ng 2013, ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf;
             lecture 003 L450-458 (a = 0.01), lecture 001 L136 (a = 0.1).
             The lectures' max(a*x, x) is this only for a <= 1; and PReLU, which lecture 001 L692 gives as
             another name, learns a.
    Example: >>> brick = LeakyReLU(negative_slope=0.1)
             >>> brick.forward(np.array([[-2.0, 3.0]]), {}).tolist()
             [[-0.2, 3.0]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].tolist()
             [[0.1, 1.0]]
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def f(self, x: Array) -> Array:
        return np.where(x > 0, x, self.negative_slope * x)

    def slope(self, x: Array) -> Array:
        return np.where(x > 0, 1.0, self.negative_slope)


class ELU(_Elementwise):
    """Bend negative numbers smoothly towards -a.

    y = x where x > 0, a*(e^x - 1) elsewhere,    dx = dy where x > 0, a*e^x*dy elsewhere

    Shape:   any -> the same
    Args:    alpha: a.
    Source:  Clevert, Unterthiner & Hochreiter 2016, doi:10.48550/arXiv.1511.07289; lecture 001 L147-150.
    Example: >>> brick = ELU()
             >>> brick.forward(np.array([[-1.0, 3.0]]), {}).round(4).tolist()
             [[-0.6321, 3.0]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].round(4).tolist()
             [[0.3679, 1.0]]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def f(self, x: Array) -> Array:
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0.0)))

    def slope(self, x: Array) -> Array:
        return np.where(x > 0, 1.0, self.alpha * np.exp(np.minimum(x, 0.0)))


class SELU(_Elementwise):
    """Bend negative numbers, and stretch all, so that means near 0 and variances near 1 stay there.

    y = s*x where x > 0, s*a*(e^x - 1) elsewhere,    dx = s*dy where x > 0, s*a*e^x*dy elsewhere

    a and s solve two equations: a standard normal x gives y of mean 0 and variance 1.

    Shape:   any -> the same
    Source:  Klambauer et al. 2017, doi:10.48550/arXiv.1706.02515.
    Example: >>> brick = SELU()
             >>> brick.forward(np.array([[-1.0, 2.0]]), {}).round(4).tolist()
             [[-1.1113, 2.1014]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].round(4).tolist()
             [[0.6468, 1.0507]]
    """

    a, s = 1.6732632423543772, 1.0507009873554805

    def f(self, x: Array) -> Array:
        return self.s * np.where(x > 0, x, self.a * np.expm1(np.minimum(x, 0.0)))

    def slope(self, x: Array) -> Array:
        return self.s * np.where(x > 0, 1.0, self.a * np.exp(np.minimum(x, 0.0)))


class GELU(_Elementwise):
    """Weigh each number with the probability P(x) that a standard normal one is smaller.

    y = x * P(x),    dx = dy * (P(x) + x * P'(x))

    P(x) = (1 + erf(x/sqrt(2))) / 2 and P'(x) = e^(-x^2/2) / sqrt(2*pi); approximate: P(x) = (1 + tanh(u)) / 2 with
    u = sqrt(2/pi) * (x + 0.044715*x^3), and P'(x) = (1 - tanh(u)^2) / 2 * sqrt(2/pi) * (1 + 0.134145*x^2)

    Shape:   any -> the same
    Args:    approximate: whether P is computed by tanh.
    Source:  Hendrycks & Gimpel 2016, doi:10.48550/arXiv.1606.08415.
    Example: >>> brick = GELU()
             >>> brick.forward(np.array([[-1.0, 2.0]]), {}).round(4).tolist()
             [[-0.1587, 1.9545]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].round(4).tolist()
             [[-0.0833, 1.0852]]
    """

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = approximate

    def _share(self, x: Array) -> tuple[Array, Array]:
        """P(x) and P'(x)."""
        if self.approximate:
            root = math.sqrt(2.0 / math.pi)
            t = np.tanh(root * (x + 0.044715 * x**3))
            return (1.0 + t) / 2.0, (1.0 - t**2) / 2.0 * root * (1.0 + 3.0 * 0.044715 * x**2)
        erf = np.vectorize(math.erf, otypes=[float])
        return (1.0 + erf(x / math.sqrt(2.0))) / 2.0, np.exp(-(x**2) / 2.0) / math.sqrt(2.0 * math.pi)

    def f(self, x: Array) -> Array:
        return x * self._share(x)[0]

    def slope(self, x: Array) -> Array:
        share, density = self._share(x)
        return share + x * density


class Swish(_Elementwise):
    """Weigh each number with its own sigmoid s(x); also called SiLU.

    y = x * s(x),    dx = dy * (s(x) + x * s(x) * (1 - s(x)))

    Shape:   any -> the same
    Source:  Elfwing, Uchibe & Doya 2017, doi:10.48550/arXiv.1702.03118; Ramachandran, Zoph & Le 2017,
             doi:10.48550/arXiv.1710.05941.
    Example: >>> brick = Swish()
             >>> brick.forward(np.array([[-1.0, 2.0]]), {}).round(4).tolist()
             [[-0.2689, 1.7616]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].round(4).tolist()
             [[0.0723, 1.0908]]
    """

    def f(self, x: Array) -> Array:
        return x * sigmoid(x)

    def slope(self, x: Array) -> Array:
        return sigmoid(x) * (1.0 + x * sigmoid(-x))


class HardSwish(_Elementwise):
    """Swish, with its sigmoid made of three straight lines.

    y = x * min(1, max(0, (x + 3)/6)),    dx = dy * (2*x + 3)/6 where -3 < x < 3, 0 below, dy above

    Shape:   any -> the same
    Source:  Howard et al. 2019, doi:10.48550/arXiv.1905.02244.
    Example: >>> brick = HardSwish()
             >>> brick.forward(np.array([[-1.0, 2.0, 4.0]]), {}).round(4).tolist()
             [[-0.3333, 1.6667, 4.0]]
             >>> brick.backward(np.array([[1.0, 1.0, 1.0]]))[0].round(4).tolist()
             [[0.1667, 1.1667, 1.0]]
    """

    def f(self, x: Array) -> Array:
        return x * np.clip((x + 3.0) / 6.0, 0.0, 1.0)

    def slope(self, x: Array) -> Array:
        return np.where(np.abs(x) < 3.0, (2.0 * x + 3.0) / 6.0, np.where(x > 0, 1.0, 0.0))


class Mish(_Elementwise):
    """Weigh each number with the tanh of its softplus p(x).

    y = x * t,  t = tanh(p(x)),    dx = dy * (t + x * (1 - t^2) * s(x)),  s(x) = p'(x) the sigmoid

    Shape:   any -> the same
    Source:  Misra 2019, doi:10.48550/arXiv.1908.08681.
    Example: >>> brick = Mish()
             >>> brick.forward(np.array([[-1.0, 2.0]]), {}).round(4).tolist()
             [[-0.3034, 1.944]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].round(4).tolist()
             [[0.0592, 1.0693]]
    """

    def f(self, x: Array) -> Array:
        return x * np.tanh(np.logaddexp(0.0, x))

    def slope(self, x: Array) -> Array:
        t = np.tanh(np.logaddexp(0.0, x))
        return t + x * (1.0 - t**2) * sigmoid(x)


class Softplus(_Elementwise):
    """Bend negative numbers smoothly towards 0: a ReLU without a kink.

    y = log(1 + e^x),    dx = dy * s(x),  s the sigmoid

    Shape:   any -> the same
    Source:  Dugas et al. 2001, papers.nips.cc/paper/1920; Glorot, Bordes & Bengio 2011,
             proceedings.mlr.press/v15/glorot11a.html.
    Example: >>> brick = Softplus()
             >>> brick.forward(np.array([[-1.0, 2.0]]), {}).round(4).tolist()
             [[0.3133, 2.1269]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].round(4).tolist()
             [[0.2689, 0.8808]]
    """

    def f(self, x: Array) -> Array:
        return np.logaddexp(0.0, x)

    def slope(self, x: Array) -> Array:
        return sigmoid(x)


class Sigmoid(_Elementwise):
    """Squash numbers into (0, 1).

    y = s(x) = 1 / (1 + e^-x),    dx = dy * s(x) * (1 - s(x))

    Shape:   any -> the same
    Source:  LeCun et al. 1998, doi:10.1007/3-540-49430-8_2; lecture 002 L309-320, lecture 003 L293, L325-355.
    Example: the slope is largest at 0 and gone at 10: the unit is saturated (lecture 003 L343-355)
             >>> brick = Sigmoid()
             >>> brick.forward(np.array([[0.0, 10.0]]), {}).round(5).tolist()
             [[0.5, 0.99995]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].round(6).tolist()
             [[0.25, 4.5e-05]]
    """

    def f(self, x: Array) -> Array:
        return sigmoid(x)

    def slope(self, x: Array) -> Array:
        return sigmoid(x) * sigmoid(-x)  # 1 - s(x) = s(-x), without the rounding of 1 - (nearly 1)


class HardSigmoid(_Elementwise):
    """The sigmoid, made of three straight lines.

    y = min(1, max(0, (x + 3)/6)),    dx = dy/6 where -3 < x < 3, 0 elsewhere

    Shape:   any -> the same
    Source:  Courbariaux, Bengio & David 2015, doi:10.48550/arXiv.1511.00363; these lines:
             Howard et al. 2019, doi:10.48550/arXiv.1905.02244.
    Example: >>> brick = HardSigmoid()
             >>> brick.forward(np.array([[-4.0, 0.0, 4.0]]), {}).round(4).tolist()
             [[0.0, 0.5, 1.0]]
             >>> brick.backward(np.array([[1.0, 1.0, 1.0]]))[0].round(4).tolist()
             [[0.0, 0.1667, 0.0]]
    """

    def f(self, x: Array) -> Array:
        return np.clip((x + 3.0) / 6.0, 0.0, 1.0)

    def slope(self, x: Array) -> Array:
        return np.where(np.abs(x) < 3.0, 1.0 / 6.0, 0.0)


class Tanh(_Elementwise):
    """Squash numbers into (-1, 1).

    y = tanh(x) = 1 - 2 / (1 + e^2x),    dx = dy * (1 - tanh(x)^2) = dy / cosh(x)^2

    Shape:   any -> the same
    Source:  LeCun et al. 1998, doi:10.1007/3-540-49430-8_2; lecture 001 L656-672, lecture 003 L294.
    Example: >>> brick = Tanh()
             >>> brick.forward(np.array([[0.0, 1.0]]), {}).round(4).tolist()
             [[0.0, 0.7616]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].round(4).tolist()
             [[1.0, 0.42]]
    """

    def f(self, x: Array) -> Array:
        return np.tanh(x)

    def slope(self, x: Array) -> Array:
        return 1.0 - np.tanh(x) ** 2


class Softsign(_Elementwise):
    """Squash numbers into (-1, 1), more slowly than tanh does.

    y = x / (1 + |x|),    dx = dy / (1 + |x|)^2

    Shape:   any -> the same
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a.html.
    Example: >>> brick = Softsign()
             >>> brick.forward(np.array([[-1.0, 3.0]]), {}).round(4).tolist()
             [[-0.5, 0.75]]
             >>> brick.backward(np.array([[1.0, 1.0]]))[0].round(4).tolist()
             [[0.25, 0.0625]]
    """

    def f(self, x: Array) -> Array:
        return x / (1.0 + np.abs(x))

    def slope(self, x: Array) -> Array:
        return 1.0 / (1.0 + np.abs(x)) ** 2


class Ramp(_Elementwise):
    """Cut numbers off at -1 and 1.

    y = min(1, max(-1, x)),    dx = dy where -1 < x < 1, 0 elsewhere

    Shape:   any -> the same
    Source:  lecture 003 L296, which prints min(-1, max(1, x)): that is -1 whatever x is. Its rule for dx is right.
    Example: >>> brick = Ramp()
             >>> brick.forward(np.array([[-2.0, 0.5, 2.0]]), {}).round(4).tolist()
             [[-1.0, 0.5, 1.0]]
             >>> brick.backward(np.array([[1.0, 1.0, 1.0]]))[0].round(4).tolist()
             [[0.0, 1.0, 0.0]]
    """

    def f(self, x: Array) -> Array:
        return np.minimum(1.0, np.maximum(-1.0, x))

    def slope(self, x: Array) -> Array:
        return np.where(np.abs(x) < 1.0, 1.0, 0.0)


class Step(_Elementwise):
    """Say 1 from the threshold on, and 0 below.

    y = 1 where x >= threshold, 0 elsewhere,    dx = 0

    There is no slope at the threshold and none to climb elsewhere: nothing before a step learns by descent. The
    perceptron's rule goes around it.

    Shape:   any -> the same
    Args:    threshold: where 1 begins.
    Source:  McCulloch & Pitts 1943, doi:10.1007/BF02478259; lecture 002 L45-53.
    Example: >>> brick = Step()
             >>> brick.forward(np.array([[-2.0, 0.0, 3.0]]), {}).round(4).tolist()
             [[0.0, 1.0, 1.0]]
             >>> brick.backward(np.array([[1.0, 1.0, 1.0]]))[0].round(4).tolist()
             [[0.0, 0.0, 0.0]]
    """

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = threshold

    def f(self, x: Array) -> Array:
        return np.where(x >= self.threshold, 1.0, 0.0)

    def slope(self, x: Array) -> Array:
        return np.zeros_like(x)


class Softmax(Brick):
    """Turn the scores of k classes into probabilities; in a map, pixel by pixel.

    y[j]  = e^x[j] / sum over k of e^x[k]
    dx[i] = sum over j of dy[j] * y[j] * ((1 if i = j else 0) - y[i]) = y[i] * (dy[i] - sum over j of dy[j]*y[j])

    Not an elementwise function: every score changes every probability, so the derivatives dy[j]/dx[i] form a
    matrix, and the gradient of one score is a sum over all probabilities.

    Shape:   (n, k) or (n, k, h, w) -> the same
    Source:  Bridle 1990, doi:10.1007/978-3-642-76153-9_28; lecture 000 L214-252, lecture 001 L826.
    Example: >>> brick = Softmax()
             >>> brick.forward(np.log(np.array([[1.0, 2.0, 5.0]])), {}).round(6).tolist()
             [[0.125, 0.25, 0.625]]
             >>> brick.backward(np.array([[0.0, 0.0, 1.0]]))[0].round(6).tolist()
             [[-0.078125, -0.15625, 0.234375]]
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.y = softmax(x)
        return self.y

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        mean = np.sum(dy * self.y, axis=1, keepdims=True)  # (n, 1): dy, averaged with the probabilities
        return self.y * (dy - mean), {}


class LogSoftmax(Brick):
    """Turn the scores of k classes into the logarithms of their probabilities; in a map, pixel by pixel.

    y[j]  = x[j] - log(sum over k of e^x[k])
    dx[i] = dy[i] - e^y[i] * sum over j of dy[j]

    Shape:   (n, k) or (n, k, h, w) -> the same
    Source:  Bridle 1990, doi:10.1007/978-3-642-76153-9_28; lecture 003 L248.
    Example: >>> brick = LogSoftmax()
             >>> np.exp(brick.forward(np.log(np.array([[1.0, 2.0, 5.0]])), {})).round(6).tolist()
             [[0.125, 0.25, 0.625]]
             >>> brick.backward(np.array([[0.0, 0.0, 1.0]]))[0].round(6).tolist()
             [[-0.125, -0.25, 0.375]]
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        largest = x.max(axis=1, keepdims=True)
        self.y = x - largest - np.log(np.sum(np.exp(x - largest), axis=1, keepdims=True))
        return self.y

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy - np.exp(self.y) * dy.sum(axis=1, keepdims=True), {}


class PReLU(Brick):
    """A leaky ReLU that learns its slopes.

    y = x where x > 0, a*x elsewhere,    dx = dy where x > 0, a*dy elsewhere,
    da = sum of dy*x over the samples, and over the positions that share it, where x <= 0

    Shape:   x (n, c, h, w), weight (h, w, c), its axes of size 1 shared by all positions -> that of x
    Source:  He et al. 2015, doi:10.48550/arXiv.1502.01852.
    Example: >>> brick = PReLU()
             >>> brick.forward(np.array([[-2.0, 3.0]]), {"weight": np.array([0.5, 0.5])}).tolist()
             [[-1.0, 3.0]]
             >>> dx, gradients = brick.backward(np.array([[1.0, 1.0]]))
             >>> dx.tolist(), gradients["weight"].tolist()
             ([[0.5, 1.0]], [-2.0, 0.0])
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.x, self.a = x, np.moveaxis(weights["weight"], -1, 0)  # (n, c, h, w), (c, h, w)
        return np.where(x > 0, x, self.a * x)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        da = np.sum(np.where(self.x > 0, 0.0, dy * self.x), axis=0)
        shared = tuple(axis for axis, size in enumerate(self.a.shape) if size == 1)
        da = np.moveaxis(da.sum(axis=shared, keepdims=True), 0, -1)
        return dy * np.where(self.x > 0, 1.0, self.a), {"weight": da}


class Activation(Brick):
    """Apply the activation function of a name.

    y = f(x),    dx = (dy/dx)^T dE/dy, by the brick of that name

    Shape:   any -> the same
    Args:    activation: the name of a brick of this file, as "relu", "leaky_relu", "sigmoid" or "Tanh"; Keras' "silu",
             "hard_silu" and "hard_tanh" are Swish, HardSwish and Ramp; None is "linear".
    Errors:  ValueError for a name that no activation has; it lists them.
    Source:  lecture 003 L269-296.
    Example: >>> Activation("relu").forward(np.array([[-2.0, 3.0]]), {}).tolist()
             [[0.0, 3.0]]
    """

    def __init__(self, activation: str | None = None) -> None:
        bricks: list[type[Brick]] = [*_Elementwise.__subclasses__(), Softmax, LogSoftmax]
        known = {brick.__name__.lower(): brick for brick in bricks}
        known |= {"silu": Swish, "hardsilu": HardSwish, "hardtanh": Ramp}
        name = "linear" if activation is None else activation.replace("_", "").lower()
        if name not in known:
            raise ValueError(f"no activation is called {activation!r}; known: {', '.join(sorted(known))}")
        self.brick: Brick = known[name]()

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        return self.brick.forward(x, weights, training)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return self.brick.backward(dy)
