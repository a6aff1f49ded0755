"""The largest of several sums."""

import numpy as np
import pytest

from striate.textbook import Maxout


def test_the_largest_sum_comes_out_and_takes_the_gradient():
    brick = Maxout(1, pieces=3)
    weights = {"weight": np.array([[1.0], [2.0], [-1.0]]), "bias": np.array([0.0, -1.0, 0.0])}
    assert brick.forward(np.array([[0.5], [3.0], [-2.0]]), weights).tolist() == [[0.5], [5], [2]]
    dx, gradients = brick.backward(np.ones((3, 1)))
    assert dx.tolist() == [[1], [2], [-1]]
    assert gradients["weight"].tolist() == [[0.5], [3], [-2]]
    assert gradients["bias"].tolist() == [1, 1, 1]


def test_equal_sums_share():
    brick = Maxout(1)
    brick.forward(np.array([[3.0]]), {"weight": np.array([[1.0], [1.0]])})
    assert brick.backward(np.array([[1.0]]))[1]["weight"].tolist() == [[1.5], [1.5]]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("pieces", [1, 2, 4])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 2, 2)])
def test_the_backward_rule_agrees_with_trying(check_gradients, shape, pieces, seed):
    rng = np.random.default_rng(seed)
    weights = {"weight": rng.standard_normal((2 * pieces, shape[1])), "bias": rng.standard_normal(2 * pieces)}
    check_gradients(Maxout(2, pieces), rng.standard_normal(shape), weights, seed, "weight bias")
