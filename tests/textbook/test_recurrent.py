"""Bricks that read a sequence: sums by hand, and backpropagation through time."""

import numpy as np
import pytest

from striate.textbook import LSTM, SimpleRNN, numerical_gradient

RNNS = [SimpleRNN, LSTM]


def weights(brick, units, channels, rng, bias=True):
    """Random weights for so many units that read so many channels."""
    rows = units * (4 if brick is LSTM else 1)
    found = {"weight": rng.standard_normal((rows, channels)), "recurrent_weight": rng.standard_normal((rows, units))}
    return found | ({"bias": rng.standard_normal(rows)} if bias else {})


def test_a_unit_adds_what_it_reads_to_what_it_remembers():
    given = {"weight": np.array([[2.0]]), "recurrent_weight": np.array([[3.0]]), "bias": np.array([0.5])}
    first = np.tanh(2 * 0.1 + 0.5)
    second = np.tanh(2 * -0.2 + 3 * first + 0.5)
    x = np.array([[[0.1, -0.2]]])
    assert SimpleRNN().forward(x, given).item() == pytest.approx(second)
    assert SimpleRNN(return_sequences=True).forward(x, given)[0, 0] == pytest.approx([first, second])


def test_the_gradient_of_a_shared_weight_is_the_sum_over_the_steps():
    """Two steps with slopes s1 and s2: dw = s2 x2 + s2 r s1 x1."""
    given = {"weight": np.array([[2.0]]), "recurrent_weight": np.array([[3.0]])}
    brick = SimpleRNN()
    x1, x2 = 0.1, -0.2
    h1 = np.tanh(2 * x1)
    h2 = brick.forward(np.array([[[x1, x2]]]), given).item()
    dx, gradients = brick.backward(np.ones((1, 1)))
    s1, s2 = 1 - h1**2, 1 - h2**2
    assert gradients["weight"].item() == pytest.approx(s2 * x2 + s2 * 3 * s1 * x1)
    assert gradients["recurrent_weight"].item() == pytest.approx(s2 * h1)
    assert dx[0, 0] == pytest.approx([s2 * 3 * s1 * 2, s2 * 2])


def test_the_gates_of_lecture_001_let_in_keep_and_show():
    """Lecture 001 L666-682, one unit, gates set by their biases: i = 1, f = 0.5, o = 1, g = tanh(x)."""
    given = {
        "weight": np.array([[0.0], [0.0], [1.0], [0.0]]),
        "recurrent_weight": np.zeros((4, 1)),
        "bias": np.array([800.0, 0.0, 0.0, 800.0]),
    }
    c1 = np.tanh(1.0)
    c2 = 0.5 * c1 + np.tanh(2.0)
    y = LSTM(return_sequences=True).forward(np.array([[[1.0, 2.0]]]), given)
    assert y[0, 0] == pytest.approx([np.tanh(c1), np.tanh(c2)])


def test_through_an_open_gate_the_gradient_does_not_vanish():
    """f = 1, i = o = 1/2 and nothing comes back by way of h: after 50 steps the first state still acts; in an RNN not."""
    x = np.zeros((1, 1, 50))
    kept = {"weight": np.zeros((4, 1)), "recurrent_weight": np.zeros((4, 1)), "bias": np.array([0.0, 800.0, 0.0, 0.0])}
    brick = LSTM()
    brick.forward([x, np.zeros((1, 1)), np.zeros((1, 1))], kept)
    assert brick.backward(np.ones((1, 1)))[0][2].item() == pytest.approx(0.5)
    plain = SimpleRNN()
    plain.forward([x, np.zeros((1, 1))], {"weight": np.zeros((1, 1)), "recurrent_weight": np.array([[0.5]])})
    assert plain.backward(np.ones((1, 1)))[0][1].item() == pytest.approx(0.5**50)


@pytest.mark.parametrize("brick", RNNS)
def test_backwards_it_reads_the_sequence_from_its_end(brick):
    rng = np.random.default_rng(0)
    given, x = weights(brick, 3, 2, rng), rng.standard_normal((2, 2, 5))
    turned = brick(True, go_backwards=True).forward(x[:, :, ::-1], given)
    assert np.array_equal(turned, brick(True).forward(x, given))


@pytest.mark.parametrize("brick", RNNS)
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_the_backward_rule_agrees_with_trying(check_gradients, brick, return_sequences, go_backwards):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        learned = "weight recurrent_weight" + " bias" * (seed < 2)
        given = weights(brick, 3, 2, rng, bias=seed < 2)
        check_gradients(brick(return_sequences, go_backwards), rng.standard_normal((2, 2, 4)), given, seed, learned)


@pytest.mark.parametrize("brick", RNNS)
def test_the_gradients_of_the_first_states_agree_with_trying(brick):
    rng = np.random.default_rng(0)
    given = weights(brick, 3, 2, rng)
    x = [rng.standard_normal((2, 2, 4)), *rng.standard_normal((brick.states, 2, 3))]
    cotangent = rng.standard_normal((2, 3))
    one = brick()
    one.forward(x, given)
    by_rule, _ = one.backward(cotangent)
    for place, gradient in enumerate(by_rule):

        def loss(moved, place=place):
            return float(np.sum(cotangent * one.forward([*x[:place], moved, *x[place + 1 :]], given)))

        np.testing.assert_allclose(gradient, numerical_gradient(loss, x[place]), 1e-5, 1e-6)
