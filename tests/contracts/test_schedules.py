"""Every schedule is declared as concepts are, and a run fills in what it leaves open, and that alone."""

import dataclasses
import math

import pytest

from striate import catalog
from striate.errors import DeclarationError
from tests.contracts.declarations import check_declaration, shelf_members, variants

MEMBERS = shelf_members("schedules")
RUN = (0.1, 200, 20)
"""Learning rate, steps, steps of an epoch."""
RELATIVE = {"LinearWarmup": ("steps", "after")}
"""Arguments that a run turns into others: a share of its steps, a schedule that leaves something open."""


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_declared_as_concepts_are(name):
    check_declaration(MEMBERS[name])


@pytest.mark.parametrize("name", MEMBERS)
def test_in_a_run_it_gives_a_rate_for_every_step_and_beyond_the_end(name):
    for schedule in variants(MEMBERS[name]):
        resolved = schedule.resolve(*RUN)
        rates = [resolved(step) for step in (*range(200), 1000)]
        assert all(isinstance(rate, float) and 0 <= rate < math.inf for rate in rates)
        assert max(rates) > 0


@pytest.mark.parametrize("name", MEMBERS)
def test_what_is_given_stays_and_nothing_is_left_open(name):
    for schedule in variants(MEMBERS[name]):
        resolved = schedule.resolve(*RUN)
        assert type(resolved) is type(schedule)
        for field in dataclasses.fields(schedule):
            value = getattr(schedule, field.name)
            if value is not None and field.name not in RELATIVE.get(name, ()):
                assert getattr(resolved, field.name) == value
        assert all(getattr(resolved, left_open) is not None for left_open in schedule.filled)
        assert resolved.resolve(9.0, 9, 9) == resolved
        assert catalog.from_table("schedules", catalog.describe(resolved)) == resolved


@pytest.mark.parametrize("name", MEMBERS)
def test_outside_a_run_what_is_left_open_is_told(name):
    schedule = MEMBERS[name].example()
    for left_open in schedule.filled:
        with pytest.raises(DeclarationError, match=f"{name} leaves {left_open} open"):
            dataclasses.replace(schedule.resolve(*RUN), **{left_open: None})(0)


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_a_run_of_few_steps_still_learns(name, steps):
    resolved = MEMBERS[name].example().resolve(0.1, steps, 1)
    assert max(resolved(step) for step in range(steps)) > 0.01
