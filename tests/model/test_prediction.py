"""What predict and evaluate say is what the declared network says, whatever was rewritten for them."""

import numpy as np
import pytest
import torch

import striate as keras
from striate.build import RULES
from striate.callbacks import Callback
from striate.errors import ArgumentError
from striate.layers import BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D
from striate.model import prediction
from striate.model.prediction import Rewriting
from striate.network import Network
from tests.model.blobs import blobs, fit, small

x, y = blobs(40)


def normalised(padding="valid"):
    """A network with something for every rule of prediction: the image's mean and spread, batch norm, a pool."""
    layers = [
        Conv2D(4, 3, padding=padding, input_shape=(8, 8, 1)),
        BatchNormalization(),
        MaxPooling2D(2),
        Flatten(),
        Dense(3, activation="softmax"),
    ]
    model = keras.Sequential(layers, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    fit(model, x, y, epochs=1, preprocess="standardise")
    return model


def declared(model, images=x):
    """What the declared network says, by its module and its preprocessing."""
    with torch.inference_mode():
        return model.module.eval()(model.preprocessing.tensor(torch.from_numpy(images))).numpy()


def agrees(model, images=x):
    np.testing.assert_allclose(model.predict(images), declared(model, images), rtol=0, atol=1e-5)


def by_fit(model):
    fit(model, x, y, epochs=1)


def by_a_batch(model):
    model.train_on_batch(x, y)


def by_set_weights(model):
    model.set_weights([2 * weight for weight in model.get_weights()])


def by_data(model):
    model.module.conv2d.weight.data.neg_()


def by_numpy(model):
    model.get_layer("batch_normalization").weights["running_mean"].numpy()[:] += 1


def by_fused_optimizer(model):
    weights = [*model.module.parameters()]
    for weight in weights:
        weight.grad = torch.ones_like(weight)
    torch.optim.AdamW(weights, 0.1, fused=True).step()


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("count", [1, prediction.FEW - 1, prediction.FEW, 40])
def test_predict_says_what_the_declared_network_says(count, padding):
    agrees(normalised(padding), x[:count])


@pytest.mark.parametrize(
    "change", [by_fit, by_a_batch, by_set_weights, by_data, by_numpy, by_fused_optimizer], ids=lambda way: way.__name__
)
def test_predict_follows_every_change_of_weights(change):
    model = normalised()
    before = model.predict(x)
    change(model)
    assert np.abs(declared(model) - before).max() > 1e-4, "the change shows"
    agrees(model)


def test_weights_that_are_read_from_a_file_are_followed(tmp_path):
    model = normalised()
    model.save_weights(tmp_path / "w.safetensors")
    before = model.predict(x)
    by_set_weights(model)
    agrees(model)
    model.load_weights(tmp_path / "w.safetensors")
    assert np.array_equal(model.predict(x), before)


def test_another_preprocessing_is_followed():
    model = normalised()
    model.predict(x)
    model.preprocessing = keras.loader.Preprocessing((8, 8, 1), "uint8", 100.0, (0.5,), (2.0,))
    agrees(model)


def test_weights_that_nobody_looked_at_again_are_caught(monkeypatch):
    monkeypatch.setattr("striate.build.rewrites.Rewritten.holds", True)
    model = normalised()
    model.predict(x)
    by_data(model)
    with pytest.raises(AssertionError):
        agrees(model)


class Asks(Callback):
    """Asks the model in the middle of an epoch."""

    def __init__(self):
        self.apart, self.learning = [], []

    def on_train_batch_end(self, batch, logs=None):
        said = self.model.predict(x)
        self.learning.append(self.model.built.batch_normalization.training)
        states = [(brick, brick.training) for brick in self.model.built.modules()]
        self.apart.append(np.abs(said - declared(self.model)).max())
        for brick, training in states:
            brick.training = training


def test_a_callback_that_asks_amid_training_hears_of_the_newest_weights_and_disturbs_nothing():
    model, other, asks = normalised(), normalised(), Asks()
    fit(model, x, y, epochs=2, callbacks=[asks])
    fit(other, x, y, epochs=2)
    assert max(asks.apart) < 1e-5
    assert all(asks.learning), "batch normalisation goes on learning"
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), other.get_weights(), strict=True))


@pytest.mark.parametrize("switched_off", RULES)
def test_every_rule_can_be_switched_off_by_the_plan_and_changes_no_number(switched_off):
    found = []
    for rules in (RULES, [rule for rule in RULES if rule != switched_off]):
        model = small()
        plan = {"precision": "float32", "rewrites": list(rules)}
        history = fit(model, x, y, epochs=1, plan=plan, preprocess="standardise")
        assert model.plan.rewrites == tuple(rules)
        found.append((history.history["loss"][0], *model.evaluate(x, y, verbose=0), *model.predict(x).ravel()))
    np.testing.assert_allclose(*found, rtol=0, atol=1e-4)


