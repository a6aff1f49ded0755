"""Windows with kernels of their own."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from striate import layers
from striate.errors import OpenSizeError, ShapeError
from striate.initializers import GlorotUniform
from striate.layers import Conv2D, LocallyConnected1D, LocallyConnected2D
from striate.model import Sequential
from striate.shape import Window
from tests.contracts.layer_trials import fits
from tests.layers.by_hand import compute, grey, rows
from tests.layers.windows import agrees_with_the_book, maps, paddings, sizes, sometimes


def test_each_place_has_its_kernel_and_its_bias():
    """1+4 and 100; then 9-4 and 200."""
    layer = LocallyConnected1D(1, 2)
    out = compute(layer, [[[1], [4], [9]]], weight=[[[[1, 1]]], [[[-1, 1]]]], bias=[[100], [200]])
    assert out == [[[105], [205]]]


def test_of_a_map_every_pixel_may_have_a_weight_of_its_own():
    weight = np.reshape([1, 10, 100, 1000], (2, 2, 1, 1, 1, 1))
    out = compute(LocallyConnected2D(1, 1, use_bias=False), grey([[1, 2], [3, 4]]), weight=weight)
    assert rows(out) == [[1, 20], [300, 4000]]


def test_it_has_a_convolutions_weights_at_each_place():
    layer, shared = LocallyConnected2D(20, 5), Conv2D(20, 5)
    weights = layer.weights((28, 28, 1))
    assert weights["weight"].shape == (24, 24, 20, 1, 5, 5)
    assert weights["bias"].shape == (24, 24, 20)
    assert layer.macs((28, 28, 1)) == shared.macs((28, 28, 1)) == 24 * 24 * 20 * 25
    assert layer.window((28, 28, 1)) == Window((5, 5), (1, 1), ((0, 0), (0, 0)), (1, 1))


def test_get_weights_has_keras_2_layout():
    """(places, taps and channels, filters), the taps row by row, and a bias (rows, columns, filters)."""
    model = Sequential([LocallyConnected2D(3, 2, (1, 2), input_shape=(4, 6, 2))], seed=0)
    kernel, bias = model.layers[0].get_weights()
    assert kernel.shape == (3 * 3, 2 * 2 * 2, 3)
    assert bias.shape == (3, 3, 3)
    image = np.random.default_rng(0).standard_normal((1, 4, 6, 2)).astype("float32")
    second_row_last = image[0, 1:3, 4:6].reshape(-1) @ kernel[1 * 3 + 2]  # as Keras 2 computed it
    assert model.predict(image)[0, 1, 2] == pytest.approx(second_row_last, abs=1e-5)
    model.layers[0].set_weights([kernel[::-1], bias])
    assert np.array_equal(model.layers[0].get_weights()[0], kernel[::-1])


def test_each_place_begins_as_a_convolution_does():
    weight = LocallyConnected2D(6, 3).weights((8, 8, 2))["weight"]
    drawn = weight.initializer.sample(weight.shape, torch.Generator().manual_seed(0))
    kernel = GlorotUniform().sample((6, 2, 3, 3), torch.Generator().manual_seed(0))
    assert torch.equal(drawn[0, 0], kernel)
    assert not torch.equal(drawn[0, 1], kernel)


def test_the_size_of_the_map_must_be_known():
    with pytest.raises(OpenSizeError):
        LocallyConnected2D(6, 3).output((None, None, 2))


def test_a_kernel_that_does_not_fit_is_refused_with_the_sum():
    with pytest.raises(ShapeError, match="LocallyConnected2D cannot fit a 5x5 kernel in a 4x4 map"):
        LocallyConnected2D(1, 5).output((4, 4, 1))


@some.composite
def locally_connected(draw):
    count = draw(some.integers(1, 2))
    layer = getattr(layers, f"LocallyConnected{count}D")(
        draw(some.integers(1, 2)),
        draw(sizes(1, 4, count)),
        draw(sizes(1, 3, count)),
        draw(paddings(count)),
        use_bias=draw(some.booleans()),
    )
    return layer, maps(draw, count, draw(some.integers(1, 2)))


@sometimes
@given(locally_connected().filter(lambda drawn: fits(*drawn)))
def test_any_locally_connected_layer_is_that_of_the_textbook(drawn):
    assert agrees_with_the_book(*drawn)
