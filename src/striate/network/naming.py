"""The names of layers: given, or the class name in snake_case with a number, as Keras has them."""

import keyword
from collections import Counter
from collections.abc import Iterable, Mapping

from torch import fx, nn

from striate.catalog import snake_case
from striate.errors import ArgumentError
from striate.layers.base import Layer

__all__ = ["layer_names"]

_TAKEN = {"self", *keyword.kwlist, *dir(fx.GraphModule(nn.Module(), fx.Graph()))}
"""Words that the built network has another meaning for: Python's, and the attributes of a torch module."""


def layer_names(layers: Iterable[Layer], scopes: Mapping[Layer, tuple[Layer, ...]] | None = None) -> dict[Layer, str]:
    """A name for each layer: its own, or `conv2d`, `conv2d_1` ... in order; in a block with the block's name before it.

    Args:    layers: in the order of the network. scopes: the blocks each was declared in, the outermost first.
    Errors:  ArgumentError where two layers have one name, or a name cannot be a key of a weight file.
    Example: >>> from striate.layers import Dense
             >>> list(layer_names([Dense(3), Dense(2, name="head"), Dense(1)]).values())
             ['dense', 'head', 'dense_1']
    """
    layers = list(dict.fromkeys(layers))
    within = {layer: (scopes or {}).get(layer, ()) for layer in layers}
    blocks = [block for scope in within.values() for block in scope]
    named = [layer for layer in dict.fromkeys([*layers, *blocks]) if layer.name is not None]
    for layer in named:
        _require_usable(layer)
    names: dict[Layer, str] = {}
    taken: set[str] = {str(layer.name) for layer in named if not within.get(layer)}
    counts = Counter[tuple[str, str]]()

    def name_of(layer: Layer, scope: tuple[Layer, ...]) -> str:
        if layer not in names:
            prefix = f"{name_of(scope[-1], scope[:-1])}_" if scope else ""
            names[layer] = _next(layer, prefix, taken, counts)
            taken.add(names[layer])
        return names[layer]

    found = {layer: name_of(layer, within[layer]) for layer in layers}
    for name, count in Counter(found.values()).items():
        if count > 1:
            raise ArgumentError(f"two layers are called {name!r}", fix="give one of them another name")
    return found


def _next(layer: Layer, prefix: str, taken: set[str], counts: Counter[tuple[str, str]]) -> str:
    """The layer's own name, or the next free one of its kind, after the name of the block it is in."""
    if layer.name is not None:
        return prefix + layer.name
    base = snake_case(type(layer).__name__).removesuffix("_layer")
    while True:
        number = counts[prefix, base]
        counts[prefix, base] += 1
        name = f"{prefix}{base}_{number}" if number else f"{prefix}{base}"
        if name not in taken and name not in _TAKEN:
            return name


def _require_usable(layer: Layer) -> None:
    """Refuse a name that cannot be a key of a weight file."""
    name = str(layer.name)
    if not name.isidentifier():
        raise ArgumentError(
            f"{type(layer).__name__}: name {name!r} cannot be used",
            sum="a name is a letter or _ and then letters, digits and _",
            fix="name such as 'head_1'",
        )
    if name in _TAKEN or (name == "input" and type(layer).__name__ != "InputLayer"):
        raise ArgumentError(
            f"{type(layer).__name__}: name {name!r} cannot be used",
            sum=f"{name!r} means something else already, in Python, in torch's modules or in model files",
            fix=f"name such as '{name}_1'",
        )
