"""Calibration and perplexity: hand sums, the textbook, the report and the losses."""

import math

import numpy as np
import pytest
import sklearn.metrics

from striate import textbook
from striate.losses import BinaryCrossentropy, SparseCategoricalCrossentropy
from striate.metrics import ExpectedCalibrationError, Perplexity
from striate.report.calibration import calibration_bins, calibration_error


def several(n=200, k=5):
    rng = np.random.default_rng(0)
    scores = 2 * rng.standard_normal((n, k))
    return np.exp(scores) / np.exp(scores).sum(1, keepdims=True), rng.integers(0, k, n), scores


def test_the_calibration_error_by_hand():
    """Three answers of 0.9, all right: 0.1 apart; one of 1.0, wrong: 1 apart. The bins end at 0.9 and 1."""
    p = [[0.9, 0.1]] * 3 + [[1.0, 0.0]]
    assert ExpectedCalibrationError()([0, 0, 0, 1], p) == pytest.approx(3 / 4 * 0.1 + 1 / 4 * 1)
    assert ExpectedCalibrationError(bins=1)([0, 0, 0, 1], p) == pytest.approx(abs(3 / 4 - 3.7 / 4))


def test_one_output_is_as_sure_of_no_as_of_yes():
    assert ExpectedCalibrationError()([0, 1], [0.1, 0.95]) == pytest.approx((0.1 + 0.05) / 2)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_the_textbook_and_the_report_find_the_same(bins):
    p, labels, _ = several()
    confidence, right = p.max(1), p.argmax(1) == labels
    found = ExpectedCalibrationError(bins)(labels, p)
    assert found == pytest.approx(textbook.calibration_error(confidence, right, bins), rel=1e-12)
    assert found == pytest.approx(calibration_error(calibration_bins(confidence, right, bins)), rel=1e-12)


def test_the_perplexity_of_a_guess_is_the_number_of_classes():
    assert Perplexity()([0, 1, 2], np.full((3, 7), 1 / 7)) == pytest.approx(7)
    assert Perplexity(from_logits=True)([0, 1, 2], np.zeros((3, 7))) == pytest.approx(7)
    assert Perplexity()([0, 1], [0.5, 0.5]) == pytest.approx(2)


def test_the_perplexity_is_e_to_the_loss():
    p, labels, scores = several()
    expected = textbook.perplexity(p, labels)
    assert Perplexity()(labels, p) == pytest.approx(expected, rel=1e-12)
    assert Perplexity(from_logits=True)(labels, scores) == pytest.approx(expected, rel=1e-12)
    assert math.log(expected) == pytest.approx(SparseCategoricalCrossentropy()(labels, p), rel=1e-12)
    assert math.log(expected) == pytest.approx(sklearn.metrics.log_loss(labels, p), rel=1e-12)
    yes, score = labels > 2, scores[:, 0]
    for from_logits, given in ((True, score), (False, 1 / (1 + np.exp(-score)))):
        loss = BinaryCrossentropy(from_logits=from_logits)(yes, given)
        assert Perplexity(from_logits=from_logits)(yes, given) == pytest.approx(math.exp(loss), rel=1e-9)


def test_small_numbers_are_the_good_ones():
    assert ExpectedCalibrationError.direction == Perplexity.direction == "min"
