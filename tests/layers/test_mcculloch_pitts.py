"""Neurons that are wired, neurons that learn by the perceptron's rule, and what neither can do alone."""

import numpy as np
import pytest
import torch

from striate.datasets import logic
from striate.errors import ArgumentError, ShapeError
from striate.layers import Dense, McCullochPitts
from tests.contracts.layer_trials import known
from tests.layers.by_hand import compute


def fires(x, *layers):
    """What wired units make of every row, one layer after another."""
    y = np.asarray(x).tolist()
    for layer in layers:
        given = {name: known(weight) for name, weight in layer.weights((len(y[0]),)).items()}
        y = compute(layer, y, **given)
    return [int(row[0]) for row in y]


@pytest.mark.parametrize(
    ("function", "layers"),
    [
        ("and", [McCullochPitts([[1, 1]], threshold=2)]),
        ("or", [McCullochPitts([[1, 1]], threshold=1)]),
        ("not", [McCullochPitts([[-1]], threshold=0)]),
        ("majority", [McCullochPitts([[1, 1, 1]], threshold=2)]),
        ("xor", [McCullochPitts([[1, -1], [-1, 1]], threshold=1), McCullochPitts([[1, 1]], threshold=1)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_logical_functions_are_wired(function, layers):
    x, y = logic.load_data(function)
    assert fires(x, *layers) == y.tolist()


def test_one_inhibiting_input_prevents_a_unit_from_firing_however_many_excite_it():
    """A weighted sum would fire: 5 + 5 - 1 >= 1."""
    unit = McCullochPitts([[5, 5, -1]], threshold=1)
    assert fires([[1, 1, 0], [1, 1, 1], [0, 0, 0]], unit) == [1, 0, 0]


def test_units_of_one_layer_have_thresholds_of_their_own():
    layer = McCullochPitts([[1, 1], [1, 1]], threshold=[1, 2])
    given = {name: known(weight) for name, weight in layer.weights((2,)).items()}
    assert compute(layer, [[0, 0], [0, 1], [1, 1]], **given) == [[0, 0], [1, 0], [1, 1]]


def test_nothing_of_it_is_trained():
    layer = McCullochPitts([[1, -1]])
    assert {weight.trainable for weight in layer.weights((2,)).values()} == {False}
    assert list(layer.build((2,)).parameters()) == []
    assert layer.macs((2,)) == 4


def test_rows_thresholds_and_inputs_must_agree():
    with pytest.raises(ArgumentError, match="synapses must be rows of one length"):
        McCullochPitts([[1, 1], [1]])
    with pytest.raises(ArgumentError, match="threshold must be one number, or one for each unit"):
        McCullochPitts([[1, 1]], [1, 2])
    with pytest.raises(ShapeError, match=r"has synapses for 2 inputs, it was given \(3,\)"):
        McCullochPitts([[1, 1]]).output((3,))


# The perceptron: Dense(1, activation="step") and its rule


def learned(x, y, epochs=30):
    """A perceptron after the rule w <- w + (y - output) * x, b <- b + (y - output), one row at a time; its answers."""
    layer = Dense(1, activation="step", kernel_initializer="zeros")
    module, step = layer.build((x.shape[1],)), layer.then.build((1,))
    rows, targets = torch.from_numpy(x), torch.from_numpy(y.astype(np.float32))
    with torch.no_grad():
        module.weight.zero_()
        module.bias.zero_()
        for _ in range(epochs):
            for row, target in zip(rows, targets, strict=True):
                error = target - step(module(row[None]))[0, 0]
                module.weight += error * row
                module.bias += error
        return step(module(rows))[:, 0].numpy()


@pytest.mark.parametrize("function", ["and", "or", "not", "majority"])
def test_the_perceptron_learns_what_a_line_can_part(function):
    x, y = logic.load_data(function)
    assert np.array_equal(learned(x, y), y)


def test_the_perceptron_never_learns_xor_however_long_it_tries():
    x, y = logic.load_data("xor")
    for epochs in (1, 10, 100, 1000):
        assert not np.array_equal(learned(x, y, epochs), y)


def test_xor_is_learned_with_one_hidden_layer():
    """Two tanh units and a sigmoid, by descent: most starts get there, and those that do are exact."""
    x, y = (torch.from_numpy(each) for each in logic.load_data("xor"))
    solved = 0
    for seed in range(5):
        torch.manual_seed(seed)
        network = torch.nn.Sequential(Dense(2).build((2,)), torch.nn.Tanh(), Dense(1).build((2,)))
        optimizer = torch.optim.Adam(network.parameters(), 0.05)
        for _ in range(400):
            optimizer.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(network(x)[:, 0], y.float()).backward()
            optimizer.step()
        solved += bool(((network(x)[:, 0] > 0) == y.bool()).all())
    assert solved >= 3
