"""Truth tables."""

import numpy as np
import pytest

from striate.datasets import Logic, logic
from striate.errors import ArgumentError


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("and", [0, 0, 0, 1]),
        ("or", [0, 1, 1, 1]),
        ("not", [1, 0]),
        ("majority", [0, 0, 0, 1, 0, 1, 1, 1]),
        ("xor", [0, 1, 1, 0]),
    ],
)
def test_every_combination_of_inputs_stands_once_with_what_is_true_of_it(function, says):
    x, y = logic.load_data(function)
    assert y.tolist() == says
    assert (x.dtype, y.dtype) == (np.float32, np.uint8)
    binary = ["".join(str(int(value)) for value in row) for row in x]
    assert [int(text, 2) for text in binary] == list(range(len(says)))
    data = Logic(function).load()
    assert np.array_equal(data.train.x, x)
    assert (data.test, data.classes) == (None, ("false", "true"))


def test_another_function_is_refused():
    with pytest.raises(ArgumentError, match="Logic: function must be 'and', 'or', 'not', 'majority' or 'xor'"):
        logic.load_data("nand")
