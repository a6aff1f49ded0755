"""Noise in training, nothing in prediction."""

import numpy as np
import pytest
import torch

from striate.errors import ArgumentError
from striate.layers import GaussianDropout, GaussianNoise
from tests.layers.by_hand import compute


@pytest.mark.parametrize("layer", [GaussianNoise(0.5), GaussianDropout(0.5)], ids=repr)
def test_in_prediction_there_is_none(layer):
    assert compute(layer, [[1, 2, 3]]) == [[1, 2, 3]]


def test_added_noise_has_its_standard_deviation_and_no_mean():
    torch.manual_seed(0)
    noise = np.array(compute(GaussianNoise(0.5), np.full((100, 1000), 7.0), training=True)) - 7
    assert noise.mean() == pytest.approx(0, abs=5 * 0.5 / np.sqrt(1e5))
    assert noise.std() == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.8])
def test_multiplied_noise_is_as_uncertain_as_dropout(rate):
    """Dropout multiplies by 1/(1 - rate) or 0: mean 1, variance rate / (1 - rate)."""
    torch.manual_seed(0)
    factors = np.array(compute(GaussianDropout(rate), np.full((100, 1000), 7.0), training=True)) / 7
    spread = np.sqrt(rate / (1 - rate))
    assert factors.mean() == pytest.approx(1, abs=5 * spread / np.sqrt(1e5) + 1e-12)
    assert factors.std() == pytest.approx(spread, rel=0.01, abs=1e-12)


def test_no_noise_changes_nothing_and_each_number_has_its_own():
    assert compute(GaussianNoise(0.0), [[1, 2]], training=True) == [[1, 2]]
    torch.manual_seed(0)
    out = np.array(compute(GaussianNoise(1.0), np.zeros((2, 5, 5, 2)), training=True))
    assert len(np.unique(out)) == out.size


def test_a_negative_deviation_and_a_rate_of_one_are_refused():
    with pytest.raises(ArgumentError, match="GaussianNoise: stddev must be >= 0"):
        GaussianNoise(-0.1)
    with pytest.raises(ArgumentError, match="GaussianDropout: rate must be < 1"):
        GaussianDropout(1.0)
