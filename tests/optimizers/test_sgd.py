"""Gradient descent: hand sums and Keras."""

from itertools import pairwise

import pytest
import torch

from striate.errors import ArgumentError
from striate.optimizers import SGD
from tests.parity import agree, keras


def steps(optimizer, *gradients):
    """How far a weight moves at each step."""
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    built = optimizer.build([weight], optimizer.base_rate)
    places = [0.0]
    for gradient in gradients:
        weight.grad = torch.full_like(weight, gradient)
        built.step()
        places.append(weight.item())
    return [after - before for before, after in pairwise(places)]


def test_plain_descent_steps_against_the_gradient():
    """Lecture 003 L184."""
    assert steps(SGD(0.1), 1.0, -5.0) == pytest.approx([-0.1, 0.5])


def test_momentum_adds_half_of_the_last_step():
    assert steps(SGD(0.1, momentum=0.5), 1.0, 1.0, 0.0) == pytest.approx([-0.1, -0.15, -0.075])


def test_nesterov_looks_one_step_ahead():
    assert steps(SGD(0.1, momentum=0.5, nesterov=True), 1.0, 1.0) == pytest.approx([-0.15, -0.175])


def test_nesterov_without_momentum_is_refused():
    with pytest.raises(ArgumentError, match="nesterov") as caught:
        SGD(nesterov=True)
    assert caught.value.fix == "momentum=0.9"


def test_momentum_is_below_1():
    with pytest.raises(ArgumentError, match="momentum must be < 1"):
        SGD(momentum=1.0)


def test_all_weights_are_updated_in_one_pass_unless_it_is_not_wanted():
    weight = torch.nn.Parameter(torch.zeros(1))
    assert SGD().build([weight], 0.1).param_groups[0]["fused"]
    assert SGD().build([weight], 0.1, fused=False).param_groups[0]["foreach"]


@pytest.mark.parametrize("arguments", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
def test_it_moves_weights_as_keras_does(arguments):
    theirs, weight = keras.optimizers.SGD(0.1, **arguments), torch.nn.Parameter(torch.ones(3))
    variable = keras.Variable([1.0, 1.0, 1.0])
    ours = SGD(0.1, **arguments).build([weight], 0.1)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        gradient = torch.randn(3, generator=generator)
        weight.grad = gradient.clone()
        ours.step()
        theirs.apply([gradient], [variable])
    assert agree(weight, variable.value, 1e-5)
