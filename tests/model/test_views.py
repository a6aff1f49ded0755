import copy

import numpy as np
import pytest

from striate.errors import DeclarationError
from striate.layers import Dense
from striate.model import Sequential
from tests.model.blobs import small


def test_a_layer_of_a_model_can_be_copied():
    layer = small().layers[0]
    for copied in (copy.copy(layer), copy.deepcopy(layer)):
        assert copied.name == "conv2d"
        assert copied.filters == 4
        assert np.array_equal(copied.get_weights()[0], layer.get_weights()[0])


def test_an_attribute_that_the_layer_does_not_have_is_told():
    for name in ("units", "_private"):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(small().layers[0], name)


def test_freezing_what_is_declared_already_is_refused_and_not_ignored():
    model = Sequential([Dense(3, input_shape=(2,)), Dense(2, trainable=False)])
    assert model.trainable and [layer.trainable for layer in model.layers] == [True, False]
    for owner in (model, model.layers[0]):
        with pytest.raises(DeclarationError, match="trainable cannot be set") as refused:
            owner.trainable = False
        assert "Dense(10, trainable=False)" in refused.value.fix
    with pytest.raises(DeclarationError, match="units cannot be set"):
        model.layers[0].units = 4
