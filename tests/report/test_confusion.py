import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from striate.report.confusion import Pair, confusion, confusion_drawing, most_confused


def test_rows_are_true_and_columns_said():
    found = confusion(np.array([0, 0, 0, 1, 2]), np.array([0, 1, 1, 1, 0]), 4)
    assert found.tolist() == [[1, 2, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_the_matrix_is_scikit_learns(answers):
    labels, said = np.array(answers).T
    assert np.array_equal(confusion(labels, said, 5), confusion_matrix(labels, said, labels=range(5)))


def test_the_commonest_mistakes_come_first():
    matrix = np.array([[8, 2, 0], [3, 5, 2], [2, 0, 2]])
    assert most_confused(matrix) == [
        Pair(1, 0, 3, 0.3),
        Pair(2, 0, 2, 0.5),  # three times 2 images: a half of its class, then two fifths shared in order
        Pair(0, 1, 2, 0.2),
        Pair(1, 2, 2, 0.2),
    ]
    assert len(most_confused(matrix, 2)) == 2


def test_no_mistake_leaves_no_pairs():
    assert most_confused(np.diag([3, 4])) == []


def test_every_count_is_drawn_and_explained():
    drawn = confusion_drawing(np.array([[12_345, 1], [0, 4]]), ["a", "b"])
    assert "a named correctly: 12,345 of 12,346" in drawn
    assert "a taken for b: 1 of 12,346" in drawn
    assert ">12k</text>" in drawn
    assert drawn.count('class="none"') == 1


def test_the_shade_grows_with_the_root_of_the_count_within_its_colour():
    drawn = confusion_drawing(np.array([[100, 4], [1, 25]]), ["a", "b"])
    # Right: 1 and √(25/100) = 0.5; wrong: 1 and √(1/4) = 0.5; 0.1 + 0.9 times that.
    assert drawn.count('class="hit" fill-opacity="1.00"') == drawn.count('class="hit" fill-opacity="0.55"') == 1
    assert drawn.count('class="miss" fill-opacity="1.00"') == drawn.count('class="miss" fill-opacity="0.55"') == 1


@pytest.mark.parametrize("matrix", [np.zeros((2, 2), int), np.array([[0, 1], [1, 0]]), np.diag([1, 1])])
def test_a_matrix_with_only_one_colour_or_none_is_drawn(matrix):
    assert confusion_drawing(matrix, ["a", "b"]).startswith("<svg")


def test_names_that_differ_at_their_end_stay_apart():
    names = [f"a class whose name goes on and on {i}" for i in range(20)]
    drawn = confusion_drawing(np.eye(20, dtype=int), names)
    assert all(f'text-anchor="end">a class… on {i}</text>' in drawn for i in range(10, 20))
