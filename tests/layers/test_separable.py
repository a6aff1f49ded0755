"""Channels taken apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from striate import layers
from striate.errors import ShapeError
from striate.layers import Conv2D, DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D
from striate.model import Sequential
from tests.contracts.layer_trials import fits
from tests.layers.by_hand import compute
from tests.layers.windows import agrees_with_the_book, maps, paddings, sizes, sometimes


def test_each_channel_has_kernels_of_its_own():
    layer = DepthwiseConv1D(2, depth_multiplier=2, use_bias=False)
    weight = [[[1, 1]], [[-1, 1]], [[10, 10]], [[-10, 10]]]
    assert compute(layer, [[[1, 5], [4, 6]]], weight=weight) == [[[5, 3, 110, 10]]]


def test_the_channels_are_mixed_afterwards_and_then_the_bias_is_added():
    layer = SeparableConv1D(1, 2)
    given = {"depthwise.weight": [[[1, 1]], [[-1, 1]]], "pointwise.weight": [[[10], [100]]], "pointwise.bias": [7]}
    assert compute(layer, [[[1, 5], [4, 6]]], **given) == [[[10 * 5 + 100 * 1 + 7]]]


def test_it_costs_a_sum_where_the_full_convolution_costs_a_product():
    """Of 8 channels and 16 kernels of 3x3: 8*9 + 16*8 instead of 16*8*9."""
    shape = (10, 10, 8)
    weights = SeparableConv2D(16, 3, use_bias=False).weights(shape)
    assert sum(np.prod(weight.shape) for weight in weights.values()) == 72 + 128
    assert SeparableConv2D(16, 3).macs(shape) == 200 * 64
    assert Conv2D(16, 3).macs(shape) == 1152 * 64
    assert DepthwiseConv2D(3, depth_multiplier=2).macs(shape) == 8 * 2 * 9 * 64


def test_get_weights_has_keras_layout_and_set_weights_takes_it():
    model = Sequential([DepthwiseConv2D((2, 3), depth_multiplier=2, use_bias=False, input_shape=(4, 5, 3))])
    (kernel,) = model.layers[0].get_weights()
    assert kernel.shape == (2, 3, 3, 2)
    numbers = np.arange(36, dtype="float32").reshape(2, 3, 3, 2)
    model.layers[0].set_weights([numbers])
    assert np.array_equal(model.layers[0].get_weights()[0], numbers)
    one = np.zeros((1, 4, 5, 3), dtype="float32")
    one[0, 1, 2, 1] = 1  # of channel 1, under tap (1, 2) at place (0, 0)
    assert model.predict(one)[0, 0, 0].tolist() == [0, 0, *numbers[1, 2, 1], 0, 0]


@pytest.mark.parametrize("layer", [DepthwiseConv2D(5), SeparableConv2D(4, 5)], ids=repr)
def test_a_kernel_that_does_not_fit_is_refused_in_the_layers_own_name(layer):
    with pytest.raises(ShapeError, match=f"{type(layer).__name__} cannot fit a 5x5 kernel in a 4x4 map"):
        layer.output((4, 4, 2))
    with pytest.raises(ShapeError, match=f"{type(layer).__name__} takes"):
        layer.output((4, 4))


@some.composite
def parted(draw):
    count = draw(some.integers(1, 2))
    kind, filters = draw(some.sampled_from([("Depthwise", ()), ("Separable", (3,))]))
    layer = getattr(layers, f"{kind}Conv{count}D")(
        *filters,
        draw(sizes(1, 4, count)),
        draw(sizes(1, 3, count)),
        draw(paddings(count)),
        dilation_rate=draw(sizes(1, 3, count)),
        depth_multiplier=draw(some.integers(1, 2)),
        use_bias=draw(some.booleans()),
    )
    return layer, maps(draw, count, draw(some.integers(1, 3)))


@sometimes
@given(parted().filter(lambda drawn: fits(*drawn)))
def test_any_of_them_is_that_of_the_textbook(drawn):
    assert agrees_with_the_book(*drawn)
