"""Whatever is wrong in a call of fit is told in one error, with the sum and the fix, before a weight has moved."""

import math

import numpy as np
import pytest

import striate as keras
from striate.callbacks import Callback, CSVLogger, EarlyStopping
from striate.errors import StriateError
from striate.layers import BatchNormalization, Dense, Flatten
from striate.model.arguments import class_factors, sample_weights
from tests.model.blobs import blobs, fit, small

X, Y = blobs()
FLOATS = X.astype(np.float32) / 255
ONE_HOT = keras.utils.to_categorical(Y, 3)
HOLED = np.where(np.arange(len(X))[:, None, None, None] == 3, np.float32(math.nan), FLOATS)
GOOD = {"x": X, "y": Y}


def changed(y, row, value, dtype=None):
    other = np.array(y, dtype)
    other[row] = value
    return other


REFUSED = {
    "labels from 1": ({"y": Y + 1}, "labels given run 1..3", "labels - 1", {"y": Y + 1 - 1}),
    "labels from -1": ({"y": Y - 1}, "labels given run -1..1", "labels + 1", {"y": Y - 1 + 1}),
    "a label too large": ({"y": changed(Y, 7, 9)}, "run 0..9", "10 units in the last layer", {"units": 10}),
    "names": (
        {"y": np.array(["cat", "dog", "owl"])[Y]},
        "the first: ",
        "np.unique(labels, return_inverse=True)",
        {"y": np.unique(np.array(["cat", "dog", "owl"])[Y], return_inverse=True)[1]},
    ),
    "complex labels": ({"y": Y + 0j}, "the first: ", "class numbers from 0", {"y": Y}),
    "fractions for classes": ({"y": Y + 0.5}, "120 of 120", "class numbers 0, 1, 2", {"y": Y}),
    "a label that is NaN": ({"y": changed(Y, 2, math.nan, float)}, "1 of 120 labels", "leave out", {"y": Y}),
    "one-hot for class numbers": (
        {"y": ONE_HOT},
        "labels (120, 3), needed (120,)",
        'loss="categorical_crossentropy", or labels.argmax(-1)',
        {"loss": "categorical_crossentropy"},
    ),
    "class numbers for one-hot": (
        {"loss": "categorical_crossentropy"},
        "labels (120,), needed (120, 3)",
        'loss="sparse_categorical_crossentropy", or utils.to_categorical(labels)',
        {"y": ONE_HOT},
    ),
    "no distribution": (
        {"loss": "categorical_crossentropy", "y": 2 * ONE_HOT},
        "add up to 2",
        'loss="binary_crossentropy"',
        {"y": ONE_HOT},
    ),
    "labels of another output": ({"y": {"dens": Y}}, "known: dense", "did you mean 'dense'?", {"y": {"dense": Y}}),
    "no labels": ({"y": None}, "y is None", "fit(x, y)", {"y": Y}),
    "one label": ({"y": 3}, "y ()", "one label for each image", {"y": Y}),
    "fewer images": ({"x": X[:-1]}, "x (119, 8, 8, 1), y (120,)", "one label for each image", {"y": Y[:-1]}),
    "no images": ({"x": X[:0], "y": Y[:0]}, "(0, 8, 8, 1)", "at least one image", GOOD),
    "empty lists": ({"x": [], "y": []}, "(0,)", "at least one image", GOOD),
    "channels first": (
        {"x": np.moveaxis(X, -1, 1)},
        "the network takes (n, 8, 8, 1)",
        "np.moveaxis(x, 1, -1)",
        {"x": np.moveaxis(np.moveaxis(X, -1, 1), 1, -1)},
    ),
    "pixels that are NaN": (
        {"x": HOLED},
        "1 of 120 images",
        "x[np.isfinite(x).reshape(len(x), -1).all(1)]",
        {"x": np.delete(FLOATS, 3, 0), "y": np.delete(Y, 3)},
    ),
    "images of int64": ({"x": X.astype(int)}, "from 0 to 239", "x.astype('uint8')", {"x": X}),
    "batch_size 0": ({"batch_size": 0}, "batch_size must be > 0, not 0", "batch_size=32", {"batch_size": 32}),
    "batch_size 1.5": ({"batch_size": 1.5}, "a whole number, not 1.5", "batch_size=32", {"batch_size": 32}),
    "epochs 0": ({"epochs": 0}, "epochs must be > 0, not 0", "epochs=1", {"epochs": 1}),
    "epochs as text": ({"epochs": "3"}, "did you mean 3?", "epochs=1", {"epochs": 1}),
    "begun after the end": ({"initial_epoch": 2, "epochs": 2}, "the last epoch", "epochs=4", {"epochs": 4}),
    "a negative first epoch": ({"initial_epoch": -1}, "must be >= 0", "initial_epoch=0", {"initial_epoch": 0}),
    "two wrong at once": (
        {"epochs": 0, "batch_size": -3},
        "batch_size must be > 0, not -3\nepochs must be > 0, not 0",
        "batch_size=32, epochs=1",
        {"batch_size": 32, "epochs": 1},
    ),
    "a split of everything": ({"validation_split": 1.0}, "must be < 1", "=0.1", {"validation_split": 0.1}),
    "a negative split": ({"validation_split": -0.1}, "must be >= 0", "=0.1", {"validation_split": 0.1}),
    "a split that is NaN": ({"validation_split": math.nan}, "finite", "=0.1", {"validation_split": 0.1}),
    "a split that leaves nothing": (
        {"x": X[:1], "y": Y[:1], "validation_split": 0.1},
        "0.1*1 = 0.1 held out",
        "a share of 0",
        {"validation_split": 0.0},
    ),
    "validation without labels": (
        {"validation_data": (X,)},
        "a tuple of 1",
        "validation_data=(x, y)",
        {"validation_data": (X, Y)},
    ),
    "validation images of another type": (
        {"validation_data": (FLOATS, Y)},
        "they mean different brightness",
        "x.astype('uint8'), after x * 255",
        {"validation_data": ((FLOATS * 255).round().astype("uint8"), Y)},
    ),
    "validation labels out of range": (
        {"validation_data": (X, Y + 7)},
        "run 7..9",
        "labels - 7",
        {"validation_data": (X, Y)},
    ),
    "a negative class_weight": ({"class_weight": {0: -1.0}}, ">= 0", "{0: 1.0}", {"class_weight": {0: 1.0}}),
    "a class_weight that is NaN": ({"class_weight": {0: math.nan}}, ">= 0", "{0: 1.0}", {"class_weight": {0: 1.0}}),
    "class_weight of no class": ({"class_weight": {3: 2.0}}, "0..2", "from 0 to 2", {"class_weight": {2: 2.0}}),
    "class_weight as a list": ({"class_weight": [1, 2, 3]}, "table", "{0: 1.0, 1: 3.0}", {"class_weight": {1: 3.0}}),
    "class_weight of nothing": (
        {"class_weight": {0: 0, 1: 0, 2: 0}},
        "all 120 samples",
        "a weight above 0",
        {"class_weight": {0: 0, 1: 1, 2: 0}},
    ),
    "too few sample weights": (
        {"sample_weight": np.ones(3)},
        "(3,) of float64, needed (120,)",
        "np.ones(120)",
        {"sample_weight": np.ones(120)},
    ),
    "too many, and a split": (
        {"sample_weight": np.ones(130), "validation_split": 0.1},
        "(130,) of float64, needed (120,)",
        "np.ones(120)",
        {"sample_weight": np.ones(120)},
    ),
    "a negative sample weight": (
        {"sample_weight": changed(np.ones(120), 5, -1)},
        "row 5",
        "0 for samples that are to be left out",
        {"sample_weight": changed(np.ones(120), 5, 0)},
    ),
    "no steps": ({"steps_per_epoch": 0}, "must be > 0", "steps_per_epoch=None", {"steps_per_epoch": None}),
    "more steps than batches": (
        {"steps_per_epoch": 9},
        "120 images in batches of 16",
        "leave it out",
        {"steps_per_epoch": None},
    ),
    "validation never": ({"validation_freq": 0}, "must be > 0", "validation_freq=1", {"validation_freq": 1}),
    "weights kept how": ({"keep": "bset"}, "did you mean 'best'?", "keep='last'", {"keep": "last"}),
    "a callback's class": (
        {"callbacks": [EarlyStopping], "validation_split": 0.1},
        "known: ",
        "EarlyStopping()",
        {"callbacks": [EarlyStopping()]},
    ),
    "no callback": ({"callbacks": [3]}, "known: ", "by name or as an object", {"callbacks": ["terminate_on_nan"]}),
    "a rate as schedule": ({"schedule": 0.1}, "known: ", "by name or as an object", {"schedule": "cosine_decay"}),
    "an augmentation that is none": ({"augment": [3]}, "known: ", "by name", {"augment": ["random_flip"]}),
    "preprocess": ({"preprocess": "scal"}, "uint8 / 255", '"scale"', {"preprocess": "scale"}),
}


