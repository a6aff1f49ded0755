"""Distances: hand sums and Keras."""

import numpy as np
import pytest

from striate import catalog
from striate.errors import ArgumentError
from striate.metrics import MeanAbsoluteError, MeanSquaredError
from tests.parity import agree, keras


def test_the_distances_by_hand():
    labels, predictions = [[0.0, 2.0], [1.0, 1.0]], [[1.0, 5.0], [0.0, 0.0]]
    assert MeanAbsoluteError()(labels, predictions) == (1 + 3 + 1 + 1) / 4
    assert MeanSquaredError()(labels, predictions) == (1 + 9 + 1 + 1) / 4


@pytest.mark.parametrize(("name", "concept"), [("mae", MeanAbsoluteError), ("mse", MeanSquaredError)])
def test_they_go_by_keras_short_names(name, concept):
    assert type(catalog.get("metrics", name)) is concept


def test_small_numbers_are_the_good_ones():
    assert MeanAbsoluteError.direction == MeanSquaredError.direction == "min"


def test_class_numbers_are_no_quantities():
    with pytest.raises(ArgumentError, match="MeanSquaredError compares number with number"):
        MeanSquaredError()([1, 2], [[0.1, 0.9], [0.3, 0.7]])


@pytest.mark.parametrize("positions", [(), (2, 3)])
@pytest.mark.parametrize("concept", [MeanAbsoluteError, MeanSquaredError])
def test_keras_measures_the_same(concept, positions):
    labels, predictions = np.random.default_rng(0).standard_normal((2, 6, *positions, 4)).astype(np.float32)
    theirs = getattr(keras.metrics, concept.__name__)()
    theirs.update_state(labels, predictions)
    assert agree(concept()(labels, predictions), float(theirs.result()), 1e-6)
    assert concept().name == theirs.name
