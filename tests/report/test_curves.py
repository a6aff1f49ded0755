import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.report.curves import APART, BOTTOM, TOP, curves

TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


def test_a_measure_and_its_validation_share_a_drawing():
    found = curves({"loss": [2, 1], "val_loss": [3, 2], "accuracy": [0.5, 1], "learning_rate": [0.1, 0.1]})
    assert found is not None
    assert [re.search("<title>(.*?)</title>", drawn)[1] for drawn in found.drawings] == [
        "Loss by epoch: training from 2 to 1; validation from 3 to 2",
        "Accuracy by epoch: training from 50.0\u202f% to 100\u202f%",
    ]


def test_the_table_holds_every_column_and_counts_epochs_from_1():
    found = curves({"epoch": [0, 1], "loss": [2.0, 0.123456], "seconds": [1.5, 2], "images_per_second": [12345.6, 9]})
    assert found.columns == ("loss", "seconds", "images_per_second")
    assert found.rows == (("1", "2", "1.5", "12,346"), ("2", "0.1235", "2", "9"))


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"epoch": [0, 1]}])
def test_no_history_is_no_curve(history):
    assert curves(history) is None


def test_lists_of_unequal_length_are_filled_with_gaps():
    assert curves({"loss": [2.0, 1.0], "val_loss": [2.5]}).rows == (("1", "2", "2.5"), ("2", "1", "–"))


def test_values_that_are_no_numbers_are_named_and_break_the_line():
    found = curves({"loss": [3.0, math.nan, math.inf, 1.0], "accuracy": [None, 0.5, 0.5, 0.5], "val_loss": [1.0]})
    assert found.gaps == ((2, "loss"), (3, "loss"), (1, "accuracy"))
    (line,) = re.findall('<path d="([^"]*)" class="line training"', found.drawings[0])
    assert re.fullmatch(r"M[\d. ]+h0M[\d. ]+h0", line)


def test_a_measure_without_a_number_is_not_drawn():
    found = curves({"loss": [math.nan], "accuracy": [0.5]})
    assert len(found.drawings) == 1
    assert found.columns == ("loss", "accuracy")


@pytest.mark.parametrize(("best", "kept"), [(1, 1), (None, None), (7, None), (-1, None)])
def test_only_an_epoch_that_was_can_be_the_best(best, kept):
    found = curves({"loss": [2.0, 1.0]}, best)
    assert found.best == kept
    assert ("(best: 2)" in found.drawings[0]) == (kept is not None)


def test_the_best_epoch_is_marked_at_its_validation_value():
    drawn = curves({"loss": [4.0, 2.0, 1.0], "val_loss": [4.0, 3.0, 4.0]}, best=1).drawings[0]
    # x: 52 to 266 for epochs 1 to 3; y: 194 to 26 for 0 to 4 + 6 % of 3.
    (x, y) = re.search('<circle cx="([^"]*)" cy="([^"]*)"', drawn).groups()
    assert (float(x), float(y)) == pytest.approx((159, 194 - 168 * 3 / 4.18), abs=0.05)


@pytest.mark.parametrize(("values", "log"), [([21, 1], True), ([20, 1], False), ([21, 0], False), ([1, -30], False)])
def test_a_loss_that_falls_to_less_than_a_twentieth_is_drawn_by_its_logarithm(values, log):
    assert ("logarithmic" in curves({"loss": values}).drawings[0]) == log


@pytest.mark.parametrize("values", [[2.302585, 2.302584], [2.3, 2.3], [-70_000.0, -70_000.1], [0.0, 0.0]])
def test_a_loss_that_does_not_move_is_flat_and_has_ticks_that_differ(values):
    drawn = curves({"loss": values}).drawings[0]
    ticks = re.findall('text-anchor="end">([^<]*)</text>', drawn)
    assert len(set(ticks)) == len(ticks) >= 2
    (start, end) = re.findall(r"[ML][\d.]+ ([\d.]+)", re.search('<path d="([^"]*)" class="line', drawn)[1])
    assert abs(float(start) - float(end)) < 1


@pytest.mark.parametrize("name", ["accuracy", "top_5", "sparse_top_k_categorical_accuracy"])
def test_shares_are_written_in_per_cent(name):
    ticks = TEXT.findall(curves({name: [0.5, 1.0]}).drawings[0])
    assert "100\u202f%" in ticks
    assert not any(text.startswith("110") for text in ticks)


def test_an_accuracy_above_1_is_no_share():
    assert "%" not in curves({"accuracy": [50.0, 99.0]}).drawings[0]


@pytest.mark.parametrize("ends", [(1.0, 1.0), (1.0, 1.01), (0.0, 2.0), (0.02, 0.0)])
def test_the_names_of_two_lines_stand_apart_and_inside(ends):
    drawn = curves({"loss": [2.0, ends[0]], "val_loss": [2.0, ends[1]]}).drawings[0]
    heights = sorted(float(y) + 2 for y in re.findall(r'<tspan x="276" y="([-\d.]+)">', drawn))
    assert heights[1] - heights[0] >= APART - 0.1
    assert heights[0] >= TOP
    assert heights[1] <= BOTTOM


numbers = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True, width=32))
names = st.sampled_from(["loss", "val_loss", "accuracy", "val_accuracy", "mae", "<&>", "seconds", "epoch"])


@given(st.dictionaries(names, st.lists(numbers, max_size=6)), st.none() | st.integers(-2, 8))
@settings(max_examples=300, deadline=None)
def test_any_history_can_be_drawn(history, best):
    found = curves(history, best)
    for drawn in found.drawings if found else ():
        assert not re.search("nan|inf(?!o)", re.sub('<title>.*?</title>|aria-label="[^"]*"', "", drawn))
