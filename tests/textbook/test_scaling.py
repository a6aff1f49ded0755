"""Scaling by known numbers."""

import numpy as np
import pytest

from striate.textbook import Normalization, Rescaling


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [(3, 2), (2, 2, 3, 2)])
def test_the_backward_rules_agree_with_trying(check_gradients, shape, seed):
    rng = np.random.default_rng(seed)
    given = {"mean": rng.standard_normal(2), "deviation": 0.5 + rng.random(2)}
    x = rng.standard_normal(shape)
    check_gradients(Rescaling(-2.0, 3.0), x, {}, seed)
    for invert in (False, True):
        check_gradients(Normalization(invert), x, given, seed)


def test_inverted_it_undoes_itself():
    given = {"mean": np.array([1.0, 2.0]), "deviation": np.array([3.0, 0.5])}
    x = np.random.default_rng(0).standard_normal((4, 2))
    there = Normalization().forward(x, given)
    np.testing.assert_allclose(Normalization(invert=True).forward(there, given), x, rtol=1e-14)
