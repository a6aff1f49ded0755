"""Networks of several inputs and outputs, shared layers, networks in networks, maps of any size, answers at positions."""

from itertools import pairwise

import numpy as np
import pytest
import torch

import striate as keras
from striate.augmentations import MixUp, RandomBrightness
from striate.errors import ArgumentError, DataError, ShapeError, StriateError
from striate.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    Reshape,
    TimeDistributed,
    UpSampling2D,
)
from striate.loader import Augmenter, ten_crop
from striate.model import Model, Sequential, load
from striate.train import Step

N = 48
DRAW = np.random.default_rng(0)
X = {"left": DRAW.standard_normal((N, 6, 6, 1), np.float32), "right": DRAW.standard_normal((N, 4), np.float32)}
Y = {"kind": np.arange(N) % 3, "size": DRAW.standard_normal((N, 1)).astype(np.float32)}
LOSSES = {"kind": "sparse_categorical_crossentropy", "size": "mean_squared_error"}


def two_by_two(**compiled):
    left, right = Input((6, 6, 1), name="left"), Input((4,), name="right")
    seen = Flatten()(Conv2D(2, 3, activation="relu")(left))
    joined = Concatenate()([seen, Dense(5, activation="tanh")(right)])
    kind, size = Dense(3, activation="softmax", name="kind")(joined), Dense(1, name="size")(joined)
    model = Model([left, right], [kind, size], seed=0)
    settings = {"optimizer": "sgd", "loss": LOSSES, **compiled}
    model.compile(**settings)
    return model


def by_hand(model):
    """The losses of the two outputs as their formulas say."""
    kind, size = model.predict(X)
    return -np.log(kind[np.arange(N), Y["kind"]]).mean(), ((size - Y["size"]) ** 2).mean()


# Forms


def test_lists_and_tables_mean_the_same():
    model = two_by_two(metrics={"kind": ["accuracy"]})
    listed = two_by_two(loss=list(LOSSES.values()), metrics=[["accuracy"], None])
    told = model.evaluate(X, Y, return_dict=True)
    assert listed.evaluate(list(X.values()), list(Y.values()), return_dict=True) == told
    assert listed.evaluate(X, tuple(Y.values()), return_dict=True) == told
    for one, other in zip(model.predict(X), listed.predict([X["left"], X["right"]]), strict=True):
        assert np.array_equal(one, other)


def test_what_one_output_learns_may_stand_in_a_list_of_one():
    x = Input((3,))
    model = Model([x], [Dense(2)(x)])
    model.compile("sgd", ["mean_squared_error"], metrics=[["mae"]])
    assert [type(model.loss).__name__, [metric.name for metric in model.metrics]] == ["MeanSquaredError", ["mae"]]


def test_a_loader_may_give_several_inputs_and_outputs():
    batches = [
        ({name: each[rows] for name, each in X.items()}, [each[rows] for each in Y.values()])
        for rows in (slice(0, 30), slice(30, N))
    ]
    model = two_by_two()
    assert model.evaluate(iter(batches), return_dict=True) == model.evaluate(X, Y, return_dict=True)


def test_names_and_shapes_are_listed():
    model = two_by_two()
    assert (model.input_names, model.output_names) == (["left", "right"], ["kind", "size"])
    assert model.input_shape == [(None, 6, 6, 1), (None, 4)]
    assert model.output_shape == [(None, 3), (None, 1)]
    assert [symbol.shape for symbol in model.input] == [(6, 6, 1), (4,)]
    assert model.get_layer("concatenate").input_shape == [(None, 32), (None, 5)]


# Losses


def test_the_loss_is_the_weighted_sum_of_the_outputs_losses():
    model = two_by_two(loss_weights={"kind": 0.5, "size": 10.0}, metrics={"kind": "accuracy", "size": ["mae"]})
    kind, size = by_hand(model)
    told = model.evaluate(X, Y, return_dict=True)
    assert list(told) == ["loss", "kind_loss", "size_loss", "kind_accuracy", "size_mae"]
    assert told["kind_loss"] == pytest.approx(kind, rel=1e-5)
    assert told["size_loss"] == pytest.approx(size, rel=1e-5)
    assert told["loss"] == pytest.approx(0.5 * kind + 10 * size, rel=1e-5)
    assert told["kind_accuracy"] == pytest.approx((model.predict(X)[0].argmax(1) == Y["kind"]).mean())


