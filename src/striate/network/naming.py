"""The names of layers: given, or the class name in snake_case with a number, as Keras has them."""

import keyword
from collections import Counter
from collections.abc import Iterable

from torch import fx, nn

from striate.catalog import snake_case
from striate.errors import ArgumentError
from striate.layers.base import Layer

__all__ = ["layer_names"]

_TAKEN = {"self", *keyword.kwlist, *dir(fx.GraphModule(nn.Module(), fx.Graph()))}
"""Words that the built network has another meaning for: Python's, and the attributes of a torch module."""


def layer_names(layers: Iterable[Layer]) -> dict[Layer, str]:
    """A name for each layer: its own, or `conv2d`, `conv2d_1` ... in order.

    Errors:  ArgumentError where two layers have one name, or a name cannot be a key of a weight file.
    Example: >>> from striate.layers import Dense
             >>> list(layer_names([Dense(3), Dense(2, name="head"), Dense(1)]).values())
             ['dense', 'head', 'dense_1']
    """
    layers = list(dict.fromkeys(layers))
    taken: dict[str, Layer] = {}
    for layer in layers:
        if layer.name is None:
            continue
        if not layer.name.isidentifier():
            raise ArgumentError(
                f"{type(layer).__name__}: name {layer.name!r} cannot be used",
                sum="a name is a letter or _ and then letters, digits and _",
                fix="name such as 'head_1'",
            )
        if layer.name in _TAKEN or (layer.name == "input" and type(layer).__name__ != "InputLayer"):
            raise ArgumentError(
                f"{type(layer).__name__}: name {layer.name!r} cannot be used",
                sum=f"{layer.name!r} means something else already, in Python, in torch's modules or in model files",
                fix=f"name such as '{layer.name}_1'",
            )
        if layer.name in taken:
            raise ArgumentError(f"two layers are called {layer.name!r}", fix="give one of them another name")
        taken[layer.name] = layer
    names, counts = {}, Counter()
    for layer in layers:
        name = layer.name
        while name is None:
            base = snake_case(type(layer).__name__).removesuffix("_layer")
            number = counts[base]
            counts[base] += 1
            candidate = f"{base}_{number}" if number else base
            name = None if candidate in taken or candidate in _TAKEN else candidate
        names[layer] = name
    return names
