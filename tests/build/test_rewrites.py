import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.build import build, rewrite
from striate.layers import BatchNormalization, Conv2D, Dense, Flatten, LeakyReLU, MaxPooling2D, ReLU, Sigmoid, Softmax
from striate.network import Network


def called(module):
    return [type(module.get_submodule(n.target)).__name__ for n in module.graph.nodes if n.op == "call_module"]


def test_pooling_moves_before_relu():
    module = build(Network.sequential([Conv2D(2, 3, activation="relu", input_shape=(6, 6, 1)), MaxPooling2D(2)]))
    assert called(module) == ["Conv2d", "ReLU", "MaxPool2d"]
    assert called(rewrite(module)) == ["Conv2d", "MaxPool2d", "ReLU"]
    assert called(module) == ["Conv2d", "ReLU", "MaxPool2d"], "the declared network stays as it was"


@pytest.mark.parametrize("activation", [Sigmoid(), LeakyReLU(0.0)], ids=repr)
def test_pooling_stays_behind_activations_for_which_it_is_not_exact(activation):
    module = build(Network.sequential([Conv2D(2, 3, input_shape=(6, 6, 1)), activation, MaxPooling2D(2)]))
    assert called(rewrite(module)) == called(module)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    size=st.integers(6, 12),
    pool=st.integers(2, 3),
    leaky=st.sampled_from([None, 0.01, 0.3]),
    normalise=st.booleans(),
    padding=st.sampled_from(["valid", "same"]),
)
def test_a_rewritten_network_gives_equal_values_and_gradients(seed, size, pool, leaky, normalise, padding):
    layers = [Conv2D(3, 3, padding="same", input_shape=(size, size, 2))]
    layers += [BatchNormalization()] if normalise else []
    layers += [ReLU() if leaky is None else LeakyReLU(leaky), MaxPooling2D(pool, padding=padding), Flatten(), Dense(4)]
    module = build(Network.sequential(layers), seed).double()
    changed = rewrite(module)
    x = torch.randn(3, 2, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    results = []
    for each in (module, changed):
        each.zero_grad()
        y = each(x)
        y.square().sum().backward()
        results.append([y.detach(), *[p.grad.clone() for p in module.parameters()]])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("head", ["argument", "layer"])
def test_the_head_is_taken_off_where_the_loss_wants_scores(head):
    last = [Dense(3, activation="softmax")] if head == "argument" else [Dense(3), Softmax()]
    module = build(Network.sequential([Dense(4, input_shape=(2,)), *last]))
    assert called(rewrite(module, heads=["Softmax"])) == ["Linear", "Linear"]
    assert called(rewrite(module, heads=[None]))[-1] == "Softmax", "a head that the loss does not want is left"