def test_a_step_moves_shared_weights_by_the_sum_of_both_gradients():
    """Of one step of SGD at rate 1, with weights a and b for the losses: a*g1 + b*g2."""

    def moved(**weights):
        model = two_by_two(optimizer=keras.optimizers.SGD(1.0), loss_weights={"kind": 0.0, "size": 0.0, **weights})
        before = model.get_layer("dense").get_weights()[0]
        model.train_on_batch(X, Y)
        return model.get_layer("dense").get_weights()[0] - before

    both = moved(kind=0.5, size=2.0)
    np.testing.assert_allclose(both, 0.5 * moved(kind=1.0) + 2.0 * moved(size=1.0), atol=1e-6)
    assert np.abs(both).max() > 1e-3


def test_an_output_without_a_loss_needs_no_labels_and_learns_nothing():
    model = two_by_two(loss={"kind": LOSSES["kind"]})
    before = model.get_layer("size").get_weights()
    history = model.fit(X, {"kind": Y["kind"]}, epochs=2, verbose=0).history
    assert all(np.array_equal(*each) for each in zip(before, model.get_layer("size").get_weights(), strict=True))
    assert set(history) >= {"loss", "kind_loss"}
    assert "size_loss" not in history
    assert two_by_two(loss={"kind": LOSSES["kind"]}).evaluate(X, Y["kind"], return_dict=True)["loss"] > 0


def test_class_weights_of_one_output_leave_the_other_alone():
    model = two_by_two()
    kind, size = model.predict(X)
    factors = np.where(Y["kind"] == 1, 3.0, 1.0)
    expected = (-np.log(kind[np.arange(N), Y["kind"]]) * factors).mean() + ((size - Y["size"]) ** 2).mean()
    loss = model.fit(X, Y, N, verbose=0, shuffle=False, class_weight={"kind": {1: 3.0}}).history["loss"][0]
    assert loss == pytest.approx(expected, rel=1e-5)


def test_weights_of_samples_are_for_all_outputs_or_for_each():
    weights = np.linspace(0, 2, N).astype(np.float32)
    for given, own in ((weights, True), ({"kind": weights}, False)):
        model = two_by_two()
        kind, size = model.predict(X)
        expected = (-np.log(kind[np.arange(N), Y["kind"]]) * weights).mean()
        expected += (((size - Y["size"]) ** 2)[:, 0] * (weights if own else 1)).mean()
        assert model.evaluate(X, Y, sample_weight=given)[0] == pytest.approx(expected, rel=1e-5)


def test_training_brings_every_loss_down_and_validation_is_told_by_output():
    model = two_by_two(optimizer="adam", metrics={"kind": ["accuracy"]})
    history = model.fit(X, Y, 8, epochs=30, verbose=0, validation_split=0.25).history
    for name in ("loss", "kind_loss", "size_loss"):
        assert history[name][-1] < 0.8 * history[name][0]
    assert {"val_loss", "val_kind_loss", "val_size_loss", "val_kind_accuracy"} <= set(history)


def test_the_same_seed_gives_the_same_bits():
    def trained():
        model = two_by_two()
        model.fit(X, Y, 8, epochs=3, verbose=0)
        return model.get_weights()

    assert all(np.array_equal(*pair) for pair in zip(trained(), trained(), strict=True))


# Files


def test_a_file_holds_all_of_it(tmp_path):
    model = two_by_two(loss_weights=[1.0, 0.3], metrics={"kind": ["accuracy"]})
    model.fit(X, Y, verbose=0, preprocess="standardise")
    model.save(tmp_path / "two.striate")
    again = load(tmp_path / "two.striate")
    assert [way.mean for way in again.preprocessing] == [way.mean for way in model.preprocessing]
    assert again.evaluate(X, Y, return_dict=True) == model.evaluate(X, Y, return_dict=True)
    assert again.fit(X, Y, verbose=0).history["loss"] == pytest.approx(model.fit(X, Y, verbose=0).history["loss"], 0.2)


