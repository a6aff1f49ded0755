"""Losses of quantities and their gradients."""

import numpy as np
import pytest

from striate.textbook import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    QuadraticCost,
)

SHAPES = [(4, 3), (2, 3, 2, 2)]


def test_the_gradient_of_the_quadratic_cost_is_the_error():
    """Lecture 003 L245: y = (x - d)^2 / 2 with gradient x - d."""
    loss = QuadraticCost()
    assert loss.forward(np.array([[3.0]]), np.array([[1.0]])) == 2
    assert loss.backward().tolist() == [[2]]


def test_of_one_output_it_is_half_the_mean_squared_error():
    p, t = np.random.default_rng(0).standard_normal((2, 5, 1))
    assert QuadraticCost().forward(p, t) == pytest.approx(MeanSquaredError().forward(p, t) / 2)


def test_errors_of_both_signs_by_hand():
    p, t = np.array([[2.0, -3.0]]), np.zeros((1, 2))
    assert MeanAbsoluteError().forward(p, t) == 2.5
    assert Huber().forward(p, t) == (1.5 + 2.5) / 2
    assert Huber(delta=3.0).forward(p, t) == (4 / 2 + 9 / 2) / 2
    assert LogCosh().forward(p, t) == pytest.approx((np.log(np.cosh(2)) + np.log(np.cosh(3))) / 2)


def test_large_errors_do_not_overflow():
    loss = LogCosh()
    assert loss.forward(np.array([[-1e4]]), np.zeros((1, 1))) == pytest.approx(1e4 - np.log(2))
    assert loss.backward().tolist() == [[-1]]


def test_the_best_rate_is_the_count():
    loss = Poisson()
    loss.forward(np.array([[3.0]]), np.array([[3.0]]))
    assert loss.backward() == pytest.approx(0, abs=1e-7)


def test_the_length_of_a_vector_does_not_matter_to_the_cosine():
    loss = CosineSimilarity()
    p, t = np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]])
    assert loss.forward(p, t) == loss.forward(2 * p, 5 * t) == pytest.approx(-24 / 25)
    assert np.sum(loss.backward() * p) == pytest.approx(0, abs=1e-16)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", SHAPES)
def test_the_backward_rules_agree_with_trying(check_loss_gradient, shape, seed):
    rng = np.random.default_rng(seed)
    p, t = rng.standard_normal((2, *shape))
    for loss in (QuadraticCost(), MeanAbsoluteError(), Huber(), Huber(0.4), LogCosh(), CosineSimilarity()):
        check_loss_gradient(loss, p, t)
    check_loss_gradient(Poisson(), np.exp(p), rng.poisson(2.0, shape))
