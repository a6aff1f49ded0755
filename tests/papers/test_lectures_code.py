"""The nine pieces of code of the lectures: each as it is printed, what is wrong with it, and that it runs once mended.

A piece is run as it stands, but with striate where it says keras. What it says next to each slip is a mending: the error
that the slip raises, the words in that error which name the repair, what is printed and what it should be. They are
applied one after another, so each error is met; after the last the piece runs, and the model it made learns.
"""

import traceback
from typing import Any, NamedTuple

import numpy as np
import pytest

import striate
from striate.errors import ArgumentError, UnknownNameError

DRAW = np.random.default_rng(0)
FEATURES = DRAW.standard_normal((40, 4)).astype(np.float32)
CLASSES = DRAW.integers(0, 3, 40)
ONE_HOT = striate.utils.to_categorical(CLASSES, 3)
QUANTITIES = DRAW.standard_normal((40, 1)).astype(np.float32)


class Mending(NamedTuple):
    """A slip: the error it raises, what the error says, what is printed, what it should be."""

    error: type[Exception]
    says: str
    printed: str
    right: str


def mended(printed: str, *mendings: Mending, **given: Any) -> dict[str, Any]:
    """The names that a piece of code leaves behind once each of its slips has been met and mended."""
    for slip in mendings:
        with pytest.raises(slip.error) as caught:
            ran(printed, given)
        assert slip.says in "".join(traceback.format_exception(caught.value))
        assert slip.printed in printed
        printed = printed.replace(slip.printed, slip.right, 1)
    return ran(printed, given)


def ran(code: str, given: dict[str, Any]) -> dict[str, Any]:
    names = dict(given)
    exec(compile(code.strip(), "lecture", "exec"), names)  # noqa: S102  (that is the point)
    return names


def network(units: int, activation: str | None = None) -> dict[str, Any]:
    """What stands for the dots of `keras.Model(...)`: four numbers in, `units` out."""
    x = striate.Input((4,))
    return {"x": x, "y": striate.layers.Dense(units, activation=activation)(x)}


def loss_of(model: Any, labels: Any, **fit: Any) -> float:
    """The mean loss of one epoch, in which the weights move."""
    before = model.get_weights()
    history = model.fit(FEATURES, labels, epochs=1, verbose=0, **fit)
    assert any((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))
    assert np.isfinite(history.history["loss"][0])
    return history.history["loss"][0]


DOTS = Mending(
    ArgumentError, "fix   : x = Input(shape); Model(x, Dense(10)(x))", "keras.Model(...)", "keras.Model(x, y)"
)
ON_THE_CLASS = Mending(NameError, "name 'Model' is not defined", "Model.compile", "model.compile")
ITS_DOTS = Mending(ArgumentError, "optimizer cannot be Ellipsis", "model.compile(...,", 'model.compile("adam",')


def spelt(name: str) -> Mending:
    right = name.replace("Entropy", "entropy")
    return Mending(UnknownNameError, f"no loss is called {name!r}", name, right)


def instance(name: str) -> Mending:
    says = f"loss cannot be the class {name}, an object is needed"
    return Mending(ArgumentError, says, f"keras.losses.{name}", f"keras.losses.{name}()")


def test_1_a_convolution_in_a_list():
    """001 L513-516: the parenthesis of Conv2D is not closed."""
    names = mended(
        """
import striate as keras
model = keras.Sequential ([  
    keras.layers.Conv2D(6, (5, 5), strides=1, padding='valid', activation='relu', input_shape=(32,32, 3) ])
""",  # noqa: W291
        Mending(SyntaxError, "does not match opening parenthesis '('", "(32,32, 3) ])", "(32,32, 3)) ])"),
    )
    model = names["model"]
    assert model.output_shape == (None, 28, 28, 6)
    assert model.count_params() == 6 * (5 * 5 * 3 + 1)
    model.compile("sgd", "mse")
    images, maps = DRAW.random((8, 32, 32, 3), np.float32), DRAW.random((8, 28, 28, 6), np.float32)
    assert np.isfinite(model.train_on_batch(images, maps)).all()