# What cannot be meant


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: two_by_two(loss={"kind": "mse", "sise": "mse"}), "sise"),
        (lambda: two_by_two(loss=["mse"]), "loss must be given for each of kind, size"),
        (lambda: two_by_two(loss_weights={"kind": -1.0}), "loss_weights of kind cannot be -1.0"),
        (lambda: two_by_two(loss_weights=["accuracy", "mae"]), "loss_weights before metrics"),
        (lambda: two_by_two(loss={"kind": None, "size": None}), "leaves every output out"),
        (lambda: two_by_two(loss="binary_crossentropy"), "takes probabilities, size gives any number"),
        (lambda: two_by_two().predict(X["left"]), "x must be given for each of left, right"),
        (lambda: two_by_two().predict({"left": X["left"]}), "x says nothing of right"),
        (lambda: two_by_two().predict([X["right"], X["left"]]), "do not fit the network"),
        (lambda: two_by_two().fit({**X, "right": X["right"][:-1]}, Y), "the inputs do not go together"),
        (lambda: two_by_two().fit(X, Y["kind"]), "y must be given for each"),
        (lambda: two_by_two().fit(X, {"kind": Y["kind"]}), "there are no labels 'size'"),
        (lambda: two_by_two().fit(X, {**Y, "kind": Y["kind"] + 1}), "labels run 0..2"),
        (lambda: two_by_two().fit(X, Y, class_weight={"kind": {7: 1.0}}), "class 7"),
        (lambda: two_by_two().fit(X, Y, augment=["random_flip"]), "cannot be used with several inputs"),
        (lambda: Model(Input((4,)), [two_by_two().outputs[0]] * 2), "among the outputs twice"),
        (lambda: Sequential([Dense(2)]).compile("sgd", {"dense": "mse"}), "the network has no names yet"),
        (lambda: Sequential([two_by_two()]), "was called on a value of another shape"),
    ],
)
def test_it_is_refused_in_words(ask, said):
    with pytest.raises(StriateError, match=said) as refused:
        ask()
    assert refused.value.fix


# Shared layers, networks in networks


def test_a_shared_layer_has_one_set_of_weights_and_the_gradients_of_all_its_uses():
    left, right = Input((3,)), Input((3,))
    shared = Dense(2, use_bias=False, name="shared")
    model = Model([left, right], Add()([shared(left), shared(right)]), seed=0)
    assert model.count_params() == 6
    a, b = DRAW.standard_normal((5, 3), np.float32), DRAW.standard_normal((5, 3), np.float32)
    (kernel,) = model.get_weights()
    np.testing.assert_allclose(model.predict([a, b]), (a + b) @ kernel, atol=1e-6)
    model.compile(keras.optimizers.SGD(1.0), "mean_squared_error")
    target = np.zeros((5, 2), np.float32)
    model.train_on_batch([a, b], target)
    gradient = (a + b).T @ (2 * ((a + b) @ kernel) / (5 * 2))
    np.testing.assert_allclose(model.get_weights()[0], kernel - gradient, atol=1e-5)


def test_a_model_in_a_sequential_stands_for_its_layers_and_shares_its_weights():
    base = Sequential([Conv2D(4, 3, activation="relu", input_shape=(6, 6, 1)), Flatten()], seed=1, name="base")
    model = Sequential([base, Dense(3, activation="softmax")], seed=0)
    assert [layer.name for layer in model.layers] == ["conv2d", "flatten", "dense"]
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = base.get_weights()[0]
    model.fit(X["left"], Y["kind"], verbose=0)
    assert not np.array_equal(base.get_weights()[0], before)
    assert np.array_equal(base.get_weights()[0], model.get_weights()[0])


def test_a_model_is_a_layer_of_a_functional_graph():
    tower = Sequential([Dense(4, activation="tanh", input_shape=(4,)), Dense(2)], seed=3)
    one, other = Input((4,)), Input((4,))
    model = Model([one, other], Concatenate()([tower(one), tower(other)]))
    assert model.count_params() == tower.count_params() == 30
    a, b = DRAW.standard_normal((3, 4), np.float32), DRAW.standard_normal((3, 4), np.float32)
    np.testing.assert_allclose(model.predict([a, b]), np.hstack([tower.predict(a), tower.predict(b)]), atol=1e-6)


def test_layers_have_rates_of_their_own():
    def moved(factor):
        model = Sequential([Dense(4, input_shape=(4,), learning_rate_factor=factor), Dense(1)], seed=0)
        model.compile(keras.optimizers.SGD(0.1), "mean_squared_error")
        before = model.get_weights()
        model.train_on_batch(X["right"], Y["size"])
        return [after - was for after, was in zip(model.get_weights(), before, strict=True)], model.learning_rate

    (plain, rate), (half, same), (frozen, _) = moved(1.0), moved(0.5), moved(0.0)
    assert rate == pytest.approx(0.1) and same == pytest.approx(0.1)
    np.testing.assert_allclose(half[0], 0.5 * plain[0], atol=1e-7)
    np.testing.assert_allclose(half[2], plain[2], atol=1e-7)
    assert not frozen[0].any() and frozen[2].any()


