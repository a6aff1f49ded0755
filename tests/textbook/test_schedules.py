"""Learning rates as functions of the step."""

import math

import pytest

from striate.textbook import (
    constant,
    cosine_decay,
    cosine_decay_restarts,
    cyclic_rate,
    exponential_decay,
    inverse_time_decay,
    linear_warmup,
    one_cycle,
    polynomial_decay,
    step_decay,
)


def test_a_constant_rate_stays():
    assert {constant(t, 0.1) for t in range(100)} == {0.1}


def test_step_decay_halves_every_few_steps():
    """Lecture 001 L1105-1108."""
    assert [step_decay(t, 0.8, 3) for t in range(8)] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]


def test_exponential_decay_is_the_lectures():
    """Lecture 001 L1112: a0 e^(-k t)."""
    for t in (0, 1, 7):
        assert exponential_decay(t, 0.1, decay_steps=1, decay_rate=math.exp(-0.3)) == pytest.approx(
            0.1 * math.exp(-0.3 * t)
        )
        assert exponential_decay(t, 0.1, decay_steps=1 / 0.3) == pytest.approx(0.1 * math.exp(-0.3 * t))


def test_inverse_time_decay_is_the_lectures():
    """Lecture 001 L1118: a0 / (1 + k t)."""
    assert [inverse_time_decay(t, 0.1, 1, 0.5) for t in (0, 2, 6)] == pytest.approx([0.1, 0.05, 0.025])


def test_the_cosine_falls_to_its_share_and_stays_there():
    values = [cosine_decay(t, 1.0, 4, alpha=0.2) for t in range(7)]
    halfway = 0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2
    assert values == pytest.approx([1.0, halfway, 0.6, 1.2 - halfway, 0.2, 0.2, 0.2])


def test_the_warm_up_is_a_line_and_then_flat():
    assert [linear_warmup(t, 1.0, 4) for t in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]
    assert [linear_warmup(t, 1.0, 2, initial_learning_rate=0.5) for t in range(3)] == [0.5, 0.75, 1]
    assert linear_warmup(0, 1.0, 0) == 1


def test_one_cycle_starts_low_peaks_and_ends_far_lower():
    values = [one_cycle(t, 1.0, 100) for t in range(100)]
    assert values[0] == pytest.approx(1 / 25)
    assert max(values) == values[29] == 1
    assert values[-1] == pytest.approx(1 / 25 / 1e4)
    assert values[:30] == sorted(values[:30])
    assert values[29:] == sorted(values[29:], reverse=True)


def test_one_cycle_without_a_rise_only_falls():
    values = [one_cycle(t, 1.0, 10, rising=0.1) for t in range(10)]
    assert values[0] == 1
    assert values == sorted(values, reverse=True)


def test_a_polynomial_falls_along_its_power_and_stays_at_the_end():
    assert [polynomial_decay(t, 1.0, 4) for t in range(6)] == [1, 0.75, 0.5, 0.25, 0, 0]
    assert [polynomial_decay(t, 1.0, 4, 0.5, 2) for t in (1, 2, 4, 9)] == [0.78125, 0.625, 0.5, 0.5]


def test_each_fall_of_the_cosine_is_longer_and_each_jump_higher_or_lower():
    values = [cosine_decay_restarts(t, 1.0, 2, t_mul=2, m_mul=0.5) for t in range(7)]
    side = math.sqrt(0.5)
    assert values == pytest.approx([1, 0.5, 0.5, 0.5 * (1 + side) / 2, 0.25, 0.5 * (1 - side) / 2, 0.25])


def test_with_falls_of_one_length_the_cosine_repeats_itself():
    values = [cosine_decay_restarts(t, 1.0, 3, t_mul=1) for t in range(9)]
    assert values == pytest.approx(3 * [1, 0.75, 0.25])


def test_the_triangle_rises_and_falls_as_its_mode_says():
    """Smith 2017, the three policies of section 3.1 and 4."""
    assert [cyclic_rate(t, 1, 3, 2) for t in range(9)] == [1, 2, 3, 2, 1, 2, 3, 2, 1]
    assert [cyclic_rate(t, 1, 3, 2, "triangular2") for t in range(9)] == [1, 2, 3, 2, 1, 1.5, 2, 1.5, 1]
    assert [cyclic_rate(t, 1, 3, 2, "exp_range", 0.5) for t in range(5)] == [1, 1.5, 1.5, 1.125, 1]
