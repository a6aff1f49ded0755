"""The page of differences is true and whole: its rows are compared with the Keras that is installed."""

import ast
import dataclasses
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import striate
from striate.errors import StriateError
from striate.loader import Augmenter
from tests.contracts.declarations import shelf_members
from tests.parity import keras

PAGE = (Path(__file__).parents[2] / "docs" / "keras-differences.md").read_text()
SHELVES = ("layers", "losses", "metrics", "optimizers", "callbacks", "initializers", "regularizers", "augmentations")
MODEL = ("compile", "fit", "evaluate", "predict", "summary", "save")


def section(title):
    """The text under a heading."""
    (text,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return text


def table(title):
    """The rows under a heading, as lists of cells."""
    rows = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def shared():
    """Concepts that both have, with what each takes beside its name: argument -> default, Keras' and ours."""
    for shelf in SHELVES:
        for name, concept in shelf_members(shelf).items():
            theirs = getattr(getattr(keras, shelf, keras.layers), name, None)  # Keras' augmentations are layers
            if theirs is None or name == "LambdaCallback":  # which takes the events of both, by name
                continue
            known = {
                argument: None if parameter.default is inspect.Parameter.empty else parameter.default
                for argument, parameter in inspect.signature(theirs.__init__).parameters.items()
                if parameter.kind is not inspect.Parameter.VAR_KEYWORD and argument not in ("self", "args")
            }
            own = {
                field.name: None if field.default is dataclasses.MISSING else field.default
                for field in dataclasses.fields(concept)
                if field.init
            }
            yield name, known, own


def same(theirs, ours):
    """Whether defaults mean the same: Keras writes (1, 1) for 1."""
    return theirs == ours or (isinstance(theirs, tuple) and set(theirs) == {ours})


def test_the_table_of_defaults_is_what_the_signatures_say():
    found = {
        f"{name}.{argument}": (known[argument], own[argument])
        for name, known, own in shared()
        for argument in own
        if argument in known and not same(known[argument], own[argument]) and argument != "name"
    }
    written = {
        item.strip("`"): tuple(None if cell == "none" else ast.literal_eval(cell) for cell in (theirs, ours))
        for item, theirs, ours, _ in table("Defaults")
    }
    assert written == found


def test_every_argument_that_only_keras_has_is_named():
    missing = {argument for _, known, own in shared() for argument in known if argument not in own}
    for method in MODEL:
        ours = inspect.signature(getattr(striate.Model, method)).parameters
        theirs = inspect.signature(getattr(keras.Model, method)).parameters
        missing |= {argument for argument in theirs if argument not in ours}
    named = set(re.findall(r"`(\w+)`", section("What is not there")))
    # kwargs are none of their own; concepts need no name or seed; save calls its path `path`.
    assert missing - {"kwargs", "name", "seed", "filepath", "batch_size"} == named


def images(count=64):
    draw = np.random.default_rng(0)
    return draw.standard_normal((count, 4)).astype(np.float32), draw.integers(0, 3, count)


X, Y = images()
ONE_HOT = np.eye(3, dtype=np.float32)[Y]


def trained(library, x=X, y=Y, units=3, head="softmax", loss="sparse_categorical_crossentropy", metrics=(), **fit):
    """A model of one dense layer after an epoch, and its history."""
    model = library.Sequential([library.layers.Input((4,)), library.layers.Dense(units, activation=head)])
    model.compile(library.optimizers.SGD(0.01), loss, metrics=list(metrics))
    history = model.fit(x, y, **{"verbose": 0} | fit)
    return model, history


def twice(library):
    layer = library.layers.Dense(3)
    library.Sequential([library.layers.Input((3,)), layer, layer])


def other_type(library):
    model, _ = trained(library, (100 * np.abs(X)).astype(np.uint8) % 255)
    model.predict(X)


def own_call(library):
    class Own(library.Model):
        def call(self, x):
            return x

    Own()


def half_cosine(library):
    library.optimizers.schedules.CosineDecay(0.1, 100, warmup_steps=10)


def single_value(library):
    model = library.Sequential(
        [library.layers.Input((4,)), library.layers.BatchNormalization(), library.layers.Dense(3)]
    )
    model.compile("sgd", "mean_squared_error")
    model.fit(X[:1], ONE_HOT[:1], verbose=0)


def with_metric(*metrics, **arguments):
    return lambda library: trained(library, metrics=[m(library) if callable(m) else m for m in metrics], **arguments)


def with_callback(name, *args):
    return lambda library: trained(library, callbacks=[getattr(library.callbacks, name)(*args)])


def having(**arguments):
    return lambda library: trained(library, **arguments)


def from_scores(library):
    trained(library, loss=library.losses.SparseCategoricalCrossentropy(from_logits=True))


HOLED = np.where(np.arange(64)[:, None] == 5, np.float32(np.nan), X)

REFUSED = {
    "nesterov without momentum": lambda library: library.optimizers.SGD(nesterov=True),
    "epsilon = 0": lambda library: library.optimizers.Adam(epsilon=0.0),
    "a learning rate of 0 or below": lambda library: library.optimizers.Adam(-1.0),
    "CosineDecay with warmup_steps or warmup_target alone": half_cosine,
    "CosineDecayRestarts with t_mul below 1": lambda library: library.optimizers.schedules.CosineDecayRestarts(
        0.1, 100, t_mul=0.5
    ),
    "a learning rate of 0 from LearningRateScheduler": with_callback("LearningRateScheduler", lambda epoch: 0.0),
    "ReduceLROnPlateau with factor 0": lambda library: library.callbacks.ReduceLROnPlateau(factor=0.0),
    "Dropout of 1": lambda library: library.layers.Dropout(1.0),
    "one layer object twice in a Sequential": twice,
    '"accuracy" with mean squared error': having(
        units=1, head=None, y=Y.astype(np.float32), loss="mean_squared_error", metrics=["accuracy"]
    ),
    "two metrics of one name": with_metric(
        *[lambda library: library.metrics.SparseCategoricalAccuracy(name="share")] * 2
    ),
    "a metric called loss": with_metric(lambda library: library.metrics.SparseCategoricalAccuracy(name="loss")),
    "softmax with binary cross-entropy": having(y=ONE_HOT, loss="binary_crossentropy"),
    "softmax with from_logits=True": from_scores,
    "scores with a cross-entropy of probabilities": having(head=None),
    "one sigmoid with sparse cross-entropy": having(units=1, head="sigmoid", y=0 * Y),
    "fractions as class numbers": having(y=Y + 0.5),
    "one-hot labels that do not add up to 1": having(y=2 * ONE_HOT, loss="categorical_crossentropy"),
    "labels 0 and -1 together in a hinge": having(units=1, head=None, y=(Y - 1).astype(np.float32), loss="hinge"),
    "class numbers out of range": having(y=Y + 1),
    "NaN among the pixels": having(x=HOLED),
    "batch_size 0": having(batch_size=0),
    "epochs 0, or initial_epoch at the end": having(epochs=2, initial_epoch=2),
    "steps_per_epoch beyond the batches": having(steps_per_epoch=50),
    "negative class_weight": having(class_weight={0: -1.0}),
    "class_weight of a class that is not there": having(class_weight={7: 2.0}),
    "negative sample_weight": having(sample_weight=-np.ones(64)),
    "EarlyStopping by val_loss without validation": with_callback("EarlyStopping"),
    "float images for a model fitted on uint8": other_type,
    "batch normalisation of a single value": single_value,
    "layer or group normalisation of single values": lambda library: library.layers.LayerNormalization()(
        library.layers.Input((4, 1))
    ),
    "a subclass with its own call": own_call,
}
KERAS_FAILS_TOO = {"class numbers out of range"}


def test_every_row_of_refusals_is_tried():
    assert [row[0] for row in table("What is refused")] == list(REFUSED)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("item", REFUSED)
def test_keras_lets_it_pass(item):
    if item in KERAS_FAILS_TOO:
        with pytest.raises(IndexError):
            REFUSED[item](keras)
    else:
        REFUSED[item](keras)


@pytest.mark.parametrize("item", REFUSED)
def test_striate_refuses_it_with_the_fix(item):
    with pytest.raises(StriateError) as caught:
        REFUSED[item](striate)
    assert caught.value.fix or "must be" in caught.value.what


def test_acc_is_logged_as_accuracy_and_the_curves_are_explained():
    _, theirs = trained(keras, metrics=["acc"])
    _, ours = trained(striate, metrics=["acc"])
    assert set(theirs.history) == {"acc", "loss"}
    assert set(ours.history) == {"accuracy", "loss", "learning_rate", "seconds", "images_per_second"}


def test_steps_per_epoch_begins_a_new_order():
    """Two images of opposite labels, one step an epoch: Keras sees one and then the other."""
    x, y = np.zeros((2, 4), np.float32), np.array([0, 1])
    still = {"x": x, "y": y, "batch_size": 1, "epochs": 2, "steps_per_epoch": 1, "shuffle": False}

    def losses(library):
        library.utils.set_random_seed(0)
        model = library.Sequential([library.layers.Input((4,)), library.layers.Dense(2, activation="softmax")])
        model.compile(library.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
        return model.fit(**still, verbose=0).history["loss"]

    first, second = losses(keras)
    assert second > first, "the other image, whose class has become less probable"
    first, second = losses(striate)
    assert second < first, "the same image again"


def test_classes_of_equal_scores_stand_in_order():
    k1 = {"y_true": np.array([1]), "y_pred": np.array([[0.5, 0.5, 0.0]], np.float32)}
    assert float(keras.metrics.SparseTopKCategoricalAccuracy(k=1)(**k1)) == 1
    assert striate.metrics.SparseTopKCategoricalAccuracy(k=1)(**k1) == 0


def test_the_velocity_holds_gradients():
    """A gradient of 1, then none at a tenth of the rate: Keras rolls on at the old rate."""
    import torch

    variable = keras.Variable([0.0])
    theirs = keras.optimizers.SGD(1.0, momentum=0.5)
    weight = torch.nn.Parameter(torch.zeros(1))
    ours = striate.optimizers.SGD(1.0, momentum=0.5).build([weight], 1.0)
    for gradient, rate in ((1.0, 1.0), (0.0, 0.125)):
        theirs.learning_rate = rate
        theirs.apply([torch.tensor([gradient])], [variable])
        ours.param_groups[0]["lr"] = rate
        weight.grad = torch.tensor([gradient])
        ours.step()
    assert variable.value.item() == -1 - 0.5
    assert weight.item() == -1 - 0.5 * 0.125


def test_one_number_as_a_factor_means_what_keras_documents():
    theirs = {
        "RandomContrast": (0, 0.25),
        "RandomSaturation": (-0.25, 0.25),
        "RandomErasing": (0, 0.25),
    }
    for name, factor in theirs.items():
        assert getattr(keras.layers, name)(0.25).factor == factor
    assert keras.layers.RandomShear(0.25).x_factor == (-0.25, 0.25)


def test_what_becomes_brighter_than_white_is_cut_off_once():
    import torch

    white = np.ones((1, 2, 2, 1), np.float32)
    there_and_back = [(0.5, 0.5), (-0.5, -0.5)]
    theirs = white
    for factor in there_and_back:
        theirs = keras.layers.RandomBrightness(factor, value_range=(0, 1))(theirs, training=True)
    assert float(theirs.mean()) == 0.5
    listed = [striate.augmentations.RandomBrightness(factor) for factor in there_and_back]
    assert Augmenter(listed, 0)(torch.from_numpy(white), torch.arange(1), 0).mean() == 1
