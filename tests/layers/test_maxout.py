"""The largest of several sums."""

import pytest
import torch

from striate.errors import ArgumentError, ShapeError
from striate.layers import Maxout
from striate.shape import EVERYTHING
from tests.layers.by_hand import compute


def test_a_unit_is_the_larger_of_its_two_sums():
    """Of x = (1, 2): 1 + 2 + 0.5 = 3.5 and 3*1 - 2 = 1; then -1 and 2*2 - 4 = 0."""
    weights = {"weight": [[1, 1], [3, -1], [-1, 0], [0, 2]], "bias": [0.5, 0, 0, -4]}
    assert compute(Maxout(2), [[1, 2]], **weights) == [[3.5, 0]]


def test_two_pieces_make_an_absolute_value_and_a_leaky_relu():
    assert compute(Maxout(1, use_bias=False), [[-2], [3]], weight=[[1], [-1]]) == [[2], [3]]
    assert compute(Maxout(1, use_bias=False), [[-2], [3]], weight=[[1], [0.1]]) == [[-0.2], [3]]


def test_one_piece_is_a_dense_layer_and_more_pieces_bend_more_often():
    assert compute(Maxout(1, pieces=1), [[2]], weight=[[3]], bias=[1]) == [[7]]
    # lines 0, x - 1 and 3x - 7 meet at 1 and 3
    bent = compute(Maxout(1, pieces=3), [[0], [1], [2], [3], [4]], weight=[[0], [1], [3]], bias=[0, -1, -7])
    assert bent == [[0], [0], [1], [2], [5]]


def test_on_a_map_it_acts_at_every_position():
    images = [[[[1, 2], [3, -4]]]]
    assert compute(Maxout(1), images, weight=[[1, 0], [0, 1]], bias=[0, 0]) == [[[[2], [3]]]]
    assert Maxout(7).output((5, 6, 2)) == (5, 6, 7)


def test_equal_sums_share_the_gradient():
    module = Maxout(1, use_bias=False).build((1,))
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[1.0], [1.0]]))
    module(torch.tensor([[3.0]])).sum().backward()
    assert module.weight.grad.tolist() == [[1.5], [1.5]]


def test_it_costs_as_many_dense_layers_as_it_has_pieces():
    assert Maxout(10, pieces=3).macs((784,)) == 3 * 7840
    weights = Maxout(10, pieces=3).weights((784,))
    assert {name: weight.shape for name, weight in weights.items()} == {"weight": (30, 784), "bias": (30,)}
    assert list(Maxout(10, use_bias=False).weights((784,))) == ["weight"]
    assert Maxout(3).window((784,)) is EVERYTHING
    assert Maxout(3).window((28, 28, 1)) is None


def test_a_single_number_and_no_pieces_are_refused():
    with pytest.raises(ShapeError, match="Maxout takes one axis at least"):
        Maxout(3).output(())
    with pytest.raises(ArgumentError, match="Maxout: pieces must be > 0"):
        Maxout(3, pieces=0)
