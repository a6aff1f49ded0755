import math
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.report.svg import Scale, drawing, element, polyline


def test_text_and_attributes_are_escaped():
    drawn = element("text", '<b>&"', label='"><script>')
    assert drawn == '<text label="&#34;&gt;&lt;script&gt;">&lt;b&gt;&amp;&#34;</text>'
    read = ET.fromstring(drawn)  # noqa: S314  # drawn above
    assert (read.text, read.get("label")) == ('<b>&"', '"><script>')


def test_elements_within_elements_stay_elements():
    assert element("g", element("text", "<"), "<") == "<g><text>&lt;</text>&lt;</g>"


def test_letters_that_no_page_can_show_are_written_as_escapes():
    assert element("text", "\x00\udcff") == "<text>\\x00\\udcff</text>"


def test_coordinates_have_a_tenth_of_a_unit():
    assert element("path", x=1.26, y=2.0, n=3) == '<path x="1.3" y="2" n="3"/>'


@given(st.text(), st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_makes_a_drawing_that_can_be_read(label, text):
    read = ET.fromstring(drawing(10, 10, label, element("text", text)))  # noqa: S314  # drawn here
    assert [one.tag for one in read.iter()] == ["svg", "title", "text"]
    assert read.get("role") == "img"


def test_a_line_is_broken_where_a_point_is_no_number():
    points = [(0.0, 0.0), (1.0, 1.0), (2.0, math.nan), (math.inf, 3.0), (4.0, 4.0), (5.0, math.nan)]
    assert polyline(points) == '<path d="M0 0L1 1M4 4h0"/>'
    assert polyline([(0.0, math.nan)]) == ""


def test_numbers_are_laid_out_evenly_or_by_their_logarithms():
    even, log = Scale(2, 6, 100, 200), Scale(1, 1000, 0, 30, log=True)
    assert [even.at(value) for value in (2, 3, 6, 8)] == [100, 125, 200, 250]
    assert [log.at(value) for value in (1, 10, 1000)] == pytest.approx([0, 10, 30])
    assert math.isnan(even.at(math.nan))
    assert math.isnan(log.at(0))


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Scale(0, 1, 0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]),  # 1/5 = 0.2 is round itself
        (Scale(0, 0.7, 0, 1), [0, 0.2, 0.4, 0.6]),  # 0.14 becomes 0.2
        (Scale(-1, 1, 0, 1), [-1, -0.5, 0, 0.5, 1]),  # 0.4 becomes 0.5
        (Scale(0.93, 1, 0, 1), [0.94, 0.96, 0.98, 1]),  # 0.014 becomes 0.02
        (Scale(0, 26, 0, 1), [0, 10, 20]),  # 5.2 becomes 10
        (Scale(0.001, 1, 0, 1, log=True), [0.001, 0.01, 0.1, 1]),
        (Scale(1, 9, 0, 1, log=True), [1, 2, 5]),
        (Scale(1e-9, 1, 0, 1, log=True), [1e-9, 1e-7, 1e-5, 1e-3, 0.1]),  # ten powers thinned to every second
    ],
)
def test_ticks_are_round_numbers_inside(scale, ticks):
    assert scale.ticks(5) == pytest.approx(ticks)


def test_ticks_of_epochs_are_whole():
    assert Scale(1, 3, 0, 1).ticks(6, whole=True) == [1, 2, 3]
    assert Scale(1, 30, 0, 1).ticks(6, whole=True) == [5, 10, 15, 20, 25, 30]


@given(st.floats(-1e3, 1e3), st.floats(1, 1e6), st.floats(1e-6, 1e6), st.integers(4, 8))
@settings(max_examples=300, deadline=None)
def test_any_span_has_some_round_ticks_inside(start, span, unit, count):
    low, span = start * unit, span * unit
    high = low + span
    ticks = Scale(low, high, 0, 1).ticks(count)
    assert 1 <= len(ticks) <= count + 1
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0
    assert all(low - 1e-6 * span <= tick <= high + 1e-6 * span for tick in ticks)
    assert [b - a for a, b in pairwise(ticks)] == pytest.approx([step] * (len(ticks) - 1), rel=1e-4)


@given(st.floats(1e-12, 1e6), st.floats(1.5, 1e12), st.integers(2, 6))
@settings(max_examples=300, deadline=None)
def test_logarithmic_ticks_lie_inside_and_are_few(low, ratio, count):
    scale = Scale(low, low * ratio, 0, 1, log=True)
    ticks = scale.ticks(count)
    assert len(ticks) <= count + 1
    assert all(-1e-6 <= scale.at(tick) <= 1 + 1e-6 for tick in ticks)
