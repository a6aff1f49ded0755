"""Compared with the neighbours, among the channels and on the map."""

import numpy as np
import pytest

from striate.textbook import LocalContrastNormalization, LocalResponseNormalization


def test_the_neighbours_are_added_and_not_averaged():
    y = LocalResponseNormalization().forward(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), {})
    assert y[0, 2] == pytest.approx(3 / (2 + 1e-4 * 55) ** 0.75, rel=1e-14)


def test_contrast_of_two_pixels():
    y = LocalContrastNormalization(3, sigma=1e9).forward(np.array([[[[0.0, 8.0]]]]), {})
    assert y[0, 0, 0].tolist() == pytest.approx([-1, 1])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(3, 6), (2, 4, 3), (2, 5, 3, 2)])
def test_the_backward_rule_among_channels_agrees_with_trying(check_gradients, shape, seed):
    x = np.random.default_rng(seed).standard_normal(shape)
    check_gradients(LocalResponseNormalization(3, alpha=0.7, k=1.0), x, {}, seed)
    check_gradients(LocalResponseNormalization(2, alpha=0.7, beta=2.0), x, {}, seed)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 7), (2, 2, 4, 5), (1, 2, 3, 2, 3)])
def test_the_backward_rule_on_the_map_agrees_with_trying(check_gradients, shape, seed):
    x = np.random.default_rng(seed).standard_normal(shape)
    check_gradients(LocalContrastNormalization(3), x, {}, seed)
