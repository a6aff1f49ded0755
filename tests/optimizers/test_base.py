"""What optimizers share."""

import pytest

from striate import optimizers, schedules
from striate.optimizers import SGD


def test_schedules_stand_where_keras_has_them():
    assert optimizers.schedules is schedules


@pytest.mark.parametrize("rate", [0.3, 1])
def test_the_base_rate_is_the_number_given(rate):
    assert SGD(rate).base_rate == rate


def test_the_base_rate_beside_a_schedule_is_that_of_the_class():
    assert SGD("one_cycle").base_rate == SGD().learning_rate == 0.01
