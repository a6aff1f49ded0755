"""Receptive fields: hand sums, then which pixels a gradient reaches."""

import random
from dataclasses import replace

import pytest
import torch

from striate import layers
from striate.check import Reach, Table, reaches
from striate.errors import ShapeError
from striate.layers import (
    Add,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Conv3D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Multiply,
    ReLU,
    Reshape,
)
from striate.network import Network, Node
from striate.shape import to_inside
from tests.check.networks import LAYERS


def fields(shape, *chain):
    """(field, stride) of each layer."""
    rows = Table.of(Network.sequential(chain, shape)).rows
    return [(row.receptive_field, row.stride) for row in rows]


def test_one_position_of_the_input_sees_itself():
    assert Reach.of((32, 32, 3)) == Reach((1, 1), (1, 1), (32, 32))


def test_two_small_kernels_see_what_a_larger_one_does():
    assert fields((32, 32, 1), Conv2D(1, 5), Conv2D(1, 5)) == [((5, 5), (1, 1)), ((9, 9), (1, 1))]
    assert fields((32, 32, 1), *(Conv2D(1, 3) for _ in range(4)))[-1] == ((9, 9), (1, 1))


def test_after_a_stride_each_tap_is_further_from_the_next():
    # 1 + 2*1 = 3, then (2 - 1)*1 more and stride 2, then (3 - 1)*2 more
    assert fields((32, 32, 1), Conv2D(1, 3), MaxPooling2D(2), Conv2D(1, 3)) == [
        ((3, 3), (1, 1)),
        ((4, 4), (2, 2)),
        ((8, 8), (2, 2)),
    ]


def test_dilation_widens_a_kernel():
    assert fields((32, 32, 1), Conv2D(1, 3, dilation_rate=4)) == [((9, 9), (1, 1))]


def test_each_axis_has_a_sum_of_its_own():
    chain = Conv2D(1, (1, 5), strides=(2, 1)), Conv2D(1, 3, dilation_rate=(2, 1))
    assert fields((32, 32, 1), *chain) == [((1, 5), (2, 1)), ((9, 7), (2, 1))]


def test_sequences_and_volumes_have_one_and_three_axes():
    assert fields((32, 1), Conv1D(1, 3), Conv1D(1, 3))[-1] == ((5,), (1,))
    assert fields((9, 9, 9, 1), Conv3D(1, (1, 3, 5)))[-1] == ((1, 3, 5), (1, 1, 1))


def test_padding_changes_where_a_position_looks_and_not_how_far():
    for padding in ("valid", "same", 2):
        assert fields((32, 32, 1), Conv2D(1, 5, padding=padding)) == [((5, 5), (1, 1))]


def test_what_works_number_by_number_sees_no_further():
    chain = Conv2D(1, 3), BatchNormalization(), ReLU(), layers.Dropout(0.5), Dense(4), layers.Softmax()
    assert set(fields((8, 8, 1), *chain)) == {((3, 3), (1, 1))}


def test_global_pooling_sees_the_whole_map():
    # 3 + (6 - 1)*1 = 8
    assert fields((8, 8, 1), Conv2D(1, 3), GlobalAveragePooling2D())[-1] == ((8, 8), None)
    assert fields((8, 8, 1), Conv2D(1, 3), GlobalAveragePooling2D(keepdims=True))[-1] == ((8, 8), None)


def test_a_vector_still_lies_over_its_map_until_a_dense_layer_sees_all_of_it():
    # 5 -> 6 -> 14 -> 16, then (5 - 1)*4 more
    chain = Conv2D(6, 5), MaxPooling2D(2), Conv2D(16, 5), MaxPooling2D(2), Flatten(), ReLU(), Dense(120), Dense(84)
    assert [field for field, _ in fields((32, 32, 1), *chain)] == [
        (each, each) for each in (5, 6, 14, 16, 16, 16, 32, 32)
    ]
    assert [stride for _, stride in fields((32, 32, 1), *chain)][-5:] == [(4, 4), None, None, None, None]