def network(units=3, loss="sparse_categorical_crossentropy", **arguments):
    """A network that has no shape of its own is not used: what it learns from bad images has a test of its own."""
    model = keras.Sequential([Flatten(input_shape=(8, 8, 1)), Dense(units, activation="softmax")], seed=0)
    model.compile("adam", loss)
    return model, GOOD | arguments


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_sum_and_fix_before_a_weight_moves(case):
    given, sum_of, fix, _ = REFUSED[case]
    model, arguments = network(**given)
    before = model.get_weights()
    with pytest.raises(StriateError) as caught:
        fit(model, **arguments)
    assert sum_of in caught.value.sum
    assert fix in caught.value.fix
    assert model.history is None
    assert model.preprocessing is None, "nothing is decided by what cannot be used"
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))


@pytest.mark.parametrize("case", REFUSED)
def test_with_its_fix_it_trains(case):
    given, _, _, mended = REFUSED[case]
    model, arguments = network(**given | mended)
    assert np.isfinite(fit(model, **arguments).history["loss"]).all()


def test_one_sample_is_trained_on():
    assert np.isfinite(fit(small(), X[:1], Y[:1]).history["loss"]).all()


@pytest.mark.parametrize(("count", "size"), [(1, 16), (8, 1)])
def test_one_value_for_each_channel_has_no_spread_to_normalise_by(count, size):
    model = keras.Sequential([Flatten(input_shape=(8, 8, 1)), BatchNormalization(), Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(StriateError, match="one value has no spread") as caught:
        fit(model, X[:count], Y[:count], batch_size=size)
    assert f"{count} images, batch_size {size}" in caught.value.sum
    with pytest.raises(StriateError, match="one value has no spread"):
        model.train_on_batch(X[:1], Y[:1])
    fit(model, X[:3], Y[:3], batch_size=2)


def test_stopping_by_val_loss_without_validation_is_told_before_the_first_epoch():
    model, listener = small(), Listener()
    with pytest.raises(StriateError, match="watches 'val_loss'") as caught:
        fit(model, X, Y, callbacks=[listener, EarlyStopping()])
    assert "validation_split=0.1 in fit" in caught.value.fix
    assert [name for name, *_ in listener.heard] == ["on_train_begin"]
    fit(model, X, Y, callbacks=[EarlyStopping()], validation_split=0.1)


def test_what_bad_images_would_decide_is_forgotten():
    model = keras.Sequential([Flatten(), Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(StriateError):
        fit(model, FLOATS[:, :4], Y + 7)
    fit(model, X, Y)
    assert model.input_shape == (None, 8, 8, 1)
    assert model.preprocessing.dtype == "uint8"


def test_asking_a_network_that_was_never_fitted_decides_nothing():
    model = small()
    assert model.predict(FLOATS).shape == (120, 3)
    fit(model, X, Y)
    assert model.preprocessing.dtype == "uint8"


def test_a_wrong_label_is_named_by_its_row_also_where_some_are_held_out():
    with pytest.raises(StriateError, match="label 9 in row 7,"):
        fit(small(), X, changed(Y, 7, 9), validation_split=0.5)


@pytest.mark.parametrize("name", ["loss", "val_loss", "epoch", "learning_rate", ""])
def test_a_metric_cannot_have_the_name_of_another_number(name):
    with pytest.raises(StriateError, match="a metric cannot be called") as caught:
        small(metrics=[keras.metrics.SparseCategoricalAccuracy(name=name)])
    assert 'Metric(name="...")' in caught.value.fix


def test_two_metrics_of_one_name_are_refused_and_two_names_are_not():
    with pytest.raises(StriateError, match="two metrics are called 'accuracy'"):
        small(metrics=["accuracy", "acc"])
    model = small(metrics=["accuracy", keras.metrics.SparseCategoricalAccuracy(name="again")])
    history = fit(model, X, Y).history
    assert history["accuracy"] == history["again"]


def test_what_compile_refuses_leaves_the_model_as_it_was():
    model = small()
    before = model.optimizer, model.loss, model.metrics
    with pytest.raises(StriateError):
        model.compile("sgd", "mean_squared_error", metrics=["accuracy"])
    assert (model.optimizer, model.loss, model.metrics) == before


def test_validation_every_second_epoch_leaves_gaps_and_shifts_nothing(tmp_path):
    model = small()
    log = CSVLogger(tmp_path / "log.csv")
    history = fit(model, X, Y, epochs=4, validation_split=0.2, validation_freq=2, callbacks=[log])
    first, *rows = [line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines()]
    assert {len(row) for row in rows} == {len(first)}
    column = first.index("val_loss")
    assert [row[column] for row in rows] == ["", *map(str, history.history["val_loss"][:1]), "", rows[3][column]]
    assert [float(row[first.index("loss")]) for row in rows] == history.history["loss"]
    assert [row[0] for row in rows] == ["0", "1", "2", "3"]
    assert float(rows[3][column]) == history.history["val_loss"][1]
    shown = [row.count("<td>") for row in history._repr_html_().split("<tr>")[2:]]
    assert shown == [len(first)] * 4


class Listener(Callback):
    """Notes everything it is told."""

    def __init__(self):
        super().__init__()
        self.heard = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            return lambda *args: self.heard.append((name, *(arg for arg in args if isinstance(arg, int))))
        return super().__getattribute__(name)


@pytest.mark.parametrize(("steps", "samples"), [(None, 120), (8, 120), (3, 48)])
def test_params_say_how_many_steps_and_samples_an_epoch_has(steps, samples):
    listener = Listener()
    fit(small(), X, Y, steps_per_epoch=steps, callbacks=listener)
    assert listener.params["steps"] == len([each for each in listener.heard if each[0] == "on_train_batch_end"])
    assert listener.params["samples"] == samples


def test_callbacks_hear_of_validation_evaluation_and_prediction():
    listener = Listener()
    model = small()
    fit(model, X, Y, validation_data=(X, Y), batch_size=60, callbacks=[listener])
    assert [name for name, *_ in listener.heard if "test" in name] == [
        "on_test_begin",
        "on_test_batch_begin",
        "on_test_batch_end",
        "on_test_end",
    ]
    listener.heard.clear()
    model.evaluate(X, Y, batch_size=80, callbacks=[listener])
    between = [
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0),
        ("on_test_batch_begin", 1),
        ("on_test_batch_end", 1),
    ]
    assert listener.heard == [("on_test_begin",), *between, ("on_test_end",)]
    listener.heard.clear()
    model.predict(X, batch_size=120, callbacks=[listener])
    assert listener.heard == [
        ("on_predict_begin",),
        ("on_predict_batch_begin", 0),
        ("on_predict_batch_end", 0),
        ("on_predict_end",),
    ]


def test_the_weights_of_samples_that_are_held_out_weigh_there():
    weight = np.where(Y == 0, 5.0, 1.0)
    given = small()
    history = fit(given, X, Y, validation_data=(X, Y, weight)).history
    assert history["val_loss"][0] == pytest.approx(given.evaluate(X, Y, sample_weight=weight)[0], rel=1e-5)
    held = small()
    plain, weighted = (
        fit(small(), X, Y, validation_split=0.5, sample_weight=each).history["val_loss"][0]
        for each in (np.ones(120), np.full(120, 2.0))
    )
    assert held is not given
    assert weighted != pytest.approx(plain)


def test_factors_of_classes_by_hand():
    sparse = keras.losses.SparseCategoricalCrossentropy()
    assert class_factors({0: 2.0, 2: 0.5}, np.array([0, 1, 2, 0]), sparse, (3,)).tolist() == [2, 1, 0.5, 2]
    assert class_factors({1: 3}, np.array([[0, 1], [1, 0]]), sparse, (2,)).tolist() == [3, 1]
    assert class_factors({1: 3}, np.array([[[0, 1]], [[1, 1]]]), sparse, (1, 2, 2)).tolist() == [[[1, 3]], [[3, 3]]]
    with pytest.raises(StriateError, match="one class for each answer"):
        class_factors({1: 3}, np.zeros((2, 4, 4), int), sparse, (2,))


def test_weights_of_samples_may_come_in_any_form():
    assert sample_weights([True, False], 2).tolist() == [1, 0]
    assert sample_weights(None, 2) is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: keras.Sequential("dense"),
        lambda: keras.Sequential(Dense(3)),
        lambda: keras.Sequential([Dense(3)], seed="a"),
        lambda: keras.Sequential([Dense(3)], name=3),
        lambda: keras.Sequential([Dense(3)]).build(5),
        lambda: keras.Model(3, 4),
        lambda: small().get_layer(index=99),
        lambda: small().set_weights(3),
        lambda: small().set_weights(["a"] * 8),
        lambda: small().predict(X, batch_size=-1),
        lambda: small().evaluate(X),
        lambda: small().evaluate(X, Y, batch_size=0),
        lambda: small().train_on_batch(X, None),
        lambda: fit(small(), iter([(X, Y, Y)])),
        lambda: fit(small(), iter([(X, Y), (X[:, :4], Y)])),
    ],
)
def test_other_slips_are_told_with_sum_and_fix(wrong):
    with pytest.raises(StriateError) as caught:
        wrong()
    assert caught.value.sum
    assert caught.value.fix
