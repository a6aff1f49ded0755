"""What every block promises: it leaves its layers in the graph, and what they compute, learn and are called holds."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from striate import catalog
from striate.build import build
from striate.layers import Dense, Flatten, Input
from striate.model import Sequential, load
from striate.network import Network, network_from_table, network_table
from striate.recipe.grammar import Recipe
from striate.recipe.source import value_text
from striate.shape import to_inside
from tests.contracts.layer_trials import BLOCKS, variants
from tests.parity import agree, planted

ALL = pytest.mark.parametrize("block", [block for kind in BLOCKS.values() for block in variants(kind)], ids=repr)
EXAMPLES = pytest.mark.parametrize("block", [kind.example() for kind in BLOCKS.values()], ids=repr)


def taken(block):
    """An image for it."""
    (shape,) = block.example_shapes()
    return shape


@ALL
def test_it_leaves_its_layers_in_the_graph_under_names_that_begin_with_its_own(block):
    network = Network.sequential([block])
    names = [node.name for node in network.layers]
    assert len(names) > 1
    assert all(name.startswith(catalog.snake_case(type(block).__name__) + "_") for name in names)
    assert network.nodes[-1].output == block.output(taken(block))


@ALL
def test_the_check_costs_each_of_its_layers(block):
    network = Network.sequential([block])
    checked = Sequential([block]).check()
    assert [row.name for row in checked.rows if row.params] == [
        node.name for node in network.layers if node.layer.weights(*node.shapes)
    ]
    assert checked.params == sum(weight.numel() for weight in build(network).parameters())


@ALL
def test_what_comes_out_has_the_shape_that_was_said(block):
    with torch.device("meta"):
        x = torch.empty(2, *taken(block))
    network = Network.sequential([block])
    y = build(network).to("meta")(to_inside(x))
    assert (*y.shape[2:], y.shape[1]) == network.nodes[-1].output


def gradients(module, x, cotangent):
    """By autograd: of the image and of each weight."""
    y = (cotangent * module(x)).sum()
    return torch.autograd.grad(y, [x, *module.parameters()])


def tried(module, x, cotangent):
    """The same by moving every number a little."""
    found = []
    for tensor in [x, *module.parameters()]:
        gradient = torch.zeros(tensor.shape, dtype=tensor.dtype)
        flat, kept = gradient.view(-1), tensor.data.reshape(-1)
        for index in range(tensor.numel()):
            sides = []
            for step in (1e-6, -1e-6):
                moved = kept.clone()
                moved[index] += step
                tensor.data = moved.reshape(tensor.shape)
                with torch.no_grad():
                    sides.append((cotangent * module(x)).sum())
            flat[index] = (sides[0] - sides[1]) / 2e-6
        tensor.data = kept.reshape(tensor.shape)
        found.append(gradient)
    return found


@EXAMPLES
def test_gradients_agree_with_finite_differences(block):
    torch.manual_seed(0)
    module = build(Network.sequential([block]), seed=1).double()
    *positions, channels = taken(block)
    x = torch.randn(1, channels, *positions, dtype=torch.float64).contiguous().requires_grad_()
    cotangent = torch.randn_like(module(x))
    by_autograd, by_trying = gradients(module, x, cotangent), tried(module, x, cotangent)
    for one, other in zip(by_autograd, by_trying, strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-6)
        assert not any(
            torch.allclose(torch.from_numpy(wrong), other, rtol=1e-5, atol=1e-6)
            for wrong in planted(one)
            if np.abs(wrong - one.numpy()).max() > 1e-4
        )


@ALL
def test_a_model_of_it_is_saved_with_its_names_and_predicts_the_same(block, tmp_path):
    model = Sequential([block, Flatten(), Dense(2, activation="softmax")], seed=0)
    x = np.random.default_rng(0).standard_normal((4, *taken(block))).astype(np.float32)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, [0, 1, 0, 1], verbose=0)
    model.save(tmp_path / "model.striate")
    again = load(tmp_path / "model.striate")
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert list(again.module.state_dict()) == list(model.module.state_dict())
    assert np.array_equal(again.predict(x), model.predict(x))


@ALL
def test_a_table_holds_the_graph_with_its_names(block):
    x = Input(taken(block))
    network = Network.functional(x, copy.deepcopy(block)(Dense(taken(block)[-1])(block(x))))
    read = network_from_table(network_table(network))
    assert [(node.name, node.inputs, node.output) for node in read.nodes] == [
        (node.name, node.inputs, node.output) for node in network.nodes
    ]


@ALL
def test_a_recipe_holds_it_whole(block):
    table = {key: value for key, value in catalog.describe(block).items() if key != "input_shape"}
    text = f'format = 1\n[data]\nname = "digits"\n[model]\ninput = {list(taken(block))}\nlayers = ['
    text += f'{value_text(table)}, {{ type = "Flatten" }}, {{ type = "Dense", units = 2, activation = "softmax" }}]'
    network = Recipe.from_text(text).network()
    expected = Network.sequential([block, Flatten(), Dense(2, "softmax")])
    assert [(node.name, repr(node.layer)) for node in network.layers] == [
        (node.name, repr(node.layer)) for node in expected.layers
    ]


@EXAMPLES
def test_what_may_not_be_trained_is_not(block):
    model = Sequential([dataclasses.replace(block, trainable=False), Flatten(), Dense(2, name="head")])
    learned = [name for name, weight in model.module.named_parameters() if weight.requires_grad]
    assert learned == ["head.weight", "head.bias"]
    assert model.check().params == model.get_layer("head").count_params()


@EXAMPLES
def test_called_twice_it_shares_its_weights(block):
    x, other = Input(taken(block)), Input(taken(block))
    network = Network.functional([x, other], [block(x), block(other)])
    assert any(node.name.endswith(":2") for node in network.nodes)
    once = build(Network.sequential([block]), seed=3)
    twice = build(network, seed=3)
    assert twice.state_dict().keys() == once.state_dict().keys()
    images = to_inside(torch.randn(2, *taken(block)))
    one, two = twice(images, images)
    assert torch.equal(one, two)
    assert agree(one, once(images))