def test_evaluate_is_the_mean_loss_of_what_predict_says():
    model = normalised()
    loss, accuracy = model.evaluate(x, y, batch_size=16)
    said = declared(model)
    assert loss == pytest.approx(-np.log(said[np.arange(len(y)), y]).mean(), abs=1e-5)
    assert accuracy == pytest.approx((said.argmax(1) == y).mean())


def test_images_stay_as_they_were():
    model = keras.Sequential([MaxPooling2D(2, input_shape=(4, 4, 1))])
    images = np.random.default_rng(0).standard_normal((9, 4, 4, 1)).astype(np.float32)
    before = images.copy()
    model.predict(images).fill(0)
    assert np.array_equal(images, before)
    same = keras.Sequential([keras.layers.Dropout(0.5, input_shape=(4, 4, 1))])
    same.predict(images).fill(0)
    assert np.array_equal(images, before), "also where what comes out is what went in"


def test_fewer_images_are_asked_about_together_where_maps_are_large():
    """Hand sum: 1024*1024*64 numbers of 4 bytes are 268 MB an image, 2^30 / 268e6 = 4, but never fewer than 8."""
    small = Network.sequential([Conv2D(4, 3, input_shape=(8, 8, 1))])
    medium = Network.sequential([Conv2D(16, 3, padding="same", input_shape=(512, 512, 1))])
    large = Network.sequential([Conv2D(64, 3, padding="same", input_shape=(1024, 1024, 1))])
    rewriting = Rewriting()
    assert [rewriting.together(network) for network in (small, medium, large)] == [
        256,
        2**30 // (512 * 512 * 16 * 4),
        8,
    ]


# Mirror images


def pixels():
    """Two pixels beside each other are weighed 1 and 3: mirrored, 3 and 1."""
    model = keras.Sequential([Flatten(input_shape=(1, 2, 1)), Dense(1, use_bias=False)], seed=0)
    model.set_weights([np.array([[1.0], [3.0]], np.float32)])
    return model


def test_two_crops_are_an_image_and_its_mirror_image():
    images = np.array([[[[5.0], [1.0]]], [[[0.0], [2.0]]]], np.float32)
    assert pixels().predict(images).tolist() == [[5 + 3], [6]]
    assert pixels().predict(images, crops=2).tolist() == [[(5 + 3 + 1 + 15) / 2], [(6 + 2) / 2]]


def test_evaluate_measures_the_mean_of_the_answers():
    """And not that of the scores before the softmax."""
    model = normalised()
    said = (model.predict(x) + model.predict(x[:, :, ::-1])) / 2
    found = model.evaluate(x, y, crops=2, return_dict=True, verbose=0)
    assert found["loss"] == pytest.approx(-np.log(said[np.arange(len(y)), y]).mean(), rel=1e-5)
    assert found["accuracy"] == pytest.approx((said.argmax(1) == y).mean())
    assert found["loss"] != pytest.approx(model.evaluate(x, y, return_dict=True, verbose=0)["loss"], rel=1e-3)


def test_how_many_crops_is_kept_with_the_model(tmp_path):
    model = normalised()
    two, one = model.predict(x, crops=2), model.predict(x)
    model.crops = 2
    model.save(tmp_path / "a.striate")
    again = keras.models.load_model(tmp_path / "a.striate")
    for each in (model, again):
        assert each.crops == 2
        np.testing.assert_array_equal(each.predict(x), two)
        np.testing.assert_array_equal(each.predict(x, crops=1), one)


def test_validation_while_training_looks_at_an_image_once():
    model = normalised()
    model.crops = 2
    history = fit(model, x, y, epochs=1, validation_data=(x, y), keep="last")
    assert history.history["val_loss"][-1] == pytest.approx(model.evaluate(x, y, crops=1)[0], rel=1e-6)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda model: model.predict(x, crops=3), "predict cannot use crops=3"),
        (lambda model: model.evaluate(x, y, crops=10), "evaluate looks at an image whole"),
        (lambda model: setattr(model, "crops", 0), "a model cannot use crops=0"),
        (lambda model: setattr(model, "crops", 10), "a model looks at an image whole"),
    ],
)
def test_other_crops_are_refused(ask, said):
    model = normalised()
    with pytest.raises(ArgumentError, match=said):
        ask(model)
    assert model.crops == 1


def test_what_has_no_mirror_image_is_refused():
    for layers in ([Dense(2, input_shape=(3,))], [Conv2D(2, 3, padding="same", input_shape=(8, 8, 1))]):
        with pytest.raises(ArgumentError, match="crops=2 needs a network of images whose answers are no maps"):
            keras.Sequential(layers).crops = 2
