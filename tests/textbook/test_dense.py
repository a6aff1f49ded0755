"""The fully connected brick."""

import numpy as np
import pytest

from striate.textbook import Dense, MeanSquaredError, Sequential, Sigmoid


def test_the_sum_is_weights_times_inputs_plus_bias():
    weights = {"weight": np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]]), "bias": np.array([10.0, 20.0])}
    assert Dense().forward(np.array([[1.0, 1.0, 2.0]]), weights).tolist() == [[19, 21]]


def test_the_worked_neuron_of_lecture_002_has_output_073_and_gradient_minus_00106():
    """Lecture 002 L322-341; exactly -0.010575, the lecture works from rounded values."""
    network = Sequential([Dense(), Sigmoid()])
    weights = {"0.weight": np.array([[1.0, 2.0, 3.0]])}
    loss = MeanSquaredError()
    prediction = network.forward(np.array([[0.1, 0.15, 0.2]]), weights)
    assert prediction.item() == pytest.approx(0.73106, abs=5e-6)
    loss.forward(prediction, np.array([[1.0]]))
    _, gradients = network.backward(loss.backward())
    assert gradients["0.weight"][0, 0] == pytest.approx(-0.010575, abs=5e-7)


def test_the_gradient_of_a_weight_is_local_error_times_local_input():
    """Lecture 002 L279-291: an outer product."""
    brick = Dense()
    brick.forward(np.array([[1.0, 2.0, 3.0]]), {"weight": np.zeros((2, 3))})
    _, gradients = brick.backward(np.array([[10.0, 100.0]]))
    assert gradients["weight"].tolist() == [[10, 20, 30], [100, 200, 300]]


def test_gradients_of_the_samples_add_up():
    brick = Dense()
    brick.forward(np.array([[1.0], [2.0]]), {"weight": np.array([[3.0]]), "bias": np.zeros(1)})
    dx, gradients = brick.backward(np.array([[1.0], [10.0]]))
    assert (dx.tolist(), gradients["weight"].tolist(), gradients["bias"].tolist()) == ([[3], [30]], [[21]], [11])


def test_a_map_is_treated_pixel_by_pixel():
    rng = np.random.default_rng(0)
    x, weights = (
        rng.standard_normal((2, 3, 4, 5)),
        {"weight": rng.standard_normal((6, 3)), "bias": rng.standard_normal(6)},
    )
    y = Dense().forward(x, weights)
    assert y.shape == (2, 6, 4, 5)
    np.testing.assert_allclose(y[:, :, 1, 2], Dense().forward(x[:, :, 1, 2], weights), rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 4), (2, 3, 2, 3)])
def test_the_backward_rule_agrees_with_trying(check_gradients, shape, seed):
    rng = np.random.default_rng(seed)
    x, weight, bias = rng.standard_normal(shape), rng.standard_normal((5, 3)), rng.standard_normal(5)
    check_gradients(Dense(), x, {"weight": weight, "bias": bias}, seed, "weight bias")
    check_gradients(Dense(), x, {"weight": weight}, seed, "weight")
