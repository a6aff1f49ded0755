"""Windows summed up in one number."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as some

from striate import layers
from striate.errors import ShapeError
from striate.layers import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalL2Pooling2D,
    GlobalMaxPooling2D,
    L2Pooling1D,
    L2Pooling2D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from striate.shape import EVERYTHING, Window
from tests.layers.by_hand import compute, grey, rows
from tests.layers.windows import agrees_with_the_book, dimensions, maps, often, paddings, sizes


def test_each_window_keeps_its_largest_pixel_channel_by_channel():
    image = [[[[1, -1], [2, -2]], [[3, -3], [4, -4]]]]
    assert compute(MaxPooling2D(2), image) == [[[[4, -1]]]]


def test_the_length_of_a_window_is_the_root_of_the_sum_of_squares():
    """The slice of lecture 001 L710-713: the roots of 63, 133, 18 and 26, not of their quarters."""
    image = grey([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
    found = rows(compute(L2Pooling2D(2), image))
    assert [[round(value, 3) for value in row] for row in found] == [[7.937, 11.533], [4.243, 5.099]]
    assert compute(L2Pooling1D(2, padding="same"), [[[3], [4], [-6]]]) == [[[5], [6]]]
    assert compute(GlobalL2Pooling2D(), grey([[1, 5], [1, 3]])) == [[6]]


@pytest.mark.parametrize("layer", [L2Pooling2D(2), GlobalL2Pooling2D()], ids=repr)
def test_a_window_of_zeros_has_no_slope_and_no_nan(layer):
    x = torch.zeros(1, 1, 2, 2, requires_grad=True)
    y = layer.build((2, 2, 1))(x)
    (dx,) = torch.autograd.grad(y.sum(), x)
    assert y.sum() == 0
    assert dx.tolist() == [[[[0, 0], [0, 0]]]]


def test_each_side_has_the_padding_that_is_said():
    assert compute(MaxPooling1D(2, 1, ((1, 0),)), [[[-1], [-2], [-3]]]) == [[[-1], [-1], [-2]]]
    assert compute(AveragePooling1D(2, 1, ((0, 1),)), [[[1], [5], [9]]]) == [[[3], [7], [9]]]
    with pytest.raises(ShapeError, match="nothing but padding"):
        MaxPooling1D(2, 1, ((0, 2),)).output((5, 1))


@pytest.mark.parametrize("layer", [MaxPooling2D, AveragePooling2D, L2Pooling2D])
def test_same_padding_of_an_open_size_is_found_when_the_map_is(layer):
    declared = layer((3, 2), 2, "same")
    assert declared.output((None, None, 2)) == (None, None, 2)
    late = declared.build((None, None, 2))
    for size in ((5, 6), (6, 7), (1, 1), (8, 3)):
        x = torch.randn(1, 2, *size)
        assert torch.allclose(late(x), declared.build((*size, 2))(x), atol=1e-6)


def test_windows_overlap_where_the_stride_is_smaller():
    image = grey([[1, 5, 2], [0, 3, 4], [9, 1, 1]])
    assert rows(compute(MaxPooling2D(2, strides=1), image)) == [[5, 5], [9, 4]]
    assert rows(compute(AveragePooling2D(2, strides=1), image)) == [[2.25, 3.5], [3.25, 2.25]]


def test_padding_is_never_the_largest_pixel():
    assert compute(MaxPooling1D(2, padding="same"), [[[-1], [-2], [-3]]]) == [[[-1], [-3]]]
    assert compute(MaxPooling1D(3, strides=1, padding=1), [[[-1], [-2], [-3]]]) == [[[-1], [-1], [-2]]]


def test_padding_does_not_count_in_a_mean():
    assert compute(AveragePooling1D(2, padding="same"), [[[1], [5], [9]]]) == [[[3], [9]]]
    assert compute(AveragePooling1D(3, strides=1, padding=1), [[[1], [5], [9]]]) == [[[3], [5], [7]]]


def test_same_padding_at_stride_1_puts_the_odd_pixel_at_the_end():
    image = grey([[1, 2], [3, 4]])
    assert rows(compute(MaxPooling2D(2, 1, "same"), image)) == [[4, 4], [4, 4]]
    assert rows(compute(AveragePooling2D(2, 1, "same"), image)) == [[2.5, 3], [3.5, 4]]


def test_pixels_that_no_window_reaches_are_left_out():
    assert rows(compute(MaxPooling2D(2), grey([[1, 2, 9], [3, 4, 9], [9, 9, 9]]))) == [[4]]


def test_a_volume_is_pooled_along_three_axes():
    volume = [[[[[1], [2]], [[3], [4]]], [[[5], [6]], [[7], [8]]]]]
    assert compute(MaxPooling3D(2), volume) == [[[[[8]]]]]
    assert compute(AveragePooling3D(2), volume) == [[[[[4.5]]]]]


def test_a_volume_smaller_than_the_window_is_averaged_as_well():
    """torch's own refuses it, padded or not. Of the window of 4, the 2 real values count."""
    volume = [[[[[1]]], [[[3]]]]]
    assert compute(AveragePooling3D((4, 1, 1), strides=1, padding="same"), volume) == [[[[[2]]], [[[2]]]]]