def test_2_a_convolution_that_is_added():
    """001 L518-531: no commas between the arguments, and stride for strides."""
    names = mended(
        """
import striate as keras
from striate.models import Sequential
from striate.layers import Conv2D

model = Sequential ()

model.add (Conv2D (filters=6
                  kernel_size=(5,5)
                  stride=1
                  padding='valid'
                  activation='relu'
                  input_shape=(32,32,3) ))
""",
        Mending(SyntaxError, "Perhaps you forgot a comma", "filters=6\n", "filters=6,\n"),
        Mending(SyntaxError, "Perhaps you forgot a comma", "kernel_size=(5,5)\n", "kernel_size=(5,5),\n"),
        Mending(SyntaxError, "Perhaps you forgot a comma", "stride=1\n", "stride=1,\n"),
        Mending(SyntaxError, "Perhaps you forgot a comma", "padding='valid'\n", "padding='valid',\n"),
        Mending(SyntaxError, "Perhaps you forgot a comma", "activation='relu'\n", "activation='relu',\n"),
        Mending(ArgumentError, "fix   : did you mean 'strides'?", "stride=1", "strides=1"),
    )
    model = names["model"]
    images = DRAW.random((2, 32, 32, 3), dtype=np.float32)
    assert model.predict(images).shape == (2, 28, 28, 6)
    assert model.predict(images).min() == 0, "ReLU"
    model.compile("sgd", "mse")
    assert np.isfinite(model.train_on_batch(images, np.ones((2, 28, 28, 6), np.float32))).all()


def test_3_mean_squared_error_for_quantities():
    """003 L56-65: compile of the class, and a class where an object is needed."""
    names = mended(
        """
import striate as keras

model = keras.Model(...)

Model.compile(...,  
loss=(keras.losses.MeanSquaredError))
""",  # noqa: W291
        DOTS,
        ON_THE_CLASS,
        ITS_DOTS,
        instance("MeanSquaredError"),
        **network(1),
    )
    loss_of(names["model"], QUANTITIES)


def test_4_binary_cross_entropy_for_a_single_value():
    """003 L87-92: a comment that goes on without its sign, and Keras spells it BinaryCrossentropy."""
    names = mended(
        """
import striate as keras
# We need a model that only contains a single
value as the output
model = keras.Model(...)
Model.compile(...,
loss=(keras.losses.BinaryCrossEntropy))
""",
        Mending(SyntaxError, "value as the output", "value as", "# value as"),
        DOTS,
        ON_THE_CLASS,
        spelt("BinaryCrossEntropy"),
        ITS_DOTS,
        instance("BinaryCrossentropy"),
        **network(1, "sigmoid"),
    )
    loss_of(names["model"], DRAW.integers(0, 2, 40))


def test_binary_cross_entropy_before_the_sigmoid():
    """003 L82: "can be calculated either before/after sigmoid": the same number."""
    before, after = (striate.Model(*network(1, activation).values()) for activation in (None, "sigmoid"))
    after.set_weights(before.get_weights())
    before.compile(loss=striate.losses.BinaryCrossentropy(from_logits=True))
    after.compile(loss=striate.losses.BinaryCrossentropy())
    labels = DRAW.integers(0, 2, 40)
    assert before.evaluate(FEATURES, labels) == pytest.approx(after.evaluate(FEATURES, labels))


def test_5_categorical_cross_entropy_for_a_vector_of_probabilities():
    """003 L104-120, with labels as L102 has them: class 2 is [0, 0, 1]."""
    assert striate.utils.to_categorical([2], 3).tolist() == [[0, 0, 1]]
    names = mended(
        """
import striate as keras

# We need a model that outputs a vector of class probabilities

model = keras.Model(...)

Model.compile(...,

loss=(keras.losses.CategoricalCrossEntropy))
""",
        DOTS,
        ON_THE_CLASS,
        spelt("CategoricalCrossEntropy"),
        ITS_DOTS,
        instance("CategoricalCrossentropy"),
        **network(3, "softmax"),
    )
    loss_of(names["model"], ONE_HOT)


