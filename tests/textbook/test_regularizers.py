"""Penalties on weights."""

import numpy as np
import pytest

from striate.textbook import L1, L1L2, L2, SGD, numerical_gradient

W = np.array([[1.0, -2.0], [0.0, 3.0]])


def test_l1_is_the_sum_of_the_sizes():
    penalty = L1(0.1)
    assert penalty.forward(W) == pytest.approx(0.6)
    assert penalty.backward() == pytest.approx(np.array([[0.1, -0.1], [0.0, 0.1]]))


def test_l2_is_the_sum_of_the_squares_and_its_gradient_has_the_factor_2():
    penalty = L2(0.1)
    assert penalty.forward(W) == pytest.approx(1.4)
    assert penalty.backward() == pytest.approx(0.2 * W)


def test_l1l2_is_both_together():
    both, l1, l2 = L1L2(l1=0.3, l2=0.2), L1(0.3), L2(0.2)
    assert both.forward(W) == pytest.approx(l1.forward(W) + l2.forward(W))
    assert both.backward() == pytest.approx(l1.backward() + l2.backward())


def test_the_defaults_are_those_of_keras():
    assert L1().l1 == L2().l2 == 0.01
    assert L1L2().forward(W) == 0


def test_a_step_of_plain_descent_on_l2_shrinks_the_weight():
    penalty = L2(0.1)
    penalty.forward(W)
    np.testing.assert_allclose(SGD(0.5).update(W, penalty.backward()), (1 - 2 * 0.5 * 0.1) * W)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("penalty", [L1(0.3), L2(0.2), L1L2(0.3, 0.2)], ids=lambda penalty: type(penalty).__name__)
def test_the_backward_rule_agrees_with_trying(off_kinks, penalty, seed):
    w = off_kinks(np.random.default_rng(seed).standard_normal((3, 4)))
    penalty.forward(w)
    by_rule = penalty.backward()
    np.testing.assert_allclose(by_rule, numerical_gradient(penalty.forward, w), rtol=1e-5, atol=1e-6)
