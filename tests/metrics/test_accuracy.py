"""Accuracies: hand sums, ties, the textbook, Keras; and which one "accuracy" means."""

import math

import numpy as np
import pytest
import torch

from striate import textbook
from striate.errors import ArgumentError, DataError, UnknownNameError
from striate.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Hinge,
    KLDivergence,
    LogLoss,
    LogSoftMax,
    MaxMargin,
    MeanSquaredError,
    PerceptronLoss,
    QuadraticCost,
    SparseCategoricalCrossentropy,
    WestonWatkins,
)
from striate.metrics import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SignAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    resolve,
)
from tests.parity import agree, keras

P = [[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.4, 0.35, 0.25]]


def test_the_share_of_right_answers_by_hand():
    assert SparseCategoricalAccuracy()([0, 2, 1], P) == pytest.approx(2 / 3)
    assert CategoricalAccuracy()(np.eye(3)[[0, 2, 1]], P) == pytest.approx(2 / 3)
    assert SparseTopKCategoricalAccuracy(2)([1, 0, 1], P) == pytest.approx(2 / 3)
    assert TopKCategoricalAccuracy(2)(np.eye(3)[[1, 0, 1]], P) == pytest.approx(2 / 3)
    assert BinaryAccuracy()([1, 0, 1, 0], [0.9, 0.1, 0.4, 0.6]) == 0.5


def test_a_column_of_class_numbers_is_taken_as_well():
    assert SparseCategoricalAccuracy()([[0], [2], [1]], P) == pytest.approx(2 / 3)
    assert SparseTopKCategoricalAccuracy(2)([[1], [0], [1]], P) == pytest.approx(2 / 3)


def test_what_stands_on_the_threshold_is_a_no():
    assert BinaryAccuracy()([0], [0.5]) == 1
    assert BinaryAccuracy(threshold=0.4)([1], [0.5]) == 1


def test_several_outputs_are_each_right_or_wrong_for_themselves():
    assert BinaryAccuracy()([[1, 0], [1, 1]], [[0.9, 0.9], [0.9, 0.9]]) == 0.75


def test_more_guesses_than_classes_are_always_right():
    assert SparseTopKCategoricalAccuracy(9)([0, 1, 2], P) == 1


def test_among_equals_the_lower_numbers_stand_first():
    equal = np.full((1, 4), 0.25)
    assert [SparseCategoricalAccuracy()([c], equal) for c in range(4)] == [1, 0, 0, 0]
    assert [SparseTopKCategoricalAccuracy(2)([c], equal) for c in range(4)] == [1, 1, 0, 0]


def test_a_network_that_only_says_nan_is_not_right():
    nan = np.full((4, 8), math.nan)
    assert SparseTopKCategoricalAccuracy(5)([0, 1, 6, 7], nan) == 0


@pytest.mark.parametrize("shape", [(40, 10), (5, 10, 3, 2)])
@pytest.mark.parametrize("decimals", [0, 6], ids=["with ties", "without"])
def test_accuracies_are_those_of_the_textbook(shape, decimals):
    rng = np.random.default_rng(0)
    scores = rng.standard_normal(shape).round(decimals)
    labels = rng.integers(0, 10, (shape[0], *shape[2:]))
    inside, target = torch.from_numpy(scores), torch.from_numpy(labels)
    one_hot = torch.from_numpy(textbook.one_hot(labels, 10))
    for metric, given in [(SparseCategoricalAccuracy(), target), (CategoricalAccuracy(), one_hot)]:
        assert metric.values(inside, given).mean().item() == pytest.approx(textbook.accuracy(scores, labels))
    for k in (1, 3, 10):
        expected = textbook.top_k_accuracy(scores, labels, k)
        for metric, given in [(SparseTopKCategoricalAccuracy(k), target), (TopKCategoricalAccuracy(k), one_hot)]:
            assert metric.values(inside, given).mean().item() == pytest.approx(expected)


def test_labels_of_the_other_kind_are_refused():
    with pytest.raises(ArgumentError, match="SparseCategoricalAccuracy takes labels that are class numbers"):
        SparseCategoricalAccuracy()(np.eye(3), P)
    with pytest.raises(ArgumentError, match="CategoricalAccuracy compares number with number"):
        CategoricalAccuracy()([0, 1, 2], P)


@pytest.mark.parametrize("metric", [SparseCategoricalAccuracy(), SparseTopKCategoricalAccuracy()])
@pytest.mark.parametrize(
    ("labels", "told"),
    [([1, 7], "7 is no"), ([[0], [-1]], "-1 is no"), ([0.5, 1], "0.5 is no"), ([math.nan, 0], "nan is no")],
)
def test_a_label_that_is_none_of_the_classes_is_refused_and_the_fix_works(metric, labels, told):
    predictions = [[0.2, 0.8], [0.2, 0.8]]
    with pytest.raises(DataError, match=told) as refused:
        metric(labels, predictions)
    assert "2 classes have labels 0..1" in refused.value.what
    assert refused.value.sum == "1 of 2 labels are not among them"
    assert refused.value.fix.startswith("class numbers from 0 to 1")
    assert 0 <= metric([0, 1], predictions) <= 1


