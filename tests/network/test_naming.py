import keyword

import numpy as np
import pytest

from striate.errors import ArgumentError
from striate.layers import Dense, Flatten, Input, Layer
from striate.model import Sequential, load
from striate.network import layer_names


def test_layers_are_named_as_keras_names_them():
    layers = [Flatten(), Dense(3), Dense(3, name="head"), Dense(3), Dense(3, name="dense_2"), Dense(3)]
    assert list(layer_names(layers).values()) == ["flatten", "dense", "head", "dense_1", "dense_2", "dense_3"]


@pytest.mark.parametrize("name", ["two words", "1st", "a.b", "", "a-b"])
def test_a_name_that_is_no_identifier_is_refused(name):
    with pytest.raises(ArgumentError, match="a name is a letter or _"):
        layer_names([Dense(3, name=name)])


def test_a_name_is_given_once():
    with pytest.raises(ArgumentError, match="two layers are called 'head'"):
        layer_names([Dense(3, name="head"), Dense(3, name="head")])


@pytest.mark.parametrize(
    "name", ["type", "training", "forward", "graph", "self", "lambda", "input", "half", "_modules"]
)
def test_a_name_that_the_network_needs_for_itself_is_refused_and_the_fix_works(name):
    with pytest.raises(ArgumentError, match=f"name '{name}' cannot be used") as refused:
        layer_names([Dense(3, name=name)])
    assert refused.value.fix == f"name such as '{name}_1'"
    layer_names([Dense(3, name=f"{name}_1")])


@pytest.mark.parametrize(
    "name", ["call", "relu", "torch", "device", "inf", "print", "len", "math", "x", "match", "über"]
)
def test_any_other_name_can_be_used(name, tmp_path):
    assert not keyword.iskeyword(name)
    model = Sequential([Input((4,)), Dense(5, activation="relu", name=name), Dense(2)], seed=0)
    x = np.ones((3, 4), np.float32)
    model.save(tmp_path / "model.striate")
    assert np.array_equal(load(tmp_path / "model.striate").predict(x), model.predict(x))


def test_a_class_of_the_users_may_be_called_what_it_likes():
    class Half(Layer, abstract=True):
        pass

    assert list(layer_names([Half()]).values()) == ["half_1"]
