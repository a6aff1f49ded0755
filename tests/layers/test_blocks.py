"""Blocks: what they are made of, by hand and from the papers, and where errors inside them are told."""

import pytest
import torch

from striate.build import build
from striate.errors import RecipeError, ShapeError
from striate.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    GlobalAveragePooling2D,
    Inception,
    Input,
    MaxPooling2D,
    Multiply,
    Residual,
    UpSampling2D,
)
from striate.layers.base import Block
from striate.model import Sequential
from striate.network import Network
from striate.recipe.grammar import Recipe


def rows(layers, shape):
    """Name, kind and output of every layer."""
    network = Network.sequential(layers, shape)
    return [(node.name, type(node.layer).__name__, node.output) for node in network.layers]


# Residual


def test_what_is_learned_is_added_to_the_input():
    """y = relu(2x + x), of one number."""
    network = Network.sequential([Residual([Dense(1, use_bias=False)], input_shape=(1,))])
    module = build(network)
    module.residual_dense.weight.data.fill_(2)
    assert module(torch.tensor([[1.0], [-1.0]])).ravel().tolist() == [3, 0]


def test_where_the_shape_changes_the_shortcut_is_a_1x1_convolution_with_the_same_steps():
    block = Residual([Conv2D(8, 3, 2, "same", activation="relu"), Conv2D(8, 3, padding="same")])
    assert rows([block], (32, 32, 4)) == [
        ("residual_conv2d", "Conv2D", (16, 16, 8)),
        ("residual_conv2d_1", "Conv2D", (16, 16, 8)),
        ("residual_shortcut", "Conv2D", (16, 16, 8)),
        ("residual_add", "Add", (16, 16, 8)),
        ("residual_re_lu", "ReLU", (16, 16, 8)),
    ]
    (shortcut,) = [
        node.layer for node in Network.sequential([block], (32, 32, 4)).layers if node.name.endswith("shortcut")
    ]
    assert (shortcut.kernel_size, shortcut.strides) == (1, (2, 2))


def test_a_map_of_open_size_is_projected_where_the_layers_take_longer_steps():
    """(?, ?, 4) looks the same before and after a stride of 2; the maps are not."""
    network = Network.sequential([Residual([Conv2D(4, 3, 2, "same")])], (None, None, 4))
    assert "residual_shortcut" in [node.name for node in network.layers]
    assert build(network)(torch.zeros(1, 4, 9, 6)).shape == (1, 4, 5, 3)
    same_steps = Network.sequential([Residual([Conv2D(4, 3, padding="same")])], (None, None, 4))
    assert "residual_shortcut" not in [node.name for node in same_steps.layers]


@pytest.mark.parametrize("size", [8, None])
@pytest.mark.parametrize("layers", [[UpSampling2D(2)], [Conv2DTranspose(4, 2, 2)], [UpSampling2D(3), MaxPooling2D(2)]])
def test_layers_that_enlarge_a_map_need_a_shortcut_that_does(layers, size):
    with pytest.raises(ShapeError, match="their shapes must be equal"):
        Residual(layers).output((size, size, 4))
    assert Residual([UpSampling2D(2), MaxPooling2D(2)]).output((size, size, 4)) == (size, size, 4)


def test_the_rate_of_a_block_is_that_of_its_layers_and_multiplies_their_own():
    slow = Residual([Dense(4, learning_rate_factor=0.5), Dense(6)], learning_rate_factor=0.1)
    rates = {node.name: node.layer.learning_rate_factor for node in Network.sequential([slow], (4,)).layers}
    assert rates["residual_dense"] == pytest.approx(0.05)
    assert rates["residual_dense_1"] == rates["residual_shortcut"] == 0.1
    branches = Network.sequential([Inception(1, 1, 1, 1, 1, 1, learning_rate_factor=0.0)], (4, 4, 1)).layers
    assert {node.layer.learning_rate_factor for node in branches if "conv" in node.name} == {0.0}


def test_steps_of_several_layers_multiply_and_branches_inside_are_followed():
    strided = Residual([Conv2D(4, 3, 2, "same"), Residual([Conv2D(8, 3, (1, 2), "same")])])
    assert rows([strided], (16, 16, 4))[-1][2] == (8, 4, 8)
    assert "residual_residual_shortcut" in [name for name, _, _ in rows([strided], (16, 16, 4))]


def test_a_map_of_open_size_goes_through():
    block = Residual([Conv2D(8, 3, 2, "same"), Conv2D(8, 3, padding="same")])
    module = build(Network.sequential([Input((None, None, 3)), block]))
    for side in (7, 8):
        assert module(torch.zeros(1, 3, side, side)).shape == (1, 8, 4, 4)


def test_a_shortcut_is_a_layer_or_several():
    layers = [Conv2D(8, 3, 2, "same"), BatchNormalization()]
    kinds = [
        kind
        for _, kind, _ in rows(
            [Residual(layers, shortcut=(Conv2D(8, 1, 2), BatchNormalization()), activation=None)], (8, 8, 3)
        )
    ]
    assert kinds == ["Conv2D", "BatchNormalization", "Conv2D", "BatchNormalization", "Add"]
    assert [kind for _, kind, _ in rows([Residual([Conv2D(8, 1)], Conv2D(8, 1), None)], (8, 8, 3))] == [
        "Conv2D",
        "Conv2D",
        "Add",
    ]


def test_layers_may_be_named():
    assert [kind for _, kind, _ in rows([Residual(["tanh", "BatchNormalization"])], (4, 4, 2))] == [
        "Tanh",
        "BatchNormalization",
        "Add",
        "ReLU",
    ]


