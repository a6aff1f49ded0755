"""Functions of each number by itself, and softmax."""

import math

import pytest
import torch

from striate.errors import OpenSizeError, ShapeError
from striate.layers import (
    ELU,
    GELU,
    SELU,
    Activation,
    Dense,
    HardSigmoid,
    HardSwish,
    LeakyReLU,
    Linear,
    LogSoftmax,
    Mish,
    PReLU,
    Ramp,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Softsign,
    Step,
    Swish,
    Tanh,
)
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
        (Ramp(), [-1, -0.5, 0, 1]),
        (Step(), [0, 0, 1, 1]),
        (Step(threshold=-0.5), [0, 1, 1, 1]),
        (HardSigmoid(), [1 / 6, 2.5 / 6, 0.5, 1]),
        (HardSwish(), [-2 / 6, -0.5 * 2.5 / 6, 0, 3]),
        (Swish(), [-2 / (1 + math.exp(2)), -0.5 / (1 + math.exp(0.5)), 0, 3 / (1 + math.exp(-3))]),
        (Softplus(), [math.log1p(math.exp(x)) for x in (-2, -0.5, 0, 3)]),
        (Softsign(), [-2 / 3, -1 / 3, 0, 3 / 4]),
        (Mish(), [x * math.tanh(math.log1p(math.exp(x))) for x in (-2, -0.5, 0, 3)]),
        (GELU(), [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in (-2, -0.5, 0, 3)]),
        (
            SELU(),
            [
                1.7580993408473768 * (math.exp(-2) - 1),
                1.7580993408473768 * (math.exp(-0.5) - 1),
                0,
                3 * 1.0507009873554805,
            ],
        ),
    ],
    ids=repr,
)
def test_each_number_goes_through_the_function(layer, expected):
    assert compute(layer, [[-2, -0.5, 0, 3]]) == [pytest.approx(expected, abs=1e-15)]


def test_softmax_turns_scores_into_probabilities():
    scores = [math.log(1), math.log(2), math.log(5)]
    assert compute(Softmax(), [scores]) == [pytest.approx([0.125, 0.25, 0.625], abs=1e-15)]


def test_log_softmax_gives_the_logarithms_of_those():
    scores = [math.log(1), math.log(2), math.log(5)]
    expected = [math.log(0.125), math.log(0.25), math.log(0.625)]
    assert compute(LogSoftmax(), [scores]) == [pytest.approx(expected, abs=1e-15)]
    assert compute(LogSoftmax(), [[1000, 0]]) == [[0, -1000]]
    assert compute(LogSoftmax(), [[[[0, 0]]]]) == [[[pytest.approx([-math.log(2)] * 2)]]]


def test_a_number_a_hair_below_the_threshold_is_below_it():
    tiny = 5e-324
    assert compute(Step(), [[-tiny, tiny, -math.inf, math.inf]]) == [[0, 1, 0, 1]]
    below = math.nextafter(0.1, 0)
    assert compute(Step(threshold=0.1), [[below, 0.1]]) == [[0, 1]]


def test_the_slope_of_a_step_is_zero():
    x = torch.tensor([[-1.0, 0.0, 2.0]], requires_grad=True)
    (slope,) = torch.autograd.grad(Step().build((3,))(x).sum(), x)
    assert slope.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("name", ["swish", "silu", "Swish", "SiLU"])
def test_swish_goes_by_both_its_names(name):
    assert compute(Activation(name), [[2.0]]) == compute(Swish(), [[2.0]])


def test_a_prelu_has_a_slope_for_each_number_or_for_each_channel():
    images = [[[[-1, -2], [3, -4]]]]  # (1, 1, 2, 2)
    each, shared = PReLU(), PReLU(shared_axes=(1, 2))
    assert compute(each, images, weight=[[[0.1, 0.5], [0.2, 10]]]) == [[[[-0.1, -1], [3, -40]]]]
    assert compute(shared, images, weight=[[[0.5, 10]]]) == [[[[-0.5, -20], [3, -40]]]]
    assert each.weights((8, 9, 3))["weight"].shape == (8, 9, 3)
    assert shared.weights((8, 9, 3))["weight"].shape == (1, 1, 3)
    assert PReLU(shared_axes=1).weights((8, 9, 3))["weight"].shape == (1, 9, 3)


def test_slopes_of_a_map_of_open_size_must_be_shared():
    assert PReLU(shared_axes=(1, 2)).weights((None, None, 3))["weight"].shape == (1, 1, 3)
    with pytest.raises(OpenSizeError):
        PReLU().weights((None, None, 3))


def test_slopes_cannot_be_shared_along_an_axis_that_is_not_there():
    with pytest.raises(ShapeError, match="along axis 2") as refused:
        PReLU(shared_axes=(1, 2)).output((4,))
    assert refused.value.fix == "shared_axes=None, one slope for each channel"


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
