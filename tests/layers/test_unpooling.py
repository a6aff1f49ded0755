"""Numbers put back where the maxima were."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from striate import layers
from striate.errors import ShapeError
from striate.layers import MaxPooling2D, MaxUnpooling1D, MaxUnpooling2D
from tests.layers.windows import agrees_with_the_book, dimensions, maps, paddings, sizes, sometimes


def put_back(layer, small, before):
    """Of one image of one channel."""
    small, before = (torch.tensor(rows, dtype=torch.float64)[None, None] for rows in (small, before))
    return layer.build((*small.shape[2:], 1), (*before.shape[2:], 1))(small, before)[0, 0].tolist()


def test_the_maxima_of_the_lectures_slice_go_back_where_they_were():
    """Lecture 001 L710-719."""
    before = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
    assert put_back(MaxUnpooling2D(2), [[10, 20], [30, 40]], before) == [
        [0, 0, 0, 0],
        [0, 10, 0, 20],
        [30, 0, 0, 0],
        [0, 0, 0, 40],
    ]


def test_a_maximum_of_two_windows_gets_the_sum_and_the_first_of_equals_has_it_all():
    assert put_back(MaxUnpooling1D(2, 1), [3, 4], [1, 9, 2]) == [0, 7, 0]
    assert put_back(MaxUnpooling1D(3), [5], [7, 7, 7]) == [5, 0, 0]


def test_what_comes_out_is_as_large_as_what_was_pooled():
    """The last row and column no window reached; with padding, no pixel of the frame is left."""
    assert put_back(MaxUnpooling2D(2), [[5]], [[1, 2, 9], [4, 3, 9], [9, 9, 9]]) == [[0, 0, 0], [5, 0, 0], [0, 0, 0]]
    assert put_back(MaxUnpooling1D(2, padding="same"), [5, 6], [-1, -2, -3]) == [5, 0, 6]


def test_the_map_that_was_pooled_gets_no_gradient():
    small, before = torch.ones(1, 1, 1, 1, requires_grad=True), torch.rand(1, 1, 2, 2, requires_grad=True)
    y = MaxUnpooling2D(2).build((1, 1, 1), (2, 2, 1))(small, before)
    dsmall, dbefore = torch.autograd.grad(y.sum(), [small, before], allow_unused=True)
    assert dsmall.item() == 1
    assert dbefore is None or not dbefore.any()


def test_a_map_of_open_size_is_taken_too():
    layer = MaxUnpooling2D(3, 2, "same")
    late = layer.build((None, None, 2), (None, None, 2))
    for size in ((5, 6), (6, 7), (1, 1)):
        before = torch.randn(1, 2, *size)
        small = MaxPooling2D(3, 2, "same").build((*size, 2))(before)
        known = layer.build((*small.shape[2:], 2), (*size, 2))
        assert torch.equal(late(small, before), known(small, before))


def test_a_small_map_of_another_size_is_refused_with_the_sum():
    with pytest.raises(ShapeError, match=r"takes \[small, before\]") as told:
        MaxUnpooling2D(2).output((3, 2, 1), (4, 4, 1))
    assert told.value.sum == "before (4, 4, 1) is (2, 2, 1) once pooled, small is (3, 2, 1)"
    assert MaxUnpooling2D(2).output((2, 2, 1), (4, 4, 1)) == (4, 4, 1)


@some.composite
def unpoolings(draw):
    count = draw(dimensions)
    arguments = draw(sizes(1, 4, count)), draw(some.none() | sizes(1, 3, count)), draw(paddings(count))
    shape = maps(draw, count, draw(some.integers(1, 2)))
    return getattr(layers, f"MaxUnpooling{count}D")(*arguments), shape


@sometimes
@given(unpoolings())
def test_any_unpooling_is_that_of_the_textbook(drawn):
    layer, before = drawn
    try:
        small = layer.pooling(layer.pool_size, layer.strides, layer.padding).output(before)
    except ShapeError:
        with pytest.raises(ShapeError):
            layer.output(before, before)
        return
    assert agrees_with_the_book(layer, small, before)