def test_a_gate_inside_changes_no_steps():
    """Squeeze and excitation: the branch that sees the whole map takes no steps along it."""

    class Gate(Block, abstract=True):
        pool, dense, merge = GlobalAveragePooling2D(), Dense(8, "sigmoid"), Multiply()

        def declare(self, *inputs):
            return self.merge(*inputs, self.dense(self.pool(*inputs)))

    assert rows([Residual([Conv2D(8, 3, 2, "same"), Gate()])], (8, 8, 3))[-1][2] == (4, 4, 8)


@pytest.mark.parametrize(
    ("block", "shape", "said"),
    [
        (Residual([Conv2D(3, 3)]), (8, 8, 3), r"layers 6x6x3, shortcut 8x8x3"),
        (Residual([Conv2D(3, 3, padding="same")], shortcut=Conv2D(3, 1, 2)), (8, 8, 3), "shortcut 4x4x3"),
        (Residual(["Flatten"]), (8, 8, 3), "layers 192, shortcut 8x8x3"),
    ],
    ids=repr,
)
def test_shapes_that_differ_are_refused(block, shape, said):
    with pytest.raises(ShapeError, match="their shapes must be equal") as refused:
        Network.sequential([block], shape)
    assert said in refused.value.sum
    assert refused.value.fix


def test_an_error_inside_says_in_which_layer():
    with pytest.raises(ShapeError, match="Conv2D cannot fit a 9x9 kernel") as refused:
        Network.sequential([Residual([Conv2D(3, 3, padding="same"), Conv2D(3, 9)], input_shape=(8, 8, 3))])
    assert "layers[1] = Conv2D(filters=3, kernel_size=9); input (8, 8, 3)" in refused.value.where
    assert "layer 1 of 1, residual = Residual(" in refused.value.where


# Inception


def test_inception_3a_of_googlenet_has_the_papers_counts():
    """Table 1: 28x28x256, 159K parameters (of 1,024, without biases) and 128M operations; 163,696 with them."""
    checked = Sequential([Inception(64, 96, 128, 16, 32, 32, input_shape=(28, 28, 192))]).check()
    assert checked.rows[-1].output == (28, 28, 256)
    weights = 192 * 64 + 192 * 96 + 9 * 96 * 128 + 192 * 16 + 25 * 16 * 32 + 192 * 32
    assert checked.params == weights + 64 + 96 + 128 + 16 + 32 + 32 == 163_696
    assert checked.macs == 28 * 28 * weights
    assert weights // 1024 == 159
    assert round(checked.macs / 1e6) == 128


def test_its_layers_are_named_after_the_paper():
    assert [name for name, _, _ in rows([Inception(2, 1, 3, 1, 2, 1)], (5, 6, 2))] == [
        "inception_conv_1x1",
        "inception_reduce_3x3",
        "inception_conv_3x3",
        "inception_reduce_5x5",
        "inception_conv_5x5",
        "inception_pool",
        "inception_pool_projection",
        "inception_concatenate",
    ]


def test_branches_stand_in_the_papers_order():
    """Biases of 1, 2, 3 and 4 on an empty image: one channel of each."""
    module = build(Network.sequential([Inception(1, 1, 1, 1, 1, 1, input_shape=(3, 3, 1))]))
    for value, name in enumerate(("conv_1x1", "conv_3x3", "conv_5x5", "pool_projection"), 1):
        getattr(module, f"inception_{name}").bias.data.fill_(value)
    assert module(torch.zeros(1, 1, 3, 3))[0, :, 1, 1].tolist() == [1, 2, 3, 4]


# In recipes


RECIPE = """format = 1
[data]
name = "digits"
[model]
input = [8, 8, 1]
layers = [
    {{ type = "Conv2D", filters = 4, kernel_size = 3, padding = "same" }},
    {{ type = "Residual", layers = [
        {{ type = "Conv2D", filters = 4, kernel_size = 3, padding = "same", activation = "relu" }},
        {inner},
    ], name = "first" }},
    {{ type = "Flatten" }},
    {{ type = "Dense", units = 10, activation = "softmax", inputs = [{taken}] }},
]
"""


def test_a_recipe_holds_blocks_by_their_names():
    inner = '{ type = "Conv2D", filters = 4, kernel_size = 3, padding = "same" }'
    network = Recipe.from_text(RECIPE.format(inner=inner, taken='"flatten"')).network()
    assert [node.name for node in network.layers][1:4] == ["first_conv2d", "first_conv2d_1", "first_add"]


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        (
            '{ type = "Conv2D", filters = -1, kernel_size = 3 }',
            "recipe.toml:10:28 model.layers[1].layers[1].filters: must be > 0, not -1",
        ),
        ('{ type = "Conv2" }', "recipe.toml:10:11 model.layers[1].layers[1].type: must be a known layer"),
        (
            '{ type = "Dense", unit = 3 }',
            'recipe.toml:10:27 model.layers[1].layers[1].unit: is no known key; did you mean "units"?',
        ),
        ('"Dense"', "recipe.toml:10:9 model.layers[1].layers[1]: is not enough: Dense needs units"),
        ('{ type = "Conv2D", filters = 4, kernel_size = 3 }', "recipe.toml:8:5 model.layers[1]: Residual adds"),
    ],
)
def test_what_is_wrong_inside_a_block_is_told_with_its_place(inner, said):
    with pytest.raises(RecipeError) as refused:
        Recipe.from_text(RECIPE.format(inner=inner, taken='"flatten"'))
    assert [problem for problem in refused.value.problems if said in problem], refused.value.problems