def test_a_state_of_training_can_be_gone_back_to():
    model = Sequential([Dense(4, input_shape=(4,)), BatchNormalization(), Dense(1)], seed=0)
    model.compile("adam", "mean_squared_error")
    model.fit(X["right"], Y["size"], verbose=0)
    state, before = model.training_state(), model.get_weights()
    first = model.fit(X["right"], Y["size"], verbose=0, shuffle=False).history["loss"]
    model.restore_training_state(state)
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), before, strict=True))
    again = model.fit(X["right"], Y["size"], verbose=0, shuffle=False).history["loss"]
    assert first == again


# Sizes left open, answers at positions


def through(model, value):
    for layer in model.layers:
        value = layer.declaration(value)
    return value


def anywhere():
    layers = [
        Conv2D(8, 3, padding="same", activation="relu", input_shape=(None, None, 1)),
        Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        GlobalAveragePooling2D(),
        Dense(2, activation="softmax"),
    ]
    return Sequential(layers, seed=0)


def test_a_network_that_leaves_the_size_open_takes_every_size_as_if_made_for_it(tmp_path):
    model = anywhere()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X["left"], Y["kind"] % 2, verbose=0)
    model.save(tmp_path / "any.striate")
    for size in ((6, 6), (9, 12), (5, 31)):
        x = DRAW.standard_normal((3, *size, 1), np.float32)
        begin = Input((*size, 1))
        fixed = Model(begin, through(model, begin))
        fixed.set_weights(model.get_weights())
        np.testing.assert_allclose(model.predict(x), fixed.predict(x), atol=1e-6)
        np.testing.assert_allclose(load(tmp_path / "any.striate").predict(x), model.predict(x), atol=1e-6)


def test_what_depends_on_an_open_size_is_not_known_and_what_needs_it_is_refused():
    table = anywhere().check()
    assert [row.macs for row in table.rows] == [None, None, 0, 8]
    assert table.macs is None and table.params == 80 + 292 + 10
    assert "?" in table.plain()
    with pytest.raises(ShapeError, match="the size of the map must be known here") as refused:
        Sequential([Flatten(input_shape=(None, None, 3))])
    assert "GlobalAveragePooling2D" in refused.value.fix
    with pytest.raises(DataError, match=r"the network takes \(n, any, any, 1\)"):
        anywhere().predict(np.zeros((2, 8, 8, 3), np.float32))


def test_a_network_answers_at_every_pixel():
    """Which pixels are above 0: one convolution is enough, and the accuracy is that of pixels."""
    x = DRAW.standard_normal((40, 9, 7, 1), np.float32)
    y = (x[..., 0] > 0).astype(int)
    model = Sequential([Conv2D(2, 1, activation="softmax", input_shape=(9, 7, 1))], seed=0)
    model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, 8, epochs=20, verbose=0, validation_split=0.25).history
    assert history["val_accuracy"][-1] > 0.97
    said = model.predict(x)
    assert said.shape == (40, 9, 7, 2)
    loss = -np.log(np.take_along_axis(said, y[..., None], -1)).mean()
    assert model.evaluate(x, y) == pytest.approx([loss, (said.argmax(-1) == y).mean()], rel=1e-4)