def test_once_everything_is_seen_nothing_more_is():
    chain = Conv2D(2, 3), Flatten(), Dense(18), Reshape((3, 3, 2)), Conv2D(1, 3)
    assert fields((8, 8, 1), *chain)[-3:] == [((8, 8), None)] * 3


def test_flattening_and_back_changes_nothing():
    assert fields((8, 8, 1), Conv2D(2, 3), Flatten(), Reshape((6, 6, 2)), Conv2D(1, 3))[-1] == ((5, 5), (1, 1))


def test_a_window_over_rearranged_positions_may_see_all_of_them():
    # 3 + (6 - 1)*1 = 8
    assert fields((8, 8, 1), Conv2D(2, 3), Reshape((36, 2)), Conv1D(1, 3))[-2:] == [((3, 3), (1, 1)), ((8, 8), None)]
    assert fields((8, 8, 1), Conv2D(2, 3), Reshape((6, 12)), Dense(3))[-1] == ((8, 8), None)


def test_an_input_that_is_only_laid_out_begins_as_the_map_it_becomes():
    assert fields((784,), Reshape((28, 28, 1)), Conv2D(1, 3)) == [((1, 1), (1, 1)), ((3, 3), (1, 1))]
    assert fields((28, 28), Reshape((28, 28, 1)), Conv2D(1, 3))[-1] == ((3, 3), (1, 1))


def test_a_network_without_maps_has_none():
    network = Network.sequential([Dense(4), ReLU(), Dense(2)], (3,))
    assert fields((3,), Dense(4), ReLU(), Dense(2)) == [(None, None)] * 3
    assert Table.of(network).receptive_field is None
    assert fields((3,), Dense(16), Reshape((4, 4, 1)), Conv2D(1, 3)) == [(None, None)] * 3


def test_the_networks_own_is_that_of_the_last_map():
    table = Table.of(Network.sequential([Conv2D(6, 5), MaxPooling2D(2), Flatten(), Dense(10)], (28, 28, 1)))
    assert table.receptive_field == (6, 6)


def test_where_branches_meet_the_larger_counts():
    source = Network.sequential([Conv2D(2, 3, padding="same"), Conv2D(2, 5, padding="same")], (8, 8, 1))
    shape = (8, 8, 2)
    meet = Node("meet", Add(), ("conv2d", "conv2d_1"), (shape, shape), shape)
    assert reaches(Network((*source.nodes, meet), source.inputs, ("meet",)))["meet"].field == (7, 7)


def test_a_vector_joined_to_a_map_adds_nothing():
    source = Network.sequential([Conv2D(2, 3), GlobalAveragePooling2D()], (8, 8, 1))
    shapes = ((6, 6, 2), (2,))
    meet = Node("meet", Multiply(), ("conv2d", "global_average_pooling2d"), shapes, shapes[0])
    assert reaches(Network((*source.nodes, meet), source.inputs, ("meet",)))["meet"] == Reach((8, 8), (1, 1), (6, 6))


# Gradients


def random_maps(seed, padded):
    """Up to five layers with windows, and the size of map that they take."""
    rng = random.Random(seed)
    dimensions = rng.choice((1, 1, 2, 2, 3))
    sides = {1: (40, 90), 2: (24, 36), 3: (12, 16)}[dimensions]
    shape = (*(rng.randint(*sides) for _ in range(dimensions)), rng.randint(1, 3))
    network = Network.sequential([], shape)
    for _ in range(rng.randint(1, 5)):
        layer = LAYERS[rng.choice(("convolution", "convolution", "pooling"))](rng, network.nodes[-1].output)
        layer = replace(layer, **({} if padded else {"padding": "valid"}))
        try:
            network = Network.sequential([*(node.layer for node in network.layers), layer], shape)
        except ShapeError:
            continue
    return network


