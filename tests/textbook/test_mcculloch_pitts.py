"""The neuron of 1943."""

import numpy as np

from striate.textbook import McCullochPitts


def test_enough_excitation_fires_unless_something_inhibits():
    given = {
        "excite": np.array([[1.0, 1.0, 0.0]]),
        "inhibit": np.array([[0.0, 0.0, 1.0]]),
        "threshold": np.array([2.0]),
    }
    x = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    brick = McCullochPitts()
    assert brick.forward(x, given).tolist() == [[0], [1], [0]]
    assert brick.backward(np.ones((3, 1)))[0].tolist() == np.zeros((3, 3)).tolist()
