"""What Keras computes: the same declaration, weights and images, the same outputs and gradients.

Every layer that both have is compared in random configurations, drawn from the kinds of its arguments. Where the two
differ a test says how, and docs/keras-differences.md why.
"""

import dataclasses
import inspect
import random
import typing
from operator import attrgetter

import numpy as np
import pytest
import torch

from striate.initializers import Given
from striate.layers import GELU, Activation, AveragePooling2D, BatchNormalization, Dense, Dot, Normalization
from striate.layers.base import Layer, LayerLike
from striate.shape import Axes, Padding, Pair, Single, Triple, axes, to_border, to_inside
from striate.units import Count, Factor, Fraction, Positive
from tests.contracts.layer_trials import (
    LAYERS,
    SHAPES,
    apply,
    built,
    drawn_by,
    each_of,
    fits,
    known,
    own_shape,
    page,
    values,
)
from tests.parity import difference, keras

BOUND = 1e-5
CONFIGURATIONS = 10

# Keras' InputLayer is a place in its graph and cannot be called.
SHARED = [name for name in LAYERS if hasattr(keras.layers, name) and name != "InputLayer"]

GATES = ["sigmoid", "tanh", "hard_sigmoid", "softmax"]
"""What is drawn for gates: behind a gate without bounds, a state grows with every step until it is infinite."""
ACTIVATIONS = [
    "relu",
    "elu",
    "sigmoid",
    "tanh",
    "softmax",
    "linear",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "log_softmax",
    "mish",
    "selu",
    "silu",
    "softplus",
    "softsign",
    "swish",
]


def _each(count):
    """Sizes along so many axes: one number for all, or one for each."""
    return lambda rng: rng.choice([rng.randint(1, 3), tuple(rng.randint(1, 3) for _ in range(count))])


DRAWS = [
    (bool, lambda rng: rng.random() < 0.5),
    (Count, lambda rng: rng.choice([1, 1, 2, 4])),
    (Fraction, lambda rng: rng.uniform(0.1, 0.9)),
    (Positive, lambda rng: rng.uniform(0.01, 1.0)),
    (Factor, lambda rng: rng.uniform(0.0, 2.0)),
    (Padding, lambda rng: rng.choice(["valid", "same"])),  # Keras has no padding in pixels
    (Axes, lambda rng: rng.choice([1, (1,), (1, 2)])),
    (LayerLike, lambda rng: rng.choice(ACTIVATIONS)),
    *((kind, _each(count)) for count, kind in enumerate((Single, Pair, Triple), 1)),
]
"""Kinds of arguments, and how one is drawn; an argument of another kind stays as the example has it."""


def arguments(concept, rng):
    """Random values for the arguments of a layer."""
    example = concept.example()
    hints = typing.get_type_hints(concept, include_extras=True)
    drawn = {field.name: getattr(example, field.name) for field in dataclasses.fields(concept) if not field.kw_only}
    for name in drawn:
        for kind, draw in DRAWS:
            if hints[name] == kind or (hints[name] == kind | None and rng.random() < 0.7):
                drawn[name] = draw(rng)
        if typing.get_origin(hints[name]) is typing.Literal:
            drawn[name] = rng.choice(typing.get_args(hints[name]))
        if name == "recurrent_activation":
            drawn[name] = rng.choice(GATES)
    return drawn


def configurations(name):
    """Arguments and shapes that fit one another, the same on every run: (layer, arguments, shapes)."""
    rng = random.Random(name)
    example = LAYERS[name].example()
    count = max(1, example.takes[0])
    shapes = [own_shape(example), *(shape for shape in SHAPES if fits(example, *(shape,) * count))]
    found = []
    while len(found) < CONFIGURATIONS:
        drawn = arguments(LAYERS[name], rng)
        layer = LAYERS[name](**drawn)
        shape = rng.choice(shapes)
        if not hasattr(layer, "target_shape"):
            shape = (*(size + rng.randint(0, 3) for size in shape[:-1]), rng.choice([1, 2, 4]))
        each = (shape,) * (count + rng.randint(0, 1) * (layer.takes[1] is None))
        if fits(layer, *each) and (count > 1 or layer.output(*each)[-1] > 1) and not keras_cannot(layer, shape):
            found.append((layer, drawn, each))
    return found


def keras_cannot(layer, shape):
    """What Keras refuses or gets wrong.

    It refuses stride and dilation both, and noise above 1; its torch backend has some means wrong (see below); and it
    takes the scalar product of maps of every position with every other.
    """
    if isinstance(layer, Dot):
        return len(shape) > 1
    if getattr(layer, "stddev", 0) > 1:
        return True
    both = [getattr(layer, name, None) for name in ("strides", "dilation_rate")]
    uneven_mean = type(layer).__name__.startswith("AveragePooling") and not layer.window(shape).symmetric
    return uneven_mean or all(value is not None and max(axes(value, 1)) > 1 for value in both)


