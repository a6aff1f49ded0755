"""Every output sees every input."""

import numpy as np
import pytest

from striate.errors import ArgumentError, ShapeError
from striate.layers import Dense
from striate.regularizers import L2
from striate.shape import EVERYTHING
from tests.layers.by_hand import compute


def test_two_units_are_two_weighted_sums_and_their_biases():
    weights = {"weight": [[1, 2, 3], [-1, 0, 1]], "bias": [0.5, -0.5]}
    assert compute(Dense(2), [[1, 1, 2]], **weights) == [[9.5, 0.5]]
    assert compute(Dense(2, use_bias=False), [[1, 1, 2]], weight=weights["weight"]) == [[9, 1]]


def test_the_activation_is_applied_to_the_sum():
    assert compute(Dense(2, "relu"), [[1.0]], weight=[[2], [-2]], bias=[1, 1]) == [[3, 0]]


def test_on_a_map_it_acts_at_every_position_on_the_channels_there():
    images = [[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]]
    assert compute(Dense(1), images, weight=[[10, 1]], bias=[0]) == [[[[12], [34]], [[56], [78]]]]


@pytest.mark.parametrize(("shape", "macs"), [((784,), 7840), ((5, 784), 39200), ((2, 3, 784), 47040)])
def test_it_counts_a_multiplication_for_each_weight_at_each_position(shape, macs):
    assert Dense(10).macs(shape) == macs
    assert Dense(10).output(shape) == (*shape[:-1], 10)


def test_a_vector_is_seen_whole_and_a_map_one_position_at_a_time():
    assert Dense(3).window((784,)) is EVERYTHING
    assert Dense(3).window((28, 28, 1)) is None


def test_weights_have_keras_order_and_their_own_penalties():
    weights = Dense(3, kernel_regularizer=L2(0.1), bias_regularizer="l1").weights((2,))
    assert weights["weight"].shape == (3, 2)
    assert weights["weight"].keras == (1, 0)
    assert repr(weights["weight"].regularizer) == "L2(l2=0.1)"
    assert type(weights["bias"].regularizer).__name__ == "L1"
    assert np.ravel([weight.trainable for weight in weights.values()]).all()


def test_a_single_number_is_refused():
    with pytest.raises(ShapeError, match="Dense takes one axis at least"):
        Dense(3).output(())


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", True, None, 10**10])
def test_units_are_a_count(units):
    with pytest.raises(ArgumentError, match="Dense: units must be"):
        Dense(units)