def test_the_first_of_equal_largest_has_the_gradient():
    for layer in (MaxPooling2D(2), GlobalMaxPooling2D()):
        x = torch.tensor([[[[0.0, 7.0], [7.0, 7.0]]]], requires_grad=True)
        (dx,) = torch.autograd.grad(layer.build((2, 2, 1))(x).sum(), x)
        assert dx[0, 0].tolist() == [[0, 1], [0, 0]]


def test_pooling_of_the_whole_map_leaves_a_number_for_each_channel():
    image = [[[[1, -1], [2, -2]], [[3, -3], [6, -6]]]]
    assert compute(GlobalMaxPooling2D(), image) == [[6, -1]]
    assert compute(GlobalAveragePooling2D(), image) == [[3, -3]]
    assert compute(GlobalMaxPooling2D(keepdims=True), image) == [[[[6, -1]]]]
    assert compute(GlobalAveragePooling2D(keepdims=True), image) == [[[[3, -3]]]]
    assert compute(GlobalAveragePooling1D(), [[[1], [2], [6]]]) == [[3]]


def test_it_has_a_window_and_the_whole_map_is_everything():
    assert MaxPooling2D(3, 2).window((8, 8, 1)) == Window((3, 3), (2, 2), ((0, 0), (0, 0)), (1, 1))
    assert AveragePooling2D((1, 2)).window((8, 8, 1)) == Window((1, 2), (1, 2), ((0, 0), (0, 0)), (1, 1))
    assert GlobalMaxPooling2D().window((8, 8, 1)) is EVERYTHING


@pytest.mark.parametrize(("padding", "strides"), [("valid", None), (1, None), ("same", 2), ("same", None)])
def test_torchs_own_module_computes_it_wherever_it_can(padding, strides):
    assert type(MaxPooling2D(2, strides, padding).build((7, 8, 1))) is torch.nn.MaxPool2d
    assert type(AveragePooling2D(2, strides, padding).build((7, 8, 1))) is torch.nn.AvgPool2d


def test_a_window_that_does_not_fit_is_refused_with_the_sum():
    with pytest.raises(ShapeError) as told:
        MaxPooling2D(3).output((2, 8, 4))
    assert told.value.what == "MaxPooling2D cannot fit a 3x3 kernel in a 2x8 map"
    assert told.value.sum == "height: floor((2 + 2*0 - 1*(3-1) - 1) / 3) + 1 = 0, must be >= 1"


def test_a_window_that_could_hold_nothing_but_padding_is_refused():
    with pytest.raises(ShapeError) as told:
        AveragePooling2D(3, padding=2).output((8, 8, 4))
    assert str(told.value) == (
        "AveragePooling2D has a window that could hold nothing but padding\n"
        "  sum   : 2*2 = 4 pixels of padding, the window is 3\n"
        "  fix   : padding=1 at most, or a larger pool_size"
    )
    assert AveragePooling2D(3, padding=1).output((8, 8, 4)) == (3, 3, 4)


@pytest.mark.parametrize("layer", [MaxPooling2D(2), GlobalMaxPooling2D()], ids=repr)
def test_a_map_without_channels_is_refused(layer):
    with pytest.raises(ShapeError, match=r"takes \(height, width, channels\), it was given \(28, 28\)"):
        layer.output((28, 28))


@some.composite
def poolings(draw):
    """Pooling of either kind, and a small map that it may or may not fit."""
    count = draw(dimensions)
    layer = getattr(layers, f"{draw(some.sampled_from(['Max', 'Average', 'L2']))}Pooling{count}D")(
        draw(sizes(1, 4, count)), draw(some.none() | sizes(1, 3, count)), draw(paddings(count))
    )
    return layer, maps(draw, count, draw(some.integers(1, 2)))


@often
@given(poolings())
@example((MaxPooling2D(4, 1, "same"), (1, 1, 2)))
@example((AveragePooling2D((4, 3), (1, 2), "same"), (2, 6, 1)))
@example((AveragePooling3D((2, 4, 1), (1, 3, 1), "same"), (5, 2, 4, 2)))
def test_any_pooling_is_that_of_the_textbook_or_refused_by_both(drawn):
    assert agrees_with_the_book(*drawn)
