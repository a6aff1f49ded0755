"""Accuracy, and the best k guesses."""

import numpy as np
import pytest

from striate.textbook import accuracy, top_k_accuracy

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
