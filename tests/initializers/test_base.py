"""Connections into and out of a unit."""

import pytest

from striate import textbook
from striate.initializers import fans
from tests.parity import keras


def test_a_vector_has_its_length_for_both():
    assert fans((7,)) == (7, 7)
    assert fans(()) == (1, 1)


def test_connections_of_a_dense_layer_and_of_a_convolution():
    """Lecture 000: 784-30, and 20 filters of 5x5 on one channel."""
    assert fans((30, 784)) == (784, 30)
    assert fans((20, 1, 5, 5)) == (25, 500)


@pytest.mark.parametrize("shape", [(7,), (30, 784), (20, 3, 5), (20, 3, 5, 5), (20, 3, 5, 4, 3)])
def test_they_are_those_of_the_textbook_and_of_keras(shape):
    assert fans(shape) == textbook.fans(shape)
    of_keras = keras.src.initializers.random_initializers.compute_fans
    assert fans(shape) == of_keras((*shape[2:], *reversed(shape[:2])))
