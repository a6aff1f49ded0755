"""Known factors, and means and deviations that were measured."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from striate.errors import ArgumentError, DataError, ShapeError
from striate.layers import Normalization, Rescaling
from tests.contracts.layer_trials import known
from tests.layers.by_hand import compute


def normalised(layer, x):
    """What it makes of rows, with the numbers that its declaration holds."""
    weights = layer.weights(np.shape(x)[1:])
    return np.array(compute(layer, x, **{name: known(w) for name, w in weights.items()}))


def test_numbers_are_stretched_and_then_shifted():
    assert compute(Rescaling(2.0, -1.0), [[0, 0.5, 1]]) == [[-1, 0, 1]]
    assert compute(Rescaling(0.5), [[3, -4]]) == [[1.5, -2]]


def test_each_channel_has_its_mean_and_deviation():
    layer = Normalization((1.0, 10.0), (4.0, 100.0))
    assert normalised(layer, [[5, 30], [1, 0]]).tolist() == [[2, 2], [0, -1]]
    back = Normalization((1.0, 10.0), (4.0, 100.0), invert=True)
    assert normalised(back, [[2, 2], [0, -1]]).tolist() == [[5, 30], [1, 0]]


def test_one_number_stands_for_all_channels():
    assert normalised(Normalization(1.0, 4.0), [[[[3, 5]]]]).tolist() == [[[[1, 2]]]]


def test_a_channel_that_never_varies_becomes_zero():
    assert normalised(Normalization.adapted([[7.0], [7.0]]), [[7.0]]).tolist() == [[0]]


def test_adapted_to_data_it_is_scikit_learns_scaler():
    x = np.random.default_rng(0).standard_normal((50, 3)) * [1, 10, 100] + [5, 0, -7]
    np.testing.assert_allclose(normalised(Normalization.adapted(x), x), StandardScaler().fit_transform(x), atol=1e-5)


def test_maps_are_measured_over_images_and_positions_and_bytes_as_a_network_gets_them():
    x = np.zeros((2, 3, 3, 2), np.uint8)
    x[0, ..., 0], x[..., 1] = 255, 51
    layer = Normalization.adapted(x, name="standard")
    assert layer.mean == pytest.approx((0.5, 0.2))
    assert layer.variance == pytest.approx((0.25, 0), abs=1e-12)
    assert layer.name == "standard"


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="a mean for each of 2 channels"):
        Normalization((1.0, 2.0), 1.0).output((5, 5, 3))
    with pytest.raises(ShapeError, match="a variance for each of 2 channels"):
        Normalization(0.0, (1.0, 2.0)).output((5, 5, 3))
    with pytest.raises(ArgumentError, match=r"Normalization: variance.* must be >= 0"):
        Normalization(0.0, -1.0)
    with pytest.raises(DataError, match="the data are no array of numbers"):
        Normalization.adapted(["a", "b"])
