"""Maps made larger and smaller without weights."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from striate import layers
from striate.errors import ArgumentError, ShapeError
from striate.layers import Conv2D, Cropping1D, Cropping2D, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D
from striate.shape import to_border, to_inside
from tests.layers.by_hand import compute, grey, rows
from tests.layers.windows import agrees_with_the_book, dimensions, maps, sometimes
from tests.parity import difference, keras


def test_each_pixel_is_repeated():
    assert rows(compute(UpSampling2D((1, 2)), grey([[1, 2], [3, 4]]))) == [[1, 1, 2, 2], [3, 3, 4, 4]]
    assert compute(UpSampling1D(3), [[[1], [2]]]) == [[[1], [1], [1], [2], [2], [2]]]


def test_lines_go_from_centre_to_centre():
    """Centres of two new pixels for each old one lie at -1/4, 1/4, 3/4 and 5/4."""
    assert rows(compute(UpSampling2D((1, 2), "bilinear"), grey([[0, 8]]))) == [[0, 2, 6, 8]]


@pytest.mark.parametrize("times", [7, 49, 100])
def test_however_large_no_pixel_is_repeated_once_too_often(times):
    """torch's "nearest" rounds places down that single precision has just below a whole number."""
    y = UpSampling1D(times).build((60, 1))(torch.arange(60.0)[None, None])
    assert torch.equal(y[0, 0], torch.arange(60.0).repeat_interleave(times))


def test_each_side_has_the_frame_that_is_said():
    assert rows(compute(ZeroPadding2D(((1, 0), (0, 2))), grey([[7]]))) == [[0, 0, 0], [7, 0, 0]]
    assert rows(compute(ZeroPadding2D((1, 0)), grey([[7]]))) == [[0], [7], [0]]
    assert compute(ZeroPadding1D((2, 1)), [[[7]]]) == [[[0], [0], [7], [0]]]
    assert ZeroPadding2D(2).output((32, 32, 1)) == (36, 36, 1)  # lecture 001 L485-491


def test_each_side_loses_what_is_said():
    assert rows(compute(Cropping2D(((1, 0), (0, 1))), grey([[1, 2], [3, 4]]))) == [[3]]
    assert compute(Cropping1D((0, 2)), [[[1], [2], [3]]]) == [[[1]]]


def test_cropping_takes_a_frame_away_again():
    x = torch.randn(2, 3, 4, 5)
    there, back = ZeroPadding2D(((1, 2), (0, 3))), Cropping2D(((1, 2), (0, 3)))
    assert torch.equal(back.build(there.output((4, 5, 3)))(there.build((4, 5, 3))(x)), x)


def test_a_frame_before_a_convolution_is_its_padding():
    x, sides = torch.randn(2, 3, 4, 5), ((1, 2), (0, 3))
    framed, padded = Conv2D(2, 3).build((7, 8, 3)), Conv2D(2, 3, padding=sides).build((4, 5, 3))
    padded.load_state_dict(framed.state_dict())
    assert torch.allclose(framed(ZeroPadding2D(sides).build((4, 5, 3))(x)), padded(x), atol=1e-6)


def test_open_sizes_stay_open():
    assert UpSampling2D(2).output((None, 5, 3)) == (None, 10, 3)
    assert ZeroPadding2D(1).output((None, 5, 3)) == (None, 7, 3)
    assert Cropping2D(1).output((None, 5, 3)) == (None, 3, 3)


def test_cropping_everything_is_refused_with_the_sum():
    with pytest.raises(ShapeError, match="Cropping2D leaves nothing of a 4x5 map") as told:
        Cropping2D(((3, 1), 0)).output((4, 5, 1))
    assert told.value.sum == "height: 4 - 3 - 1 = 0, must be >= 1"


@pytest.mark.parametrize(
    ("layer", "value"),
    [
        (ZeroPadding1D, (1, 2, 3)),
        (ZeroPadding2D, (1, 2, 3)),
        (ZeroPadding2D, ((1, 2, 3), 0)),
        (ZeroPadding2D, -1),
        (Cropping2D, "same"),
    ],
)
def test_sides_that_are_none_are_refused(layer, value):
    with pytest.raises(ArgumentError, match=layer.__name__):
        layer(value)


KERAS = [
    ("ZeroPadding1D", (2, 1)),
    ("ZeroPadding2D", ((1, 0), (2, 3))),
    ("ZeroPadding3D", ((1, 0), (2, 3), (0, 1))),
    ("Cropping1D", (2, 1)),
    ("Cropping2D", ((1, 0), (2, 3))),
    ("Cropping3D", ((1, 0), (2, 3), (0, 1))),
    ("Cropping2D", 1),
    ("ZeroPadding2D", (1, 2)),
]


@pytest.mark.parametrize(("name", "sides"), KERAS)
def test_sides_are_keras(name, sides):
    shape = (*(5, 7, 4)[: int(name[-2])], 2)
    images = torch.from_numpy(np.random.default_rng(0).standard_normal((2, *shape), dtype=np.float32))
    layer = getattr(layers, name)(sides)
    assert difference(to_border(layer.build(shape)(to_inside(images))), getattr(keras.layers, name)(sides)(images)) == 0


@some.composite
def resizings(draw):
    count = draw(dimensions)
    side = some.integers(0, 2)
    pair = some.tuples(side, side)
    sides = side | (pair if count == 1 else some.tuples(*[side | pair] * count))
    kind = draw(some.sampled_from(["UpSampling", "ZeroPadding", "Cropping"]))
    size = some.integers(1, 3)
    value = draw(sides if kind != "UpSampling" else size if count == 1 else size | some.tuples(*[size] * count))
    more = [draw(some.sampled_from(["nearest", "bilinear"]))] if (kind, count) == ("UpSampling", 2) else []
    return getattr(layers, f"{kind}{count}D")(value, *more), maps(draw, count, draw(some.integers(1, 2)))


@sometimes
@given(resizings())
def test_any_resizing_is_that_of_the_textbook_or_refused_by_both(drawn):

    assert agrees_with_the_book(*drawn)
