"""Dropout: zeros, the factor that makes up for them, and who draws."""

import numpy as np
import pytest

from striate.textbook import (
    AlphaDropout,
    ClassicDropout,
    Dropout,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)


def test_kept_numbers_are_enlarged_and_the_others_are_zero():
    brick = Dropout(0.75)
    brick.mask = np.array([[True, False, True]])
    assert brick.forward(np.array([[1.0, 2.0, 3.0]]), {}).tolist() == [[4, 0, 12]]
    assert brick.backward(np.array([[1.0, 1.0, 1.0]]))[0].tolist() == [[4, 0, 4]]


def test_a_mask_that_is_set_is_used_every_time():
    brick, x = Dropout(0.5), np.ones((1, 4))
    brick.mask = np.array([[1.0, 0.0, 0.0, 1.0]])
    assert brick.forward(x, {}).tolist() == brick.forward(x, {}).tolist() == [[2, 0, 0, 2]]


def test_without_a_mask_every_forward_draws_anew():
    brick, x = Dropout(0.5, rng=np.random.default_rng(0)), np.ones((1, 64))
    assert brick.forward(x, {}).tolist() != brick.forward(x, {}).tolist()
    assert brick.mask is None


def test_the_same_generator_draws_the_same():
    x = np.ones((3, 8))
    draws = [Dropout(0.5, rng=np.random.default_rng(7)).forward(x, {}) for _ in range(2)]
    np.testing.assert_array_equal(*draws)


def test_the_mean_stays_for_any_rate():
    """Lecture 000 L192 and lecture 003 L603 halve, which is right for a rate of a half only."""
    x = np.ones((200, 500))
    for rate in (0.1, 0.5, 0.8):
        y = Dropout(rate, rng=np.random.default_rng(0)).forward(x, {})
        assert y.mean() == pytest.approx(1.0, abs=0.02)
        assert (y == 0).mean() == pytest.approx(rate, abs=0.01)


def test_prediction_changes_nothing():
    brick, x = Dropout(0.5), np.array([[1.0, 2.0]])
    assert brick.forward(x, {}, training=False).tolist() == [[1, 2]]
    assert brick.backward(np.array([[3.0, 4.0]]))[0].tolist() == [[3, 4]]


def test_rate_0_keeps_all_and_rate_1_drops_all():
    x = np.ones((2, 8))
    assert Dropout(0.0).forward(x, {}).tolist() == x.tolist()
    assert Dropout(1.0).forward(x, {}).tolist() == np.zeros((2, 8)).tolist()


@pytest.mark.parametrize("rate", [-0.1, 1.5])
def test_a_rate_that_is_no_probability_is_refused(rate):
    with pytest.raises(ValueError, match="from 0 to 1"):
        Dropout(rate)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("training", [True, False])
def test_the_backward_rule_agrees_with_trying(check_gradients, training, seed):
    rng = np.random.default_rng(seed)
    brick, x = Dropout(0.4), rng.standard_normal((3, 2, 2, 2))
    brick.mask = rng.random(x.shape) > 0.4
    check_gradients(brick, x, {}, seed, training=training)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5, 0.75])
def test_classic_dropout_is_right_for_every_rate(rate):
    brick, x = ClassicDropout(rate, rng=np.random.default_rng(0)), np.full((200, 500), 4.0)
    trained = brick.forward(x, {})
    assert set(np.unique(trained)) <= {0.0, 4.0}
    assert trained.mean() == pytest.approx(brick.forward(x, {}, training=False).mean(), rel=0.01)


def test_classic_dropout_shrinks_prediction_and_its_gradient():
    brick = ClassicDropout(0.25)
    assert brick.forward(np.array([[4.0]]), {}, training=False).tolist() == [[3.0]]
    assert brick.backward(np.array([[4.0]]))[0].tolist() == [[3.0]]


@pytest.mark.parametrize(
    ("brick", "shape"),
    [(SpatialDropout1D, (9,)), (SpatialDropout2D, (3, 3)), (SpatialDropout3D, (2, 2, 2))],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_channels_are_dropped_whole_and_anew_every_time(brick, shape):
    dropout, x = brick(0.5, rng=np.random.default_rng(0)), np.ones((8, 8, *shape))
    first, second = dropout.forward(x, {}), dropout.forward(x, {})
    for y in (first, second):
        channels = y.reshape(64, -1)
        assert (channels == channels[:, :1]).all()
        assert set(np.unique(channels)) == {0.0, 2.0}
    assert (first != second).any()


def test_alpha_dropout_keeps_mean_0_and_variance_1():
    x = np.random.default_rng(0).standard_normal((1000, 1000))
    y = AlphaDropout(0.4, rng=np.random.default_rng(1)).forward(x, {})
    assert y.mean() == pytest.approx(0, abs=5e-3)
    assert y.var() == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", [ClassicDropout, SpatialDropout2D, AlphaDropout])
def test_the_backward_rules_of_the_others_agree_with_trying(check_gradients, kind, training, seed):
    rng = np.random.default_rng(seed)
    brick, x = kind(0.4), rng.standard_normal((3, 2, 2, 2))
    brick.mask = rng.random(x.shape) > 0.4
    check_gradients(brick, x, {}, seed, training=training)
