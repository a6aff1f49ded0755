"""The training loop, on lines, XOR and handwritten digits."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from striate.textbook import (
    SGD,
    Adam,
    BatchNormalization,
    BinaryCrossentropy,
    Dense,
    MeanSquaredError,
    Sequential,
    SparseCategoricalCrossentropy,
    Tanh,
    accuracy,
    fit,
    glorot_uniform,
    small_convolutional_network,
)


def test_a_line_through_two_points_is_found():
    weights, _ = fit(
        Dense(),
        {"weight": np.zeros((1, 1)), "bias": np.zeros(1)},
        MeanSquaredError(),
        lambda: SGD(0.3),
        np.array([[0.0], [1.0]]),
        np.array([[1.0], [3.0]]),
        epochs=300,
        batch_size=2,
        rng=np.random.default_rng(0),
    )
    assert (weights["weight"].item(), weights["bias"].item()) == pytest.approx((2, 1), abs=1e-6)


def train_xor(bricks, weights):
    x, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
    network, loss = Sequential(bricks), BinaryCrossentropy(from_logits=True)
    weights, _ = fit(network, weights, loss, lambda: Adam(0.05), x, y, 300, 4, np.random.default_rng(0))
    return float(np.mean((network.forward(x, weights, training=False) > 0) == y))


def test_xor_needs_a_hidden_layer():
    """Lecture 002 L66-104."""
    rng = np.random.default_rng(1)
    assert train_xor([Dense()], {"0.weight": glorot_uniform((1, 2), rng), "0.bias": np.zeros(1)}) <= 0.75
    hidden = {
        "0.weight": glorot_uniform((4, 2), rng),
        "0.bias": np.zeros(4),
        "2.weight": glorot_uniform((1, 4), rng),
        "2.bias": np.zeros(1),
    }
    assert train_xor([Dense(), Tanh(), Dense()], hidden) == 1.0


def digits():
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 1, 8, 8) / 16.0  # (n, c, h, w)
    order = np.random.default_rng(0).permutation(len(images))
    return images[order], labels[order]


def train_digits(images, labels, epochs):
    network, weights = small_convolutional_network((1, 8, 8), 8, 10, np.random.default_rng(1))
    loss = SparseCategoricalCrossentropy(from_logits=True)
    trained, losses = fit(
        network, weights, loss, lambda: Adam(0.01), images, labels, epochs, 32, np.random.default_rng(2)
    )
    return network, weights, trained, losses


def test_a_small_convolutional_network_reads_nine_of_ten_unseen_digits():
    images, labels = digits()
    network, before, after, losses = train_digits(images[:800], labels[:800], epochs=10)
    unseen, answers = images[800:1200], labels[800:1200]
    assert accuracy(network.forward(unseen, before, training=False), answers) < 0.3
    assert accuracy(network.forward(unseen, after, training=False), answers) >= 0.9
    assert losses[-1] < 0.2 < losses[0]


def test_the_same_generator_trains_the_same_weights():
    images, labels = digits()
    one, two = (train_digits(images[:64], labels[:64], epochs=2)[2] for _ in range(2))
    for name, w in one.items():
        np.testing.assert_array_equal(w, two[name])


def test_the_weights_that_training_begins_with_are_left_alone():
    images, labels = digits()
    _, before, after, _ = train_digits(images[:32], labels[:32], epochs=1)
    _, untouched = small_convolutional_network((1, 8, 8), 8, 10, np.random.default_rng(1))
    for name, w in untouched.items():
        np.testing.assert_array_equal(before[name], w)
        assert not np.array_equal(after[name], w)


def test_running_averages_are_carried_on_and_no_batch_is_a_single_sample():
    """Nine samples in batches of at most eight: 5 and 4, for with 8 and 1 the last could not be normalised."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((9, 3)) + 5, rng.standard_normal((9, 3))
    start = {"0.running_mean": np.zeros(3), "0.running_var": np.ones(3), "0.weight": np.ones(3), "0.bias": np.zeros(3)}
    network = Sequential([BatchNormalization()])
    weights, _ = fit(network, start, MeanSquaredError(), lambda: SGD(0.01), x, y, 40, 8, rng)
    np.testing.assert_allclose(weights["0.running_mean"], x.mean(axis=0), atol=0.3)