def test_in_training_the_labels_are_not_looked_at_again():
    meter = SparseCategoricalAccuracy().meter()
    meter.update(torch.tensor([[0.2, 0.8]]), torch.tensor([7]))
    assert meter.result() == 0


@pytest.mark.parametrize("positions", [(), (2, 3)])
@pytest.mark.parametrize(
    "metric",
    [
        SparseCategoricalAccuracy(),
        CategoricalAccuracy(),
        SparseTopKCategoricalAccuracy(3),
        TopKCategoricalAccuracy(3),
        BinaryAccuracy(threshold=0.3),
    ],
    ids=lambda metric: type(metric).__name__,
)
def test_keras_counts_the_same(metric, positions):
    rng = np.random.default_rng(0)
    scores = rng.random((30, *positions, 6)).astype(np.float32)
    labels = rng.integers(0, 6, (30, *positions)).astype(np.int32)
    given = {"Sparse": labels, "Binary": rng.integers(0, 2, scores.shape)}.get(
        type(metric).__name__[:6], np.eye(6, dtype=np.float32)[labels]
    )
    arguments = {key: value for key, value in vars(metric).items() if key != "name"}
    theirs = getattr(keras.metrics, type(metric).__name__)(**arguments)
    theirs.update_state(given, scores)
    assert metric.name == theirs.name
    assert agree(metric(given, scores), float(theirs.result()), 1e-6)


@pytest.mark.parametrize("word", ["accuracy", "acc", "Accuracy"])
@pytest.mark.parametrize(
    ("loss", "metric"),
    [
        (SparseCategoricalCrossentropy(), SparseCategoricalAccuracy(name="accuracy")),
        (CategoricalCrossentropy(from_logits=True), CategoricalAccuracy(name="accuracy")),
        (BinaryCrossentropy(), BinaryAccuracy(name="accuracy")),
        (KLDivergence(), CategoricalAccuracy(name="accuracy")),
        *((loss, SparseCategoricalAccuracy(name="accuracy")) for loss in (MaxMargin(), WestonWatkins(), LogSoftMax())),
        *((loss, SignAccuracy(name="accuracy")) for loss in (Hinge(), LogLoss())),
        (PerceptronLoss(), BinaryAccuracy(name="accuracy")),
    ],
)
def test_accuracy_goes_by_the_loss_and_is_logged_as_accuracy(word, loss, metric):
    assert resolve(word, loss) == metric
    assert resolve(word, loss).name == "accuracy"


def test_with_scores_for_yes_or_no_the_threshold_is_0():
    metric = resolve("accuracy", BinaryCrossentropy(from_logits=True))
    scores, labels = [-2.0, 0.3, 3.0], [0, 1, 1]
    assert metric(labels, scores) == 1
    assert BinaryAccuracy()(labels, 1 / (1 + np.exp(-np.array(scores)))) == 1


def test_before_a_step_a_score_of_0_is_a_yes():
    metric = resolve("accuracy", PerceptronLoss(from_logits=True))
    assert metric([1, 1, 0], [0.0, -0.1, -0.1]) == pytest.approx(2 / 3)


def test_a_sign_is_right_where_the_score_has_it():
    assert SignAccuracy()([1, -1, 1, -1], [0.1, -7.0, -0.1, 0.0]) == 0.75
    assert SignAccuracy()([1, 0, 1, 0], [0.1, -7.0, -0.1, 0.0]) == 0.75


@pytest.mark.parametrize("word", ["top_k", "top_k_accuracy"])
def test_top_k_goes_by_the_loss_as_well(word):
    assert resolve(word, SparseCategoricalCrossentropy()) == SparseTopKCategoricalAccuracy(name="top_k_accuracy")
    assert resolve(word, CategoricalCrossentropy()) == TopKCategoricalAccuracy(name="top_k_accuracy")
    with pytest.raises(ArgumentError, match="top_k"):
        resolve(word, BinaryCrossentropy())


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("sparse_categorical_accuracy", "sparse_categorical_accuracy"),
        ("SparseCategoricalAccuracy", "sparse_categorical_accuracy"),
        ("mse", "mse"),
        ("mean_squared_error", "mean_squared_error"),
    ],
)
def test_other_names_are_logged_as_they_are_written(word, key):
    """Lecture 003 L149: metrics=["sparse_categorical_accuracy"]."""
    assert resolve(word, None).name == key


def test_a_metric_that_is_one_already_stays_it():
    metric = SparseTopKCategoricalAccuracy(3, name="top3")
    assert resolve(metric, None) is metric


@pytest.mark.parametrize("loss", [None, MeanSquaredError(), QuadraticCost()])
def test_accuracy_without_classes_is_refused_with_what_it_goes_with(loss):
    with pytest.raises(ArgumentError, match="'accuracy' goes by the loss") as caught:
        resolve("accuracy", loss)
    assert "class numbers" in caught.value.sum
    assert "sparse_categorical_crossentropy" in caught.value.fix


def test_a_misspelt_name_is_told_the_nearest_one():
    with pytest.raises(UnknownNameError) as caught:
        resolve("acuracy", SparseCategoricalCrossentropy())
    assert caught.value.fix == "did you mean 'accuracy'?"
