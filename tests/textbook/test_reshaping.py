"""Flatten and Reshape read maps in the order (h, w, c)."""

import numpy as np
import pytest

from striate.textbook import Flatten, Reshape


def test_a_32x32_image_of_3_channels_becomes_3072_numbers():
    """Lecture 001 L808."""
    assert Flatten().forward(np.zeros((2, 3, 32, 32)), {}).shape == (2, 3072)


def test_flatten_reads_row_by_row_and_the_channels_of_a_pixel_together():
    x = np.zeros((1, 2, 2, 3))
    for k, i, j in np.ndindex(2, 2, 3):
        x[0, k, i, j] = (i * 3 + j) * 2 + k
    assert Flatten().forward(x, {}).tolist() == [list(range(12))]


def test_flatten_is_what_an_image_at_the_border_gives():
    image = np.random.default_rng(0).standard_normal((2, 4, 5, 3))  # (n, h, w, c)
    np.testing.assert_array_equal(Flatten().forward(np.moveaxis(image, -1, 1), {}), image.reshape(2, -1))


def test_flatten_leaves_a_vector_alone():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(Flatten().forward(x, {}), x)


@pytest.mark.parametrize("target", [(6, 10), (60,), (2, 3, 10), (3, -1), (5, 2, 6)])
def test_reshape_is_what_reshaping_at_the_border_gives(target):
    border = np.random.default_rng(0).standard_normal((2, 4, 3, 5))  # (n, h, w, c)
    y = Reshape(target).forward(np.moveaxis(border, -1, 1), {})
    np.testing.assert_array_equal(np.moveaxis(y, 1, -1), border.reshape(2, *target))


def test_a_vector_can_become_a_map():
    y = Reshape((2, 2, 3)).forward(np.arange(12.0).reshape(1, 12), {})
    assert y.shape == (1, 3, 2, 2)
    assert y[0, :, 0, 1].tolist() == [3, 4, 5]


def test_a_target_of_another_size_is_refused():
    with pytest.raises(ValueError, match="cannot reshape"):
        Reshape((5,)).forward(np.zeros((2, 6)), {})


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "brick", [Flatten(), Reshape((4, 6)), Reshape((-1,)), Reshape((2, 2, 6))], ids=lambda brick: type(brick).__name__
)
def test_the_backward_rule_agrees_with_trying(check_gradients, brick, seed):
    check_gradients(brick, np.random.default_rng(seed).standard_normal((2, 3, 2, 4)), {}, seed)