def test_classes_of_pixels_have_weights():
    x = DRAW.standard_normal((10, 5, 5, 1), np.float32)
    y = (x[..., 0] > 1).astype(int)
    model = Sequential([Conv2D(2, 1, activation="softmax", input_shape=(5, 5, 1))], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    each = -np.log(np.take_along_axis(model.predict(x), y[..., None], -1))[..., 0]
    loss = model.fit(x, y, 10, verbose=0, class_weight={1: 5.0}).history["loss"][0]
    assert loss == pytest.approx((each * np.where(y == 1, 5, 1)).mean(), rel=1e-5)


def test_labels_of_pixels_are_not_left_behind_when_images_move():
    model = Sequential([Conv2D(2, 1, activation="softmax", input_shape=(6, 6, 1))], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ArgumentError, match="RandomFlip would move the images and leave their labels"):
        model.fit(X["left"], np.zeros((N, 6, 6), int), augment=["random_flip"], verbose=0)


def test_a_network_answers_at_every_step_of_a_sequence():
    """Whether a step is larger than the one before it."""
    x = DRAW.standard_normal((80, 12, 1), np.float32)
    y = np.concatenate([np.zeros((80, 1), int), (np.diff(x[..., 0], axis=1) > 0).astype(int)], axis=1)
    layers = [Conv1D(8, 3, padding="same", activation="tanh", input_shape=(12, 1)), Dense(2, activation="softmax")]
    model = Sequential(layers, seed=0)
    model.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert model.fit(x, y, 8, epochs=20, verbose=0).history["accuracy"][-1] > 0.9
    assert model.predict(x).shape == (80, 12, 2)


def test_the_built_network_of_several_ends_is_plain_torch():
    model = two_by_two()
    kind, size = model.module(torch.from_numpy(X["left"]).movedim(-1, 1), torch.from_numpy(X["right"]))
    told = model.predict(X)
    np.testing.assert_allclose(kind.detach().numpy(), told[0], atol=1e-6)
    np.testing.assert_allclose(size.detach().numpy(), told[1], atol=1e-6)


def test_images_of_a_size_that_a_network_of_open_sizes_cannot_work_on_are_refused_with_the_layer():
    """9 pixels are 4 after pooling and 8 after upsampling; a 5x5 window needs 5."""
    x = Input((None, None, 1))
    whole = Conv2D(2, 3, padding="same")(x)
    joined = Concatenate()([whole, UpSampling2D(2)(MaxPooling2D(2)(whole))])
    model = Model(x, joined)
    assert model.predict(np.zeros((1, 8, 6, 1), np.float32)).shape == (1, 8, 6, 4)
    with pytest.raises(ShapeError, match="concatenate") as caught:
        model.predict(np.zeros((1, 9, 6, 1), np.float32))
    assert "8" in str(caught.value) and "9" in str(caught.value)
    narrow = Sequential([Conv2D(2, 5, input_shape=(None, None, 1)), GlobalAveragePooling2D()])
    narrow.compile("sgd", "mean_squared_error")
    for ask in (narrow.predict, lambda x: narrow.fit(x, np.zeros((4, 2)), verbose=0)):
        with pytest.raises(ShapeError, match="conv2d"):
            ask(np.zeros((4, 3, 9, 1), np.float32))


def test_batch_normalisation_of_open_size_needs_several_images_only_where_a_map_is_one_pixel():
    layers = [Conv2D(2, 3, input_shape=(None, None, 1)), BatchNormalization(), GlobalAveragePooling2D()]
    model = Sequential(layers, seed=0)
    model.compile("sgd", "mean_squared_error")
    model.fit(DRAW.random((3, 5, 5, 1), np.float32), np.zeros((3, 2)), batch_size=1, verbose=0)
    with pytest.raises(DataError, match="one value for each channel"):
        model.fit(DRAW.random((3, 3, 3, 1), np.float32), np.zeros((3, 2)), batch_size=1, verbose=0)


# Numbers of words


@pytest.mark.parametrize(
    "reader",
    [
        lambda x: Embedding(20, 3, "uniform")(Reshape((2, 2))(x)),
        lambda x: TimeDistributed(Embedding(20, 3, "uniform"))(Reshape((2, 2))(x)),
        lambda x: Embedding(20, 3, "uniform")(Concatenate()([Flatten()(x), x])),
    ],
)
def test_words_are_never_scaled_however_they_reach_the_table(reader):
    words = Input((4,))
    model = Model(words, Flatten()(reader(words)))
    x = np.array([[1, 2, 3, 19], [0, 1, 2, 3]])
    table = model.get_weights()[0]
    assert np.array_equal(model.predict(x)[:, :12].reshape(2, 4, 3), table[x])
    assert np.array_equal(model.predict(x.astype(np.uint8)), model.predict(x))
    with pytest.raises(DataError, match=r"knows the numbers 0\.\.19"):
        model.predict(x + 1)


def test_one_input_cannot_hold_words_and_quantities():
    x = Input((4,), name="x")
    model = Model(x, Concatenate()([Flatten()(Embedding(20, 3)(x)), Dense(2)(x)]))
    with pytest.raises(ArgumentError, match="words and quantities") as refused:
        model.predict(np.zeros((1, 4)))
    assert refused.value.sum == "words for embedding; quantities for dense"


# What the model offers to callbacks and initializers


def test_first_images_decide_the_size_of_weights_that_want_it_and_later_ones_do_not():
    def deep(**how):
        layers = [Dense(30, activation="relu", kernel_initializer="lsuv", **how) for _ in range(6)]
        return Sequential([*layers, Dense(1)], seed=0)

    model = deep(input_shape=(4,))
    model.compile(keras.optimizers.SGD(1e-30), "mean_squared_error")
    model.fit(X["right"], Y["size"], N, verbose=0, shuffle=False)
    kernels = [layer.get_weights()[0] for layer in model.layers[:-1]]
    value = X["right"]
    for kernel in kernels:
        value = value @ kernel
        assert value.var() == pytest.approx(1, abs=0.11)
        value = np.maximum(value, 0)
    model.fit(X["right"] * 10, Y["size"], N, verbose=0)
    assert np.array_equal(model.layers[0].get_weights()[0], kernels[0])


def test_halving_goes_back_to_the_best_epoch_and_on_with_half_the_rate():
    """At a rate that makes it diverge, the loss rises; each time the best weights come back and the rate halves."""
    model = Sequential([Dense(1, input_shape=(4,), kernel_initializer="zeros")], seed=0)
    model.compile(keras.optimizers.SGD(0.8), "mean_squared_error")
    watched = []

    class Watch(keras.callbacks.Callback, abstract=True):
        def on_epoch_end(self, epoch, logs=None):
            watched.append((logs["val_loss"], self.model.learning_rate))

    halve = keras.callbacks.HalveAndGoBack()
    data = (X["right"], Y["size"])
    model.fit(*data, 8, epochs=12, verbose=0, validation_data=data, callbacks=[halve, Watch()])
    losses, rates = zip(*watched, strict=True)
    assert rates[-1] < rates[0] == 0.8
    assert losses[2] < losses[0] < losses[1], "it went on from the first epoch, not from the second"
    assert all(later in (earlier, earlier / 2) for earlier, later in pairwise(rates))
    assert min(losses) < 1.2 * float(np.var(Y["size"])) < max(losses)


# Augmentation that mixes, crops at test


def test_mixed_images_are_learned_with_the_mixed_losses_of_both_labels():
    """The loss of a batch is share * loss(y) + (1 - share) * loss(y of the partner), of the mixed image."""
    model = Sequential([Flatten(input_shape=(6, 6, 1)), Dense(3, activation="softmax")], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    augmenter = Augmenter([MixUp(0.4)], model.seed)
    mixed, partner, share = augmenter.mix(torch.from_numpy(X["left"]), torch.arange(N), 0)
    said = model.predict(mixed.numpy())
    own, other = (-np.log(said[np.arange(N), labels]) for labels in (Y["kind"], Y["kind"][partner]))
    expected = (share.numpy() * own + (1 - share.numpy()) * other).mean()
    history = model.fit(X["left"], Y["kind"], N, shuffle=False, verbose=0, augment=[MixUp(0.4)]).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-5)
    assert abs(expected - own.mean()) > 1e-4


def test_what_is_no_image_is_not_moved_and_numbers_of_words_are_not_mixed():
    y = np.array([0, 1])
    vectors = Sequential([Dense(2, activation="softmax", input_shape=(4,))])
    vectors.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(DataError, match="RandomFlip changes images"):
        vectors.fit(np.zeros((2, 4), np.float32), y, verbose=0, augment=["random_flip"])
    vectors.fit(np.zeros((2, 4), np.float32), y, verbose=0, augment=[MixUp()])
    words = Sequential([Embedding(5, 2, input_shape=(4,)), Flatten(), Dense(2, activation="softmax")])
    words.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(DataError, match="MixUp would mix the numbers of words"):
        words.fit(np.zeros((2, 4), np.int64), y, verbose=0, augment=[MixUp()])


def test_a_label_that_counts_nothing_teaches_nothing_through_its_mixed_images_either():
    """share * weight * loss(y) + (1 - share) * weight of the partner * loss(y of the partner)."""
    counts = np.ones(N, np.float32)
    counts[::2] = 0.0
    weights = []
    for labels in (Y["kind"], np.where(counts > 0, Y["kind"], (Y["kind"] + 1) % 3)):
        model = Sequential([Flatten(input_shape=(6, 6, 1)), Dense(3, activation="softmax")], seed=0)
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit(X["left"], labels, verbose=0, sample_weight=counts, augment=[MixUp(0.4)])
        weights.append(model.get_weights()[0])
    np.testing.assert_array_equal(*weights)


def test_ten_crops_are_averaged():
    model = Sequential([Conv2D(2, 3, input_shape=(4, 4, 1)), Flatten(), Dense(3, activation="softmax")], seed=0)
    crops = ten_crop(X["left"], 4)
    expected = model.predict(crops.reshape(-1, 4, 4, 1)).reshape(N, 10, 3).mean(1)
    np.testing.assert_allclose(model.predict(X["left"], crops=10), expected, atol=1e-6)
    with pytest.raises(ArgumentError, match="crops=10 needs a network of one input of known height"):
        anywhere().predict(X["left"], crops=10)
    with pytest.raises(DataError, match="no 4x4 part can be taken"):
        model.predict(X["left"][:, :3], crops=10)


def test_what_an_augmentation_cannot_work_on_is_told_before_a_weight_moves():
    model = Sequential([Flatten(input_shape=(6, 6, 1)), Dense(3, activation="softmax")], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = model.get_weights()
    with pytest.raises(DataError):
        model.fit(X["left"] * 50, Y["kind"], verbose=0, augment=[RandomBrightness(0.2)])
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


# Optimizers that need more of the trainer


@pytest.mark.parametrize("name", ["vsgd", "ada_secant", "lookahead_sgd", "ranger", "muon", "radam", "lion", "nadam"])
def test_every_kind_of_optimizer_trains_a_model(name):
    chosen = keras.optimizers.Lookahead(keras.optimizers.SGD(0.1)) if name == "lookahead_sgd" else name
    layers = [Conv2D(4, 3, input_shape=(6, 6, 1)), BatchNormalization(), Dropout(0.1), Flatten(), Dense(2)]
    model = Sequential(layers, seed=0)
    model.compile(chosen, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    y = (X["left"].mean((1, 2, 3)) > 0).astype(int)
    history = model.fit(X["left"], y, 8, epochs=12, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_what_is_looked_at_twice_is_the_same_batch_with_the_same_dropped_and_no_statistic_moves_twice(monkeypatch):
    seen, again = [], Step._again

    def watched(self, *given, **more):
        value = again(self, *given, **more)
        seen.append(value.item())
        return value

    monkeypatch.setattr(Step, "_again", watched)

    def stepped(optimizer):
        model = Sequential([Dense(8, input_shape=(4,)), BatchNormalization(), Dropout(0.5), Dense(1)], seed=0)
        model.compile(optimizer, "mean_squared_error")
        loss = model.train_on_batch(X["right"], Y["size"])
        return loss, model.get_layer("batch_normalization").get_weights()[2:]

    loss, statistics = stepped(keras.optimizers.SGD(0.01))
    assert seen == []
    same, kept = stepped("vsgd")
    assert same == loss
    assert seen == [pytest.approx(loss)] * len(seen) and seen
    assert all(np.array_equal(*pair) for pair in zip(statistics, kept, strict=True))


def test_averages_are_validated_kept_and_left_behind():
    def fitted(**how):
        model = Sequential([Dense(1, input_shape=(4,))], seed=0)
        model.compile(keras.optimizers.ExponentialMovingAverage(keras.optimizers.SGD(0.05), 0.9), "mean_squared_error")
        data = (X["right"], Y["size"])
        return model, model.fit(*data, 8, epochs=3, verbose=0, validation_data=data, **how).history

    model, history = fitted()
    assert model.evaluate(X["right"], Y["size"]) == pytest.approx(history["val_loss"][-1], rel=1e-6)
    plain = Sequential([Dense(1, input_shape=(4,))], seed=0)
    plain.compile(keras.optimizers.SGD(0.05), "mean_squared_error")
    plain.fit(X["right"], Y["size"], 8, epochs=3, verbose=0)
    assert not np.array_equal(plain.get_weights()[0], model.get_weights()[0])
    best, told = fitted(keep="best")
    assert best.evaluate(X["right"], Y["size"]) == pytest.approx(min(told["val_loss"]), rel=1e-6)
    model.learning_rate = 0.01
    assert model.optimizer.learning_rate == 0.01
    assert model.fit(X["right"], Y["size"], verbose=0).history["loss"]
