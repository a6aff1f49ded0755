"""A declared graph as plain tables, as model files hold it, and back."""

import re
from dataclasses import replace
from typing import Any

from striate import catalog
from striate.layers.base import Layer
from striate.network.graph import Network
from striate.network.naming import layer_names

__all__ = ["network_from_table", "network_table"]


def network_table(network: Network) -> dict[str, Any]:
    """The graph as `{input, layers, outputs}`; a layer names its inputs unless it takes just the one before it.

    What a block left in the graph is written as layers like others, with the names that they have there.
    Of several inputs, or one that has a name of its own, `inputs` holds the shape of each by its name.

    Example: >>> from striate.layers import Dense
             >>> network_table(Network.sequential([Dense(3, input_shape=(2,))]))
             {'input': [2], 'layers': [{'type': 'Dense', 'units': 3}], 'outputs': ['dense']}
    """
    layers: list[dict[str, Any]] = []
    written = _with_names({node.owner: node.layer for node in network.layers})
    table: dict[str, Any]
    previous = network.inputs[-1]
    for node in network.nodes:
        if node.is_input:
            continue
        if node.name == node.owner:
            table = catalog.describe(written[node.owner])
            table.pop("input_shape", None)
        else:
            table = {"again": node.owner}
        if node.inputs != (previous,):
            table["inputs"] = list(node.inputs)
        layers.append(table)
        previous = node.name
    shapes = {name: list(network[name].output) for name in network.inputs}
    begin = {"input": shapes["input"]} if list(shapes) == ["input"] else {"inputs": shapes}
    return {**begin, "layers": layers, "outputs": list(network.outputs)}


def _with_names(layers: dict[str, Layer]) -> dict[str, Layer]:
    """The layers by their names, each declaring its name where it would not get that by itself.

    Those of blocks come first, then what they put out of step, so that no more is declared than is needed.
    """
    wrong = {name for name, layer in layers.items() if layer.name not in (None, name)}
    while True:
        layers = {name: replace(layer, name=name) if name in wrong else layer for name, layer in layers.items()}
        alone = layer_names(layers.values())
        wrong = {name for name, layer in layers.items() if name != alone[layer]}
        if not wrong:
            return layers
        wrong = {name for name in wrong if _unnumbered(name) != _unnumbered(alone[layers[name]])} or wrong


def _unnumbered(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def network_from_table(table: dict[str, Any]) -> Network:
    """The graph that `network_table` wrote.

    Errors:  DeclarationError, pydantic's ValidationError or PydanticCustomError for a table that declares none.
    Example: >>> table = {"input": [2], "layers": [{"type": "Dense", "units": 3}], "outputs": ["dense"]}
             >>> network_from_table(table).nodes[-1].output
             (3,)
    """
    begin = table["inputs"] if "inputs" in table else table["input"]
    made = [
        catalog.from_table("layers", {key: value for key, value in row.items() if key != "inputs"})
        for row in table["layers"]
        if "again" not in row
    ]
    named = {name: layer for layer, name in layer_names(made).items()}
    first_uses = iter(made)
    entries = [
        (named[row["again"]] if "again" in row else next(first_uses), row.get("inputs", [])) for row in table["layers"]
    ]
    return Network.assemble(begin, entries, table["outputs"])
