"""The same small kernel at every place."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as some

from striate import layers
from striate.errors import ArgumentError, ShapeError
from striate.layers import Conv1D, Conv2D, Conv3D, FlippedConv1D, FlippedConv2D
from striate.shape import Window
from tests.layers.by_hand import compute, grey, rows
from tests.layers.windows import agrees_with_the_book, dimensions, maps, often, paddings, sizes


def test_a_kernel_of_two_takes_differences_of_neighbours():
    assert compute(Conv1D(1, 2, use_bias=False), [[[1], [4], [9], [16]]], weight=[[[-1, 1]]]) == [[[3], [5], [7]]]


def test_the_kernel_is_not_flipped():
    image, kernel = [[1, 2], [3, 4]], [[[[1, 10], [100, 1000]]]]
    assert rows(compute(Conv2D(1, 2, use_bias=False), grey(image), weight=kernel)) == [[4321]]


def test_a_filter_adds_over_the_channels_and_then_its_bias():
    image = [[[[1, 2, 3]]]]
    out = compute(Conv2D(2, 1), image, weight=[[[[1]], [[1]], [[1]]], [[[1]], [[0]], [[-1]]]], bias=[10, 20])
    assert out == [[[[16, 18]]]]


def test_a_volume_is_added_up_along_three_axes():
    volume = [[[[[1], [2]], [[3], [4]]], [[[5], [6]], [[7], [8]]]]]
    assert compute(Conv3D(1, 2, use_bias=False), volume, weight=[[[[[1, 1], [1, 1]], [[1, 1], [1, 1]]]]]) == [
        [[[[36]]]]
    ]


def test_groups_do_not_see_each_other():
    out = compute(Conv2D(2, 1, groups=2), [[[[3, 5]]]], weight=[[[[1]]], [[[1]]]], bias=[0, 0])
    assert out == [[[[3, 5]]]]


def test_dilation_leaves_pixels_out_between_the_taps():
    layer = Conv1D(1, 2, dilation_rate=2, use_bias=False)
    assert compute(layer, [[[1], [10], [100], [1000]]], weight=[[[1, 1]]]) == [[[101], [1010]]]


def test_the_activation_is_applied_to_the_sum():
    layer = Conv1D(1, 2, activation="relu", use_bias=False)
    assert compute(layer, [[[1], [4], [3]]], weight=[[[-1, 1]]]) == [[[3], [0]]]


def test_same_padding_puts_the_odd_pixel_at_the_end():
    """Outputs at 1+2, 2+3, 3+0."""
    layer = Conv1D(1, 2, padding="same", use_bias=False)
    assert compute(layer, [[[1], [2], [3]]], weight=[[[1, 1]]]) == [[[3], [5], [3]]]


def test_each_side_has_the_padding_that_is_said():
    """1+2, 2+3, 3+0: nothing before, one zero after."""
    layer = Conv1D(1, 2, padding=((0, 1),), use_bias=False)
    assert compute(layer, [[[1], [2], [3]]], weight=[[[1, 1]]]) == [[[3], [5], [3]]]
    layer = Conv2D(1, 1, padding=((1, 0), (0, 2)), use_bias=False)
    assert rows(compute(layer, grey([[5]]), weight=[[[[1]]]])) == [[0, 0, 0], [5, 0, 0]]
    assert Conv2D(4, 3, (2, 1), ((1, 0), 1)).output((6, 7, 2)) == (3, 7, 4)


def test_a_pixel_more_on_one_side_than_a_pair_has_is_refused():
    for padding in (((0, 1, 2), 0), ((0,), 0), ((-1, 0), 0)):
        with pytest.raises(ArgumentError, match=r"Conv2D: padding\b"):
            Conv2D(1, 1, padding=padding)


def test_the_kernel_of_a_true_convolution_is_turned_round():
    image, kernel = [[1, 2], [3, 4]], [[[[1, 10], [100, 1000]]]]
    assert rows(compute(FlippedConv2D(1, 2, use_bias=False), grey(image), weight=kernel)) == [[1234]]
    # (1 + 2t)(3 + 4t) = 3 + 10t + 8t^2
    layer = FlippedConv1D(1, 2, padding=1, use_bias=False)
    assert compute(layer, [[[3], [4]]], weight=[[[1, 2]]]) == [[[3], [10], [8]]]


def test_the_lectures_sobel_patch_is_minus_two_where_it_is_truly_convolved():
    """Lecture 002 L446-448."""
    patch, kernel = grey([[3, 2, 1], [1, 2, 3], [1, 1, 1]]), [[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]]
    assert rows(compute(Conv2D(1, 3, use_bias=False), patch, weight=kernel)) == [[2]]
    assert rows(compute(FlippedConv2D(1, 3, use_bias=False), patch, weight=kernel)) == [[-2]]


@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_same_padding_leaves_the_size_over_the_stride_rounded_up(kernel, strides):
    for side in range(1, 12):
        assert Conv2D(1, kernel, strides, "same").output((side, side, 1))[0] == -(-side // strides)


def test_kernels_strides_and_padding_may_differ_by_axis():
    layer = Conv2D(4, (1, 3), strides=(1, 2), padding=(0, 1))
    assert layer.output((8, 9, 2)) == (8, 5, 4)
    assert layer.weights((8, 9, 2))["weight"].shape == (4, 2, 1, 3)
    assert layer.window((8, 9, 2)) == Window((1, 3), (1, 2), ((0, 0), (1, 1)), (1, 1))


def test_it_counts_a_multiplication_for_each_tap_of_each_filter_at_each_place():
    """2 filters of 3x3 on 4/2 channels of their group, at 6x6 places; then the same with padding."""
    layer = Conv2D(2, 3, groups=2)
    assert layer.macs((8, 8, 4)) == 2 * 2 * 9 * 36
    assert Conv2D(2, 3, groups=2, padding="same").macs((8, 8, 4)) == 2 * 2 * 9 * 64


def test_weights_have_keras_order():
    weight = Conv2D(6, (3, 5)).weights((28, 28, 1))["weight"]
    assert weight.shape == (6, 1, 3, 5)
    assert [weight.shape[axis] for axis in weight.keras] == [3, 5, 1, 6]


def test_torchs_own_module_computes_it_wherever_it_can():
    assert type(Conv2D(6, 5, padding="same").build((28, 28, 1))) is torch.nn.Conv2d
    assert isinstance(Conv2D(6, 4, padding="same").build((28, 28, 1)), torch.nn.Conv2d)


def test_a_kernel_that_does_not_fit_is_refused_with_the_sum():
    with pytest.raises(ShapeError) as told:
        Conv2D(120, 5).output((4, 3, 6))
    assert str(told.value) == (
        "Conv2D cannot fit a 5x5 kernel in a 4x3 map\n"
        "  sum   : height: floor((4 + 2*0 - 1*(5-1) - 1) / 1) + 1 = 0, must be >= 1\n"
        '  fix   : padding="same", or padding=1, or a map of at least 5x5'
    )
    assert Conv2D(120, 5, padding="same").output((4, 3, 6)) == (4, 3, 120)
    assert Conv2D(120, 5, padding=1).output((4, 3, 6)) == (2, 1, 120)
    assert Conv2D(120, 5).output((5, 5, 6)) == (1, 1, 120)


def test_groups_that_do_not_divide_the_channels_are_refused_with_the_sum():
    with pytest.raises(ShapeError, match="Conv2D cannot split 3 channels and 4 filters in 2 groups") as told:
        Conv2D(4, 3, groups=2).output((8, 8, 3))
    assert told.value.sum == "3 mod 2 = 1, 4 mod 2 = 0, both must be 0"


def test_padding_for_another_number_of_axes_is_refused():
    with pytest.raises(ShapeError, match=r"padding=\(1,\) has 1 numbers, the map has 2 axes"):
        Conv2D(4, 3, padding=(1,)).output((8, 8, 3))


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("filters", 0),
        ("filters", 10**9 + 1),
        ("filters", "6"),
        ("kernel_size", 0),
        ("kernel_size", (3, 3, 3)),
        ("kernel_size", 2.5),
        ("strides", 0),
        ("padding", "sane"),
        ("padding", -1),
        ("dilation_rate", (1, 0)),
        ("groups", 0),
        ("use_bias", "no"),
        ("kernel_initializer", "glorot"),
        ("kernel_regularizer", 0.1),
    ],
)
def test_an_argument_of_the_wrong_kind_is_named(argument, value):
    with pytest.raises(ArgumentError, match=rf"Conv2D: {argument}\b"):
        Conv2D(**{"filters": 6, "kernel_size": 3, argument: value})


@some.composite
def convolutions(draw):
    """A convolution of any kind, and a small map that it may or may not fit."""
    count = draw(dimensions)
    groups, shared = draw(some.integers(1, 3)), draw(some.integers(1, 2))
    layer = getattr(layers, f"{draw(some.sampled_from(['', 'Flipped']))}Conv{count}D")(
        groups * draw(some.integers(1, 2)),
        draw(sizes(1, 4, count)),
        draw(sizes(1, 3, count)),
        draw(paddings(count)),
        draw(sizes(1, 3, count)),
        groups,
        use_bias=draw(some.booleans()),
    )
    return layer, maps(draw, count, groups * shared)


@pytest.mark.parametrize("kernel", [2, 3, (4, 1)])
@pytest.mark.parametrize("layer", [Conv2D, FlippedConv2D])
def test_same_padding_of_an_open_size_is_found_when_the_map_is(layer, kernel):
    declared = layer(2, kernel, (2, 3), "same")
    late = declared.build((None, None, 2))
    for size in ((5, 6), (6, 7), (1, 1), (8, 3)):
        known = declared.build((*size, 2))
        known.load_state_dict(late.state_dict())
        x = torch.randn(1, 2, *size)
        assert torch.equal(late(x), known(x))


@often
@given(convolutions())
@example((Conv2D(2, 4, 2, "same"), (5, 7, 2)))
@example((Conv3D(1, 2, padding="same"), (1, 1, 1, 1)))
def test_any_convolution_is_that_of_the_textbook_or_refused_by_both(drawn):
    assert agrees_with_the_book(*drawn)
