"""How large the first weights are."""

import math

import numpy as np
import pytest

from striate.textbook import (
    dirac,
    fans,
    glorot_deviation,
    glorot_limit,
    glorot_uniform,
    he_deviation,
    he_limit,
    identity,
    lecun_deviation,
    lecun_limit,
    orthonormal,
    truncated_normal,
    unit_variance,
)


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


def test_lecun_glorot_and_he_by_hand():
    assert lecun_limit((20, 1, 5, 5)) == pytest.approx(math.sqrt(3 / 25))
    assert lecun_deviation((20, 1, 5, 5)) == pytest.approx(1 / 5)
    assert glorot_limit((30, 784)) == pytest.approx(math.sqrt(6 / 814))
    assert glorot_deviation((30, 784)) == pytest.approx(math.sqrt(2 / 814))
    assert he_limit((20, 1, 5, 5)) == pytest.approx(math.sqrt(6 / 25))
    assert he_deviation((20, 1, 5, 5)) == pytest.approx(math.sqrt(2 / 25))


@pytest.mark.parametrize(
    ("limit", "deviation"),
    [(lecun_limit, lecun_deviation), (glorot_limit, glorot_deviation), (he_limit, he_deviation)],
)
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


def test_no_number_of_a_truncated_normal_lies_beyond_two_deviations():
    """What is left of a standard normal distribution has the variance 1 - 4 phi(2) / (2 Phi(2) - 1)."""
    w = truncated_normal((300, 400), np.random.default_rng(0), mean=1.0, stddev=0.5)
    assert 0.999 < np.abs(w - 1).max() <= 1
    phi = math.exp(-2) / math.sqrt(2 * math.pi)
    assert w.std() == pytest.approx(0.5 * math.sqrt(1 - 4 * phi / math.erf(math.sqrt(2))), rel=0.01)


def test_an_identity_has_its_gain_on_the_diagonal():
    assert identity((3, 2), 2.0).tolist() == [[2, 0], [0, 2], [0, 0]]


def test_dirac_kernels_hand_their_channel_on():
    w = dirac((3, 2, 3, 3))
    assert w.sum() == 2
    assert w[0, 0, 1, 1] == w[1, 1, 1, 1] == 1
    grouped = dirac((4, 2, 2), groups=2)  # the middle of two taps is the second
    assert np.argwhere(grouped).tolist() == [[0, 0, 1], [1, 1, 1], [2, 0, 1], [3, 1, 1]]


def test_orthonormal_columns_stand_at_right_angles_and_span_what_they_did():
    a = np.random.default_rng(0).standard_normal((7, 4))
    q = orthonormal(a)
    np.testing.assert_allclose(q.T @ q, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(q @ (q.T @ a), a, atol=1e-12)


def test_after_scaling_every_layer_gives_variance_one():
    rng = np.random.default_rng(0)
    x = 3 * rng.standard_normal((200, 20))
    weights = unit_variance(x, [rng.standard_normal((20, 20)) for _ in range(5)], np.tanh)
    for w in weights:
        y = x @ w.T
        assert np.var(y) == pytest.approx(1)
        x = np.tanh(y)
