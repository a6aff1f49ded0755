"""Layers as the matrices they are."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from striate.errors import ArgumentError, DataError, ShapeError
from striate.layers import (
    BatchNormalization,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Dense,
    DepthwiseConv2D,
    Embedding,
    FixedFilter2D,
    FlippedConv2D,
    LocallyConnected2D,
    MaxPooling2D,
    SeparableConv2D,
)
from striate.model import Sequential, toeplitz


def seen(layer, *weights):
    """The only layer of a model as a matrix, with these weights in Keras' layout, or those it begins with."""
    bound = Sequential([layer], seed=1).layers[-1]
    if weights:
        bound.set_weights([np.array(weight, dtype=float) for weight in weights])
    return toeplitz(bound)


def test_a_kernel_of_two_is_a_matrix_of_two_diagonals():
    found = seen(Conv1D(1, 2, input_shape=(4, 1)), [[[5]], [[7]]], [1])
    assert found.matrix.tolist() == [[5, 7, 0, 0], [0, 5, 7, 0], [0, 0, 5, 7]]
    assert found.weight_of.tolist() == [[0, 1, -1, -1], [-1, 0, 1, -1], [-1, -1, 0, 1]]
    assert found.bias.tolist() == [1, 1, 1]
    assert found.equal.tolist() == [3, 3]
    assert found.zeros == 0.5


def test_three_weights_stand_for_the_thirty_six_of_a_fully_connected_layer():
    """Lecture 001 L326-350: 6 inputs and 6 outputs, 36 weights, or 3 in 18 places, of which 2 hang over the ends."""
    found = seen(Conv1D(1, 3, padding="same", input_shape=(6, 1)))
    assert found.matrix.size == 36
    assert found.equal.tolist() == [5, 6, 5]
    assert found.zeros == pytest.approx(20 / 36)
    dense = seen(Dense(6, input_shape=(6,)))
    assert dense.equal.tolist() == [1] * 36
    assert dense.zeros == 0


def test_the_matrix_makes_of_the_lectures_image_what_the_convolution_does():
    """Lecture 001 L352-396."""
    kernel = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
    image = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    found = seen(Conv2D(1, 3, input_shape=(5, 5, 1)), kernel[:, :, None, None], [0])
    assert found.matrix.shape == (9, 25)
    assert (found.matrix @ np.ravel(image)).reshape(3, 3).tolist() == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]
    assert found.equal.tolist() == [9] * 9
    assert found.proof(np.array(image)[None, ..., None]) == 0


def test_rows_and_columns_are_in_the_order_of_the_border():
    """One pixel of two channels, and two filters: x = (c0, c1), y = (f0, f1)."""
    found = seen(Conv2D(2, 1, use_bias=False, input_shape=(1, 1, 2)), [[[[1, 2], [3, 4]]]])
    assert found.matrix.tolist() == [[1, 3], [2, 4]]


def test_the_transposed_convolution_is_the_transposed_matrix():
    kernel = [[[2.0]], [[3.0]], [[5.0]]]
    there = seen(Conv1D(1, 3, 2, use_bias=False, input_shape=(7, 1)), kernel)
    back = seen(Conv1DTranspose(1, 3, 2, use_bias=False, input_shape=(3, 1)), kernel)
    assert np.array_equal(back.matrix, there.matrix.T)


