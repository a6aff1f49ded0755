"""Losses of quantities: hand sums, labels that are refused, and Keras."""

import numpy as np
import pytest
import torch

from striate import catalog
from striate.errors import DataError
from striate.losses import MeanSquaredError
from striate.shape import to_inside
from tests.parity import agree, keras


def test_the_mean_squared_error_is_the_mean_of_the_squares():
    assert MeanSquaredError()([[0.0, 2.0], [1.0, 1.0]], [[1.0, 5.0], [0.0, 0.0]]) == (1 + 9 + 1 + 1) / 4


def test_the_quadratic_cost_of_the_lectures_is_half_of_it():
    """Lecture 003 L245: y = (x - d)**2 / 2 with gradient x - d."""
    x = torch.tensor([[3.0]], requires_grad=True)
    value = MeanSquaredError().values(x, torch.tensor([[1.0]])) / 2
    (gradient,) = torch.autograd.grad(value.sum(), x)
    assert (value.item(), gradient.item()) == (2, 2)


def test_it_is_also_called_mse():
    assert catalog.get("losses", "mse") == catalog.get("losses", "MSE") == MeanSquaredError()


def test_class_numbers_for_several_outputs_are_refused_with_the_fix():
    with pytest.raises(DataError, match="the labels are class numbers") as caught:
        MeanSquaredError()([1, 2], [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert "to_categorical" in caught.value.fix


@pytest.mark.parametrize("positions", [(), (2, 3)])
def test_every_sample_has_the_loss_that_keras_gives_it(positions):
    rng = np.random.default_rng(0)
    labels, predictions = rng.standard_normal((2, 6, *positions, 4))
    ours = MeanSquaredError()
    target = ours.target(torch.from_numpy(labels), (*positions, 4))
    values = ours.values(to_inside(torch.from_numpy(predictions)), target)
    theirs = keras.losses.MeanSquaredError(reduction="none", dtype="float64")(labels, predictions)
    assert agree(values, theirs, 1e-6)  # Keras takes arrays in as float32