def test_6_several_losses_with_weights():
    """003 L130-137: two outputs, each with its loss; what is made small is 0.5 of the one and 10 of the other."""
    x = striate.Input((4,))
    heads = [striate.layers.Dense(3, "softmax", name="kind")(x), striate.layers.Dense(1, name="size")(x)]
    names = mended(
        """
import striate as keras
# We need a model that outputs a vector of class
probabilities
model = keras.Model(...)
Model.compile(...,
loss=(keras.losses.CategoricalCrossEntropy,
keras.losses.MeanSquaredError), loss_weights=(0.5,
10.0))
""",
        Mending(NameError, "name 'probabilities' is not defined", "probabilities", "# probabilities"),
        DOTS,
        ON_THE_CLASS,
        spelt("CategoricalCrossEntropy"),
        ITS_DOTS,
        instance("CategoricalCrossentropy"),
        instance("MeanSquaredError"),
        x=x,
        y=heads,
    )
    model = names["model"]
    loss_of(model, [ONE_HOT, QUANTITIES])
    said = model.evaluate(FEATURES, [ONE_HOT, QUANTITIES], return_dict=True, verbose=0)
    kinds, sizes = model.predict(FEATURES)
    crossentropy = -np.log((kinds * ONE_HOT).sum(-1)).mean()
    assert said["loss"] == pytest.approx(0.5 * crossentropy + 10.0 * ((sizes - QUANTITIES) ** 2).mean(), rel=1e-5)


def test_7_a_metric_by_name():
    """003 L147-149: nothing is wrong but its dots. It counts class numbers: the loss must be the sparse one."""
    names = mended(
        """
model.compile(...,  
metrics=["sparse_categorical_accuracy"])
""",  # noqa: W291
        ITS_DOTS._replace(right='model.compile("adam", "sparse_categorical_crossentropy",'),
        model=striate.Model(*network(3, "softmax").values()),
    )
    model = names["model"]
    loss_of(model, CLASSES)
    right = (model.predict(FEATURES).argmax(-1) == CLASSES).mean()
    said = model.evaluate(FEATURES, CLASSES, return_dict=True, verbose=0)
    assert said["sparse_categorical_accuracy"] == pytest.approx(right)


def test_8_an_optimizer_with_its_rate():
    """003 L193-197: no comma after the loss."""
    names = mended(
        """
import striate as keras
model = keras.Model(...)
Model.compile(..., loss=(...)
optimizer=keras.optimizers.Adam(learning_rate=0.001
)
""",
        Mending(SyntaxError, "'(' was never closed", "0.001\n)", "0.001\n))"),
        Mending(SyntaxError, "Perhaps you forgot a comma", "loss=(...)", "loss=(...),"),
        DOTS,
        ON_THE_CLASS,
        Mending(TypeError, "multiple values for argument 'optimizer'", "compile(..., ", "compile("),
        Mending(ArgumentError, "loss cannot be Ellipsis", "loss=(...)", "loss='sparse_categorical_crossentropy'"),
        **network(3, "softmax"),
    )
    loss_of(names["model"], CLASSES)
    assert names["model"].learning_rate == 0.001


def test_an_optimizer_is_an_object_too():
    """As with losses; Keras takes a loss's class and refuses an optimizer's without saying why."""
    model = striate.Model(*network(1).values())
    with pytest.raises(ArgumentError, match="the class Adam, an object is needed") as caught:
        model.compile(striate.optimizers.Adam, "mse")  # ty: ignore[invalid-argument-type]
    assert caught.value.fix == "Adam()"


def test_9_fitting():
    """003 L501-513: nothing is wrong but its dots."""
    names = mended(
        """
import striate as keras

model = keras.Model(...)

model.compile(...)

model.fit(input_data, label_data, epochs=1)
""",
        DOTS,
        Mending(ArgumentError, "optimizer cannot be Ellipsis", "model.compile(...)", "model.compile('adam', 'mse')"),
        **network(1),
        input_data=FEATURES,
        label_data=QUANTITIES,
    )
    assert np.isfinite(names["model"].history.history["loss"]).all()
