"""Gradients by trying, and that they catch a wrong rule."""

import numpy as np
import pytest

from striate.textbook import BatchNormalization, Conv2D, Dense, Sigmoid, numerical_gradient


def test_the_slope_of_a_cube_is_three_squares():
    slope = numerical_gradient(lambda x: float(np.sum(x**3)), np.array([-1.0, 0.0, 2.0]))
    np.testing.assert_allclose(slope, [3.0, 0.0, 12.0], atol=1e-9)


def test_the_array_that_is_tried_stays_as_it_was():
    x = np.array([[1.0, 2.0]])
    numerical_gradient(lambda moved: float(moved.sum()), x)
    assert x.tolist() == [[1.0, 2.0]]


def test_a_gradient_has_the_shape_of_what_is_moved():
    assert numerical_gradient(lambda x: float(x.sum()), np.ones((2, 1, 3))).shape == (2, 1, 3)


class _SlightlyWrong:
    """A brick whose rule is wrong by one part in ten thousand, in one gradient."""

    def __init__(self, brick, where):
        self.brick, self.where = brick, where

    def forward(self, x, weights, training=True):
        return self.brick.forward(x, weights, training)

    def backward(self, dy):
        dx, gradients = self.brick.backward(dy)
        if self.where == "x":
            return dx * (1 + 1e-4), gradients
        return dx, gradients | {self.where: gradients[self.where] * (1 + 1e-4)}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("where", ["x", "weight", "bias"])
def test_a_rule_that_is_wrong_by_one_part_in_ten_thousand_is_caught(check_gradients, where, seed):
    rng = np.random.default_rng(seed)
    bricks = {
        Dense: ((3, 4), {"weight": rng.standard_normal((5, 4)), "bias": rng.standard_normal(5)}),
        Conv2D: ((2, 2, 5, 5), {"weight": rng.standard_normal((3, 2, 3, 3)), "bias": rng.standard_normal(3)}),
        BatchNormalization: ((6, 3), {"weight": rng.standard_normal(3), "bias": rng.standard_normal(3)}),
    }
    for brick, (shape, weights) in bricks.items():
        x = rng.standard_normal(shape)
        check_gradients(brick(), x, weights, seed, "weight bias")
        with pytest.raises(AssertionError, match=f"gradient of {where}"):
            check_gradients(_SlightlyWrong(brick(), where), x, weights, seed, "weight bias")


def test_a_wrong_rule_without_weights_is_caught_too(check_gradients):
    with pytest.raises(AssertionError, match="gradient of x"):
        check_gradients(_SlightlyWrong(Sigmoid(), "x"), np.ones((2, 3)), {}, 0)
