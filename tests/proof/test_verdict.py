"""Which of three answers is wrong."""

import numpy as np
import pytest

from striate.proof import EXACT, Compared, Slope, apart, verdict

RIGHT = np.array([[1.0, -2.0], [0.5, 0.0]])


def compared(automatic, hand=None, kinks=()):
    """All numbers tried, and found right."""
    tried = {place: Slope(np.nan if place in kinks else float(RIGHT[place]), 0.0) for place in np.ndindex(*RIGHT.shape)}
    return {"dx": Compared(np.array(automatic), hand, tried)}


def said(found):
    return [(each.fault, each.cause) for each in verdict("mine", "Cubed", "_Cubed", {}, None, found)]


def test_a_difference_is_measured_in_the_largest_number_if_that_is_above_1():
    assert apart(np.array([1.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert apart(np.array([0.25]), np.array([0.5])) == 0.25
    assert apart(np.array([np.nan]), np.array([1.0])) == float("inf")
    assert apart(np.zeros((2, 1)), np.zeros((1, 2))) == float("inf")
    assert apart(np.zeros(0), np.zeros(0)) == 0.0


def test_where_all_agree_nothing_is_said():
    assert said(compared(RIGHT)) == []
    assert said(compared(RIGHT, RIGHT + EXACT)) == []


@pytest.mark.parametrize("hand", [None, RIGHT, -RIGHT])
def test_autograd_is_wrong_where_trying_says_so(hand):
    ((fault, cause),) = said(compared(-RIGHT, hand))
    others = "the textbook and trying say" if hand is RIGHT else "trying says"
    assert (fault, cause) == (
        "gradient-disagrees",
        f"the backward of _Cubed is wrong for dE/dx: its sign; {others} so",
    )


@pytest.mark.parametrize(
    ("wrong", "how"),
    [
        (-RIGHT, ": its sign"),
        (1.001 * RIGHT, ": it is 1.001 times what it must be"),
        (RIGHT + np.array([[0.0, 0.0], [0.0, 1e-4]]), ""),
        (RIGHT.T, ""),
    ],
)
def test_the_textbook_is_wrong_where_trying_and_autograd_say_so(wrong, how):
    ((fault, cause),) = said(compared(RIGHT, wrong))
    assert fault == "textbook-disagrees"
    assert cause == f"the backward rule of textbook.Cubed is wrong for dE/dx{how}; autograd and trying say so"


def test_what_is_too_little_for_trying_is_still_a_disagreement():
    ((fault, cause),) = said(compared(RIGHT, RIGHT * (1 + 1e-9)))
    assert fault == "textbook-disagrees"
    assert "by less than trying can tell" in cause


def test_a_gradient_where_there_must_be_none_is_told():
    found = {"dx": Compared(np.ones(2), None, {(0,): Slope(0.0, 0.0), (1,): Slope(0.0, 0.0)})}
    assert "it must be 0" in said(found)[0][1]


def test_on_a_kink_nothing_is_judged():
    wrong = RIGHT.copy()
    wrong[0, 1] = 7.0
    assert said(compared(wrong)) != []
    assert said(compared(wrong, kinks={(0, 1)})) == []


def test_the_numbers_of_the_place_are_told():
    wrong = RIGHT + np.array([[0.0, 0.0], [0.25, 0.0]])
    (finding,) = verdict("mine", "Cubed", "_Cubed", {}, None, compared(RIGHT, wrong))
    assert finding.evidence == "dE/dx[1, 0]: autograd 0.5, by hand 0.75, by trying 0.5"


def test_small_gradients_are_judged_as_sharply_as_large_ones():
    small = 1e-3 * RIGHT
    tried = {place: Slope(float(small[place]), 0.0) for place in np.ndindex(*RIGHT.shape)}
    assert said({"dx": Compared(1.001 * small, None, tried)}) != []
    assert said({"dx": Compared(small, None, tried)}) == []


def test_the_places_tried_are_the_doubtful_the_steepest_and_others_each_once():
    gradient = np.zeros((10, 10))
    gradient[3, 4], gradient[5, 5], gradient[6, 6] = 1.0, -5.0, 2.0
    hand = gradient.copy()
    hand[9, 9] = 1e-6
    places = Compared(gradient, hand).places(8, np.random.default_rng(0))
    assert places[:2] == [(9, 9), (5, 5)]
    assert {(3, 4), (6, 6)} < set(places)
    assert len(set(places)) == 8
    assert Compared(gradient).places(200, np.random.default_rng(0)).__len__() == 100
