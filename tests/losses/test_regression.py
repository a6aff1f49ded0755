"""Losses of quantities: hand sums, labels that are refused, and Keras."""

import math

import numpy as np
import pytest
import torch

from striate import catalog
from striate.errors import DataError
from striate.losses import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    QuadraticCost,
)
from striate.shape import to_inside
from tests.parity import agree, keras


def test_the_mean_squared_error_is_the_mean_of_the_squares():
    assert MeanSquaredError()([[0.0, 2.0], [1.0, 1.0]], [[1.0, 5.0], [0.0, 0.0]]) == (1 + 9 + 1 + 1) / 4


def gradient(loss, prediction, target):
    x = torch.tensor(prediction, requires_grad=True)
    value = loss.values(x, torch.tensor(target)).mean()
    return value.item(), torch.autograd.grad(value, x)[0].tolist()


def test_the_gradient_of_the_quadratic_cost_is_the_error():
    """Lecture 003 L245: y = (x - d)**2 / 2 with gradient x - d."""
    assert gradient(QuadraticCost(), [[3.0]], [[1.0]]) == (2, [[2]])
    assert gradient(MeanSquaredError(), [[3.0]], [[1.0]]) == (4, [[4]])


def test_the_quadratic_cost_sums_over_the_outputs_and_averages_over_the_samples():
    """Lecture 000 L325-329: C = 1/n sum of |y - a|**2 / 2."""
    value, slope = gradient(QuadraticCost(), [[1.0, 5.0], [0.0, 0.0]], [[0.0, 2.0], [1.0, 1.0]])
    assert value == ((1 + 9) / 2 + (1 + 1) / 2) / 2
    assert slope == [[0.5, 1.5], [-0.5, -0.5]]


def test_the_quadratic_cost_of_a_saturated_neuron_hardly_moves():
    """Lecture 000 L270-286: dC/dz = (a - y) * s'(z); the cross-entropy has no s'(z)."""
    z = torch.tensor([[10.0]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(QuadraticCost().values(torch.sigmoid(z), torch.zeros(1, 1)).sum(), z)
    a = 1 / (1 + math.exp(-10))
    assert slope.item() == pytest.approx(a * a * (1 - a), rel=1e-10)
    assert slope.item() < 5e-5


def test_the_mean_absolute_error_is_the_mean_of_the_sizes():
    labels, predictions = [[0.0, 2.0], [1.0, 1.0]], [[1.0, 5.0], [0.0, 1.0]]
    assert MeanAbsoluteError()(labels, predictions) == (1 + 3 + 1 + 0) / 4
    assert gradient(MeanAbsoluteError(), predictions, labels)[1] == [[0.25, 0.25], [-0.25, 0]]


def test_huber_is_square_near_the_truth_and_straight_far_from_it():
    assert Huber()([[0.0, 0.0, 0.0]], [[0.5, -1.0, 3.0]]) == pytest.approx((0.125 + 0.5 + 2.5) / 3)
    assert Huber(delta=2.0)([[0.0]], [[3.0]]) == 2 * 3 - 2
    assert gradient(Huber(delta=2.0), [[-1.5, 3.0]], [[0.0, 0.0]])[1] == [[-0.75, 1]]


def test_log_cosh_is_square_near_the_truth_and_straight_far_from_it_without_overflow():
    assert LogCosh()([[0.0]], [[1e-3]]) == pytest.approx(5e-7, rel=1e-3)
    assert LogCosh()([[0.0]], [[1000.0]]) == pytest.approx(1000 - math.log(2))
    assert gradient(LogCosh(), [[-1000.0, 0.0]], [[0.0, 0.0]])[1] == [[-0.5, 0]]


def test_the_best_rate_of_a_poisson_loss_is_the_mean_count():
    labels = [1.0, 2.0, 6.0]
    losses = {rate: Poisson()(labels, [rate] * 3) for rate in (2.5, 3.0, 3.5)}
    assert losses[3.0] == pytest.approx(3 - 3 * math.log(3), rel=1e-6)
    assert min(losses, key=losses.get) == 3


def test_the_cosine_sees_directions_only():
    assert CosineSimilarity()([[1.0, 0.0]], [[7.0, 0.0]]) == -1
    assert CosineSimilarity()([[1.0, 0.0]], [[-7.0, 0.0]]) == 1
    assert CosineSimilarity()([[1.0, 0.0], [1.0, 1.0]], [[0.0, 2.0], [1.0, 0.0]]) == pytest.approx(-math.sqrt(0.5) / 2)


def test_a_count_below_0_is_refused():
    with pytest.raises(DataError, match="label -2 in row 1 is no count") as caught:
        Poisson()([1.0, -2.0], [1.0, 1.0])
    assert caught.value.sum == "1 of 2 numbers are below 0"


def test_a_label_without_a_direction_is_refused():
    with pytest.raises(DataError, match="the label in row 1 has no direction"):
        CosineSimilarity()([[1.0, 2.0], [0.0, 0.0]], [[1.0, 2.0], [1.0, 2.0]])


def test_it_is_also_called_mse():
    assert catalog.get("losses", "mse") == catalog.get("losses", "MSE") == MeanSquaredError()


def test_class_numbers_for_several_outputs_are_refused_with_the_fix():
    with pytest.raises(DataError, match="the labels are class numbers") as caught:
        MeanSquaredError()([1, 2], [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert "to_categorical" in caught.value.fix


LOSSES = [
    *(MeanSquaredError(), MeanAbsoluteError(), Huber(), Huber(delta=0.3), LogCosh(), Poisson(), CosineSimilarity()),
]


@pytest.mark.parametrize("positions", [(), (2, 3)])
@pytest.mark.parametrize("ours", LOSSES, ids=repr)
def test_every_sample_has_the_loss_and_the_gradient_that_keras_gives_it(ours, positions):
    rng = np.random.default_rng(0)
    labels, predictions = rng.standard_normal((2, 6, *positions, 4))
    if isinstance(ours, Poisson):
        labels, predictions = rng.poisson(2.0, labels.shape), np.exp(predictions)
    target = ours.target(torch.from_numpy(labels), (*positions, 4))
    leaf = torch.from_numpy(predictions).requires_grad_()
    values = ours.values(to_inside(leaf), target)
    theirs = getattr(keras.losses, type(ours).__name__)(**vars(ours), reduction="none", dtype="float64")
    other = torch.from_numpy(predictions).requires_grad_()
    expected = theirs(torch.from_numpy(labels), other)
    assert agree(values, expected, 1e-6)  # Keras takes arrays in as float32
    own, reference = (torch.autograd.grad(each.sum(), x)[0] for each, x in ((values, leaf), (expected, other)))
    assert agree(own, reference, 1e-6)
