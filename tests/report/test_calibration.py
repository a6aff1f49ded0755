import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.report.calibration import Bin, calibration_bins, calibration_drawing, calibration_error


def test_answers_are_counted_by_their_confidence():
    confidence = np.array([0.55, 0.6, 0.65, 0.95, 1.0])
    right = np.array([True, False, True, True, True])
    bins = calibration_bins(confidence, right)
    assert [(one.low, one.high, one.count, one.right) for one in bins] == [
        (0.5, 0.6, 2, 1),  # 0.6 is the end of its range, not the beginning of the next
        (0.6, 0.7, 1, 1),
        (0.9, 1.0, 2, 2),
    ]
    assert [one.confidence for one in bins] == pytest.approx([0.575, 0.65, 0.975])
    assert [one.accuracy for one in bins] == [0.5, 1.0, 1.0]


@pytest.mark.parametrize("i", range(1, 11))
def test_a_round_confidence_ends_its_range(i):
    (found,) = calibration_bins(np.array([i / 10]), np.array([True]))
    assert found.high == i / 10


def test_no_confidence_at_all_is_in_the_first_range():
    assert calibration_bins(np.array([0.0]), np.array([False]))[0].low == 0


def test_the_calibration_error_is_the_sum_worked_out_by_hand():
    # 2 of 5 answers: |1/2 - 0.575| = 0.075; 1: |1 - 0.65| = 0.35; 2: |1 - 0.975| = 0.025
    bins = [Bin(0.5, 0.6, 2, 1, 0.575), Bin(0.6, 0.7, 1, 1, 0.65), Bin(0.9, 1.0, 2, 2, 0.975)]
    assert calibration_error(bins) == pytest.approx((2 * 0.075 + 0.35 + 2 * 0.025) / 5)


def test_a_network_that_knows_its_chances_has_no_calibration_error():
    confidence, right = np.repeat([0.8, 0.6], 10), np.array([True] * 8 + [False] * 2 + [True] * 6 + [False] * 4)
    assert calibration_error(calibration_bins(confidence, right)) == pytest.approx(0)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_the_calibration_error_is_that_of_a_plain_loop(answers):
    gaps: dict[int, float] = {}
    for confidence, right in answers:
        place = next(i for i in range(10) if confidence <= (i + 1) / 10)
        gaps[place] = gaps.get(place, 0.0) + right - confidence
    confidence, right = (np.array(column) for column in zip(*answers, strict=True))
    bins = calibration_bins(confidence, right)
    assert sum(one.count for one in bins) == len(answers)
    assert calibration_error(bins) == pytest.approx(sum(map(abs, gaps.values())) / len(answers), abs=1e-12)


def test_the_drawing_says_what_each_range_holds():
    drawn = calibration_drawing([Bin(0.5, 0.6, 4, 2, 0.55), Bin(0.9, 1.0, 12_345, 12_000, 0.97)])
    assert (
        "confidence 50.0\u202f% to 60.0\u202f%: 4 answers, 50.0\u202f% right "
        "(95\u202f% interval 15.0\u202f% to 85.0\u202f%)" in drawn
    )
    assert "12,345 answers" in drawn
    assert ">12k</text>" in drawn
    assert drawn.count("<circle") == 2
