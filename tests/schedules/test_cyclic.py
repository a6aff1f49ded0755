"""Rates that rise again: hand sums, the textbook, Keras, torch."""

import math

import pytest
import torch

from striate import textbook
from striate.errors import ArgumentError
from striate.schedules import CosineDecayRestarts, CyclicRate
from tests.parity import keras

STEPS = range(400)


def test_each_fall_of_the_cosine_is_longer_and_jumps_back():
    schedule = CosineDecayRestarts(1.0, 2, m_mul=0.5)
    side = math.sqrt(0.5)
    expected = [1, 0.5, 0.5, 0.5 * (1 + side) / 2, 0.25, 0.5 * (1 - side) / 2, 0.25]
    assert [schedule(step) for step in range(7)] == pytest.approx(expected)


def test_falls_of_one_length_repeat_themselves_however_late():
    schedule = CosineDecayRestarts(1.0, 3, t_mul=1.0)
    assert [schedule(3_000_000 + step) for step in range(4)] == pytest.approx([1, 0.75, 0.25, 1])


def test_the_cosine_never_falls_below_its_share():
    schedule = CosineDecayRestarts(0.1, 10, alpha=0.2)
    assert min(schedule(step) for step in STEPS) >= 0.02
    assert schedule(9) < 0.1 * (0.2 + 0.8 * 0.03)


def test_the_first_fall_of_a_run_is_an_epoch_long():
    """Loshchilov & Hutter 2017, section 4: T_0 = 1 epoch, T_mult = 2, so new falls begin after 1, 3, 7 epochs."""
    schedule = CosineDecayRestarts().resolve(0.1, 150, 10)
    assert [step for step in range(1, 150) if schedule(step) > schedule(step - 1)] == [10, 30, 70]


def test_falls_that_become_shorter_are_refused():
    with pytest.raises(ArgumentError, match="CosineDecayRestarts: t_mul must be >= 1"):
        CosineDecayRestarts(0.1, 10, t_mul=0.5)


@pytest.mark.parametrize(("t_mul", "m_mul"), [(1.0, 1.0), (1.0, 0.9), (1.5, 1.1), (2.0, 0.8)])
def test_the_cosine_is_that_of_the_textbook(t_mul, m_mul):
    ours = CosineDecayRestarts(0.1, 30, t_mul, m_mul)
    for step in STEPS:
        assert ours(step) == pytest.approx(textbook.cosine_decay_restarts(step, 0.1, 30, t_mul, m_mul), abs=1e-15)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((0.1, 30), {}), ((0.1, 30, 1.0, 0.9, 0.1), {}), ((0.1, 37, 1.5), {"alpha": 0.3, "m_mul": 1.2})],
)
def test_the_cosine_takes_keras_arguments_in_keras_order_and_gives_keras_rates(arguments, named):
    theirs = keras.optimizers.schedules.CosineDecayRestarts(*arguments, **named)
    ours = CosineDecayRestarts(*arguments, **named)
    steps = [7, 23, 50, 88, 131, 222, 333]  # between the jumps: at one, Keras' single precision may lie on either side
    assert [ours(step) for step in steps] == pytest.approx([float(theirs(step)) for step in steps], rel=1e-4)


def test_the_triangle_rises_and_falls_as_its_mode_says():
    cycles = [CyclicRate(4.0, 2, 0.25, mode, gamma=0.5) for mode in ("triangular", "triangular2", "exp_range")]
    rates = [[cycle(step) for step in range(9)] for cycle in cycles]
    assert rates[0] == [1, 2.5, 4, 2.5, 1, 2.5, 4, 2.5, 1]
    assert rates[1] == [1, 2.5, 4, 2.5, 1, 1.75, 2.5, 1.75, 1]
    assert rates[2][:5] == [1, 1.75, 1.75, 1.1875, 1]


def test_a_rise_of_a_run_takes_two_epochs():
    schedule = CyclicRate().resolve(0.1, 100, 10)
    assert schedule.step_size == 20
    assert (schedule(0), schedule(20), schedule(40)) == pytest.approx((0.025, 0.1, 0.025))
    assert CyclicRate(step_size=5).resolve(0.1, 100, 10).step_size == 5


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_the_triangle_is_that_of_the_textbook(mode):
    ours = CyclicRate(0.3, 7, 0.2, mode, 0.99)
    for step in STEPS:
        expected = textbook.cyclic_rate(step, 0.06, 0.3, 7, mode, 0.99)
        assert ours(step) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_the_triangle_is_torchs(mode):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)
    theirs = torch.optim.lr_scheduler.CyclicLR(optimizer, 0.06, 0.3, 7, mode=mode, gamma=0.99, cycle_momentum=False)
    ours = CyclicRate(0.3, 7, 0.2, mode, 0.99)
    for step in range(100):
        assert ours(step) == pytest.approx(theirs.get_last_lr()[0], rel=1e-6)
        optimizer.step()
        theirs.step()
