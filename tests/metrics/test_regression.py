"""Distances: hand sums and Keras."""

import math

import numpy as np
import pytest
import sklearn.metrics
import torch

from striate import catalog, textbook
from striate.errors import ArgumentError
from striate.metrics import CosineSimilarity, MeanAbsoluteError, MeanSquaredError, R2Score, RootMeanSquaredError
from tests.parity import agree, keras


def test_the_distances_by_hand():
    labels, predictions = [[0.0, 2.0], [1.0, 1.0]], [[1.0, 5.0], [0.0, 0.0]]
    assert MeanAbsoluteError()(labels, predictions) == (1 + 3 + 1 + 1) / 4
    assert MeanSquaredError()(labels, predictions) == (1 + 9 + 1 + 1) / 4


def test_the_root_is_taken_once_of_all():
    meter = RootMeanSquaredError().meter()
    for error in (3.0, 4.0):
        meter.update(torch.tensor([[error]]), torch.zeros(1, 1))
    assert meter.result() == pytest.approx(math.sqrt((9 + 16) / 2)), "not the mean of 3 and 4"


def test_the_explained_share_by_hand():
    assert R2Score()([1.0, 2.0, 3.0], [1.0, 2.0, 2.0]) == 1 - 1 / 2
    assert R2Score()([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]) == 0, "the mean explains nothing"
    labels, predictions = [[0.0, 0.0], [2.0, 4.0]], [[0.0, 0.0], [2.0, 0.0]]
    assert R2Score()(labels, predictions) == (1 + (1 - 16 / 8)) / 2
    weighted = R2Score(class_aggregation="variance_weighted_average")
    assert weighted(labels, predictions) == pytest.approx((2 * 1 + 8 * -1) / 10)


def test_labels_that_do_not_vary_leave_nothing_to_explain():
    assert R2Score()([5.0, 5.0], [5.0, 5.0]) == 1
    assert R2Score()([5.0, 5.0], [5.0, 4.0]) == 0


def test_far_from_0_the_explained_share_stays_exact():
    """Sums of squares would cancel: of 1e8 and 1e8 + 1 they agree in all of their digits."""
    labels = np.arange(100.0)
    assert R2Score()(1e8 + labels, 1e8 + labels.round(-1)) == pytest.approx(R2Score()(labels, labels.round(-1)))


def test_the_cosine_by_hand():
    assert CosineSimilarity()([[1.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [3.0, 3.0]]) == pytest.approx(
        (1 + math.sqrt(0.5)) / 2
    )


@pytest.mark.parametrize(
    ("ours", "book"),
    [
        (RootMeanSquaredError(), textbook.root_mean_squared_error),
        (CosineSimilarity(), textbook.mean_cosine),
        (R2Score(), textbook.r2_score),
    ],
)
def test_the_textbook_computes_the_same(ours, book):
    labels, predictions = np.random.default_rng(0).standard_normal((2, 30, 3))
    assert ours(labels, predictions) == pytest.approx(book(predictions, labels), rel=1e-12)


@pytest.mark.parametrize("share", ["uniform_average", "variance_weighted_average"])
def test_scikit_learn_explains_the_same_share(share):
    labels, predictions = np.random.default_rng(0).standard_normal((2, 30, 3)) * [1, 5, 10]
    kind = "variance_weighted" if share.startswith("variance") else share
    expected = sklearn.metrics.r2_score(labels, predictions, multioutput=kind)
    assert R2Score(share)(labels, predictions) == pytest.approx(expected, rel=1e-12)
    theirs = keras.metrics.R2Score(share)
    theirs.update_state(labels.astype(np.float32), predictions.astype(np.float32))
    assert R2Score(share)(labels, predictions) == pytest.approx(float(theirs.result()), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "concept"), [("mae", MeanAbsoluteError), ("mse", MeanSquaredError), ("rmse", RootMeanSquaredError)]
)
def test_they_go_by_keras_short_names(name, concept):
    assert type(catalog.get("metrics", name)) is concept


def test_small_numbers_are_the_good_ones():
    assert MeanAbsoluteError.direction == MeanSquaredError.direction == "min"


def test_class_numbers_are_no_quantities():
    with pytest.raises(ArgumentError, match="MeanSquaredError compares number with number"):
        MeanSquaredError()([1, 2], [[0.1, 0.9], [0.3, 0.7]])


@pytest.mark.parametrize("positions", [(), (2, 3)])
@pytest.mark.parametrize("concept", [MeanAbsoluteError, MeanSquaredError, RootMeanSquaredError, CosineSimilarity])
def test_keras_measures_the_same(concept, positions):
    labels, predictions = np.random.default_rng(0).standard_normal((2, 6, *positions, 4)).astype(np.float32)
    theirs = getattr(keras.metrics, concept.__name__)()
    theirs.update_state(labels, predictions)
    assert agree(concept()(labels, predictions), float(theirs.result()), 1e-6)
    assert concept().name == theirs.name
