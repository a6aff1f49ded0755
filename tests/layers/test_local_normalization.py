"""Compared with the neighbours: among the channels as AlexNet does, on the map as LeCun's group does."""

import math

import numpy as np
import pytest
import torch

from striate.errors import ArgumentError
from striate.layers import LocalContrastNormalization, LocalResponseNormalization
from striate.shape import EVERYTHING
from tests.layers.by_hand import compute, grey, rows

# Among the channels


def test_the_squares_of_five_channels_are_added_and_not_averaged():
    """Of the third of five channels 2 + 1e-4 * (1 + 4 + 9 + 16 + 25) = 2.0055; of the first 2 + 1e-4 * (1 + 4 + 9)."""
    (out,) = compute(LocalResponseNormalization(), [[1, 2, 3, 4, 5]])
    assert out[2] == pytest.approx(3 / 2.0055**0.75, rel=1e-12)
    assert out[0] == pytest.approx(1 / 2.0014**0.75, rel=1e-12)
    assert out[4] == pytest.approx(5 / 2.0050**0.75, rel=1e-12)


def test_torchs_own_divides_alpha_by_the_size():
    x = torch.randn(2, 7, 3, 3, dtype=torch.float64)
    ours = LocalResponseNormalization(5, alpha=0.3, beta=0.6, k=1.5).build((3, 3, 7))(x)
    torch.testing.assert_close(ours, torch.nn.LocalResponseNorm(5, alpha=5 * 0.3, beta=0.6, k=1.5)(x))


def test_of_an_even_number_of_neighbours_one_more_lies_before():
    """Around the second of three: itself and the first. 2 / (1 + 1 + 4)."""
    layer = LocalResponseNormalization(2, alpha=1.0, beta=1.0, k=1.0)
    assert compute(layer, [[1, 2, 3]]) == [pytest.approx([1 / 2, 2 / 6, 3 / 14])]


def test_each_position_is_by_itself():
    layer = LocalResponseNormalization(3, alpha=1.0, beta=1.0, k=1.0)
    assert compute(layer, [[[[1, 0], [2, 0]]]]) == [[[[0.5, 0], [0.4, 0]]]]
    assert layer.window((5, 6, 2)) is None


# On the map


def contrast(image, size, sigma, epsilon=1e-4):
    """The paper's formulas in plain loops, for an image (h, w, c)."""
    h, w, c = image.shape
    reach = size // 2

    def around(values, i, j):
        total = weights = 0.0
        for p in range(-reach, reach + 1):
            for q in range(-reach, reach + 1):
                if 0 <= i + p < h and 0 <= j + q < w:
                    g = math.exp(-(p * p + q * q) / (2 * sigma**2))
                    total += g * values[i + p, j + q].sum() / c
                    weights += g
        return total / weights

    v = np.array([[image[i, j] - around(image, i, j) for j in range(w)] for i in range(h)])
    s = np.array([[max(math.sqrt(around(v**2, i, j)), epsilon) for j in range(w)] for i in range(h)])
    return v / np.maximum(s.mean(), s)[..., None]


@pytest.mark.parametrize(("size", "sigma"), [(3, None), (9, None), (5, 0.7)])
def test_it_is_the_papers_formula(size, sigma):
    image = np.random.default_rng(0).standard_normal((6, 7, 3))
    (found,) = compute(LocalContrastNormalization(size, sigma), image[None])
    np.testing.assert_allclose(found, contrast(image, size, sigma or size / 4), rtol=1e-12, atol=1e-12)


def test_a_step_by_hand():
    """Of 0, 8, a window of 3 with equal weights sees both everywhere: the mean is 4, v = -4, 4, and s = 4, 4."""
    assert rows(compute(LocalContrastNormalization(3, sigma=1e9), grey([[0, 8]]))) == [
        [pytest.approx(x) for x in (-1, 1)]
    ]


def test_light_and_contrast_of_the_whole_do_not_matter():
    image = np.random.default_rng(0).standard_normal((1, 8, 8, 2))
    plain = compute(LocalContrastNormalization(5), image)
    np.testing.assert_allclose(compute(LocalContrastNormalization(5), 7 * image + 100), plain, rtol=1e-9, atol=1e-9)


def test_a_map_without_contrast_becomes_zero_with_a_gradient_that_is_finite():
    x = torch.full((1, 1, 6, 6), 0.3, requires_grad=True)
    y = LocalContrastNormalization(5).build((6, 6, 1))(x)
    assert y.abs().max() < 1e-2
    y.sum().backward()
    assert torch.isfinite(x.grad).all()


def test_flat_places_are_not_blown_up_as_the_mean_contrast_divides_them():
    """A map that is flat on the left, but for a hair, and busy on the right."""
    rng = np.random.default_rng(0)
    image = np.concatenate([1e-3 * rng.standard_normal((12, 6, 1)), rng.standard_normal((12, 6, 1))], 1)
    (out,) = compute(LocalContrastNormalization(3), image[None])
    assert np.abs(np.array(out)[:, :4]).max() < 0.01


def test_every_position_sees_the_map_by_its_mean_contrast():
    assert LocalContrastNormalization().window((5, 6, 2)) is EVERYTHING


@pytest.mark.parametrize("size", [0, 4])
def test_a_window_without_a_middle_is_refused(size):
    with pytest.raises(ArgumentError, match="LocalContrastNormalization: kernel_size must be"):
        LocalContrastNormalization(size)
