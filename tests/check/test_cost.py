"""What a network costs: hand sums, then torch's meta tensors and operation counter on 1,000 random networks."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from striate import layers
from striate.check import Table, bricks, macs, params, weights
from striate.layers import BatchNormalization, Conv2D, Dense, Flatten, Input
from striate.network import Network
from striate.shape import Window
from tests.check.networks import differences, measured, random_network


def chain(*given, shape=None):
    return Table.of(Network.sequential(given, shape))


def test_a_convolution_costs_its_taps_at_every_position():
    (row,) = chain(Conv2D(6, 5, input_shape=(32, 32, 3))).rows
    assert row.params == 6 * 3 * 5 * 5 + 6 == 456
    assert row.macs == 6 * 3 * 5 * 5 * 28 * 28 == 352_800


def test_groups_see_only_their_own_channels():
    (row,) = chain(Conv2D(8, 3, groups=4, padding=1, use_bias=False, input_shape=(10, 10, 8))).rows
    assert row.params == 8 * 2 * 3 * 3
    assert row.macs == row.params * 10 * 10


def test_padded_taps_count():
    same, valid = (chain(Conv2D(1, 3, padding=padding, input_shape=(5, 5, 1))).macs for padding in ("same", "valid"))
    assert (same, valid) == (9 * 25, 9 * 9)


def test_a_dense_layer_on_a_map_multiplies_at_every_position():
    (row,) = chain(Dense(4, input_shape=(5, 6, 3))).rows
    assert (row.output, row.params, row.macs) == ((5, 6, 4), 4 * 3 + 4, 5 * 6 * 4 * 3)


def test_biases_normalisation_pooling_and_activations_are_no_multiply_accumulates():
    table = chain(
        layers.MaxPooling2D(2, input_shape=(8, 8, 3)),
        layers.AveragePooling2D(2),
        BatchNormalization(),
        layers.ReLU(),
        layers.Dropout(0.5),
        Flatten(),
        layers.Softmax(),
    )
    assert table.macs == 0


def test_running_statistics_are_not_trained():
    (row,) = chain(BatchNormalization(input_shape=(8, 8, 3))).rows
    assert (row.params, row.non_trainable) == (6, 6)


def test_a_frozen_layer_keeps_its_weights_out_of_training():
    table = chain(Dense(3, trainable=False, input_shape=(4,)), Dense(2))
    assert (table.params, table.non_trainable) == (3 * 2 + 2, 4 * 3 + 3)


def test_a_layer_used_twice_has_its_weights_once_and_its_work_twice():
    x, shared = Input((4,)), Dense(4)
    network = Network.functional(x, shared(shared(x)))
    table = Table.of(network)
    assert [row.name for row in table.rows] == ["dense", "dense:2"]
    assert [row.params for row in table.rows] == [20, 0]
    assert [row.macs for row in table.rows] == [16, 16]
    assert [len(weights(node)) for node in network.nodes] == [0, 2, 0]


def test_an_activation_is_a_brick_of_its_own_however_it_is_written():
    def kinds(layer):
        return [type(brick).__name__ for brick, _ in bricks(Network.sequential([layer], (4,)).nodes[-1])]

    assert kinds(Dense(3, activation="relu")) == ["Dense", "ReLU"]
    assert kinds(Dense(3, activation=layers.Activation("relu"))) == ["Dense", "ReLU"]
    assert kinds(layers.Activation("relu")) == ["ReLU"]
    assert kinds(Dense(3)) == ["Dense"]


def test_an_input_costs_nothing():
    node = Network.sequential([Dense(3, input_shape=(4,))]).nodes[0]
    assert (params(node), macs(node), weights(node)) == ((0, 0), 0, [])


def test_memory_is_all_outputs_in_float32():
    assert chain(Conv2D(6, 5, input_shape=(32, 32, 1)), Flatten()).bytes == 2 * 4 * 28 * 28 * 6


@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_shapes_weights_and_operations_are_torchs_on_random_networks(first):
    wrong = {seed: differences(random_network(seed)) for seed in range(first, first + 100)}
    assert {seed: said for seed, said in wrong.items() if said} == {}


def test_the_random_networks_are_of_every_kind():
    seen = {type(node.layer).__name__ for seed in range(1000) for node in random_network(seed).layers}
    windows = ["Conv", "MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling"]
    others = {"BatchNormalization", "Dense", "Flatten", "Reshape", "Dropout", "Activation"}
    assert seen == others | {f"{kind}{dimensions}D" for kind in windows for dimensions in (1, 2, 3)}


def test_the_operation_counter_counts_two_for_each_multiply_accumulate():
    with FlopCounterMode(display=False) as counter:
        torch.ones(2, 3, device="meta") @ torch.ones(3, 4, device="meta")
    assert counter.get_total_flops() == 2 * 2 * 3 * 4


@pytest.fixture
def network():
    return Network.sequential(
        [Conv2D(6, 5, strides=2, input_shape=(32, 32, 3)), BatchNormalization(), Flatten(), Dense(3)]
    )


def test_torch_agrees_with_a_network_before_a_fault_is_planted(network):
    assert differences(network) == []
    assert [real.macs for real in measured(network)] == [14 * 14 * 75 * 6, 0, 0, 14 * 14 * 6 * 3]


@pytest.mark.parametrize(
    ("where", "method", "fault"),
    [
        (Window, "outputs", lambda right: lambda self, sizes, who="": tuple(n + 1 for n in right(self, sizes, who))),
        (Conv2D, "macs", lambda right: lambda self, shape: right(self, shape) + 1),
        (Dense, "macs", lambda right: lambda self, shape: right(self, shape) - 1),
        (Dense, "weights", lambda right: lambda self, shape: {"weight": right(self, shape)["weight"]}),
        (BatchNormalization, "weights", lambda right: lambda self, shape: right(self, (shape[-1] + 1,))),
    ],
)
def test_a_sum_that_is_off_by_one_is_caught(network, monkeypatch, where, method, fault):
    monkeypatch.setattr(where, method, fault(getattr(where, method)))
    assert differences(Network.sequential([node.layer for node in network.layers], (32, 32, 3))) != []
