"""Initializers of a stated distribution: bounds, and means and deviations within sampling error."""

import math

import numpy as np
import pytest
import torch

from striate import catalog, textbook
from striate.errors import ArgumentError
from striate.initializers import RandomNormal, RandomUniform, TruncatedNormal
from tests.parity import keras

COUNT = 100_000
"""Numbers drawn; a mean then lies within 5 standard errors but once in two million times, and the seed is fixed."""


def drawn(initializer):
    return initializer.sample((COUNT,), torch.Generator().manual_seed(0)).double()


def test_a_uniform_draw_fills_the_interval_evenly():
    values = drawn(RandomUniform(-1.0, 3.0))
    assert -1 <= values.min() < -0.999
    assert 2.999 < values.max() <= 3
    assert values.mean().item() == pytest.approx(1, abs=5 * 4 / math.sqrt(12 * COUNT))
    quarters = torch.histc(values, 4, -1, 3) / COUNT
    assert quarters.tolist() == pytest.approx([0.25] * 4, abs=5 * math.sqrt(0.25 * 0.75 / COUNT))


def test_a_normal_draw_has_its_mean_and_deviation_and_tails():
    values = drawn(RandomNormal(2.0, 0.5))
    assert values.mean().item() == pytest.approx(2, abs=5 * 0.5 / math.sqrt(COUNT))
    assert values.std().item() == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(2 * COUNT))
    beyond = ((values - 2).abs() > 2 * 0.5).double().mean().item()
    assert beyond == pytest.approx(0.0455, abs=5 * math.sqrt(0.0455 / COUNT))


def test_a_truncated_draw_has_no_number_beyond_two_deviations_and_the_spread_that_is_left():
    """What is left of a standard normal distribution has the variance 1 - 4 phi(2) / (2 Phi(2) - 1)."""
    values = drawn(TruncatedNormal(2.0, 0.5))
    assert 0.999 < (values - 2).abs().max() <= 1 + 1e-6
    left = 0.5 * math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))
    assert values.mean().item() == pytest.approx(2, abs=5 * left / math.sqrt(COUNT))
    assert values.std().item() == pytest.approx(left, abs=5 * left / math.sqrt(2 * COUNT))


def test_a_truncated_draw_is_distributed_as_keras_and_the_textbook_draw():
    ours = drawn(TruncatedNormal(0.1, 0.3)).numpy()
    of_keras = keras.initializers.TruncatedNormal(0.1, 0.3, seed=0)((COUNT,)).numpy()
    of_the_book = textbook.truncated_normal((COUNT,), np.random.default_rng(0), 0.1, 0.3)
    grid = np.linspace(-0.5, 0.7, 200)
    ranks = [np.searchsorted(np.sort(values), grid) / COUNT for values in (ours, of_keras, of_the_book)]
    # Kolmogorov and Smirnov: the largest distance between two empirical distributions
    assert max(np.abs(ranks[0] - other).max() for other in ranks[1:]) < 1.95 * math.sqrt(2 / COUNT)


def test_without_a_deviation_every_truncated_number_is_the_mean():
    assert TruncatedNormal(0.5, 0.0).sample((2,), torch.Generator()).tolist() == [0.5, 0.5]


def test_the_defaults_are_those_of_keras():
    assert RandomUniform() == RandomUniform(-0.05, 0.05)
    assert RandomNormal() == RandomNormal(0.0, 0.05)
    assert TruncatedNormal() == TruncatedNormal(0.0, 0.05)


@pytest.mark.parametrize(("name", "concept"), [("uniform", RandomUniform), ("normal", RandomNormal)])
def test_they_go_by_keras_short_names(name, concept):
    assert type(catalog.get("initializers", name)) is concept


def test_bounds_the_wrong_way_round_are_refused_with_the_right_way():
    with pytest.raises(ArgumentError, match="minval must not be above maxval") as caught:
        RandomUniform(1.0, -1.0)
    assert caught.value.fix == "RandomUniform(-1.0, 1.0)"
    assert RandomUniform(0.5, 0.5).sample((2,), torch.Generator()).tolist() == [0.5, 0.5]


def test_a_negative_deviation_is_refused():
    with pytest.raises(ArgumentError, match="stddev must be >= 0"):
        RandomNormal(stddev=-1.0)
