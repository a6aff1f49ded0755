"""LeCun's, Glorot's and He's initializers: bounds and deviations by their formulas, the cut, and Keras."""

import math

import numpy as np
import pytest
import torch

from striate import textbook
from striate.errors import ArgumentError
from striate.initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from tests.parity import keras

SHAPES = [(300, 784), (64, 32, 5, 5)]
UNIFORM = [(LecunUniform, textbook.lecun_limit), (GlorotUniform, textbook.glorot_limit), (HeUniform, textbook.he_limit)]
NORMAL = [
    (LecunNormal, textbook.lecun_deviation),
    (GlorotNormal, textbook.glorot_deviation),
    (HeNormal, textbook.he_deviation),
]


def drawn(concept, shape):
    return concept().sample(shape, torch.Generator().manual_seed(0)).double()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("concept", "limit"), UNIFORM)
def test_uniform_draws_fill_the_interval_of_the_textbook(concept, limit, shape):
    values, bound = drawn(concept, shape), limit(shape)
    assert 0.999 * bound < values.abs().max() <= bound * (1 + 1e-6)
    assert values.mean().item() == pytest.approx(0, abs=5 * bound / math.sqrt(3 * values.numel()))
    assert values.std().item() == pytest.approx(bound / math.sqrt(3), rel=5 / math.sqrt(values.numel()))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("concept", "deviation"), NORMAL)
def test_normal_draws_have_the_deviation_of_the_textbook_though_they_are_cut_off(concept, deviation, shape):
    values, spread = drawn(concept, shape), deviation(shape)
    assert values.std().item() == pytest.approx(spread, rel=5 / math.sqrt(values.numel()))
    wide = spread / 0.87962566103423978
    assert 1.99 * wide < values.abs().max() <= 2 * wide * (1 + 1e-6)
    # erf(1/sqrt(2)) / erf(2/sqrt(2)) of a normal distribution cut off at 2 lies within 1
    within = (values.abs() < wide).double().mean().item()
    assert within == pytest.approx(math.erf(1 / math.sqrt(2)) / math.erf(math.sqrt(2)), abs=0.005)


def test_a_deviation_that_is_not_corrected_for_the_cut_would_be_noticed():
    values, spread = drawn(HeNormal, SHAPES[0]) * 0.87962566103423978, textbook.he_deviation(SHAPES[0])
    assert values.std().item() != pytest.approx(spread, rel=5 / math.sqrt(values.numel()))


def test_the_variance_of_activations_is_kept():
    """Lecture 004 L488: what good initialization is for."""
    x = torch.randn(500, 400, generator=torch.Generator().manual_seed(1))
    for concept in (HeUniform, HeNormal):
        through = torch.relu(x) @ concept().sample((400, 400), torch.Generator().manual_seed(0)).T
        assert through.var().item() == pytest.approx(1, rel=0.1)
    for concept in (GlorotUniform, GlorotNormal, LecunUniform, LecunNormal):
        through = x @ concept().sample((400, 400), torch.Generator().manual_seed(0)).T
        assert through.var().item() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(
    ("case", "rule"),
    [
        (LecunNormal, VarianceScaling()),
        (LecunUniform, VarianceScaling(distribution="uniform")),
        (GlorotNormal, VarianceScaling(mode="fan_avg")),
        (GlorotUniform, VarianceScaling(mode="fan_avg", distribution="uniform")),
        (HeNormal, VarianceScaling(2.0)),
        (HeUniform, VarianceScaling(2.0, distribution="uniform")),
    ],
)
def test_each_is_a_case_of_the_one_rule(case, rule):
    values = rule.sample((8, 3, 5), torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(values, drawn(case, (8, 3, 5)))


@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform"])
@pytest.mark.parametrize(("mode", "connections"), [("fan_in", 800), ("fan_out", 200), ("fan_avg", 500)])
def test_the_variance_is_the_scale_by_the_connections(distribution, mode, connections):
    values = VarianceScaling(3.0, mode, distribution).sample((200, 800), torch.Generator().manual_seed(0)).double()
    assert values.var().item() == pytest.approx(3 / connections, rel=10 / math.sqrt(values.numel()))
    assert values.mean().item() == pytest.approx(0, abs=5 * math.sqrt(3 / connections / values.numel()))


def test_an_untruncated_draw_has_tails():
    values = VarianceScaling(distribution="untruncated_normal").sample((300, 784), torch.Generator().manual_seed(0))
    assert values.abs().max() > 4 / 784**0.5


def test_a_scale_of_0_is_refused():
    with pytest.raises(ArgumentError, match="VarianceScaling: scale must be > 0"):
        VarianceScaling(0.0)


ALL = [GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal, VarianceScaling]


@pytest.mark.parametrize("concept", ALL)
def test_they_are_distributed_as_keras_draws(concept):
    ours = np.sort(drawn(concept, (300, 784)).numpy().ravel())
    theirs = np.sort(getattr(keras.initializers, concept.__name__)(seed=0)((784, 300)).numpy().ravel())
    # Kolmogorov and Smirnov: the largest distance between the two empirical distributions
    grid = np.linspace(ours[0], ours[-1], 500)
    ranks = [np.searchsorted(values, grid) / len(values) for values in (ours, theirs)]
    assert np.abs(ranks[0] - ranks[1]).max() < 1.95 * math.sqrt(2 / len(ours))
