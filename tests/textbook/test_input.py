"""The input gives the images on as they are."""

import numpy as np

from striate.textbook import InputLayer


def test_the_input_changes_nothing_on_the_way_in_or_out():
    brick, x = InputLayer(), np.array([[1.0, -2.0]])
    assert np.array_equal(brick.forward(x, {}), x)
    dx, gradients = brick.backward(np.array([[3.0, 4.0]]))
    assert np.array_equal(dx, [[3.0, 4.0]])
    assert gradients == {}
