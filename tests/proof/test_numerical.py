"""Slopes by trying: right where there is a slope, and honest where there is none."""

import math

import pytest
import torch

from striate.proof import HALVINGS, STEP, slope
from striate.textbook import numerical_gradient


def at(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def test_the_slope_of_a_cube_is_three_squares():
    x = at(1.0, -2.0)
    found = [slope(lambda x: x**3, x, (place,)) for place in (0, 1)]
    assert [each.value for each in found] == pytest.approx([3.0, 12.0], abs=1e-8)
    assert [each.halvings for each in found] == [0, 0]
    assert x.tolist() == [1.0, -2.0]


def test_it_is_that_of_the_textbook_where_there_is_no_kink():
    x = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    book = numerical_gradient(lambda x: float((x * x * x[0, 0]).sum()), x.numpy())
    for place in ((0, 0), (1, 2), (2, 3)):
        assert slope(lambda x: x * x * x[0, 0], x, place).value == pytest.approx(book[place], abs=1e-6)


@pytest.mark.parametrize("kinked", [torch.relu, torch.abs, lambda x: torch.maximum(x, 0.5 * x)])
@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("share", [0.9, 0.5, 0.1, 0.02])
def test_a_kink_within_the_step_is_left_behind_by_halving(kinked, side, share):
    """The difference over the whole step mixes both sides; lecture 003 L448."""
    x = at(side * share * STEP)
    right = (kinked(at(float(side))) - kinked(at(0.5 * side))).item() / (0.5 * side)
    mixed = (kinked(x + STEP) - kinked(x - STEP)).item() / (2 * STEP)
    found = slope(kinked, x.clone(), (0,))
    assert abs(mixed - right) > 0.01
    assert found.value == pytest.approx(right, abs=1e-6)
    assert found.halvings == math.ceil(math.log2(1 / share))


@pytest.mark.parametrize("kinked", [torch.relu, torch.abs, torch.sign, lambda x: (x > 0) * 1.0])
@pytest.mark.parametrize("x", [0.0, 0.5 * STEP / 2**HALVINGS])
def test_on_a_kink_or_a_jump_there_is_no_slope(kinked, x):
    found = slope(kinked, at(x), (0,))
    assert found.skipped


def test_when_the_largest_changes_hands_the_step_is_halved():
    found = slope(torch.max, at(1.0, 1.0 - 0.3 * STEP), (0,))
    assert found.value == pytest.approx(1.0)
    assert found.halvings == 2


def test_kinks_on_both_sides_alike_are_seen():
    """relu(x - d) - relu(-x - d) has the slopes 1, 0, 1: a kink on each side of the middle."""
    found = slope(lambda x: torch.relu(x - 0.6 * STEP) - torch.relu(-x - 0.6 * STEP), at(0.0), (0,))
    assert (found.value, found.halvings) == (0.0, 1)


def test_strong_curvature_is_no_kink():
    """f'' = 4e4: the one-sided slopes differ by 0.4, half as much at half the step."""
    found = slope(lambda x: 2e4 * x**2 + 3 * x, at(1.0), (0,))
    assert found.value == pytest.approx(4e4 + 3, rel=1e-9)
    assert not found.skipped
    assert found.halvings == 0
    found = slope(lambda x: 2e4 * x**2 + 3 * x, at(0.0), (0,))
    assert found.value == pytest.approx(3, rel=1e-9)
    assert found.halvings == 0


def test_rounding_is_told_apart_from_change():
    found = slope(lambda x: 1e6 + x, at(1.0), (0,))
    assert abs(found.value - 1) <= found.noise
    assert found.noise < 0.1
