"""A network taken apart gives what it gives whole."""

import torch

from striate.build import build
from striate.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten
from striate.network import Network
from striate.proof import run, take_apart


def test_run_part_by_part_it_gives_what_it_gives_whole():
    layers = [Conv2D(2, 3, activation="tanh", input_shape=(5, 5, 1)), BatchNormalization(), Flatten()]
    network = Network.sequential([*layers, Dense(3, activation="softmax")])
    module = build(network).double().train()
    parts, ends = take_apart(network, module, 0)
    images = torch.randn(4, 1, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    before = [buffer.clone() for buffer in module.buffers()]
    values = run(parts, {"input": images}, {part.key: part.weights() for part in parts})
    assert all(torch.equal(one, other) for one, other in zip(module.buffers(), before, strict=True))
    assert torch.equal(values[ends["dense"]], module(images))
    names = "conv2d conv2d.activation batch_normalization flatten dense dense.activation"
    assert [part.name for part in parts] == names.split()


def test_a_mask_is_the_same_each_time_and_another_for_another_place():
    network = Network.sequential([Dropout(0.5, input_shape=(50,)), Dropout(0.5)])
    (first, second), _ = take_apart(network, build(network).train(), 0)
    x = torch.ones(2, 50)
    assert torch.equal(first([x], {}), first([x], {}))
    assert not torch.equal(first([x], {}), second([x], {}))


def test_the_weights_are_copies_and_those_of_the_brick_alone():
    network = Network.sequential([Dense(3, activation="relu", input_shape=(4,))])
    module = build(network)
    (dense, relu), _ = take_apart(network, module, 0)
    assert list(dense.weights()) == ["weight", "bias"]
    assert relu.weights() == {}
    dense.weights()["weight"].fill_(7.0)
    assert not (module.dense.weight == 7.0).any()
