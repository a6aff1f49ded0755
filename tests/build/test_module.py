import subprocess
import sys

import pytest
import torch

from striate.build import build, plain, weights
from striate.errors import ShapeError
from striate.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    MaxPooling2D,
    Reshape,
)
from striate.network import Network

LAYERS = [
    Conv2D(6, 4, strides=2, padding="same", activation="relu", input_shape=(9, 9, 2)),
    BatchNormalization(scale=False),
    MaxPooling2D(2, padding="same"),
    AveragePooling2D(2, padding="same"),
    Reshape((2, 2, 6)),
    Dense(5),
    Dropout(0.5),
    Flatten(),
    Dense(3, activation="softmax"),
]


def network():
    return Network.sequential(LAYERS)


def test_the_state_dict_has_the_declared_weights_by_layer_name():
    module = build(network())
    declared = {key: weight.shape for key, weight in weights(network())}
    assert {key: tuple(value.shape) for key, value in module.state_dict().items()} == declared


def test_one_seed_gives_one_network_and_another_seed_another():
    first, same, other = build(network(), 1), build(network(), 1), build(network(), 2)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), same.parameters(), strict=True))
    assert not torch.equal(first.conv2d.weight, other.conv2d.weight)


def test_adding_a_layer_does_not_change_the_weights_of_the_others():
    longer = Network.sequential([*LAYERS, Dense(2)])
    assert torch.equal(build(network(), 3).dense.weight, build(longer, 3).dense.weight)


def test_torch_random_numbers_are_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    build(network())
    assert torch.equal(torch.rand(1), expected)


def test_a_layer_that_is_not_trainable_asks_for_no_gradient():
    module = build(Network.sequential([Dense(3, trainable=False, input_shape=(2,)), Dense(1)]))
    assert [p.requires_grad for p in module.parameters()] == [False, False, True, True]


def test_a_shared_layer_has_one_weight_and_gathers_both_gradients():
    x, layer = Input((2,)), Dense(2, use_bias=False)
    module = build(Network.functional(x, layer(layer(x))))
    assert list(module.state_dict()) == ["dense.weight"]
    with torch.no_grad():
        module.dense.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 3.0]]))
    module(torch.tensor([[1.0, 1.0]])).sum().backward()
    assert torch.equal(module.dense.weight.grad, torch.tensor([[4.0, 5.0], [5.0, 6.0]]))


def test_a_shared_layer_on_two_widths_is_refused():
    x, layer = Input((2,)), Dense(3)
    with pytest.raises(ShapeError, match="shares its weights"):
        build(Network.functional(x, layer(layer(x))))


def test_an_initializer_that_cannot_fill_a_weight_is_told_with_its_layer():
    network = Network.sequential([Conv2D(3, 3, kernel_initializer="identity", input_shape=(9, 9, 2))])
    with pytest.raises(ShapeError, match="Identity cannot fill a weight") as caught:
        build(network)
    assert caught.value.where.startswith("conv2d = Conv2D(")
    assert caught.value.where.endswith("weight (3, 2, 3, 3)")


def test_the_plain_module_computes_the_same_and_shares_the_weights():
    module = build(network()).eval()
    same = plain(module)
    x = torch.randn(4, 2, 9, 9)
    assert torch.equal(module(x), same(x))
    assert list(same.state_dict()) == list(module.state_dict())
    assert same.conv2d.weight.data_ptr() == module.conv2d.weight.data_ptr()


def test_the_plain_module_runs_where_striate_is_not_installed(tmp_path):
    module = plain(build(network()).eval())
    x = torch.randn(4, 2, 9, 9)
    torch.save({"module": module, "x": x, "y": module(x)}, tmp_path / "module.pt")
    code = (
        "import sys, torch\n"
        f"saved = torch.load({str(tmp_path / 'module.pt')!r}, weights_only=False)\n"
        "assert torch.equal(saved['module'](saved['x']), saved['y'])\n"
        "assert not any(name.startswith('striate') for name in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
