import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from striate.report.text import (
    clean,
    compact,
    mathematical,
    percent,
    share_digits,
    shared_folder,
    short,
    sizes,
)


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.98886, 1, "98.9\u202f%"),
        (0.98886, 0, "99\u202f%"),
        (0.9996, 1, "99.9\u202f%"),  # not everything
        (0.996, 0, "99\u202f%"),
        (0.0004, 1, "0.1\u202f%"),  # not nothing
        (1, 2, "100\u202f%"),
        (0, 2, "0\u202f%"),
        (1.5, 1, "150.0\u202f%"),
        (-0.25, 1, "-25.0\u202f%"),
        (math.nan, 1, "–"),
    ],
)
def test_a_share_is_written_in_per_cent(share, digits, text):
    assert percent(share, digits) == text


@given(st.integers(1, 10**6), st.data())
@settings(max_examples=200, deadline=None)
def test_only_all_is_100_per_cent_and_only_none_is_0(n, data):
    right = data.draw(st.integers(0, n))
    written = percent(right / n, share_digits(n))
    assert (float(written[:-2]) == 100) == (right == n)
    assert (float(written[:-2]) == 0) == (right == 0)


@pytest.mark.parametrize(("count", "digits"), [(0, 0), (99, 0), (100, 1), (1999, 1), (2000, 2), (10_000, 2)])
def test_more_images_support_more_decimals(count, digits):
    assert share_digits(count) == digits


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (9999, "9999"),
        (10_000, "10k"),
        (61_706, "62k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (2_382_848, "2.4M"),
        (9_960_000, "10M"),
        (138_357_544, "138M"),
        (999_600_000, "1.0G"),
        (15_470_264_320, "15G"),
    ],
)
def test_a_count_takes_at_most_four_letters(count, text):
    assert compact(count) == text


@given(st.integers(0, 999 * 10**9))
@settings(max_examples=300, deadline=None)
def test_no_count_takes_five_letters(count):
    assert len(compact(count)) <= 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.1235"),
        (-2.5, "\u22122.5"),
        (0.0, "0"),
        (-1e-9, "\u22121e\u221209"),
        (1234567, "1.235e+06"),
        (math.inf, "–"),
    ],
)
def test_a_number_has_four_digits(value, text):
    assert mathematical(value) == text


def test_shapes_are_written_with_crosses():
    assert sizes((1024, 28, 1)) == "1,024 × 28 × 1"
    assert sizes(()) == ""


@pytest.mark.parametrize(
    ("name", "limit", "text"),
    [
        ("abcdefgh", 8, "abcdefgh"),
        ("abcdefghi", 8, "abcd…ghi"),
        ("abcdefghi", 7, "abc…ghi"),
        ("a\nb", 9, "a\\nb"),
        ("ab", 1, "…"),
    ],
)
def test_a_long_name_is_cut_in_its_middle(name, limit, text):
    assert short(name, limit) == text


@given(st.text(max_size=60), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_no_name_is_longer_than_its_limit_or_unprintable(name, limit):
    assert len(short(name, limit)) <= limit
    assert all(letter.isprintable() or letter in "\u00a0\u202f" for letter in short(name, limit))


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        ([], ""),
        (["a/b/c.png"], "a/b/"),
        (["a/cat/1.png", "a/cow/1.png"], "a/"),  # not a/c
        (["/a/1.png", "b/1.png"], ""),
        (["1.png", "2.png"], ""),
    ],
)
def test_the_folder_that_paths_share_ends_at_a_slash(paths, folder):
    assert shared_folder(paths) == folder


def test_only_text_is_cleaned():
    markup = Markup("<b>\x07</b>")
    assert clean(markup) is markup
    assert clean(7) == 7
    assert clean("a\x07\nb\u202e") == "a\\x07\nb\\u202e"
