import re

import numpy as np
import pytest

from striate.report.values import MOST, values_drawing


def points(drawn):
    return np.array(re.findall('<circle cx="([^"]*)" cy="([^"]*)"', drawn), float)


def test_a_value_met_exactly_lies_on_the_dashed_line():
    drawn = values_drawing(np.array([[0.0], [10.0]]), np.array([[0.0], [10.0]]))
    # 0 to 10 with 4 % air: from 52 to 350 across, from 310 to 12 upwards
    assert points(drawn).tolist() == pytest.approx(
        np.array([[52 + 298 * 0.4 / 10.8, 310 - 298 * 0.4 / 10.8], [350 - 298 * 0.4 / 10.8, 12 + 298 * 0.4 / 10.8]]),
        abs=0.05,
    )


def test_a_value_said_too_great_lies_above_the_line():
    ((x, y), _) = points(values_drawing(np.array([[0.0], [10.0]]), np.array([[5.0], [10.0]])))
    assert (x - 52) / 298 < (310 - y) / 298


def test_values_all_alike_can_be_drawn():
    assert len(points(values_drawing(np.ones((3, 1)), np.ones((3, 1))))) == 3


def test_every_column_is_drawn_up_to_a_limit():
    assert len(points(values_drawing(np.zeros((4, 2)), np.ones((4, 2))))) == 8
    assert len(points(values_drawing(np.zeros((MOST + 5, 1)), np.ones((MOST + 5, 1))))) == MOST
