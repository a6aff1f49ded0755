import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.errors import ArgumentError
from striate.initializers import Constant, RandomUniform
from striate.layers import ELU, Dense, Dropout, LeakyReLU
from striate.optimizers import SGD, Adagrad
from striate.units import bytes_text, count_text, counted, seconds_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (46_080, "46.1 kB"),
        (99_940, "99.9 kB"),
        (99_960, "100 kB"),
        (999_400, "999 kB"),
        (999_500, "1.0 MB"),
        (25_276_502_016, "25.3 GB"),
        (3 * 10**15, "3000 TB"),
    ],
)
def test_bytes_are_written_in_the_unit_that_fits(number, text):
    assert bytes_text(number) == text


@given(st.integers(0, 10**15 - 10**12))
def test_no_unit_counts_a_thousand_of_itself(number):
    assert float(bytes_text(number).split()[0]) < 1000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.2145, "214 ms"),
        (0.9996, "1.0 s"),
        (11.201, "11.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (75, "1 min 15 s"),
        (119.6, "2 min 0 s"),
        (3599.6, "1 h 0 min"),
        (7320, "2 h 2 min"),
    ],
)
def test_times_are_written_as_a_person_would_say_them(seconds, text):
    assert seconds_text(seconds) == text


def test_one_thing_is_told_from_several():
    assert [counted(number, "image") for number in (0, 1, 2, 1200)] == [
        "0 images",
        "1 image",
        "2 images",
        "1,200 images",
    ]


def test_counts_have_thousands_separators():
    assert (count_text(999), count_text(61_706)) == ("999", "61,706")


@pytest.mark.parametrize(
    "declare",
    [
        LeakyReLU,
        ELU,
        lambda number: Constant(-number),
        lambda number: RandomUniform(-number, number),
        SGD,
        lambda number: Adagrad(initial_accumulator_value=number),
    ],
)
def test_a_number_that_single_precision_cannot_hold_is_refused(declare):
    for number in (1.1e38, 1e39, 1e300):
        with pytest.raises(ArgumentError, match=r"must lie between -1e\+38 and 1e\+38"):
            declare(number)
    declare(1e38)


def test_the_scalars_of_numpy_are_taken_as_numbers_and_arrays_are_not():
    assert type(Dense(np.int64(3)).units) is int
    assert type(Dropout(np.float64(0.5)).rate) is float
    for wrong in (np.array([3]), 3.0, "3", True, 0, 10**9 + 1):
        with pytest.raises(ArgumentError, match="units"):
            Dense(wrong)
