"""Noise: who draws it, and what of it the gradient meets."""

import numpy as np
import pytest

from striate.textbook import GaussianDropout, GaussianNoise


def test_noise_that_is_set_is_used_every_time_and_noise_that_is_drawn_is_new():
    brick, x = GaussianNoise(1.0, rng=np.random.default_rng(0)), np.zeros((4, 4))
    assert (brick.forward(x, {}) != brick.forward(x, {})).all()
    brick.noise = np.ones((4, 4))
    assert (brick.forward(x, {}) == brick.forward(x, {})).all()


def test_the_noise_has_the_spread_that_was_asked_for():
    rng, x = np.random.default_rng(0), np.full((300, 300), 2.0)
    assert GaussianNoise(0.3, rng).forward(x, {}).std() == pytest.approx(0.3, rel=0.02)
    factors = GaussianDropout(0.2, rng).forward(x, {}) / 2
    assert factors.mean() == pytest.approx(1, abs=0.01)
    assert factors.var() == pytest.approx(0.25, rel=0.02)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_the_backward_rules_agree_with_trying(check_gradients, training, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((3, 2, 2))
    noise, factors = GaussianNoise(0.5), GaussianDropout(0.5)
    noise.noise, factors.factors = rng.standard_normal(x.shape), rng.standard_normal(x.shape)
    for brick in (noise, factors):
        check_gradients(brick, x, {}, seed, training=training)
