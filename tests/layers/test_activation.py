"""Functions of each number by itself, and softmax."""

import math

import pytest
import torch

from striate.layers import ELU, Activation, Dense, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh
from tests.layers.by_hand import compute


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Linear(), [-2, -0.5, 0, 3]),
        (ReLU(), [0, 0, 0, 3]),
        (LeakyReLU(), [-0.02, -0.005, 0, 3]),
        (LeakyReLU(negative_slope=0.1), [-0.2, -0.05, 0, 3]),
        (ELU(), [math.exp(-2) - 1, math.exp(-0.5) - 1, 0, 3]),
        (ELU(alpha=2.0), [2 * math.exp(-2) - 2, 2 * math.exp(-0.5) - 2, 0, 3]),
        (Sigmoid(), [1 / (1 + math.exp(2)), 1 / (1 + math.exp(0.5)), 0.5, 1 / (1 + math.exp(-3))]),
        (Tanh(), [math.tanh(-2), math.tanh(-0.5), 0, math.tanh(3)]),
    ],
    ids=repr,
)
def test_each_number_goes_through_the_function(layer, expected):
    assert compute(layer, [[-2, -0.5, 0, 3]]) == [pytest.approx(expected, abs=1e-15)]


def test_softmax_turns_scores_into_probabilities():
    scores = [math.log(1), math.log(2), math.log(5)]
    assert compute(Softmax(), [scores]) == [pytest.approx([0.125, 0.25, 0.625], abs=1e-15)]


def test_softmax_of_a_map_is_taken_at_every_position():
    (((first, second),),) = compute(Softmax(), [[[[0, 0], [0, math.log(3)]]]])
    assert first == pytest.approx([0.5, 0.5])
    assert second == pytest.approx([0.25, 0.75])


def test_softmax_does_not_overflow():
    assert compute(Softmax(), [[1000, 0, -1000]]) == [[1, 0, 0]]


def test_the_slope_of_relu_at_zero_is_zero():
    x = torch.zeros(1, 1, requires_grad=True)
    (slope,) = torch.autograd.grad(ReLU().build((1,))(x).sum(), x)
    assert slope.item() == 0


@pytest.mark.parametrize("activation", ["relu", ReLU(), Activation("relu"), Activation(Activation("relu"))])
def test_an_activation_of_an_activation_is_that_activation(activation):
    assert compute(Activation(activation), [[-2, 3]]) == [[0, 3]]
    assert compute(Dense(2, activation), [[1.0]], weight=[[-2], [3]], bias=[0, 0]) == [[0, 3]]


def test_it_is_torchs_own_module():
    assert type(Activation("relu").build((5, 6, 2))) is torch.nn.ReLU
    assert type(Softmax().build((10,))) is torch.nn.Softmax
    assert isinstance(Softmax().build((5, 6, 10)), torch.nn.Softmax)