def twin(layer, drawn, shapes, weights):
    """Keras' layer of the same arguments, with the same weights."""
    made = getattr(keras.layers, type(layer).__name__)(**keras_arguments(layer, drawn))
    made.trainable = layer.trainable  # not all take it as an argument
    taken = [(None, *shape) for shape in shapes]
    made.build(*together(made.build, taken))
    declared = layer.weights(*shapes)
    # What a declaration gives, Keras has from its arguments too.
    drawn_here = [name for name, weight in declared.items() if not isinstance(weight.initializer, Given)]
    made.set_weights([as_keras_has_it(weights[name], declared[name]) for name in drawn_here])
    return made


def as_keras_has_it(value, weight):
    """The same numbers in Keras' layout."""
    ordered = np.asarray(value).transpose(weight.keras or range(value.ndim))
    return ordered.reshape(weight.keras_shape or ordered.shape)


def keras_arguments(layer, drawn):
    """What Keras calls for and striate has one way of: a scalar product along the channels."""
    drawn = {name: keras_layer(value) if isinstance(value, Layer) else value for name, value in drawn.items()}
    return {**drawn, "axes": -1} if isinstance(layer, Dot) else drawn


def keras_layer(layer):
    """Keras' layer of the same arguments."""
    drawn = {field.name: getattr(layer, field.name) for field in dataclasses.fields(layer) if not field.kw_only}
    return getattr(keras.layers, type(layer).__name__)(**keras_arguments(layer, drawn))


def together(function, values):
    """Several values as Keras' function takes them: in a list, or one by one where it names each."""
    first, *others = inspect.signature(function).parameters.values()
    one_by_one = others and others[0].name == first.name.replace("query", "value")
    return values if one_by_one or len(values) == 1 else [values]


def answer(module, images, weights, cotangent):
    """The output, and the gradient of each input and weight; all with the channels last."""
    x = [torch.from_numpy(each).requires_grad_(each.dtype == np.float32) for each in images]
    y = module(x)
    moved = [each for each in x if each.requires_grad] + weights
    return y, *torch.autograd.grad(
        y, moved, torch.from_numpy(cotangent).reshape(y.shape), allow_unused=True, materialize_grads=True
    )


def sized(weight, dtype):
    """A weight of the size that networks have: a product of many steps of a recurrent layer stays finite."""
    return np.asarray(weight * 0.5 / np.sqrt(weight[:1].size if weight.ndim > 1 else 1), dtype)


def compare(layer, drawn, shapes, seed):
    """How far the output and the gradients are from those of Keras: (what, difference)."""
    shapes = each_of(shapes)
    rng = np.random.default_rng(seed)
    declared = layer.weights(*shapes)
    weights = {
        name: value.astype(np.float32) if isinstance(declared[name].initializer, Given) else sized(value, np.float32)
        for name, value in values(declared, rng).items()
    }
    images = [rng.standard_normal((3, *shape), dtype=np.float32) for shape in shapes]
    if layer.words is not None:
        images = [rng.integers(0, layer.input_dim, each.shape) for each in images]
    cotangent = rng.standard_normal((3, *layer.output(*shapes)), dtype=np.float32)
    theirs = twin(layer, drawn, shapes, weights)
    names = [name for name, weight in declared.items() if weight.trainable and layer.trainable]
    # In training each draws its noise by itself.
    for training in (False,) if drawn_by(page(layer)) else (False, True):
        module = built(layer, shapes, weights, torch.float32).train(training)
        options = {"training": training} if "training" in inspect.signature(theirs.call).parameters else {}
        found = answer(
            lambda x: to_border(apply(layer, shapes, module, *map(to_inside, x))),  # noqa: B023
            images,
            [attrgetter(name)(module) for name in names],
            cotangent,
        )
        reference = answer(
            lambda x: theirs(*together(theirs.call, x), **options),  # noqa: B023
            images,
            [variable.value for variable in theirs.trainable_variables],
            cotangent,
        )
        kept = len(found) - len(names)
        learned = [None] * kept + [declared[name] for name in names]
        for number, (own, other, weight) in enumerate(zip(found, reference, learned, strict=True)):
            what = ["output", *[f"gradient {each}" for each in (*range(1, kept), *names)]][number]
            yield (
                f"{what}, training={training}",
                difference(own if weight is None else torch.from_numpy(as_keras_has_it(own, weight)), other),
            )


@pytest.mark.parametrize("name", SHARED)
def test_outputs_and_gradients_are_those_of_keras(name):
    for seed, (layer, drawn, shapes) in enumerate(configurations(name)):
        for what, apart in compare(layer, drawn, shapes, seed):
            assert apart <= BOUND, f"{what} of {layer!r} on {shapes}"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_of_a_name_is_keras_activation_of_that_name(name):
    for what, apart in compare(Activation(name), {"activation": name}, (5, 6, 4), seed=0):
        assert apart <= BOUND, what


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu_is_keras_gelu(approximate):
    x = torch.linspace(-5, 5, 101)
    ours = GELU(approximate).build((1,))(x)
    assert difference(ours, keras.activations.gelu(x, approximate=approximate)) <= BOUND


