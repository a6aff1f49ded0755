import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import mean_absolute_error, r2_score

from striate.report import Results, verdict, wilson
from striate.report.verdict import regression

Z2 = 1.959964**2
"""3.841459: the square of the number of standard deviations that hold 95 %."""


def coins(labels, said, **changes):
    """Heads or tails, said with 90 % confidence."""
    outputs = np.where(np.eye(2)[said] == 1, 0.9, 0.1)
    return Results(title="coins", class_names=["heads", "tails"], labels=labels, outputs=outputs, **changes)


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        (0, 1, 0, Z2 / (1 + Z2)),  # p = 0: the middle and the half are both z²/2n / (1 + z²/n)
        (1, 1, 1 / (1 + Z2), 1),
        (0, 10, 0, Z2 / (10 + Z2)),  # 0.2775
        (2, 4, 0.150039, 0.849961),  # 0.5 ± 1.959964 / (2 √(4 + 3.841459))
        (359, 359, 359 / (359 + Z2), 1),  # 0.9894
        (0, 0, 0, 1),  # nothing was seen, nothing is known
    ],
)
def test_the_interval_is_the_sum_worked_out_by_hand(right, total, low, high):
    assert wilson(right, total) == pytest.approx((low, high), abs=1e-6)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_the_interval_is_scipys(data):
    total = data.draw(st.integers(1, 10**6))
    right = data.draw(st.integers(0, total))
    theirs = binomtest(right, total).proportion_ci(0.95, "wilson")
    low, high = wilson(right, total)
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert 0 <= low <= right / total <= high <= 1


def test_the_interval_shrinks_with_the_root_of_the_number_of_images():
    widths = [high - low for low, high in (wilson(9 * n, 10 * n) for n in (100, 10_000))]
    assert widths[0] / widths[1] == pytest.approx(10, rel=0.01)


def test_the_baseline_is_the_class_that_is_most_frequent():
    found = verdict(coins([0, 1, 1, 1], [0, 1, 1, 0]))
    assert found.baseline == ("always “tails”", 0.75)
    assert (found.number, found.share) == ("75\u202f%", 0.75)


def test_the_baseline_is_what_training_saw_most_often_where_that_is_known():
    assert verdict(coins([0, 1, 1, 1], [0, 1, 1, 0], majority=0)).baseline == ("always “heads”", 0.25)


@pytest.mark.parametrize(
    ("right", "compared"),
    [
        (50, "Not clearly better than"),  # wilson(50, 100) = 0.404 to 0.596, around 0.5
        (59, "Not clearly better than"),  # from 0.492
        (60, "Better than"),  # from 0.502
        (41, "Not clearly better than"),  # up to 0.508
        (40, "Worse than"),  # up to 0.498
    ],
)
def test_better_and_worse_are_only_said_outside_the_interval(right, compared):
    labels = np.arange(100) % 2
    said = np.where(np.arange(100) < right, labels, 1 - labels)
    assert verdict(coins(labels, said)).sentences[1].startswith(f"{compared} always saying “heads”")


@pytest.mark.parametrize(
    ("n", "wrong", "sentence"),
    [
        (10, 0, "None is wrong."),
        (10, 1, "One is wrong."),
        (10, 3, "3 are wrong, about 1 in 3."),
        (10, 4, "4 are wrong."),  # "1 in 2" would say less than the number does
        (359, 4, "4 are wrong, about 1 in 90."),  # 89.75
        (3000, 1500, "1,500 are wrong."),
    ],
)
def test_the_mistakes_are_counted_in_words(n, wrong, sentence):
    labels = np.zeros(n, int)
    assert verdict(coins(labels, (np.arange(n) < wrong).astype(int))).sentences[0] == sentence


@pytest.mark.parametrize(("n", "number"), [(99, "99\u202f%"), (100, "99.0\u202f%"), (2000, "99.95\u202f%")])
def test_the_number_has_the_decimals_that_its_images_support(n, number):
    assert verdict(coins(np.zeros(n, int), np.eye(1, n, dtype=int)[0])).number == number


def test_the_part_that_was_shown_is_named():
    assert verdict(coins([0], [0], part="validation")).unit == "of 1 validation images named correctly"


def test_without_images_nothing_is_claimed():
    found = verdict(Results(title="nothing", class_names=["a", "b"]))
    assert (found.number, found.share, found.interval) == ("–", None, None)
    assert found.sentences == ("How good the network is on images it has not seen is not known.",)


def test_errors_of_values_are_the_sums_worked_out_by_hand():
    found = regression(np.array([[1.0], [2.0], [6.0]]), np.array([[2.0], [2.0], [4.0]]))
    # |1| + |0| + |-2| = 3 of 3; from the median 2: 1 + 0 + 4 = 5 of 3; 1 + 0 + 4 against 4 + 1 + 9 from the mean 3
    assert found == pytest.approx({"mae": 1.0, "baseline": 5 / 3, "r2": 1 - 5 / 14})


@given(st.lists(st.tuples(*[st.floats(-100, 100)] * 4), min_size=2, max_size=30))
@settings(max_examples=100, deadline=None)
def test_errors_of_values_are_scikit_learns(rows):
    labels, outputs = np.round(np.array(rows), 3)[:, :2], np.round(np.array(rows), 3)[:, 2:]
    found = regression(labels, outputs)
    assert found["mae"] == pytest.approx(mean_absolute_error(labels, outputs))
    if (np.ptp(labels, axis=0) > 0).all():
        assert found["r2"] == pytest.approx(r2_score(labels, outputs))


def test_values_without_spread_have_no_r2():
    assert math.isnan(regression(np.ones((3, 1)), np.zeros((3, 1)))["r2"])
    found = verdict(Results(title="constant", labels=[1.0, 1.0], outputs=[1.0, 1.0]))
    assert found.number == "0"
    assert not any("R²" in sentence for sentence in found.sentences)
    assert found.sentences[0] == "No better than always saying the median, which would be off by 0."
