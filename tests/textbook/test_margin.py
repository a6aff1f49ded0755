"""Losses of scores and their gradients."""

import numpy as np
import pytest

from striate.textbook import (
    BinaryCrossentropy,
    Hinge,
    LogLoss,
    MaxMargin,
    PerceptronLoss,
    SquaredHinge,
    WestonWatkins,
)

SHAPES = [(4, 3), (2, 3, 2, 2)]


def test_the_log_brick_is_the_binary_crossentropy_of_a_score():
    """Lecture 003 L246."""
    x, t = np.array([[-2.0, 0.5, 3.0]]), np.array([[1.0, 0.0, 1.0]])
    brick, loss = LogLoss(), BinaryCrossentropy(from_logits=True)
    assert brick.forward(x, 2 * t - 1) == pytest.approx(loss.forward(x, t))
    assert brick.backward() == pytest.approx(loss.backward())
    assert brick.forward(np.array([[-1e4]]), np.array([[1.0]])) == 1e4


def test_the_hinge_brick_by_hand():
    """Lecture 003 L247."""
    loss = Hinge(margin=2.0)
    assert loss.forward(np.array([[0.5, 2.0, 1.0]]), np.array([[1.0, 1.0, -1.0]])) == (1.5 + 0 + 3) / 3
    assert loss.backward() == pytest.approx(np.array([[-1, 0, 1]]) / 3)


def test_the_max_margin_brick_by_hand():
    """Lecture 003 L249."""
    loss = MaxMargin()
    assert loss.forward(np.array([[1.0, 0.5, 0.8]]), np.array([0])) == pytest.approx(0.8)
    assert loss.backward().tolist() == [[-1, 0, 1]]


def test_rivals_of_negative_scores_are_compared_as_they_are():
    assert MaxMargin().forward(np.array([[-3.0, -5.0]]), np.array([0])) == 0
    assert MaxMargin().forward(np.array([[-3.0, -3.5]]), np.array([0])) == 0.5


def test_the_sum_hinge_by_hand():
    """Lecture 001 L1197."""
    assert WestonWatkins().forward(np.array([[3.0, 2.5, 4.0]]), np.array([0])) == (2.5 - 3 + 1) + (4 - 3 + 1)
    assert WestonWatkins(margin=2.0).forward(np.zeros((3, 5)), np.array([0, 1, 2])) == 8


def test_the_gradient_of_the_perceptron_is_its_mistake():
    loss = PerceptronLoss(from_logits=True)
    assert loss.forward(np.array([[2.0, -1.0, 3.0, 0.0]]), np.array([[0.0, 1.0, 1.0, 0.0]])) == 3
    assert loss.backward().tolist() == [[1, -1, 0, 1]]


def test_answers_of_a_perceptron_are_counted():
    loss = PerceptronLoss()
    assert loss.forward(np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]])) == 0.5
    assert loss.backward().tolist() == [[0], [-0.5]]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", SHAPES)
def test_the_backward_rules_agree_with_trying(check_loss_gradient, shape, seed):
    rng = np.random.default_rng(seed)
    x, signs, classes = (
        rng.standard_normal(shape),
        rng.choice([-1.0, 1.0], shape),
        rng.integers(0, 3, (shape[0], *shape[2:])),
    )
    for loss in (LogLoss(), Hinge(), Hinge(0.3), SquaredHinge(), SquaredHinge(0.3)):
        check_loss_gradient(loss, x, signs)
    for loss in (MaxMargin(), MaxMargin(0.3), WestonWatkins(), WestonWatkins(0.3)):
        check_loss_gradient(loss, x, classes)
    check_loss_gradient(PerceptronLoss(from_logits=True), x, rng.integers(0, 2, shape))
