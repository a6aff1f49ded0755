"""What every backward rule is judged by: central differences, with a random cotangent."""

from collections.abc import Callable

import numpy as np
import pytest

from striate.textbook import Array, Brick, Loss, Weights, numerical_gradient

ABSOLUTE, RELATIVE = 1e-6, 1e-5


def gradient_differences(
    brick: Brick, x: Array, weights: Weights, rng: np.random.Generator, training: bool = True
) -> list[tuple[str, Array, Array]]:
    """(of what, by the backward rule, by trying) for the input and every weight that has a gradient."""
    y = brick.forward(x, weights, training)
    cotangent = rng.standard_normal(y.shape)  # dE/dy of the loss E = sum of cotangent * y
    dx, gradients = brick.backward(cotangent)

    def loss(x: Array, weights: Weights) -> float:
        return float(np.sum(cotangent * brick.forward(x, weights, training)))

    rows = [("x", dx, numerical_gradient(lambda moved: loss(moved, weights), x))]
    for name, gradient in gradients.items():
        tried = numerical_gradient(lambda moved, name=name: loss(x, {**weights, name: moved}), weights[name])
        rows.append((name, gradient, tried))
    return rows


@pytest.fixture
def check_gradients() -> Callable[..., None]:
    """Require that a brick's backward rule agrees with trying, for the input and for each of `learned`."""

    def check(brick: Brick, x: Array, weights: Weights, seed: int, learned: str = "", training: bool = True) -> None:
        rows = gradient_differences(brick, x, weights, np.random.default_rng(seed), training)
        assert [name for name, _, _ in rows] == ["x", *learned.split()]
        for name, by_rule, by_trying in rows:
            np.testing.assert_allclose(by_rule, by_trying, RELATIVE, ABSOLUTE, err_msg=f"gradient of {name}")

    return check


@pytest.fixture
def check_loss_gradient() -> Callable[..., None]:
    """Require that a loss's backward rule agrees with trying."""

    def check(loss: Loss, prediction: Array, target: Array) -> None:
        loss.forward(prediction, target)
        by_rule = loss.backward()
        by_trying = numerical_gradient(lambda moved: loss.forward(moved, target), prediction)
        np.testing.assert_allclose(by_rule, by_trying, RELATIVE, ABSOLUTE)

    return check


def off_kinks(x: Array) -> Array:
    """Numbers pushed 0.1 away from 0, where activation functions have their kinks."""
    return x + 0.1 * np.sign(x)


def all_different(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Numbers at least 0.01 apart, so that a maximum stays the maximum when one is moved a little."""
    return rng.permutation(int(np.prod(shape))).reshape(shape) / 100.0


@pytest.fixture(name="off_kinks")
def _off_kinks() -> Callable[[Array], Array]:
    return off_kinks


@pytest.fixture(name="all_different")
def _all_different() -> Callable[[tuple[int, ...], np.random.Generator], Array]:
    return all_different