def seen(network, position=None):
    """How many pixels lie between the first and the last that a position (or all) of the output depends on, by axis.

    All weights are ones, and the largest of a window is replaced by its mean, so that nothing a position could see
    cancels or hides.
    """
    x = torch.ones(1, *network.nodes[0].output, dtype=torch.float64, requires_grad=True)
    y = to_inside(x)
    for node in network.layers:
        layer = node.layer
        if type(layer).__name__.startswith("MaxPooling"):
            mean = getattr(layers, type(layer).__name__.replace("Max", "Average"))
            layer = mean(layer.pool_size, layer.strides, layer.padding)
        module = layer.build(node.shapes[0]).double().eval()
        for weight in module.parameters():
            torch.nn.init.ones_(weight)
        y = module(y)
        y = y / y.detach().abs().max()
    (y if position is None else y[(0, slice(None), *position)]).sum().backward()
    assert x.grad is not None
    reached = x.grad[0].sum(-1).nonzero()
    if not len(reached):  # a kernel of one pixel that stands on padding
        return (0,) * reached.shape[1]
    return tuple((reached.max(0).values - reached.min(0).values + 1).tolist())


def looks_inside(network, position):
    """Whether no window between a position of the output and the input reaches into padding."""
    first = last = position
    for node in reversed(network.layers):
        window, sizes = node.layer.window(node.shapes[0]), node.shapes[0][:-1]
        before = [sides[0] for sides in window.padding]
        first = tuple(i * s - p for i, s, p in zip(first, window.stride, before, strict=True))
        last = tuple(i * s - p + r - 1 for i, s, p, r in zip(last, window.stride, before, window.reach, strict=True))
        if min(first) < 0 or any(i >= n for i, n in zip(last, sizes, strict=True)):
            return False
    return True


def wrong_fields(seeds, padded=True):
    """(networks whose field was met exactly, those where the gradient contradicts it)."""
    exact, wrong = 0, []
    for seed in seeds:
        network = random_maps(seed, padded)
        if not network.layers:
            continue
        position = tuple(n // 2 for n in network.nodes[-1].output[:-1])
        field = reaches(network)[network.outputs[0]].field
        reached = seen(network, position)
        inside = looks_inside(network, position)
        exact += inside
        if any(there > said if not inside else there != said for there, said in zip(reached, field, strict=True)):
            wrong.append((seed, reached, field))
    return exact, wrong


def test_a_position_depends_on_its_receptive_field_and_nothing_else():
    exact, wrong = wrong_fields(range(150))
    assert wrong == []
    assert exact > 75


def test_a_dense_layer_depends_on_all_that_the_map_before_it_saw():
    for seed in range(60):
        network = random_maps(seed, padded=False)
        if network.layers and max(network.nodes[-1].output) < 200:
            whole = Network.sequential(
                [*(node.layer for node in network.layers), Flatten(), Dense(1)], network.nodes[0].output
            )
            assert reaches(whole)["dense"].field == seen(whole), seed


@pytest.mark.parametrize(
    "fault",
    [
        lambda self, window, sizes: Reach(
            tuple(
                r + d * k * j
                for r, j, k, d in zip(self.field, self.stride, window.kernel, window.dilation, strict=True)
            ),
            tuple(j * s for j, s in zip(self.stride, window.stride, strict=True)),
            sizes,
        ),
        lambda self, window, sizes: Reach(
            tuple(r + (k - 1) * j for r, j, k in zip(self.field, self.stride, window.kernel, strict=True)),
            tuple(j * s for j, s in zip(self.stride, window.stride, strict=True)),
            sizes,
        ),
        lambda self, window, sizes: Reach(
            tuple(r + n - 1 for r, n in zip(self.field, window.reach, strict=True)), self.stride, sizes
        ),
    ],
    ids=["k for k - 1", "dilation forgotten", "stride forgotten"],
)
def test_a_wrong_sum_is_caught(monkeypatch, fault):
    monkeypatch.setattr(Reach, "through", fault)
    assert wrong_fields(range(30))[1] != []
