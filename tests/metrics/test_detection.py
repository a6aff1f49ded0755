"""Precision, recall, F scores and the area under the ROC curve: hand sums, the textbook, scikit-learn, Keras."""

import math

import numpy as np
import pytest
import sklearn.metrics as sklearn
import torch

from striate import textbook
from striate.errors import ArgumentError, DataError
from striate.metrics import AUC, F1Score, FBetaScore, Precision, Recall
from tests.parity import keras

LABELS, SCORES = [1, 0, 1, 1, 0], [0.9, 0.8, 0.7, 0.1, 0.2]
"""Three say yes, two of them rightly; of three that are true two are found."""

AVERAGES = ["micro", "macro", "weighted"]


def several(n=60, k=4, seed=0):
    """Probabilities and class numbers; one class is rare and never predicted by the highest score."""
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((n, k)) + np.array([1.0, 0.5, 0.0, -9.0])
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    return p.astype(np.float32), np.append(rng.integers(0, k, n - 1), k - 1)


def test_right_and_wrong_answers_by_hand():
    assert Precision()(LABELS, SCORES) == pytest.approx(2 / 3)
    assert Recall()(LABELS, SCORES) == pytest.approx(2 / 3)
    assert Precision(thresholds=0.85)(LABELS, SCORES) == 1
    assert Recall(thresholds=0.85)(LABELS, SCORES) == pytest.approx(1 / 3)
    assert F1Score(threshold=0.85)(LABELS, SCORES) == pytest.approx(2 * 1 * (1 / 3) / (1 + 1 / 3))
    assert FBetaScore(beta=2.0, threshold=0.85)(LABELS, SCORES) == pytest.approx(5 * 1 * (1 / 3) / (4 * 1 + 1 / 3))


@pytest.mark.parametrize("metric", [Precision(), Recall(), F1Score(), FBetaScore()], ids=repr)
def test_where_nothing_is_found_it_is_0(metric):
    assert metric([1, 1], [0.1, 0.1]) == 0
    assert metric([0, 0], [0.1, 0.1]) == 0


def test_the_average_over_batches_is_not_the_mean_of_their_values():
    meter = Precision().meter()
    meter.update(torch.tensor([[0.9]]), torch.tensor([[1.0]]))
    meter.update(torch.tensor([[0.9], [0.9], [0.9]]), torch.tensor([[0.0], [0.0], [1.0]]))
    assert meter.result() == 2 / 4


def test_signs_are_labels_too():
    assert Precision(thresholds=0.0)([1, -1, 1], [0.3, 0.2, -5.0]) == 0.5


def test_one_class_alone_can_be_counted():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    assert [Precision(class_id=k)([0, 1, 1], p) for k in (0, 1)] == [0.5, 1]
    assert [Recall(class_id=k)([0, 1, 1], p) for k in (0, 1)] == [1, 0.5]


def test_of_equal_scores_the_first_says_yes():
    assert Precision(top_k=1)([[1, 0, 0]], [[0.5, 0.5, 0.0]]) == 1
    assert Precision(top_k=1)([[0, 1, 0]], [[0.5, 0.5, 0.0]]) == 0
    assert F1Score(average="micro")([[0, 1, 0]], [[0.5, 0.5, 0.0]]) == 0
    assert Recall(top_k=3)([2, 3], np.zeros((2, 5000))) == 0.5


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_scikit_learn_finds_the_same_by_the_highest_score(average):
    p, labels = several()
    guess = p.argmax(1)
    for ours, theirs in [
        (Precision(top_k=1, average=average), sklearn.precision_score),
        (Recall(top_k=1, average=average), sklearn.recall_score),
        (F1Score(average=average), sklearn.f1_score),
        (FBetaScore(average=average, beta=0.5), lambda *given, **named: sklearn.fbeta_score(*given, beta=0.5, **named)),
    ]:
        assert ours(labels, p) == pytest.approx(theirs(labels, guess, average=average), rel=1e-12)


