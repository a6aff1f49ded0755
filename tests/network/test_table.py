"""A graph as a plain table: what is written by hand, and that what comes back is the same graph."""

import json

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from striate import catalog
from striate.errors import DeclarationError
from striate.layers import Add, Conv2D, Dense, Flatten, Input, ReLU, Residual
from striate.network import Network, network_from_table, network_table
from tests.check.networks import random_network
from tests.contracts.layer_trials import LAYERS


def same(first, second):
    assert (first.inputs, first.outputs) == (second.inputs, second.outputs)
    for one, other in zip(first.nodes, second.nodes, strict=True):
        assert (one.name, one.inputs, one.shapes, one.output) == (other.name, other.inputs, other.shapes, other.output)
        assert repr(one.layer) == repr(other.layer)


def test_a_chain_is_a_list_of_layers_that_name_no_inputs():
    network = Network.sequential([Conv2D(6, 5, input_shape=(8, 8, 1)), Flatten(), Dense(10, "softmax", name="head")])
    assert network_table(network) == {
        "input": [8, 8, 1],
        "layers": [
            {"type": "Conv2D", "filters": 6, "kernel_size": 5},
            {"type": "Flatten"},
            {"type": "Dense", "units": 10, "activation": "softmax", "name": "head"},
        ],
        "outputs": ["head"],
    }


def test_a_layer_names_its_input_where_it_is_not_the_one_before():
    x = Input((4,))
    first = Dense(3)(x)
    network = Network.functional(x, [first, Dense(2)(x), ReLU()(first)])
    table = network_table(network)
    assert [row.get("inputs") for row in table["layers"]] == [None, ["input"], ["dense"]]
    assert table["outputs"] == ["dense", "dense_1", "re_lu"]
    same(network_from_table(table), network)


def test_a_layer_used_again_is_named_and_stays_one_layer():
    layer, x = Dense(4), Input((4,))
    network = Network.functional(x, layer(ReLU()(layer(x))))
    table = network_table(network)
    assert table["layers"] == [{"type": "Dense", "units": 4}, {"type": "ReLU"}, {"again": "dense"}]
    again = network_from_table(table)
    same(again, network)
    assert again.nodes[1].layer is again.nodes[3].layer


def test_several_layers_used_again_on_another_branch_stay_those_layers():
    """The second branch begins where the first is not yet joined to the end of the network."""
    hidden, last = Dense(4), Dense(3, name="last")
    left, right = Input((5,), name="left"), Input((5,), name="right")
    network = Network.functional([left, right], Add()([last(hidden(left)), last(hidden(right))]))
    again = network_from_table(network_table(network))
    same(again, network)
    assert [node.name for node in again.layers] == ["dense", "last", "add"]


def test_an_input_keeps_the_name_by_which_tables_of_arrays_call_it():
    x = Input((4,), name="pixels")
    network = Network.functional(x, [Dense(3)(x), ReLU()(x)])
    table = network_table(network)
    assert table["inputs"] == {"pixels": [4]} and table["layers"][1]["inputs"] == ["pixels"]
    same(network_from_table(table), network)


def test_layers_of_a_block_are_written_with_the_names_they_have_there():
    block = Residual([Dense(2), Dense(2, name="second")], activation=None)
    network = Network.sequential([Dense(2, input_shape=(2,)), block, Dense(1)])
    table = network_table(network)
    assert [row.get("name") for row in table["layers"]] == [
        None,
        "residual_dense",
        "residual_second",
        "residual_add",
        None,
    ]
    same_names(network_from_table(json.loads(json.dumps(table))), network)


def test_numbers_that_a_block_puts_out_of_step_are_written_too():
    """A block called dense takes that name, though no layer has it: the Dense after it is dense_1."""
    first = Residual([Dense(2), Dense(2)], name="dense", activation=None)
    network = Network.sequential([first, Dense(2), Dense(2)], (2,))
    assert [node.name for node in network.layers] == ["dense_dense", "dense_dense_1", "dense_add", "dense_1", "dense_2"]
    same_names(network_from_table(network_table(network)), network)


def same_names(first, second):
    assert [(node.name, node.inputs, node.output) for node in first.nodes] == [
        (node.name, node.inputs, node.output) for node in second.nodes
    ]


def test_a_network_that_is_its_input_goes_through():
    table = {"input": [3], "layers": [], "outputs": ["input"]}
    assert network_table(network_from_table(table)) == table


def test_several_inputs_stand_by_name_and_come_back():
    left, right = Input((2,), name="left"), Input((3,), name="right")
    network = Network.functional([left, right], [Dense(1)(left), Add()([Dense(1)(left), Dense(1)(right)])])
    table = network_table(network)
    assert table["inputs"] == {"left": [2], "right": [3]}
    same(network_from_table(json.loads(json.dumps(table))), network)


@pytest.mark.parametrize(
    "row",
    [
        {"type": "Dens"},
        {"units": 3},
        {"type": "Dense"},
        {"type": "Dense", "units": 0},
        {"type": "Dense", "units": 3, "inputs": ["nothing"]},
        {"type": "Conv2D", "filters": 3, "kernel_size": 3},
    ],
)
def test_a_table_that_declares_no_network_is_refused(row):
    with pytest.raises((DeclarationError, ValidationError, PydanticCustomError)):
        network_from_table({"input": [2], "layers": [row], "outputs": []})


def test_the_table_that_is_read_is_left_as_it_was():
    table = {"input": [2], "layers": [{"type": "Dense", "units": 3, "inputs": ["input"]}], "outputs": ["dense"]}
    before = json.dumps(table)
    network_from_table(table)
    assert json.dumps(table) == before


@pytest.mark.parametrize("seed", range(60))
def test_random_networks_come_back_as_they_were_by_way_of_json(seed):
    network = random_network(seed)
    same(network_from_table(json.loads(json.dumps(network_table(network)))), network)


def test_every_layer_comes_back_with_all_its_arguments():
    taking_one = [kind for name, kind in LAYERS.items() if kind.takes == (1, 1) and name != "InputLayer"]
    for layer in (kind.example() for kind in taking_one):
        network = Network.sequential([layer])
        again = network_from_table(network_table(network))
        described = catalog.describe(layer)
        described.pop("input_shape", None)
        assert catalog.describe(again.layers[0].layer) == described
