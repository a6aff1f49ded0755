"""How a run fills in what a schedule leaves open."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from striate.errors import DeclarationError
from striate.schedules import Schedule


@dataclass(frozen=True)
class Half(Schedule, abstract=True):
    """The rate, halved after some steps."""

    filled: ClassVar = {"first": "learning_rate", "length": "steps", "epoch": "steps_per_epoch"}
    first: float | None = None
    length: int | None = None
    epoch: int | None = None

    def rate(self, step):
        return self.first / (1 + (step >= self.length))


def test_a_run_fills_in_its_rate_its_length_and_that_of_its_epochs():
    assert Half().resolve(0.1, 20, 5) == Half(0.1, 20, 5)
    assert Half(0.0, epoch=3).resolve(0.1, 20, 5) == Half(0.0, 20, 3)
    assert Half().resolve(0.1, 20, 5)(20) == 0.05


def test_a_run_is_one_step_long_at_least():
    assert Half().resolve(0.1, 0, 1).length == 1


def test_what_is_open_is_told_with_how_to_close_it():
    with pytest.raises(DeclarationError, match="Half leaves length open, and only a run can fill it in") as caught:
        Half(0.1)(0)
    assert caught.value.fix == "length=..., or resolve(learning_rate, steps, steps_per_epoch)"
