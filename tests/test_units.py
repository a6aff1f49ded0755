import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.units import bytes_text, count_text, seconds_text


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


def test_counts_have_thousands_separators():
    assert (count_text(999), count_text(61_706)) == ("999", "61,706")
