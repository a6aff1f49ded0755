"""How large the first weights are."""

import math

import numpy as np
import pytest

from striate.textbook import fans, glorot_deviation, glorot_limit, glorot_uniform, he_deviation, he_limit


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((30, 784), (784, 30)),
        ((20, 1, 5, 5), (25, 500)),
        ((6, 3, 5, 5), (75, 150)),  # 75 weights: lecture 002 L637
        ((4, 2, 3), (6, 12)),
        ((4, 2, 3, 3, 3), (54, 108)),
        ((7,), (7, 7)),
    ],
)
def test_fans_count_the_connections_in_and_out(shape, expected):
    assert fans(shape) == expected


def test_glorot_and_he_by_hand():
    assert glorot_limit((30, 784)) == pytest.approx(math.sqrt(6 / 814))
    assert glorot_deviation((30, 784)) == pytest.approx(math.sqrt(2 / 814))
    assert he_limit((20, 1, 5, 5)) == pytest.approx(math.sqrt(6 / 25))
    assert he_deviation((20, 1, 5, 5)) == pytest.approx(math.sqrt(2 / 25))


@pytest.mark.parametrize(("limit", "deviation"), [(glorot_limit, glorot_deviation), (he_limit, he_deviation)])
def test_a_limit_and_its_deviation_belong_to_the_same_spread(limit, deviation):
    shape = (16, 3, 3, 3)
    assert deviation(shape) == pytest.approx(limit(shape) / math.sqrt(3))


def test_glorot_keeps_the_variance_of_a_square_layer():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((500, 400)), glorot_uniform((400, 400), rng)
    assert np.abs(w).max() <= glorot_limit(w.shape)
    assert w.std() == pytest.approx(glorot_deviation(w.shape), rel=0.01)
    assert (x @ w.T).var() == pytest.approx(1.0, rel=0.02)


def test_he_keeps_the_mean_square_through_relu():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 400))
    w = rng.standard_normal((400, 400)) * he_deviation((400, 400))
    assert np.mean(np.maximum(0, x @ w.T) ** 2) == pytest.approx(1.0, rel=0.02)
