"""The way back of a convolution."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from striate import layers
from striate.check import Table
from striate.errors import ShapeError
from striate.layers import Conv1DTranspose, Conv2D, Conv2DTranspose
from striate.network import Network
from striate.shape import to_border, to_inside
from tests.contracts.layer_trials import built, fits, values
from tests.layers.by_hand import compute
from tests.layers.windows import agrees_with_the_book, dimensions, maps, paddings, sizes, sometimes
from tests.parity import difference, keras


def test_each_value_lays_its_kernel_and_what_overlaps_is_added():
    layer = Conv1DTranspose(1, 3, 2)
    assert compute(layer, [[[1], [10]]], weight=[[[1, 2, 3]]], bias=[0]) == [[[1], [2], [13], [20], [30]]]


def test_pixels_that_no_kernel_reaches_have_the_bias():
    layer = Conv1DTranspose(1, 1, 3)
    assert compute(layer, [[[1], [10]]], weight=[[[5]]], bias=[7]) == [[[12], [7], [7], [57], [7], [7]]]


def test_same_leaves_the_stride_for_each_pixel_and_cuts_the_odd_one_off_at_the_end():
    layer = Conv1DTranspose(1, 3, 2, "same", use_bias=False)
    assert compute(layer, [[[1], [10]]], weight=[[[1, 2, 3]]]) == [[[1], [2], [13], [20]]]


@pytest.mark.parametrize("padding", ["valid", 1, (0, 2), ((1, 0), (0, 1))])
def test_it_gives_a_map_of_the_size_that_the_convolution_took(padding):
    shape = (9, 11, 3)
    small = Conv2D(4, 3, 2, padding).output(shape)
    fits = Conv2D(4, 3, 2, padding).window(shape).unseen(shape[:2]) == ()
    assert not fits or Conv2DTranspose(3, 3, 2, padding, 0).output(small)[:2] == shape[:2]


def test_torchs_own_module_computes_it_wherever_it_can():
    assert type(Conv2DTranspose(6, 2, 2).build((8, 8, 3))) is torch.nn.ConvTranspose2d
    assert type(Conv2DTranspose(6, 4, 2, "same").build((8, 8, 3))) is torch.nn.ConvTranspose2d
    assert type(Conv2DTranspose(6, 3, 2, 1, 1).build((8, 8, 3))) is torch.nn.ConvTranspose2d


def test_it_takes_a_map_of_any_size():
    layer = Conv2DTranspose(2, 3, 2, "same")
    assert layer.output((None, 5, 3)) == (None, 10, 2)
    assert layer.build((None, None, 3))(torch.zeros(1, 3, 4, 7)).shape == (1, 2, 8, 14)


def test_what_leaves_nothing_is_refused_with_the_sum():
    with pytest.raises(ShapeError) as told:
        Conv1DTranspose(1, 2, padding=1).output((1, 3))
    assert told.value.sum == "length: (1 - 1)*1 + 2 - 1 - 1 = 0, must be >= 1"


def test_output_padding_that_reaches_the_stride_is_refused_with_the_sum():
    with pytest.raises(ShapeError) as told:
        Conv2DTranspose(1, 3, (2, 3), output_padding=2).output((4, 4, 1))
    assert told.value.sum == "height: output_padding 2, strides 2"
    assert Conv2DTranspose(1, 3, (2, 3), output_padding=1).output((4, 4, 1)) == (10, 13, 1)


def test_the_receptive_field_grows_by_what_a_pixel_is_covered_by():
    """Pooling by 2 sees 2x2; the way back sees one of these; a 3x3 kernel then sees 3 pixels of half the step: 2 of 2."""
    network = Network.sequential(
        [layers.MaxPooling2D(2, input_shape=(8, 8, 1)), Conv2DTranspose(1, 2, 2), Conv2D(1, 3)]
    )
    rows = Table.of(network).rows[-3:]
    assert [row.receptive_field for row in rows] == [(2, 2), (2, 2), (4, 4)]
    assert [row.stride for row in rows] == [(2, 2), (1, 1), (1, 1)]
    enlarged = Table.of(Network.sequential([layers.UpSampling2D(2, input_shape=(8, 8, 1)), Conv2D(1, 4)])).rows
    assert [(row.receptive_field, row.stride) for row in enlarged[-2:]] == [((1, 1), (0.5, 0.5)), ((3, 3), (0.5, 0.5))]


@pytest.mark.parametrize("seed", range(20))
def test_output_padding_is_keras(seed):
    rng = np.random.default_rng(seed)
    strides = tuple(int(n) for n in rng.integers(1, 4, 2))
    arguments = {
        "filters": 2,
        "kernel_size": tuple(int(n) for n in rng.integers(1, 5, 2)),
        "strides": strides,
        "padding": ["valid", "same"][seed % 2],
        "output_padding": tuple(int(rng.integers(0, s)) for s in strides),
    }
    layer, shape = Conv2DTranspose(**arguments), (4, 5, 3)
    given = {name: value.astype(np.float32) for name, value in values(layer.weights(shape), rng).items()}
    theirs = keras.layers.Conv2DTranspose(**arguments)
    theirs.build((None, *shape))
    theirs.set_weights([given["weight"].transpose(2, 3, 1, 0), given["bias"]])
    images = torch.from_numpy(rng.standard_normal((2, *shape), dtype=np.float32))
    ours = to_border(built(layer, shape, given, torch.float32)(to_inside(images)))
    assert ours.shape[1:] == layer.output(shape)
    assert difference(ours, theirs(images)) <= 1e-5


@some.composite
def transposed(draw):
    count = draw(dimensions)
    strides = draw(sizes(1, 3, count))
    least = strides if isinstance(strides, int) else min(strides)
    layer = getattr(layers, f"Conv{count}DTranspose")(
        draw(some.integers(1, 2)),
        draw(sizes(1, 4, count)),
        strides,
        draw(paddings(count)),
        draw(some.none() | sizes(0, least, count)),
        draw(sizes(1, 3, count)),
        use_bias=draw(some.booleans()),
    )
    return layer, maps(draw, count, draw(some.integers(1, 2)))


@sometimes
@given(transposed().filter(lambda drawn: fits(*drawn)))
def test_any_transposed_convolution_is_that_of_the_textbook(drawn):
    assert agrees_with_the_book(*drawn)
