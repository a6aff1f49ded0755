"""What a brick is, and chains of bricks."""

import numpy as np
import pytest

from striate.textbook import (
    AveragePooling2D,
    BatchNormalization,
    Brick,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)


def test_the_scalar_example_of_lecture_001_comes_out():
    """f(x, y, z) = (x + y) z at (-2, 5, -4): lecture 001 L916-930."""
    network = Sequential([Dense(), Dense()])
    weights = {"0.weight": np.array([[1.0, 1.0]]), "1.weight": np.array([[-4.0]])}
    assert network.forward(np.array([[-2.0, 5.0]]), weights).tolist() == [[-12]]
    dx, gradients = network.backward(np.array([[1.0]]))
    assert dx.tolist() == [[-4, -4]]
    assert gradients["1.weight"].tolist() == [[3]]


class _Recorder(Brick):
    """A brick that writes down when it is used."""

    def __init__(self, name, diary):
        self.name, self.diary = name, diary

    def forward(self, x, weights, training=True):
        self.diary.append(f"forward {self.name}")
        return x

    def backward(self, dy):
        self.diary.append(f"backward {self.name}")
        return dy, {}


def test_a_chain_goes_forward_from_first_to_last_and_backward_from_last_to_first():
    """Lecture 003 L213-219."""
    diary = []
    network = Sequential([_Recorder(name, diary) for name in "123"])
    network.forward(np.zeros(1), {})
    network.backward(np.zeros(1))
    assert diary == [f"forward {i}" for i in (1, 2, 3)] + [f"backward {i}" for i in (3, 2, 1)]


def test_gradients_are_named_in_the_order_of_the_bricks():
    network = Sequential([Dense(), ReLU(), Dense()])
    weights = {f"{i}.{name}": np.ones((1, 1) if name == "weight" else 1) for i in (0, 2) for name in ("weight", "bias")}
    network.forward(np.ones((1, 1)), weights)
    assert list(network.backward(np.ones((1, 1)))[1]) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_the_tenth_brick_does_not_take_the_weights_of_the_first():
    network = Sequential([Dense(), *(ReLU() for _ in range(9)), Dense()])
    weights = {"0.weight": np.array([[2.0]]), "10.weight": np.array([[3.0]]), "1.weight": np.array([[100.0]])}
    assert network.forward(np.ones((1, 1)), weights).tolist() == [[6]]


def test_a_brick_in_two_places_is_refused():
    brick = Dense()
    with pytest.raises(ValueError, match="put a new one in each place"):
        Sequential([brick, ReLU(), brick])


def test_a_chain_passes_on_whether_it_is_training():
    network = Sequential([Dropout(1.0)])
    assert network.forward(np.ones((1, 2)), {}, training=True).tolist() == [[0, 0]]
    assert network.forward(np.ones((1, 2)), {}, training=False).tolist() == [[1, 1]]


def test_a_chain_collects_what_its_bricks_update():
    network = Sequential([ReLU(), BatchNormalization()])
    weights = {"1.running_mean": np.zeros(1), "1.running_var": np.ones(1)}
    network.forward(np.array([[1.0], [3.0]]), weights)
    assert set(network.updated) == {"1.running_mean", "1.running_var"}
    network.forward(np.array([[1.0], [3.0]]), weights, training=False)
    assert network.updated == {}


def test_an_empty_chain_does_nothing():
    network = Sequential([])
    assert network.forward(np.ones((1, 2)), {}).tolist() == [[1, 1]]
    assert network.backward(np.ones((1, 2)))[0].tolist() == [[1, 1]]


@pytest.mark.parametrize("seed", range(5))
def test_the_backward_rule_of_a_whole_network_agrees_with_trying(check_gradients, seed):
    rng = np.random.default_rng(seed)
    block = Sequential([Conv2D(padding="same", strides=2), BatchNormalization(), Tanh()])
    network = Sequential([block, AveragePooling2D(2), Flatten(), Dense(), Sigmoid(), Dense(), Softmax()])
    weights = {
        "0.0.weight": rng.standard_normal((3, 2, 3, 3)),
        "0.0.bias": rng.standard_normal(3),
        "0.1.weight": rng.standard_normal(3),
        "0.1.bias": rng.standard_normal(3),
        "0.1.running_mean": np.zeros(3),
        "0.1.running_var": np.ones(3),
        "3.weight": rng.standard_normal((4, 3)),
        "3.bias": rng.standard_normal(4),
        "5.weight": rng.standard_normal((3, 4)),
    }
    learned = "0.0.weight 0.0.bias 0.1.weight 0.1.bias 3.weight 3.bias 5.weight"
    check_gradients(network, rng.standard_normal((3, 2, 4, 4)), weights, seed, learned)
