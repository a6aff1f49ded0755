"""Rates that fall: hand sums, the lecture's formulas, the textbook, Keras."""

import math

import pytest

from striate import textbook
from striate.errors import ArgumentError
from striate.schedules import (
    ConstantRate,
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    StepDecay,
)
from tests.parity import keras

STEPS = (0, 1, 7, 49, 50, 51, 99, 100, 101, 150, 1000)
KERAS = keras.optimizers.schedules


def test_step_decay_halves_every_few_epochs():
    """Lecture 001 L1105-1108."""
    halve = StepDecay(every=2).resolve(0.1, 100, 10)
    assert [halve(step) for step in (0, 19, 20, 39, 40)] == [0.1, 0.1, 0.05, 0.05, 0.025]


def test_exponential_decay_is_the_lectures():
    """Lecture 001 L1112: a0 * e^(-k t)."""
    k = 0.03
    decay = ExponentialDecay(0.1, 1, math.exp(-k))
    assert [decay(t) for t in STEPS] == pytest.approx([0.1 * math.exp(-k * t) for t in STEPS])


def test_inverse_time_decay_is_the_lectures():
    """Lecture 001 L1118: a0 / (1 + k t)."""
    k = 0.03
    decay = InverseTimeDecay(0.1, 1, k)
    assert [decay(t) for t in STEPS] == pytest.approx([0.1 / (1 + k * t) for t in STEPS])


def test_staircases_fall_in_steps():
    assert ExponentialDecay(0.1, 10, 0.5, staircase=True)(19) == 0.05
    assert InverseTimeDecay(0.1, 10, 1.0, staircase=True)(19) == 0.05


def test_what_a_run_ends_at_when_nothing_is_said():
    shares = [(ExponentialDecay(), 0.01), (InverseTimeDecay(), 0.1), (CosineDecay(), 0.0), (PolynomialDecay(), 0.001)]
    for schedule, share in shares:
        resolved = schedule.resolve(0.1, 500, 10)
        assert resolved(0) == 0.1
        assert resolved(500) == pytest.approx(0.1 * share)


def test_a_polynomial_falls_along_its_power_and_stays():
    assert [PolynomialDecay(1.0, 4, 0.0)(step) for step in range(6)] == [1, 0.75, 0.5, 0.25, 0, 0]
    assert PolynomialDecay(1.0, 4, 0.5, power=2.0)(2) == 0.625


def test_a_polynomial_that_cycles_stretches_its_time_to_the_next_multiple():
    """At step 5 of 4 the time is 8 steps, of which 3 are left."""
    schedule = PolynomialDecay(1.0, 4, 0.0, cycle=True)
    assert [schedule(step) for step in (0, 3, 4, 5, 6, 8, 9)] == [1, 0.25, 0, 0.375, 0.25, 0, pytest.approx(0.25)]


def test_a_boundary_belongs_to_the_rate_before_it():
    schedule = PiecewiseConstantDecay((100, 110), (1.0, 0.5, 0.1))
    assert [schedule(step) for step in (0, 100, 101, 110, 111)] == [1.0, 1.0, 0.5, 0.5, 0.1]


@pytest.mark.parametrize("values", [[1.0], [1.0, 0.5, 0.1]])
def test_the_rates_are_one_more_than_the_boundaries(values):
    with pytest.raises(ArgumentError, match="one value more than boundaries") as caught:
        PiecewiseConstantDecay((100,), values)
    assert caught.value.fix == "2 values"


@pytest.mark.parametrize("boundaries", [[2, 1], [1, 1]])
def test_boundaries_must_rise(boundaries):
    with pytest.raises(ArgumentError, match="boundaries must rise"):
        PiecewiseConstantDecay(boundaries, (1.0, 0.5, 0.1))


def test_a_cosine_rises_along_a_line_first_if_wished():
    schedule = CosineDecay(0.0, 100, warmup_target=0.2, warmup_steps=10)
    assert schedule(5) == 0.1
    assert schedule(10) == 0.2
    assert schedule(60) == pytest.approx(0.1)
    assert schedule(110) == 0


def test_a_warm_up_is_part_of_the_run():
    assert CosineDecay(warmup_target=0.2, warmup_steps=10).resolve(0.1, 100, 10).decay_steps == 90


@pytest.mark.parametrize("half", [{"warmup_target": 0.1}, {"warmup_steps": 10}])
def test_half_a_warm_up_is_refused(half):
    """Keras leaves warmup_steps without a target aside, without a word."""
    with pytest.raises(ArgumentError, match="needs warmup_target and warmup_steps"):
        CosineDecay(0.1, 100, **half)


@pytest.mark.parametrize(
    ("ours", "rule"),
    [
        (ConstantRate(0.1), lambda t: textbook.constant(t, 0.1)),
        (ExponentialDecay(0.1, 50, 0.3), lambda t: textbook.exponential_decay(t, 0.1, 50, 0.3)),
        (InverseTimeDecay(0.1, 50, 0.3), lambda t: textbook.inverse_time_decay(t, 0.1, 50, 0.3)),
        (CosineDecay(0.1, 50, 0.3), lambda t: textbook.cosine_decay(t, 0.1, 50, 0.3)),
        (PolynomialDecay(0.1, 50, 0.01, 0.5), lambda t: textbook.polynomial_decay(t, 0.1, 50, 0.01, 0.5)),
        (StepDecay(0.3, 5, 0.1, 10), lambda t: textbook.step_decay(t, 0.1, 50, 0.3)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_they_are_those_of_the_textbook(ours, rule):
    assert [ours(step) for step in STEPS] == pytest.approx([rule(step) for step in STEPS], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("ours", "arguments", "named"),
    [
        (ExponentialDecay, (0.1, 50, 0.9), {}),
        (ExponentialDecay, (0.1, 50, 0.9, True), {}),
        (InverseTimeDecay, (0.1, 50, 0.9), {}),
        (InverseTimeDecay, (0.1, 50, 0.9, True), {}),
        (CosineDecay, (0.1, 100, 0.1), {}),
        (CosineDecay, (0.01, 90), {"alpha": 0.1, "warmup_target": 0.2, "warmup_steps": 10}),
        (PolynomialDecay, (0.1, 100), {}),
        (PolynomialDecay, (0.1, 100, 0.02, 2.0), {}),
        (PolynomialDecay, (0.1, 50, 0.02, 0.5, True), {}),
        (PiecewiseConstantDecay, ([50, 100], [0.1, 0.05, 0.01]), {}),
    ],
)
def test_they_take_keras_arguments_in_keras_order_and_give_keras_rates(ours, arguments, named):
    schedule, theirs = ours(*arguments, **named), getattr(KERAS, ours.__name__)(*arguments, **named)
    rates = [float(theirs(step)) for step in STEPS]
    assert [schedule(step) for step in STEPS] == pytest.approx(rates, rel=1e-5, abs=1e-8)
