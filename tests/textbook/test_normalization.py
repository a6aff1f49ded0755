"""Batch normalisation, in training and in prediction."""

import numpy as np
import pytest

from striate.textbook import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)


def weights(c, rng):
    return {
        "weight": rng.standard_normal(c),
        "bias": rng.standard_normal(c),
        "running_mean": rng.standard_normal(c),
        "running_var": rng.random(c) + 0.5,
    }


def test_two_values_are_normalised_to_minus_1_and_1():
    y = BatchNormalization(epsilon=0.0).forward(np.array([[1.0, -10.0], [3.0, 30.0]]), {})
    assert y.tolist() == [[-1, -1], [1, 1]]


def test_epsilon_stands_under_the_root():
    y = BatchNormalization(epsilon=3.0).forward(np.array([[-1.0], [1.0]]), {})
    assert y.tolist() == [[-0.5], [0.5]]


def test_gamma_and_beta_are_the_new_spread_and_mean():
    x = np.random.default_rng(0).standard_normal((8, 2, 3, 3)) * 5 + 4
    given = {"weight": np.array([2.0, 0.5]), "bias": np.array([-1.0, 7.0])}
    y = BatchNormalization(epsilon=0.0).forward(x, given)
    np.testing.assert_allclose(y.mean(axis=(0, 2, 3)), given["bias"], rtol=1e-12)
    np.testing.assert_allclose(y.std(axis=(0, 2, 3)), given["weight"], rtol=1e-12)


def test_the_running_averages_keep_nine_tenths_and_take_the_unbiased_variance():
    brick = BatchNormalization()
    brick.forward(np.array([[1.0], [3.0]]), {"running_mean": np.zeros(1), "running_var": np.ones(1)})
    assert brick.updated["running_mean"] == pytest.approx([0.9 * 0 + 0.1 * 2])
    assert brick.updated["running_var"] == pytest.approx([0.9 * 1 + 0.1 * 2])  # biased it would be 0.1 * 1


def test_the_running_averages_given_are_not_changed():
    given = {"running_mean": np.zeros(1), "running_var": np.ones(1)}
    BatchNormalization().forward(np.array([[1.0], [3.0]]), given)
    assert (given["running_mean"].item(), given["running_var"].item()) == (0, 1)


def test_prediction_uses_the_running_averages_and_updates_nothing():
    brick = BatchNormalization(epsilon=0.0)
    given = {"running_mean": np.array([1.0]), "running_var": np.array([4.0])}
    assert brick.forward(np.array([[1.0], [5.0]]), given, training=False).tolist() == [[0], [2]]
    assert dict(brick.updated) == {}


def test_shifting_or_stretching_a_channel_is_undone_so_such_gradients_vanish():
    x = np.random.default_rng(0).standard_normal((6, 2))
    brick = BatchNormalization(epsilon=0.0)
    y = brick.forward(x, {})
    np.testing.assert_allclose(brick.backward(np.ones_like(y))[0], 0.0, atol=1e-14)
    np.testing.assert_allclose(brick.backward(y)[0], 0.0, atol=1e-14)


def test_a_single_value_per_channel_is_refused_in_training_only():
    given = {"running_mean": np.zeros(3), "running_var": np.ones(3)}
    with pytest.raises(ValueError, match="more than one value per channel"):
        BatchNormalization().forward(np.ones((1, 3)), given)
    assert BatchNormalization().forward(np.ones((1, 3)), given, training=False).shape == (1, 3)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(5, 3), (3, 3, 4), (2, 3, 2, 3), (2, 2, 2, 1, 2)])
def test_the_backward_rule_agrees_with_trying(check_gradients, shape, training, seed):
    rng = np.random.default_rng(seed)
    x = 2 * rng.standard_normal(shape) + 1
    check_gradients(BatchNormalization(), x, weights(shape[1], rng), seed, "weight bias", training)


@pytest.mark.parametrize("seed", range(5))
def test_the_backward_rule_agrees_without_gamma_and_beta(check_gradients, seed):
    check_gradients(BatchNormalization(), np.random.default_rng(seed).standard_normal((5, 3)), {}, seed)


def test_a_position_or_a_group_gets_mean_0_and_spread_1():
    x = 5 * np.random.default_rng(0).standard_normal((2, 6, 3, 4)) + 3
    by_position = LayerNormalization(epsilon=0.0).forward(x, {})
    np.testing.assert_allclose(by_position.mean(axis=1), 0, atol=1e-13)
    np.testing.assert_allclose(by_position.std(axis=1), 1, rtol=1e-12)
    by_group = GroupNormalization(3, epsilon=0.0).forward(x, {}).reshape(2, 3, -1)
    np.testing.assert_allclose(by_group.mean(axis=2), 0, atol=1e-13)
    np.testing.assert_allclose(by_group.std(axis=2), 1, rtol=1e-12)


def test_a_vector_too_short_to_have_a_direction_passes_its_gradient_as_it_is():
    brick = UnitNormalization()
    brick.forward(np.array([[1e-13, 0.0]]), {})
    assert brick.backward(np.array([[1.0, 2.0]]))[0].tolist() == [[1e12, 2e12]]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 3), (2, 4, 2, 3)])
@pytest.mark.parametrize(
    ("brick", "learned"),
    [
        (LayerNormalization(), "weight bias"),
        (LayerNormalization(), ""),
        (GroupNormalization(2), "weight bias"),
        (GroupNormalization(1), ""),
        (RMSNormalization(), "weight"),
        (UnitNormalization(), ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_backward_rules_of_the_others_agree_with_trying(check_gradients, brick, learned, shape, seed):
    rng = np.random.default_rng(seed)
    given = {name: rng.standard_normal(4) for name in learned.split()}
    check_gradients(brick, rng.standard_normal(shape), given, seed, learned)
