"""Accuracy, the best k guesses, and what else is said of answers and quantities."""

import numpy as np
import pytest

from striate.textbook import (
    accuracy,
    area_under_roc,
    calibration_error,
    confusion_counts,
    dice,
    f_score,
    intersection_over_union,
    mean_cosine,
    perplexity,
    precision,
    r2_score,
    recall,
    root_mean_squared_error,
    top_k_accuracy,
)

SCORES = np.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3], [0.2, 0.3, 0.5], [0.7, 0.2, 0.1]])


def test_accuracy_counts_the_samples_whose_class_is_first():
    assert accuracy(SCORES, np.array([1, 0, 0, 2])) == 0.5


def test_the_best_two_guesses_count_for_top_2():
    assert top_k_accuracy(SCORES, np.array([2, 2, 0, 2]), k=2) == 0.5
    assert top_k_accuracy(SCORES, np.array([2, 2, 0, 2]), k=3) == 1.0


def test_more_guesses_than_classes_are_always_right():
    assert top_k_accuracy(SCORES, np.array([0, 1, 2, 0])) == 1.0


def test_the_first_of_equal_scores_is_the_guess():
    ties = np.zeros((2, 3))
    assert accuracy(ties, np.array([0, 1])) == 0.5
    assert top_k_accuracy(ties, np.array([1, 2]), k=2) == 0.5


def test_the_pixels_of_a_map_are_counted_one_by_one():
    scores = np.moveaxis(SCORES.reshape(1, 2, 2, 3), -1, 1)
    assert accuracy(scores, np.array([[[1, 0], [2, 2]]])) == 0.75


def test_accuracy_is_top_1():
    rng = np.random.default_rng(0)
    scores, labels = rng.standard_normal((50, 10)), rng.integers(0, 10, 50)
    assert accuracy(scores, labels) == top_k_accuracy(scores, labels, k=1) == np.mean(scores.argmax(axis=1) == labels)


def test_shapes_that_do_not_go_together_are_refused():
    with pytest.raises(ValueError, match=r"the prediction is \(4, 3\), the target \(3,\)"):
        accuracy(SCORES, np.array([0, 1, 2]))


def test_precision_asks_what_was_said_and_recall_what_is_true():
    said, true = np.array([1, 1, 1, 0, 0]) > 0, np.array([1, 1, 0, 1, 0]) > 0
    said[4] = True
    assert (precision(said, true), recall(said, true)) == (2 / 4, 2 / 3)
    assert f_score(said, true) == pytest.approx(2 / (4 / 2 + 3 / 2))
    assert f_score(said, true, beta=100.0) == pytest.approx(2 / 3, rel=1e-3)


def test_who_never_says_yes_is_right_never():
    nobody, true = np.zeros(3, bool), np.ones(3, bool)
    assert precision(nobody, true) == recall(nobody, true) == recall(true, nobody) == f_score(nobody, true) == 0


def test_the_area_is_1_in_order_and_one_half_for_equals():
    true = np.array([False, False, True])
    assert area_under_roc(np.array([0.1, 0.2, 0.3]), true) == 1
    assert area_under_roc(np.array([0.3, 0.2, 0.1]), true) == 0
    assert area_under_roc(np.zeros(3), true) == 0.5


def test_regions_are_compared_by_their_common_part():
    guess, truth = np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1])
    assert confusion_counts(guess, truth, 2).tolist() == [[1, 1], [0, 2]]
    assert (intersection_over_union(guess, truth, 1), dice(guess, truth, 1)) == (2 / 3, 4 / 5)


def test_the_end_of_a_bin_belongs_to_it():
    confidence, right = np.array([0.5, 0.6]), np.array([True, False])
    assert calibration_error(confidence, right, bins=2) == pytest.approx((0.5 + 0.6) / 2)
    assert calibration_error(confidence, right, bins=1) == pytest.approx(0.05)


def test_distances_and_directions_by_hand():
    p, t = np.array([[3.0], [4.0]]), np.array([[3.0], [1.0]])
    assert root_mean_squared_error(p, t) == pytest.approx(np.sqrt(9 / 2))
    assert r2_score(p, t) == 1 - 9 / 2
    assert mean_cosine(p, -t) == -1
    assert perplexity(np.full((2, 5), 0.2), np.array([0, 3])) == pytest.approx(5)