def test_the_textbook_finds_the_same():
    p, labels = several()
    true, said = textbook.one_hot(labels, 4) > 0, p > 0.3
    for ours, expected in [
        (Precision(thresholds=0.3), textbook.precision(said, true)),
        (Recall(thresholds=0.3), textbook.recall(said, true)),
        (FBetaScore("micro", 2.0, 0.3), textbook.f_score(said, true, beta=2.0)),
        (F1Score("macro", 0.3), np.mean([textbook.f_score(said[:, k], true[:, k]) for k in range(4)])),
    ]:
        assert ours(labels, p) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "ours",
    [
        *(
            kind(**given)
            for kind in (Precision, Recall)
            for given in ({}, {"thresholds": 0.3}, {"top_k": 2}, {"class_id": 1})
        ),
        *(F1Score(average, threshold) for average in AVERAGES for threshold in (None, 0.3)),
        *(FBetaScore(average, 2.0) for average in AVERAGES),
    ],
    ids=repr,
)
def test_keras_counts_the_same(ours):
    p, labels = several()
    one_hot = np.eye(4, dtype=np.float32)[labels]
    given = {key: value for key, value in vars(ours).items() if key != "name"}
    if isinstance(ours, Precision | Recall):
        assert given.pop("average") == "micro"
    theirs = getattr(keras.metrics, type(ours).__name__)(**given)
    theirs.update_state(one_hot, p)
    assert ours(one_hot, p) == pytest.approx(float(theirs.result()), rel=1e-5)


def test_labels_that_are_none_of_the_classes_are_refused():
    with pytest.raises(DataError, match="7 is no class number"):
        Recall()([0, 7], np.zeros((2, 3)))
    with pytest.raises(ArgumentError, match="Recall compares number with number"):
        Recall()(np.zeros((2, 5)), np.zeros((2, 3)))


# The area under the ROC curve


def test_the_area_counts_pairs_by_hand():
    """Of the 4 pairs of a true and a false one, 3 stand in order."""
    assert AUC()([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == 3 / 4
    assert AUC()([0, 1], [0.5, 0.5]) == 1 / 2
    assert AUC()([0, 1, 1], [0.5, 0.5, 0.9]) == (1 / 2 + 1) / 2


def test_the_area_of_labels_that_are_all_alike_is_no_number():
    assert math.isnan(AUC()([1, 1], [0.5, 0.7]))
    assert AUC(multi_label=True)([[1, 0], [1, 1]], [[0.2, 0.3], [0.5, 0.9]]) == 1, "the mean of those that have one"


def test_a_network_that_only_says_nan_has_no_area():
    assert math.isnan(AUC()([0, 1], [math.nan, math.nan]))


@pytest.mark.parametrize("decimals", [1, 7], ids=["with ties", "without"])
def test_the_area_is_exact_whatever_the_scores_are(decimals):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    scores = (rng.standard_normal(200) + labels).round(decimals)
    found = AUC()(labels, scores)
    assert found == pytest.approx(textbook.area_under_roc(scores, labels > 0), rel=1e-12)
    assert found == pytest.approx(sklearn.roc_auc_score(labels, scores), rel=1e-12)
    assert AUC()(labels, scores / 1e6) == found, "the order alone counts"


def test_keras_comes_near_with_many_thresholds():
    rng = np.random.default_rng(0)
    one_hot = np.eye(4, dtype=np.float32)[rng.integers(0, 4, 400)]
    p = (rng.random((400, 4)) * 0.7 + 0.3 * one_hot).astype(np.float32)
    for multi_label in (False, True):
        theirs = keras.metrics.AUC(num_thresholds=5000, multi_label=multi_label)
        theirs.update_state(one_hot, p)
        assert AUC(multi_label)(one_hot, p) == pytest.approx(float(theirs.result()), abs=1e-3)


def test_scores_that_lie_close_together_are_told_apart_where_keras_takes_them_for_equal():
    labels, scores = [0, 1], np.array([[0.5001], [0.5002]], np.float32)
    theirs = keras.metrics.AUC()
    theirs.update_state(np.array([[0], [1]]), scores)
    assert float(theirs.result()) == pytest.approx(0.5)
    assert AUC()(labels, scores) == 1


def test_one_against_the_rest_is_that_of_scikit_learn():
    p, labels = several(200)
    p = p.astype(np.float64) / p.astype(np.float64).sum(1, keepdims=True)
    expected = sklearn.roc_auc_score(labels, p, multi_class="ovr", average="macro")
    assert AUC(multi_label=True)(labels, p) == pytest.approx(expected, rel=1e-12)
    pooled = sklearn.roc_auc_score(np.eye(4)[labels], p, average="micro")
    assert AUC()(labels, p) == pytest.approx(pooled, rel=1e-12)


@pytest.mark.parametrize("metric", [Precision(class_id=4), Recall(class_id=9, average="macro")])
def test_an_output_that_there_is_not_is_told(metric):
    p, labels = several()
    with pytest.raises(ArgumentError, match=r"class_id=\d, and the predictions have 4 outputs"):
        metric(labels, p)
