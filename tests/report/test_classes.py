import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from striate.report.classes import ClassScore, class_scores, mean_score
from striate.report.confusion import confusion


def test_scores_are_the_sums_worked_out_by_hand():
    # Class 0 is right 3 times, said 5 times, true 4 times.
    first, second, third = class_scores(np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]]))
    assert (first.precision, first.recall, first.f1, first.support) == (3 / 5, 3 / 4, 6 / 9, 4)
    assert (second.precision, second.recall, second.f1, second.support) == (4 / 5, 4 / 6, 8 / 11, 6)
    assert third == ClassScore(2, 0.0, 0.0, 0.0, 0)


def test_f1_is_the_harmonic_mean():
    (score, _) = class_scores(np.array([[3, 1], [2, 4]]))
    assert score.f1 == pytest.approx(2 / (1 / score.precision + 1 / score.recall))


def test_the_mean_leaves_out_classes_without_images():
    scores = class_scores(np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]]))
    mean = mean_score(scores)
    assert mean.recall == pytest.approx((3 / 4 + 4 / 6) / 2)
    assert mean.f1 == pytest.approx((6 / 9 + 8 / 11) / 2)
    assert mean.support == 10


def test_the_mean_of_no_images_is_nothing():
    assert mean_score(class_scores(np.zeros((2, 2), int))) == ClassScore(-1, 0.0, 0.0, 0.0, 0)


@given(st.integers(2, 6), st.data())
@settings(max_examples=100, deadline=None)
def test_scores_are_scikit_learns(k, data):
    answers = data.draw(st.lists(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=1, max_size=40))
    labels, said = np.array(answers).T
    ours = class_scores(confusion(labels, said, k))
    theirs = precision_recall_fscore_support(labels, said, labels=range(k), zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "support"), theirs, strict=True):
        assert [getattr(score, name) for score in ours] == pytest.approx(list(values))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_the_mean_recall_is_scikit_learns_balanced_accuracy(answers):
    # Theirs warns of classes that were said but never true, so the four are all made true once, and right.
    labels, said = np.array([*answers, *zip(range(4), range(4), strict=True)]).T
    ours = mean_score(class_scores(confusion(labels, said, 4)))
    assert ours.recall == pytest.approx(balanced_accuracy_score(labels, said))
