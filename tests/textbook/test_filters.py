"""A kernel that nobody learns."""

import numpy as np

from striate.textbook import FixedFilter2D

BLUR = {"kernel": np.full((3, 3), 1 / 9)}


def test_every_channel_is_filtered_by_itself():
    x = np.stack([np.eye(3), 9 * np.ones((3, 3))])[None]
    assert np.allclose(FixedFilter2D().forward(x, BLUR), [[[[1 / 3]], [[9]]]])


def test_the_backward_rule_agrees_with_trying(check_gradients):
    x = np.random.default_rng(0).standard_normal((2, 2, 4, 5))
    check_gradients(FixedFilter2D(2, "same"), x, {"kernel": np.arange(9.0).reshape(3, 3)}, 0)
