"""Activation functions: what makes a chain of linear bricks more than one linear brick."""

from abc import abstractmethod

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = [
    "ELU",
    "Activation",
    "LeakyReLU",
    "Linear",
    "ReLU",
    "Sigmoid",
    "Softmax",
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


class Activation(Brick):
    """Apply the activation function of a name.

    y = f(x),    dx = (dy/dx)^T dE/dy, by the brick of that name

    Shape:   any -> the same
    Args:    activation: "relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax", "linear", or the name of the
             brick's class; None is "linear".
    Errors:  ValueError for a name that no activation has; it lists them.
    Source:  lecture 003 L269-296.
    Example: >>> Activation("relu").forward(np.array([[-2.0, 3.0]]), {}).tolist()
             [[0.0, 3.0]]
    """

    def __init__(self, activation: str | None = None) -> None:
        known = {brick.__name__.lower(): brick for brick in (ELU, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh)}
        name = "linear" if activation is None else activation.replace("_", "").lower()
        if name not in known:
            raise ValueError(f"no activation is called {activation!r}; known: {', '.join(sorted(known))}")
        self.brick: Brick = known[name]()

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        return self.brick.forward(x, weights, training)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        return self.brick.backward(dy)
