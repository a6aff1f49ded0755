import numpy as np
import pytest

from striate.errors import ArgumentError
from striate.initializers import Constant, RandomUniform
from striate.layers import ELU, Dense, Dropout, LeakyReLU
from striate.optimizers import SGD, Adagrad
from striate.units import bytes_text, count_text, seconds_text


@pytest.mark.parametrize(
    "declare",
    [
        LeakyReLU,
        ELU,
        lambda number: Constant(-number),
        lambda number: RandomUniform(-number, number),
        SGD,
        lambda number: Adagrad(initial_accumulator_value=number),
    ],
)
def test_a_number_that_single_precision_cannot_hold_is_refused(declare):
    for number in (1.1e38, 1e39, 1e300):
        with pytest.raises(ArgumentError, match=r"must lie between -1e\+38 and 1e\+38"):
            declare(number)
    declare(1e38)


def test_the_scalars_of_numpy_are_taken_as_numbers_and_arrays_are_not():
    assert type(Dense(np.int64(3)).units) is int
    assert type(Dropout(np.float64(0.5)).rate) is float
    for wrong in (np.array([3]), 3.0, "3", True, 0, 10**9 + 1):
        with pytest.raises(ArgumentError, match="units"):
            Dense(wrong)


def test_numbers_are_written_for_people():
    assert [bytes_text(n) for n in (0, 999, 1000, 246_824, 3.2e9)] == ["0 B", "999 B", "1.0 kB", "247 kB", "3.2 GB"]
    assert count_text(61706) == "61,706"
    assert [seconds_text(s) for s in (0.0123, 1.5, 75, 3725)] == ["12 ms", "1.5 s", "1 min 15 s", "1 h 2 min"]
