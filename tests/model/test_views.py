import copy

import numpy as np
import pytest

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
