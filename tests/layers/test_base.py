"""What it is to be a layer: identity, names, calls and activations."""

import pytest

from striate.errors import ArgumentError, ShapeError
from striate.layers import Activation, Conv2D, Dense, Dropout, Flatten, Input, LeakyReLU, ReLU, Symbol
from striate.layers.base import Layer, require_rank


def test_two_equal_declarations_are_two_layers():
    assert Dense(3) != Dense(3)
    assert len({Dense(3), Dense(3)}) == 2


def test_a_declaration_cannot_be_changed():
    with pytest.raises(AttributeError):
        Dense(3).units = 4  # ty: ignore[invalid-assignment]


def test_a_called_layer_gives_a_value_with_its_shape():
    image = Input((8, 8, 1))
    layer = Conv2D(6, 5)
    symbol = layer(image)
    assert isinstance(symbol, Symbol)
    assert symbol.layer is layer
    assert symbol.inputs == (image,)
    assert symbol.shape == (4, 4, 6)


def test_a_layer_called_on_numbers_says_that_it_has_none_yet():
    with pytest.raises(ShapeError, match="Dense was called on a list; a declared layer has no numbers yet"):
        Dense(3)([1.0, 2.0])  # ty: ignore[invalid-argument-type]


def test_a_layer_by_itself_keeps_the_shape_learns_nothing_and_sees_one_position():
    class Plain(Layer, abstract=True):
        pass

    plain = Plain()
    assert plain.output((5, 6, 2)) == (5, 6, 2)
    assert (plain.weights((5, 6, 2)), plain.macs((5, 6, 2)), plain.window((5, 6, 2)), plain.then) == ({}, 0, None, None)
    with pytest.raises(NotImplementedError):
        plain.build((5, 6, 2))


@pytest.mark.parametrize("activation", ["relu", "ReLU", "re_lu", ReLU(), {"type": "ReLU"}])
def test_an_activation_is_a_name_a_layer_or_a_table(activation):
    assert isinstance(Dense(3, activation).then, ReLU)


def test_an_activation_keeps_its_arguments():
    assert Dense(3, LeakyReLU(0.2)).then.negative_slope == 0.2
    assert Dense(3).then is None


@pytest.mark.parametrize("activation", ["flatten", "Flatten", Flatten(), Dense(3), Dropout(0.5), {"type": "Flatten"}])
def test_what_is_no_activation_cannot_stand_for_one(activation):
    with pytest.raises(ArgumentError, match=r"activation must be one of Activation, ELU, .*LeakyReLU, Linear"):
        Dense(3, activation)
    with pytest.raises(ArgumentError, match=r"activation must be one of Activation, ELU, .*LeakyReLU, Linear"):
        Activation(activation)


def test_a_misspelt_activation_names_the_nearest():
    with pytest.raises(ArgumentError, match="not 'relo'; did you mean 'ReLU'"):
        Dense(3, "relo")


def test_an_input_of_another_rank_is_refused_with_both_shapes():
    with pytest.raises(ShapeError) as told:
        require_rank(Dense(3), (28, 28), 3, "height, width, channels")
    assert str(told.value) == (
        "Dense takes (height, width, channels), it was given (28, 28)\n"
        "  sum   : 3 axes needed, 2 given: 28x28\n"
        "  fix   : images are (height, width, channels): one grey channel is (h, w, 1)"
    )
