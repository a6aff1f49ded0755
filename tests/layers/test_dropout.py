"""A thinner network at every step."""

import numpy as np
import pytest
import torch

from striate.errors import ArgumentError, ShapeError
from striate.layers import (
    AlphaDropout,
    ClassicDropout,
    Dropout,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
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


# Classic


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.9])
def test_classic_dropout_shrinks_by_what_is_kept_and_not_by_what_is_dropped(rate):
    """ConvNetJS multiplies by the rate, and the lectures by a half: both are right for a half only."""
    assert compute(ClassicDropout(rate), [[1, 2, 3]]) == [pytest.approx([1 - rate, 2 * (1 - rate), 3 * (1 - rate)])]


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_classic_dropout_leaves_what_it_keeps_and_predicts_the_mean_of_its_training(rate):
    torch.manual_seed(0)
    out = np.array(compute(ClassicDropout(rate), np.full((100, 1000), 3.0), training=True))
    assert np.unique(out).tolist() == [0.0, pytest.approx(3.0)]
    (predicted,) = np.unique(compute(ClassicDropout(rate), np.full((1, 10), 3.0)))
    # 100,000 coins worth 3 each: five standard deviations of their mean.
    assert abs(out.mean() - predicted) < 5 * 3 * np.sqrt(rate * (1 - rate) / 1e5)


def test_classic_dropout_is_dropout_times_the_share_that_is_kept():
    x = np.random.default_rng(0).standard_normal((4, 50))
    for training in (True, False):
        found = []
        for layer in (ClassicDropout(0.3), Dropout(0.3)):
            torch.manual_seed(0)
            found.append(np.array(compute(layer, x, training=training)))
        np.testing.assert_allclose(found[0], 0.7 * found[1], rtol=1e-15)


# Spatial


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(SpatialDropout1D(0.5), (9,)), (SpatialDropout2D(0.5), (3, 4)), (SpatialDropout3D(0.5), (2, 3, 2))],
    ids=repr,
)
def test_a_channel_is_dropped_whole_or_kept_whole(layer, shape):
    torch.manual_seed(0)
    out = np.array(compute(layer, np.ones((20, *shape, 10)), training=True)).reshape(20, -1, 10)
    assert (out == out[:, :1]).all()
    assert set(np.unique(out)) == {0.0, 2.0}
    assert (out[0] != out[1]).any(), "each image has a mask of its own"
    assert compute(layer, np.ones((1, *shape, 2))) == np.ones((1, *shape, 2)).tolist()


def test_channels_of_another_rank_are_refused():
    with pytest.raises(ShapeError, match=r"SpatialDropout2D takes \(h, w, c\), it was given \(9, 3\)"):
        SpatialDropout2D(0.5).output((9, 3))


# Alpha


def test_alpha_dropout_keeps_mean_and_variance():
    torch.manual_seed(0)
    x = torch.randn(1000, 1000).numpy()
    out = np.array(compute(AlphaDropout(0.3), x, training=True))
    assert out.mean() == pytest.approx(x.mean(), abs=5e-3)
    assert out.var() == pytest.approx(x.var(), abs=1e-2)
    assert compute(AlphaDropout(0.3), [[1, 2]]) == [[1, 2]]
