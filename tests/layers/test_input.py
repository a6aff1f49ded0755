"""Where a network begins."""

import pytest

from striate.errors import ArgumentError
from striate.layers import Input, InputLayer
from tests.layers.by_hand import compute, grey


def test_the_input_is_a_value_that_nothing_makes():
    symbol = Input((28, 28, 1), name="digits")
    assert (symbol.shape, symbol.inputs, symbol.layer.name) == ((28, 28, 1), (), "digits")


def test_the_input_changes_nothing():
    assert compute(InputLayer((2, 2, 1)), grey([[1, 2], [3, 4]])) == grey([[1, 2], [3, 4]])


def test_a_list_is_as_good_as_a_tuple():
    assert Input([28, 28, 1]).shape == (28, 28, 1)  # ty: ignore[invalid-argument-type]


@pytest.mark.parametrize("shape", [(0, 28, 1), (28, -1, 1), (28.0, 28, 1), ("28", 28, 1), 28, (10**10, 1, 1)])
def test_sizes_that_no_image_has_are_refused(shape):
    with pytest.raises(ArgumentError, match="InputLayer: shape"):
        Input(shape)
