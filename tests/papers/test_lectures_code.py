"""The code of the lectures, with the names as they stand, where these bricks can express it.

Slips of the lectures that Python or Keras would refuse as well are mended, and the docstring says which. What needs
bricks that are not there yet is listed at the end.
"""

import numpy as np
import pytest

import striate as keras
from striate.errors import ArgumentError, StriateError
from striate.layers import Conv2D
from striate.models import Sequential

DRAW = np.random.default_rng(0)


def model_of(units, activation=None):
    """What the lectures write as keras.Model(...), for four numbers a sample."""
    x = keras.Input((4,))
    return keras.Model(x, keras.layers.Dense(units, activation=activation)(x))


def fitted(model, labels):
    """The loss after `model.fit(input_data, label_data, epochs=1)`; 003 L503-513."""
    input_data, label_data = DRAW.standard_normal((len(labels), 4)).astype(np.float32), labels
    history = model.fit(input_data, label_data, epochs=1, verbose=0)
    return history.history["loss"][0]


CLASSES = DRAW.integers(0, 3, 40)


def test_a_convolution_in_a_list():
    """001 L513-516, with the parenthesis that is missing; 6 filters of 5x5x3 and a bias each."""
    model = keras.Sequential([
        keras.layers.Conv2D(6, (5, 5), strides=1, padding='valid', activation='relu', input_shape=(32, 32, 3)),
    ])  # fmt: skip
    assert model.output_shape == (None, 28, 28, 6)
    assert model.count_params() == 6 * (5 * 5 * 3 + 1)


def test_a_convolution_that_is_added():
    """001 L518-531, with the commas that are missing, and strides for stride."""
    model = Sequential()
    model.add(Conv2D(filters=6,
                     kernel_size=(5, 5),
                     strides=1,
                     padding='valid',
                     activation='relu',
                     input_shape=(32, 32, 3)))  # fmt: skip
    assert model.output_shape == (None, 28, 28, 6)
    images = DRAW.random((2, 32, 32, 3), dtype=np.float32)
    assert model.predict(images).shape == (2, 28, 28, 6)
    assert model.predict(images).min() == 0, "ReLU"


def test_stride_as_the_lecture_has_it_is_told_its_name():
    """001 L527."""
    with pytest.raises(ArgumentError, match="Conv2D has no argument 'stride'") as caught:
        Conv2D(6, (5, 5), stride=1)  # ty: ignore[unknown-argument]
    assert caught.value.fix == "did you mean 'strides'?"


def test_mean_squared_error_for_quantities():
    """003 L56-65; the lecture hands over the class, Keras and striate want an object."""
    model = model_of(1)
    with pytest.raises(StriateError) as caught:
        model.compile("sgd", loss=keras.losses.MeanSquaredError)
    assert caught.value.fix == "MeanSquaredError()"
    model.compile("sgd", loss=keras.losses.MeanSquaredError())
    assert np.isfinite(fitted(model, DRAW.standard_normal(40)))


def test_binary_cross_entropy_for_a_single_value():
    """003 L87-92: "a model that only contains a single value as the output"; Keras spells it BinaryCrossentropy."""
    with pytest.raises(AttributeError, match="BinaryCrossEntropy"):
        _ = keras.losses.BinaryCrossEntropy  # ty: ignore[unresolved-attribute]
    model = model_of(1, "sigmoid")
    model.compile(loss=keras.losses.BinaryCrossentropy())
    assert np.isfinite(fitted(model, DRAW.integers(0, 2, 40)))


def test_binary_cross_entropy_before_the_sigmoid():
    """003 L82: "can be calculated either before/after sigmoid": the same number."""
    before, after = model_of(1), model_of(1, "sigmoid")
    after.set_weights(before.get_weights())
    before.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    after.compile(loss=keras.losses.BinaryCrossentropy())
    x, y = DRAW.standard_normal((40, 4)).astype(np.float32), DRAW.integers(0, 2, 40)
    assert before.evaluate(x, y) == pytest.approx(after.evaluate(x, y))


def test_categorical_cross_entropy_for_a_vector_of_probabilities():
    """003 L102-120, with the labels made one-hot: class 2 is [0, 0, 1]."""
    assert keras.utils.to_categorical([2], 3).tolist() == [[0, 0, 1]]
    model = model_of(3, "softmax")
    model.compile(loss=keras.losses.CategoricalCrossentropy())
    assert np.isfinite(fitted(model, keras.utils.to_categorical(CLASSES, 3)))


def test_a_metric_by_name():
    """003 L147-149."""
    model = model_of(3, "softmax")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"])
    fitted(model, CLASSES)
    assert 0 <= model.history.history["sparse_categorical_accuracy"][0] <= 1


def test_an_optimizer_with_its_rate():
    """003 L193-197."""
    model = model_of(3, "softmax")
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(), optimizer=keras.optimizers.Adam(learning_rate=0.001)
    )
    assert np.isfinite(fitted(model, CLASSES))
    assert model.learning_rate == 0.001


def test_several_losses_with_weights_are_not_there_yet():
    """003 L130-137: two outputs, each with a loss, weighted 0.5 and 10; needs losses by output."""
    losses = (keras.losses.CategoricalCrossentropy(), keras.losses.MeanSquaredError())
    with pytest.raises(TypeError, match="loss_weights"):
        model_of(3).compile(loss=losses, loss_weights=(0.5, 10.0))  # ty: ignore[unknown-argument, invalid-argument-type]