def test_a_frozen_batch_normalization_is_keras_frozen_one():
    layer = BatchNormalization(trainable=False)
    assert all(apart <= BOUND for _, apart in compare(layer, {}, (5, 6, 2), seed=0))


def test_two_hundred_configurations_are_compared_and_none_twice():
    drawn = [repr(each) for name in SHARED for each in configurations(name)]
    assert len(drawn) >= 200
    assert len(set(drawn)) >= 200
    assert {"Activation", "BatchNormalization", "Conv3D", "Dense", "Flatten", "MaxPooling1D"} <= set(SHARED)


def test_a_weight_in_the_wrong_order_is_caught(monkeypatch):
    shape, drawn = (3,), {"units": 3}
    layer = Dense(3)
    assert all(apart <= BOUND for _, apart in compare(layer, drawn, shape, seed=0))
    declared = layer.weights(shape)
    turned = {name: dataclasses.replace(weight, keras=None) for name, weight in declared.items()}
    monkeypatch.setattr(Dense, "weights", lambda self, shape: turned)
    assert any(apart > BOUND for _, apart in compare(layer, drawn, shape, seed=0))


# Where they differ


def test_a_padded_mean_counts_real_pixels_where_keras_on_torch_repeats_the_last():
    """A window of 4 over 1, 5, 9 is padded by 1 before and 2 after; Keras' other backends count real pixels too."""
    images = torch.tensor([[1.0], [5.0], [9.0]])[None, :, None]  # (n, h, 1, c)
    ours = AveragePooling2D((4, 1), (1, 1), "same").build((3, 1, 1))(to_inside(images))
    assert ours[0, 0, :, 0].tolist() == [5, 5, 7]
    assert keras.layers.AveragePooling2D((4, 1), (1, 1), "same")(images)[0, :, 0, 0].tolist() == [4, 6, 8]


def test_the_running_variance_is_the_unbiased_one():
    """Of 1 and 5: 8, where Keras takes 4. The means, and both in training, are the same."""
    images = torch.tensor([[1.0], [5.0]])
    theirs = keras.layers.BatchNormalization(momentum=0.5)
    theirs(images, training=True)
    ours = BatchNormalization(momentum=0.5).build((1,)).train()
    ours(images)
    own = {name: buffer.item() for name, buffer in ours.named_buffers()}
    assert own == pytest.approx({"running_mean": 1.5, "running_var": (1 + 8) / 2})
    assert theirs.moving_mean.value.item() == 1.5
    assert theirs.moving_variance.value.item() == pytest.approx((1 + 4) / 2)


def test_normalization_measures_what_keras_measures():
    x = np.random.default_rng(0).standard_normal((20, 5, 6, 3)).astype(np.float32) * [1, 10, 100]
    theirs = keras.layers.Normalization()
    theirs.adapt(x)
    ours = Normalization.adapted(x)
    given = {name: known(weight) for name, weight in ours.weights((5, 6, 3)).items()}
    found = to_border(built(ours, (5, 6, 3), given)(to_inside(torch.from_numpy(x))))
    assert difference(found, theirs(x)) <= BOUND


def test_defaults_that_differ_from_keras():
    differing = {}
    for name in SHARED:
        theirs = inspect.signature(getattr(keras.layers, name).__init__).parameters
        for field in dataclasses.fields(LAYERS[name]):
            if field.name in theirs and not field.kw_only:
                other = theirs[field.name].default
                ours = inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default
                if ours not in (other, other[0] if isinstance(other, tuple) else other):
                    differing[f"{name}.{field.name}"] = ours
    assert differing == {
        "BatchNormalization.momentum": 0.9,
        "LeakyReLU.negative_slope": 0.01,
        **{f"AveragePooling{count}D.pool_size": 2 for count in (1, 2, 3)},
        **{f"Normalization.{name}": inspect.Parameter.empty for name in ("mean", "variance")},  # adapted(x) gives them
    }


def test_arguments_that_keras_has_not():
    extra = {}
    for name in SHARED:
        theirs = inspect.signature(getattr(keras.layers, name).__init__).parameters
        own = {field.name for field in dataclasses.fields(LAYERS[name]) if not field.kw_only}
        if own - set(theirs):
            extra[name] = own - set(theirs)
    assert extra == {}


@pytest.mark.parametrize("name", SHARED)
def test_arguments_stand_in_keras_order(name):
    """Keras' `axis` of BatchNormalization and `data_format` are left out: channels come last."""
    theirs = list(inspect.signature(getattr(keras.layers, name).__init__).parameters)
    own = [field.name for field in dataclasses.fields(LAYERS[name]) if not field.kw_only]
    assert own == [argument for argument in theirs if argument in own]
