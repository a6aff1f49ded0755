import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from striate.build import SmallMaps, build, rewrite, rewrite_for_prediction, side_by_side, small_maps
from striate.layers import Conv2D, Dense, Flatten
from striate.model import Sequential
from striate.network import Network


def gradients(convolution, x, *weights):
    given = [each.clone().requires_grad_() for each in (x, *weights) if each is not None]
    y = convolution(*given)
    return [y, *torch.autograd.grad((y * torch.arange(y.numel()).view(y.shape)).sum(), given)]


@pytest.fixture
def tiles(monkeypatch):
    """A processor that multiplies in tiles, whatever this one does."""
    monkeypatch.setattr(small_maps, "_TILES", True)


def test_two_maps_side_by_side_by_hand():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).repeat(2, 1, 1, 1)
    x[1] *= 10
    y = side_by_side(x, torch.ones(1, 1, 1, 3), None, (1, 1), (0, 1))
    assert y[:, 0].tolist() == [[[3.0, 3.0], [7.0, 7.0]], [[30.0, 30.0], [70.0, 70.0]]]


@settings(max_examples=150, deadline=None)
@given(
    count=st.integers(1, 24),
    size=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    biased=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_values_and_gradients_are_those_of_the_convolution(count, size, kernel, stride, padding, biased, seed):
    assume(all(s + 2 * p >= k for s, k, p in zip(size, kernel, padding, strict=True)))
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 3, *size, generator=draw, dtype=torch.float64).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(2, 3, *kernel, generator=draw, dtype=torch.float64)
    bias = torch.randn(2, generator=draw, dtype=torch.float64) if biased else None
    expected = gradients(lambda x, w, b=None: functional.conv2d(x, w, b, stride, padding), x, weight, bias)
    found = gradients(lambda x, w, b=None: side_by_side(x, w, b, stride, padding), x, weight, bias)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kernel", [1, 3])
def test_maps_stay_in_channels_last_memory(kernel):
    x = torch.randn(8, 3, 4, 4).contiguous(memory_format=torch.channels_last).requires_grad_() * 1
    found = []
    x.register_hook(found.append)
    y = side_by_side(x, torch.randn(2, 3, kernel, kernel), None, (1, 1), (kernel // 2, kernel // 2))
    y.sum().backward()
    assert y.stride(1) == found[0].stride(1) == 1


def test_maps_that_touch_are_caught():
    """Without zeros between them a kernel would see the neighbour."""
    x = torch.arange(1.0, 9.0).view(2, 1, 2, 2)
    weight = torch.ones(1, 1, 3, 3)
    y = side_by_side(x, weight, None, (1, 1), (1, 1))
    touching = functional.conv2d(torch.cat(tuple(x), 2)[None], weight, None, 1, 1)
    assert torch.equal(y, functional.conv2d(x, weight, None, 1, 1))
    assert not torch.equal(touching[0, :, :, :2], y[0])


def test_wide_maps_and_full_precision_are_left_to_the_layer(tiles, monkeypatch):
    monkeypatch.setattr(small_maps, "side_by_side", lambda *_: "side by side")
    brick = SmallMaps(nn.Conv2d(128, 128, 3))
    small, wide = torch.zeros(4, 128, 8, 8), torch.zeros(4, 128, 8, 9)
    few = SmallMaps(nn.Conv2d(127, 128, 3))
    assert brick(small).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        assert brick(small) == "side by side"
        assert brick(wide).shape == (4, 128, 6, 7)
        assert brick(small[:0]).shape == (0, 128, 6, 6)
        assert few(small[:, :127]).shape == (4, 128, 6, 6)
        assert few(small[:, :127, :, :7]) == "side by side", "a smaller map is worth it with fewer channels"
    with torch.autocast("cpu", torch.float16):
        assert brick(small).dtype == torch.float16


@pytest.mark.parametrize(
    ("layer", "suits"),
    [
        (nn.Conv2d(128, 128, 3), True),
        (nn.Conv2d(64, 256, 1, stride=2), True),
        (nn.Conv2d(3, 64, 3), False),
        (nn.Conv2d(128, 128, 3, dilation=2), False),
        (nn.Conv2d(256, 256, 3, groups=2), False),
        (nn.Conv2d(128, 128, 3, padding="same"), False),
        (nn.Conv2d(128, 128, 3, padding=1, padding_mode="circular"), False),
        (nn.Conv1d(128, 128, 3), False),
    ],
    ids=repr,
)
def test_which_convolutions_are_laid_out_so(tiles, monkeypatch, layer, suits):
    assert SmallMaps.suits(layer) == suits
    monkeypatch.setattr(small_maps, "_TILES", False)
    assert not SmallMaps.suits(layer)


@pytest.mark.parametrize(
    ("size", "stride", "small"), [(2, 1, True), (3, 1, True), (4, 1, False), (6, 2, True), (7, 2, False)]
)
def test_the_smallest_maps_are_laid_out_so_in_full_precision_too(monkeypatch, size, stride, small):
    monkeypatch.setattr(small_maps, "_TILES", False)
    monkeypatch.setattr(small_maps, "side_by_side", lambda *_: "side by side")
    layer = nn.Conv2d(256, 512, 3, stride, padding=1)
    assert SmallMaps.suits(layer)
    brick = SmallMaps(layer)
    assert (brick(torch.zeros(4, 256, size, size)) == "side by side") == small
    with torch.autocast("cpu", torch.bfloat16):
        assert brick(torch.zeros(4, 256, size, size)) != "side by side"


def test_predictions_of_small_maps_are_the_same():
    net = Network.sequential([Conv2D(512, 3, padding="same", activation="relu", input_shape=(2, 2, 256)), Flatten()])
    module, x = build(net, 0).eval(), torch.randn(6, 256, 2, 2, generator=torch.Generator().manual_seed(0))
    rewritten = rewrite_for_prediction(module).module
    assert SmallMaps in [type(brick) for brick in rewritten.modules()]
    with torch.inference_mode():
        torch.testing.assert_close(rewritten(x), module(x), rtol=1e-5, atol=1e-5)


def test_the_rule_shares_weights_and_can_be_switched_off(tiles):
    net = build(Network.sequential([Conv2D(128, 3, input_shape=(4, 4, 128)), Conv2D(128, 2, padding="same")]))
    bricks = [type(brick) for brick in rewrite(net).modules()]
    assert bricks.count(SmallMaps) == 1, "padding of one side only is another layer"
    assert {id(each) for each in rewrite(net).parameters()} == {id(each) for each in net.parameters()}
    assert SmallMaps not in [type(brick) for brick in rewrite(net, ["pool-before-activation"]).modules()]


def test_a_model_learns_the_same_with_it(tiles):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((64, 4, 4, 128)).astype("float32"), rng.integers(0, 3, 64)
    found = []
    for rewrites in ([], ["small-maps-side-by-side"]):
        model = Sequential([Conv2D(128, 3, padding="same", input_shape=(4, 4, 128)), Flatten(), Dense(3)], seed=0)
        model.compile("sgd", "mse")
        plan = {"precision": "bfloat16", "threads": 1, "rewrites": rewrites}
        history = model.fit(x, np.eye(3)[y], batch_size=16, epochs=2, verbose=0, plan=plan)
        found.append(history.history["loss"])
    assert found[0] == pytest.approx(found[1], rel=1e-2)
