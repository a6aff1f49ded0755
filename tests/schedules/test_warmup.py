"""Rates that rise first: hand sums, the textbook, torch."""

import pytest
import torch

from striate import textbook
from striate.errors import ArgumentError, DeclarationError
from striate.schedules import ConstantRate, CosineDecay, LinearWarmup, OneCycle


def test_the_rise_leads_to_where_the_other_schedule_begins():
    schedule = LinearWarmup(3, CosineDecay(0.4, 10))
    assert [schedule(step) for step in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert schedule(3 + 5) == CosineDecay(0.4, 10)(5)


def test_no_step_of_a_rise_is_lost_to_a_rate_of_0():
    assert LinearWarmup(100, ConstantRate(0.1))(0) > 0


@pytest.mark.parametrize(("steps", "rise"), [(0.25, 10), (10, 10), (1, 1), (0.0, 0), (0, 0)])
def test_the_length_is_steps_or_a_share_of_the_run(steps, rise):
    resolved = LinearWarmup(steps, "cosine_decay").resolve(0.1, 40, 4)
    assert resolved.steps == rise
    assert resolved.after == CosineDecay(0.1, 40 - rise)
    assert resolved(rise) == 0.1


def test_a_share_needs_a_run():
    with pytest.raises(DeclarationError, match="5% of a run"):
        LinearWarmup()(0)


@pytest.mark.parametrize("steps", [1.5, -1, "all"])
def test_other_lengths_are_refused(steps):
    with pytest.raises(ArgumentError, match="LinearWarmup: steps must be"):
        LinearWarmup(steps)


def test_the_rise_is_that_of_the_textbook_from_one_step_above_0():
    schedule = LinearWarmup(9, ConstantRate(0.5))
    for step in range(20):
        assert schedule(step) == pytest.approx(textbook.linear_warmup(step, 0.5, 9, 0.5 / 10), rel=1e-12)


def test_one_cycle_by_hand():
    cycle = OneCycle(peak=0.5, start=0.0, end=0.0, anneal="linear").resolve(1.0, 10, 5)
    assert [cycle(step) for step in (0, 1, 4, 9)] == pytest.approx([0, 0.25, 1, 0])


@pytest.mark.parametrize("steps", [10, 11, 100, 1000])
def test_one_cycle_is_that_of_the_textbook(steps):
    ours = OneCycle(0.3, steps)
    for step in range(steps):
        assert ours(step) == pytest.approx(textbook.one_cycle(step, 0.3, steps), rel=1e-12)


@pytest.mark.parametrize(("anneal", "named"), [("cosine", "cos"), ("linear", "linear")])
@pytest.mark.parametrize("steps", [10, 97])
def test_one_cycle_is_torchs(anneal, named, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.3, steps, pct_start=0.4, anneal_strategy=named, div_factor=10, final_div_factor=100,
        cycle_momentum=False,
    )  # fmt: skip
    ours = OneCycle(0.3, steps, 0.4, 0.1, 0.001, anneal)
    for step in range(steps):
        assert ours(step) == pytest.approx(theirs.get_last_lr()[0], rel=1e-6)
        optimizer.step()
        if step < steps - 1:
            theirs.step()


def test_a_run_too_short_for_a_rise_begins_at_the_peak():
    assert [OneCycle(1.0, 2)(step) for step in range(2)] == pytest.approx([1, 4e-6])
    assert OneCycle(1.0, 1)(0) == 1


def test_after_the_cycle_the_rate_stays_low():
    assert OneCycle(1.0, 100)(500) == pytest.approx(4e-6)
