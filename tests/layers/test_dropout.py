"""A thinner network at every step."""

import numpy as np
import pytest
import torch

from striate.errors import ArgumentError
from striate.layers import Dropout
from tests.layers.by_hand import compute


def test_in_prediction_nothing_is_dropped():
    assert compute(Dropout(0.9), [[1, 2, 3]]) == [[1, 2, 3]]


def test_in_training_what_is_kept_makes_up_for_what_is_dropped():
    torch.manual_seed(0)
    out = np.array(compute(Dropout(0.75), np.ones((100, 1000)), training=True))
    assert set(np.unique(out)) == {0.0, 4.0}
    # 100,000 coins: the share kept is 1/4 within five standard deviations, sqrt(0.25 * 0.75 / 1e5) = 0.0014 each.
    assert abs((out != 0).mean() - 0.25) < 5 * 0.0014


def test_a_rate_of_nothing_drops_nothing():
    assert compute(Dropout(0.0), [[1, 2, 3]], training=True) == [[1, 2, 3]]


def test_each_number_is_dropped_by_itself():
    torch.manual_seed(0)
    out = np.array(compute(Dropout(0.5), np.ones((1, 20, 20, 2)), training=True))
    assert (out[..., 0] != out[..., 1]).any(), "the channels of a pixel have masks of their own"


@pytest.mark.parametrize("rate", [1.0, -0.1, float("nan"), "half", None])
def test_a_rate_is_a_share(rate):
    with pytest.raises(ArgumentError, match="Dropout: rate must be"):
        Dropout(rate)
