"""The perceptron and its learning rule, as a model: what one unit learns, and what it cannot."""

import numpy as np
import pytest

import striate as keras
from striate.datasets import logic
from striate.layers import Dense
from striate.model import Sequential


def perceptron(inputs, rate=1.0):
    model = Sequential([Dense(1, activation="step", input_shape=(inputs,))], seed=0)
    model.compile(keras.optimizers.SGD(rate), "perceptron_loss", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("function", ["and", "or", "not", "majority"])
def test_one_unit_learns_it_by_the_rule(function):
    x, y = logic.load_data(function)
    model = perceptron(x.shape[1])
    model.fit(x, y, batch_size=1, epochs=25, verbose=0)
    assert model.predict(x).ravel().tolist() == y.tolist()
    assert model.check(x=x, y=y).findings == ()


def test_a_step_is_the_rule_of_1958():
    """w <- w + (y - step(s)) * x,  b <- b + (y - step(s)),  of one sample at rate 1."""
    x, y = np.array([[1.0, 0.0]], np.float32), np.array([0])
    model = perceptron(2)
    model.set_weights([[[2.0], [5.0]], [1.0]])  # s = 3: it says 1, and should say 0
    assert model.train_on_batch(x, y)[0] == 3.0
    kernel, bias = model.get_weights()
    assert (kernel.ravel().tolist(), bias.tolist()) == ([1.0, 5.0], [0.0])
    assert model.train_on_batch(x, y)[0] == 1.0
    assert model.get_weights()[0].ravel().tolist() == [0.0, 5.0]


def test_xor_is_refused_with_the_reason_and_one_hidden_layer_solves_it():
    x, y = logic.load_data("xor")
    model = perceptron(2)
    (finding,) = model.check(x=x, y=y).findings
    assert finding.fault == "not-linearly-separable"
    assert "both sums are w1 + w2 + 2*b" in finding.evidence
    model.fit(x, y, batch_size=1, epochs=50, verbose=0)
    assert model.predict(x).ravel().tolist() != y.tolist()
    hidden = [Dense(4, activation="tanh", input_shape=(2,)), Dense(1, activation="sigmoid")]
    solved = Sequential(hidden, seed=0)
    solved.compile(keras.optimizers.Adam(0.1), "binary_crossentropy")
    solved.fit(x, y, batch_size=4, epochs=200, verbose=0)
    assert (solved.predict(x).ravel() > 0.5).tolist() == y.astype(bool).tolist()
    assert solved.check(x=x, y=y).findings == ()
