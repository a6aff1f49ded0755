import math

import numpy as np
import pytest

from striate.errors import DataError
from striate.utils import to_categorical
from tests.parity import keras


def test_each_class_number_becomes_a_row_with_a_single_one():
    assert to_categorical([1, 0, 2]).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert to_categorical([1], num_classes=4).tolist() == [[0, 1, 0, 0]]


def test_a_column_of_labels_is_a_row_of_them_and_a_map_keeps_its_shape():
    assert to_categorical([[1], [0]]).tolist() == [[0, 1], [1, 0]]
    assert to_categorical([[0, 1], [1, 1]]).shape == (2, 2, 2)
    assert to_categorical(0).tolist() == [1]


def test_no_labels_are_no_rows():
    assert to_categorical([], num_classes=3).shape == (0, 3)


@pytest.mark.parametrize("shape", [(7,), (7, 1), (2, 3), (2, 3, 1)])
def test_keras_makes_the_same(shape):
    labels = np.random.default_rng(0).integers(0, 5, shape)
    assert np.array_equal(to_categorical(labels, 5), keras.utils.to_categorical(labels, 5))


@pytest.mark.parametrize("labels", [["cat", "dog"], [0.5], [math.nan], [math.inf], [1j]])
def test_what_is_no_class_number_is_refused(labels):
    with pytest.raises(DataError, match="are no class numbers"):
        to_categorical(labels)


def test_a_number_beyond_the_classes_is_refused_and_the_fix_works():
    with pytest.raises(DataError, match="reach from 0 to 4; there are 4 classes") as refused:
        to_categorical([0, 4], num_classes=4)
    assert refused.value.fix == "num_classes=5"
    assert to_categorical([0, 4], num_classes=5).shape == (2, 5)


def test_a_number_below_0_is_refused():
    with pytest.raises(DataError) as refused:
        to_categorical([-1, 1])
    assert refused.value.fix == "number the classes from 0"
