"""First weights whose length the first images decide."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from striate import textbook
from striate.build import build, unit_variance
from striate.errors import DataError
from striate.initializers import LSUV
from striate.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input
from striate.layers.base import Layer, Weight
from striate.network import Network
from tests.parity import agree

ROUNDING = 1e-5


def images(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def scaled(layers, x, owners=None, seed=0):
    """A chain of layers, built and scaled by x: the module, and the variances reached."""
    network = Network.sequential(layers)
    module = build(network, seed)
    names = [node.owner for node in network.layers] if owners is None else owners
    return module, unit_variance(module, network, (x,), names)


def lsuv(units, activation=None, **arguments):
    return Dense(units, activation, kernel_initializer="lsuv", **arguments)


def test_one_layer_by_hand():
    """3 and -3 have variance 9, so the weight is divided by 3."""
    module, reached = scaled([lsuv(1, input_shape=(1,))], torch.tensor([[3.0], [-3.0]]))
    assert module.dense.weight.abs().item() == pytest.approx(1 / 3)
    assert reached == {"dense": pytest.approx(1)}


def test_a_chain_is_scaled_as_the_textbook_scales_it():
    layers = [lsuv(8, "tanh", input_shape=(8,)), lsuv(6, "tanh"), lsuv(9)]
    x = 5 * images(40, 8)
    drawn = [weight.detach().clone().double().numpy() for weight in build(Network.sequential(layers)).parameters()][::2]
    module, _ = scaled(layers, x)
    expected = textbook.unit_variance(x.double().numpy(), drawn, np.tanh)
    for ours, theirs in zip(list(module.parameters())[::2], expected, strict=True):
        assert agree(ours, theirs, ROUNDING)


def test_a_variance_near_enough_to_one_is_left_alone():
    x = 1.04 * images(1000, 8)
    layer = lsuv(8, input_shape=(8,))
    untouched, reached = scaled([layer], x)
    assert torch.equal(untouched.dense.weight, build(Network.sequential([layer])).dense.weight)
    assert 0.01 < abs(reached["dense"] - 1) < 0.1
    exact = Dense(8, kernel_initializer=LSUV(1e-4), input_shape=(8,))
    assert scaled([exact], x)[1]["dense"] == pytest.approx(1, abs=1e-4)


def test_a_deep_network_keeps_its_signal_where_orthonormal_weights_lose_it():
    x = images(64, 30)
    variances = {}
    for name in ("lsuv", "orthogonal"):
        first = Dense(30, "relu", kernel_initializer=name, input_shape=(30,))
        layers = [first, *(Dense(30, "relu", kernel_initializer=name) for _ in range(29))]
        module, _ = scaled(layers, x)
        variances[name] = module(x).var().item()
    assert 0.1 < variances["lsuv"] < 1
    assert variances["orthogonal"] < 1e-6


def test_convolutions_are_scaled_before_their_activation_over_all_positions():
    layers = [Conv2D(4, 3, activation="relu", kernel_initializer="lsuv", input_shape=(9, 9, 2)), Flatten(), lsuv(3)]
    x = 0.1 * images(16, 2, 9, 9)
    module, reached = scaled(layers, x)
    y = module.conv2d(x)
    assert y.var(correction=0).item() == pytest.approx(1, abs=ROUNDING)
    assert module.dense(torch.relu(y).permute(0, 2, 3, 1).flatten(1)).var(correction=0).item() == pytest.approx(
        reached["dense"]
    )
    assert module.conv2d.weight.is_contiguous(memory_format=torch.channels_last)


def test_other_weights_biases_and_layers_that_are_not_named_stay():
    layers = [lsuv(5, input_shape=(4,)), Dense(5), lsuv(5)]
    plain = build(Network.sequential(layers)).state_dict()
    module, reached = scaled(layers, 7 * images(30, 4), owners=["dense"])
    changed = {key for key, value in module.state_dict().items() if not torch.equal(value, plain[key])}
    assert (changed, set(reached)) == ({"dense.weight"}, {"dense"})


def test_normalisation_goes_by_the_batch_and_keeps_its_statistics():
    """By its running statistics, 0 and 1 at first, the numbers would stay 100 times too large."""
    layers = [Dense(6, input_shape=(6,)), BatchNormalization(), lsuv(6)]
    x = 100 * images(50, 6)
    module, _ = scaled(layers, x)
    assert module.batch_normalization.running_var.tolist() == [1] * 6
    module.train()
    assert module(x).var(correction=0).item() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("training", [True, False])
def test_nothing_random_is_drawn_and_the_mode_stays(training):
    network = Network.sequential([lsuv(6, input_shape=(6,)), Dropout(0.5), lsuv(6)])
    module = build(network)
    module.train(training)
    before = torch.get_rng_state()
    unit_variance(module, network, (images(20, 6),), ["dense", "dense_1"])
    assert torch.equal(torch.get_rng_state(), before)
    assert {part.training for part in module.modules()} == {training}
    assert all(weight.grad is None and weight.requires_grad for weight in module.parameters())


def test_a_shared_layer_is_scaled_where_it_is_first_used():
    x, layer = Input((4,)), Dense(4, use_bias=False, kernel_initializer=LSUV(1e-3))
    network = Network.functional(x, layer(layer(x)))
    module, batch = build(network), 10 * images(50, 4)
    unit_variance(module, network, (batch,), ["dense"])
    assert module.dense(batch).var(correction=0).item() == pytest.approx(1, abs=1e-3)


class _Product(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.first = torch.nn.Parameter(torch.empty(size, size))
        self.second = torch.nn.Parameter(torch.empty(size, size))

    def forward(self, x):
        return x @ self.first.T @ self.second.T


@dataclass(frozen=True, eq=False)
class Twice(Layer, abstract=True):
    """A layer of two weights, multiplied one after another, as in a separable convolution."""

    def weights(self, shape):
        return {name: Weight((shape[-1], shape[-1]), LSUV(1e-4)) for name in ("first", "second")}

    def build(self, shape):
        return _Product(shape[-1])


def test_several_weights_of_a_layer_share_the_factor():
    """3 times too large: each is divided by the root of 3; dividing both by 3 would swing between 3 and 1/3 for ever."""
    x = images(2000, 5)
    x = 3 * (x - x.mean()) / x.std()
    module, reached = scaled([Twice(input_shape=(5,))], x)
    assert reached == {"twice": pytest.approx(1, abs=1e-4)}
    lengths = [length for weight in module.parameters() for length in weight.norm(dim=1).tolist()]
    assert lengths == pytest.approx([3**-0.5] * 10, rel=0.01)


def test_a_network_without_such_weights_is_not_even_computed():
    network = Network.sequential([Dense(3, input_shape=(4,))])
    assert unit_variance(build(network), network, (), ["dense"]) == {}


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_images_that_say_nothing_are_refused_and_nothing_is_left_half_done(value):
    network = Network.sequential([BatchNormalization(input_shape=(3,)), lsuv(3)])
    module = build(network)
    module.train()
    with pytest.raises(DataError, match="dense cannot be scaled to a variance of 1") as caught:
        unit_variance(module, network, (torch.full((5, 3), value),), ["dense"])
    assert "5 images" in caught.value.sum and "orthogonal" in caught.value.fix
    assert module.training and module.batch_normalization.training
    assert module.batch_normalization.running_mean.tolist() == [0, 0, 0]
