"""Confusion and regions: hand sums, the textbook, scikit-learn, Keras."""

import numpy as np
import pytest
import sklearn.metrics as sklearn

from striate import textbook
from striate.errors import ArgumentError, DataError
from striate.metrics import Dice, IoU, MeanIoU, confusion_matrix
from tests.parity import keras

TRUTH = np.array([[[0, 0, 1], [2, 1, 1]]])
GUESS = np.array([[[0, 1, 1], [2, 2, 1]]])
SCORES = np.eye(4)[GUESS]  # four classes, of which the last is neither true nor predicted


def test_a_row_is_the_truth_and_a_column_the_guess():
    assert confusion_matrix(TRUTH, GUESS).tolist() == [[1, 1, 0], [0, 2, 1], [0, 0, 1]]
    assert confusion_matrix(TRUTH, SCORES).tolist() == [[1, 1, 0, 0], [0, 2, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert confusion_matrix([0], [0], classes=2).tolist() == [[1, 0], [0, 0]]


def test_the_textbook_and_scikit_learn_count_the_same():
    truth, guess = np.random.default_rng(0).integers(0, 7, (2, 500))
    found = confusion_matrix(truth, guess, 7)
    assert np.array_equal(found, sklearn.confusion_matrix(truth, guess))
    assert np.array_equal(found, textbook.confusion_counts(guess, truth, 7))


@pytest.mark.parametrize(
    ("truth", "guess", "told"),
    [
        ([0, 5], [0, 1], "label 5 is no class number: 2 classes"),
        ([0, 1], [0, -1], "prediction -1 is no class number"),
        ([0, 0.5], [0, 1], "label 0.5 is no class number"),
    ],
)
def test_what_is_none_of_the_classes_is_refused(truth, guess, told):
    with pytest.raises(DataError, match=told):
        confusion_matrix(truth, guess, 2)


def test_labels_and_predictions_of_different_shape_are_refused():
    with pytest.raises(DataError, match=r"labels \(3,\), predictions \(2,\)"):
        confusion_matrix([0, 1, 1], [0, 1])
    with pytest.raises(ArgumentError, match="0 classes"):
        confusion_matrix([], [])


def test_regions_by_hand():
    """IoU 1/2, 2/4, 1/2; Dice 2/3, 4/6, 2/3."""
    assert MeanIoU()(TRUTH, SCORES) == (1 / 2 + 2 / 4 + 1 / 2) / 3
    assert IoU(target_class_ids=(0, 1))(TRUTH, SCORES) == 0.5
    assert Dice()(TRUTH, SCORES) == pytest.approx((2 / 3 + 4 / 6 + 2 / 3) / 3)


def test_one_output_tells_object_from_ground():
    truth = np.array([[[0, 1], [1, 1]]])
    scores = np.array([[[[0.1], [0.9]], [[0.3], [0.8]]]])
    for labels in (truth, truth[..., None]):
        assert IoU()(labels, scores) == 2 / 3
        assert MeanIoU()(labels, scores) == pytest.approx((1 / 2 + 2 / 3) / 2)
        assert Dice()(labels, scores) == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_the_textbook_covers_the_same():
    truth, guess = np.random.default_rng(0).integers(0, 5, (2, 6, 8, 8))
    scores = np.eye(5)[guess]
    shares = [textbook.intersection_over_union(guess, truth, c) for c in range(5)]
    assert MeanIoU()(truth, scores) == pytest.approx(np.mean(shares), rel=1e-12)
    assert IoU((1, 3))(truth, scores) == pytest.approx(np.mean([shares[1], shares[3]]), rel=1e-12)
    expected = np.mean([textbook.dice(guess, truth, c) for c in range(5)])
    assert Dice()(truth, scores) == pytest.approx(expected, rel=1e-12)
    assert Dice()(truth, scores) == pytest.approx(
        sklearn.f1_score(truth.ravel(), guess.ravel(), average="macro"), rel=1e-12
    )


def test_keras_covers_the_same():
    truth, guess = np.random.default_rng(0).integers(0, 5, (2, 6, 8, 8))
    for ours, theirs in [
        (MeanIoU(), keras.metrics.MeanIoU(5)),
        (IoU((1, 3)), keras.metrics.IoU(5, (1, 3))),
        (IoU(), keras.metrics.IoU(5, [1])),
    ]:
        theirs.update_state(truth, guess)
        assert ours(truth, np.eye(5)[guess]) == pytest.approx(float(theirs.result()), rel=1e-6)
    assert MeanIoU().name == "mean_io_u"


@pytest.mark.parametrize("classes", [(4,), ()])
def test_a_class_without_a_score_is_refused_and_the_fix_works(classes):
    with pytest.raises(ArgumentError, match="there are 4") as caught:
        IoU(classes)(TRUTH, SCORES)
    assert caught.value.fix == "target_class_ids=(3,)"
    IoU((3,))(TRUTH % 2 + 2, SCORES)