LAYERS = [
    Conv2D(4, (3, 2), (2, 1), "same", groups=2, input_shape=(6, 5, 2)),
    Conv2D(2, 2, padding=((0, 1), (2, 0)), dilation_rate=2, input_shape=(6, 5, 2)),
    FlippedConv2D(2, 3, input_shape=(6, 5, 2)),
    Conv2DTranspose(2, 3, 2, "same", input_shape=(3, 4, 2)),
    DepthwiseConv2D(3, depth_multiplier=2, input_shape=(6, 5, 2)),
    LocallyConnected2D(2, 3, input_shape=(6, 5, 2)),
    FixedFilter2D("corner", input_shape=(6, 5, 2)),
    Dense(3, input_shape=(4,)),
    Dense(3, input_shape=(2, 4)),
    Conv3D(2, 2, input_shape=(3, 3, 3, 1)),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_matrix_and_layer_give_the_same_output(layer):
    found = seen(layer)
    images = np.random.default_rng(0).standard_normal((3, *layer.input_shape))
    assert found.proof(images) < 1e-12
    assert found.matrix.shape == (np.prod(found.output_shape), np.prod(layer.input_shape))
    assert found.equal.sum() == np.sum(found.weight_of >= 0)


def test_a_locally_connected_layer_has_the_zeros_but_no_equal_weights():
    assert set(seen(LocallyConnected2D(1, 3, input_shape=(5, 5, 1))).equal.tolist()) == {1}


def test_the_activation_is_not_part_of_the_product():
    found = seen(Conv1D(1, 1, activation="relu", input_shape=(2, 1)), [[[-1]]], [0])
    assert found.matrix.tolist() == [[-1, 0], [0, -1]]
    assert found.proof([[[1.0], [2.0]]]) == 0


def test_a_wrong_entry_is_seen_by_the_proof():
    found = seen(Conv1D(1, 2, input_shape=(4, 1)))
    found.matrix[1, 1] += 1e-3
    assert found.proof(np.ones((1, 4, 1))) == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (MaxPooling2D(2, input_shape=(4, 4, 1)), "its weights are none"),
        (SeparableConv2D(2, 3, input_shape=(4, 4, 2)), "depthwise.weight, pointwise.weight"),
        (BatchNormalization(input_shape=(4, 4, 2)), "its weights are weight, bias, running_mean, running_var"),
        (Embedding(4, 2, input_shape=(3,)), "something else than the matrix"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)
def test_what_is_no_product_with_its_weights_is_refused(layer, why):
    with pytest.raises(ArgumentError, match="is no product with a matrix of its weights") as told:
        seen(layer)
    assert why in told.value.sum
    assert told.value.fix


def test_a_layer_that_does_something_else_with_its_weights_is_refused():
    class Enlarging(Dense, abstract=True):
        def build(self, shape):
            module = super().build(shape)
            module.register_forward_pre_hook(lambda _, given: (9 * given[0],))
            return module

    with pytest.raises(ArgumentError, match="is no product") as told:
        seen(Enlarging(2, input_shape=(3,)))
    assert told.value.sum == "what comes out is no sum of pixels times single numbers of its weight"


def test_a_matrix_too_large_is_refused_with_the_sum():
    with pytest.raises(ShapeError, match="too large to be looked at as a matrix") as told:
        seen(Conv2D(64, 3, padding="same", input_shape=(224, 224, 3)))
    assert told.value.sum.startswith("224x224x64 = 3,211,264 outputs x 224x224x3 = 150,528 inputs: 483,385,147,392")


def test_images_of_another_shape_are_refused():
    found = seen(Conv1D(1, 2, input_shape=(4, 1)))
    for images in (np.ones((4, 1)), np.ones((0, 4, 1)), np.ones((2, 5, 1))):
        with pytest.raises(DataError, match="conv1d takes images of 4x1"):
            found.proof(images)


def test_it_says_its_figures():
    assert seen(Conv2D(20, 5, input_shape=(12, 12, 1))).text() == (
        "conv2d as a matrix: 1,280 outputs x 144 inputs = 184,320 entries\n"
        "  zeros : 82.6% of them, 152,320\n"
        "  equal : the other 32,000 are 500 weights, each in 64 places\n"
        "  dense : a fully connected layer would learn 184,320 numbers instead"
    )


def test_its_picture_has_a_colour_for_each_weight_and_a_square_for_each_entry():
    found = seen(Conv1D(1, 3, padding="same", input_shape=(6, 1)))
    picture = ET.fromstring(found.svg())  # noqa: S314 - our own words
    paths = picture.findall("{http://www.w3.org/2000/svg}path")
    assert [path.get("d").count("z") for path in paths] == [5, 6, 5]
    assert len({path.get("fill") for path in paths}) == 3
    assert found.svg() in found._repr_html_()
    assert found.text() in found._repr_html_()


def test_of_a_large_matrix_a_corner_is_drawn():
    svg = seen(Conv2D(4, 3, input_shape=(12, 12, 1))).svg()
    assert "its first 64 rows and 64 columns" in svg
    assert 'viewBox="0 0 64 64"' in svg
