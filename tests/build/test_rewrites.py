import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from striate.build import Affine, build, rewrite, rewrite_for_prediction, rewrites
from striate.layers import (
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Flatten,
    FlippedConv2D,
    GlobalAveragePooling2D,
    Input,
    LeakyReLU,
    Maxout,
    MaxPooling2D,
    ReLU,
    Sigmoid,
    Softmax,
)
from striate.network import Network

TRAINED = ("pool-before-activation", "no-bias-before-batch-norm")
FOLDED = (
    "batch-norm-folded",
    "normalisation-folded",
    "pool-before-activation",
    "pool-by-slices",
    "activation-in-place",
)


def called(module):
    return [type(module.get_submodule(n.target)).__name__ for n in module.graph.nodes if n.op == "call_module"]


def moved(module, seed=0):
    """Every weight and average where no initializer would leave it, so that a forgotten one is seen."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            tensor.copy_(torch.randn(tensor.shape, generator=draw, dtype=tensor.dtype) * 0.5)
            if name.endswith("running_var"):
                tensor.abs_().add_(0.2)
    return module


def chain(*layers, seed=0, dtype=torch.float64):
    return moved(build(Network.sequential(layers), seed), seed).to(dtype)


def drawn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def random_network(seed, statistics=True):
    """A graph with branches, values that are used several times, and a layer that is used twice."""
    draw = np.random.default_rng(seed)
    size, channels = int(draw.integers(7, 11)), int(draw.integers(2, 4))
    x = Input((size, size, channels))
    shared, again = Conv2D(3, 3, padding="same"), BatchNormalization()
    first = Conv2D(3, int(draw.integers(1, 4)), padding=str(draw.choice(["same", "valid"])))(x)
    values = [first, BatchNormalization(scale=bool(draw.integers(2)))(first)]
    for _ in range(8):
        value = values[int(draw.integers(len(values)))]
        square = int(value.shape[0])
        kind = draw.integers(9)
        if kind == 0:
            convolution = [Conv2D(3, 3, padding="same", use_bias=bool(draw.integers(2))), FlippedConv2D(3, 2), Dense(3)]
            value = convolution[int(draw.integers(3)) if square > 2 else 0](value)
            value = BatchNormalization(center=bool(draw.integers(2)), trainable=bool(draw.integers(4)))(value)
        elif kind == 1:
            value = again(shared(value))
        elif kind == 2 and square > 3:
            activation = [ReLU(), LeakyReLU(0.2), Sigmoid(), LeakyReLU(0.0)][int(draw.integers(4))]
            value = MaxPooling2D(2, padding=str(draw.choice(["same", "valid"])))(activation(value))
        elif kind == 3 and square > 3:
            value = MaxPooling2D(3, strides=int(draw.integers(1, 4)))(value)
        elif kind == 4:
            alike = [other for other in values if other.shape == value.shape]
            value = Add()([value, alike[int(draw.integers(len(alike)))]])
        elif kind == 5:
            value = BatchNormalization()(Conv2D(3, 1, activation="relu")(value))
        else:
            value = BatchNormalization()(Conv2D(3, 1)(value))
        values.append(value)
    ends = [GlobalAveragePooling2D()(value) for value in values]
    network = Network.functional(x, Dense(2)(Concatenate()(ends)))
    return network, moved(build(network, seed), seed), drawn(4, channels, size, size, seed=seed)


def outcome(module, x, weights):
    """What a training step sees of a module: values, gradients, and the running averages after it."""
    for weight in weights.parameters():
        weight.grad = None
    y = module.train()(x)
    (y.square().sum() + y.sum()).backward()
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in weights.parameters()]
    averages = [buffer.clone() for buffer in weights.buffers()]
    return [y.detach(), *gradients, *averages]


def agree(ours, theirs, dtype):
    """To 1e-11 of each in float64; in float32 to 1e-5 of the largest, as gradients that cancel are rounding alone."""
    largest = max(float(each.abs().max()) for each in theirs)
    for one, other in zip(ours, theirs, strict=True):
        own = 1e-11 * float(other.abs().max().clamp(min=1.0))
        atol = own if dtype == torch.float64 else 1e-5 * max(1.0, largest)
        torch.testing.assert_close(one.double(), other.double(), rtol=0, atol=atol)


def same_training(module, x, rules=TRAINED):
    """Whether a step on the rewritten module is one on the module, computed in float64 from the same averages."""
    declared = copy.deepcopy(module).double()
    expected = outcome(declared, x.double(), declared)
    agree(outcome(rewrite(module, rules), x, module), expected, x.dtype)


def normalised(affine, x):
    factor, shift = (each.reshape(-1, *[1] * (x.dim() - 2)).to(x.dtype) for each in affine)
    return x * factor + shift


def same_answers(module, x, affine=None, rules=FOLDED):
    """Whether the module for prediction, given what remains to be done, says what the module says."""
    expected = module.eval()(x if affine is None else normalised(affine, x))
    found = rewrite_for_prediction(module, rules, normalisations=[affine])
    rest = found.remains[0]
    with torch.no_grad():
        agree([found.module(x if rest is None else normalised(rest, x))], [expected], x.dtype)
    return found


def affine(*channels):
    factor, shift = zip(*channels, strict=True)
    return Affine(torch.tensor(factor, dtype=torch.float64), torch.tensor(shift, dtype=torch.float64))


# ---- max-pool before the activation ----------------------------------------------------------------------------------


def test_pooling_moves_before_relu():
    module = build(Network.sequential([Conv2D(2, 3, activation="relu", input_shape=(6, 6, 1)), MaxPooling2D(2)]))
    assert called(module) == ["Conv2d", "ReLU", "MaxPool2d"]
    assert called(rewrite(module)) == ["Conv2d", "MaxPool2d", "ReLU"]
    assert called(module) == ["Conv2d", "ReLU", "MaxPool2d"], "the declared network stays as it was"
    assert called(rewrite(module, ())) == called(module), "a rule can be switched off"


@pytest.mark.parametrize("activation", [Sigmoid(), LeakyReLU(0.0)], ids=repr)
def test_pooling_stays_behind_activations_for_which_it_is_not_exact(activation):
    module = build(Network.sequential([Conv2D(2, 3, input_shape=(6, 6, 1)), activation, MaxPooling2D(2)]))
    assert called(rewrite(module)) == called(module)


def test_pooling_stays_behind_an_activation_that_another_layer_sees():
    x = Input((6, 6, 1))
    risen = ReLU()(x)
    ends = [GlobalAveragePooling2D()(MaxPooling2D(2)(risen)), GlobalAveragePooling2D()(risen)]
    module = build(Network.functional(x, Add()(ends)))
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
    same_training(module, drawn(3, 2, size, size, seed=seed))


# ---- no bias before batch normalisation ------------------------------------------------------------------------------


def test_a_bias_before_batch_normalisation_by_hand():
    """Outputs 1 + 5 and 3 + 5: normalised they are -1 and 1 whatever the bias, and the running mean moves towards 7."""
    module = build(Network.sequential([Dense(1, input_shape=(1,)), BatchNormalization(momentum=0.5, epsilon=1e-12)]))
    with torch.no_grad():
        module.dense.weight.fill_(1.0)
        module.dense.bias.fill_(5.0)
    changed = rewrite(module, TRAINED).train()
    assert called(changed) == ["Linear", "BiasLeftOut"]
    y = changed(torch.tensor([[1.0], [3.0]]))
    assert y.flatten().tolist() == pytest.approx([-1, 1], abs=1e-6)
    assert module.batch_normalization.running_mean.item() == pytest.approx(0.5 * 0 + 0.5 * 7)
    y.square().sum().backward()
    assert module.dense.bias.grad.tolist() == [0.0], "zero, and not none: weight decay goes on"


def test_a_dropped_bias_decays_as_it_would_and_stays_in_the_state():
    module = chain(Conv2D(2, 3, input_shape=(5, 5, 1)), BatchNormalization())
    changed = rewrite(module, TRAINED)
    before = module.conv2d.bias.detach().clone()
    updater = torch.optim.AdamW(module.parameters(), 0.1, weight_decay=0.5)
    changed.train()(drawn(4, 1, 5, 5)).square().sum().backward()
    updater.step()
    torch.testing.assert_close(module.conv2d.bias.detach(), before * (1 - 0.1 * 0.5), rtol=1e-12, atol=0)
    assert any(value is not None and torch.equal(value, module.conv2d.bias) for value in changed.state_dict().values())


@pytest.mark.parametrize(
    "layer",
    [
        Conv2D(3, 3, input_shape=(6, 6, 2)),
        Conv2D(3, 2, padding="same", input_shape=(6, 6, 2)),
        Conv2D(4, 3, groups=2, input_shape=(6, 6, 2)),
        FlippedConv2D(3, 2, input_shape=(6, 6, 2)),
        Dense(3, input_shape=(6, 6, 2)),
        DepthwiseConv2D(3, depth_multiplier=2, input_shape=(6, 6, 2)),
        Conv2D(3, 3, trainable=False, input_shape=(6, 6, 2)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("center", [True, False])
def test_every_layer_that_adds_a_bias_loses_it_exactly(layer, center):
    module = chain(layer, BatchNormalization(center=center))
    assert called(rewrite(module, TRAINED))[1:] == ["BiasLeftOut"]
    same_training(module, drawn(4, 2, 6, 6))


def test_a_sequence_and_a_vector_too():
    module = chain(Conv1D(3, 2, input_shape=(6, 2)), BatchNormalization(), Flatten(), Dense(3), BatchNormalization())
    assert called(rewrite(module, TRAINED)).count("BiasLeftOut") == 2
    same_training(module, drawn(4, 2, 6))


@pytest.mark.parametrize(
    "layers",
    [
        [Conv2D(3, 3, use_bias=False, input_shape=(6, 6, 2)), BatchNormalization()],
        [Conv2D(3, 3, activation="relu", input_shape=(6, 6, 2)), BatchNormalization()],
        [Conv2D(3, 3, input_shape=(6, 6, 2)), BatchNormalization(trainable=False)],
        [Conv2D(3, 3, input_shape=(6, 6, 2)), Activation("tanh"), BatchNormalization()],
        [Maxout(3, 2, input_shape=(6, 6, 2)), BatchNormalization()],
        [Conv2D(3, 3, input_shape=(6, 6, 2)), Flatten(), BatchNormalization()],
        [Conv2DTranspose(3, 2, input_shape=(6, 6, 2)), BatchNormalization()],
    ],
    ids=["no bias", "activation", "frozen", "activation layer", "maxout", "other channels", "transposed"],
)
def test_a_bias_stays_where_leaving_it_out_is_not_known_to_be_exact(layers):
    module = chain(*layers)
    assert called(rewrite(module, TRAINED)) == called(module)


def test_a_bias_stays_where_it_is_penalised_and_where_its_sum_is_seen_by_others():
    layers = [Conv2D(3, 3, input_shape=(6, 6, 2)), BatchNormalization()]
    module = chain(*layers)
    assert called(rewrite(module, TRAINED, penalised=["conv2d.bias"])) == called(module)
    x = Input((6, 6, 2))
    seen = Conv2D(3, 3)(x)
    twice = build(Network.functional(x, Add()([BatchNormalization()(seen), seen])))
    assert called(rewrite(twice, TRAINED)) == called(twice)


def test_a_rewritten_network_asked_in_prediction_keeps_the_bias():
    module = chain(Conv2D(3, 3, input_shape=(6, 6, 2)), BatchNormalization())
    x = drawn(2, 2, 6, 6)
    expected = module.eval()(x)
    torch.testing.assert_close(rewrite(module, TRAINED).eval()(x), expected, rtol=0, atol=0)


# ---- random networks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_training_of_random_networks_is_the_same_step(dtype):
    applied = []
    for seed in range(25):
        _, module, x = random_network(seed)
        module, x = module.to(dtype), x.to(dtype)
        same_training(module, x)
        applied += called(rewrite(module, TRAINED))
    assert applied.count("BiasLeftOut") > 20


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_predictions_of_random_networks_are_the_same(dtype):
    copies = []
    for seed in range(25):
        _, module, x = random_network(seed)
        channels = [(0.5 + 0.1 * number, 0.3 * number - 0.4) for number in range(x.shape[1])]
        copies.append(same_answers(module.to(dtype), x.to(dtype), affine(*channels)).copied)
    assert sum(count > 0 for count in copies) > 20


def _forgetting_the_running_mean(self, x):
    y = nn.functional.batch_norm(x, None, None, self.normalization.weight, self.normalization.bias, True, 0.0, 1e-3)
    return y + 0 * self.bias.sum()


def test_a_running_mean_that_forgets_the_bias_is_caught(monkeypatch):
    monkeypatch.setattr(rewrites.BiasLeftOut, "forward", _forgetting_the_running_mean)
    module, x = chain(Conv2D(3, 3, input_shape=(6, 6, 2)), BatchNormalization()), drawn(2, 2, 6, 6)
    with pytest.raises(AssertionError):
        same_training(module, x)


@pytest.mark.parametrize("fault", ["_affine", "_pads", "_Tiled"])
def test_a_fault_in_folding_is_caught(monkeypatch, fault):
    faults = {
        "_affine": lambda normalization: Affine(*(each * 1.001 for each in right(normalization))),
        "_pads": lambda layer: False,
        "_Tiled": nn.AvgPool2d,
    }
    right = rewrites._affine
    monkeypatch.setattr(rewrites, fault, faults[fault])
    module = chain(Conv2D(3, 3, padding="same", input_shape=(6, 6, 2)), BatchNormalization(), MaxPooling2D(2))
    with pytest.raises(AssertionError):
        same_answers(module, drawn(2, 2, 6, 6), affine((0.5, 0.3), (2.0, -1.0)))


# ---- batch normalisation folded --------------------------------------------------------------------------------------


def test_batch_normalisation_folded_by_hand():
    """y = 3 x + 1, then 2 * (y - 5) / sqrt(3 + 1) + 7 = y + 2: the layer becomes 3 x + 3."""
    module = build(Network.sequential([Dense(1, input_shape=(1,)), BatchNormalization(epsilon=1.0)])).eval()
    with torch.no_grad():
        for name, value in (("weight", 3.0), ("bias", 1.0)):
            getattr(module.dense, name).fill_(value)
        for name, value in (("weight", 2.0), ("bias", 7.0), ("running_mean", 5.0), ("running_var", 3.0)):
            getattr(module.batch_normalization, name).fill_(value)
    found = rewrite_for_prediction(module)
    (layer,) = [brick for name, brick in found.module.named_children() if name.startswith("rewritten")]
    assert (layer.weight.item(), layer.bias.item()) == (3.0, 3.0)
    assert found.module(torch.tensor([[2.0]])).item() == pytest.approx(9.0)
    assert (module.dense.weight.item(), module.dense.bias.item()) == (3.0, 1.0), "the declared weights stay"


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_frozen_and_unscaled_normalisation_is_folded_too(trainable, scale):
    module = chain(
        Conv2D(4, 3, groups=2, use_bias=False, input_shape=(6, 6, 2)),
        BatchNormalization(scale=scale, trainable=trainable),
    )
    assert called(same_answers(module, drawn(2, 2, 6, 6)).module) == ["Conv2d"]


@pytest.mark.parametrize(
    "layers",
    [
        [Conv2D(3, 3, activation="relu", input_shape=(6, 6, 2)), BatchNormalization()],
        [Maxout(3, 2, input_shape=(6, 6, 2)), BatchNormalization()],
        [Conv2DTranspose(3, 2, input_shape=(6, 6, 2)), BatchNormalization()],
        [Conv2D(3, 3, input_shape=(6, 6, 2)), Flatten(), BatchNormalization()],
    ],
    ids=["activation", "maxout", "transposed", "other channels"],
)
def test_batch_normalisation_stays_where_no_layer_can_take_it_up(layers):
    found = same_answers(chain(*layers), drawn(2, 2, 6, 6))
    assert found.copied == 0


def test_a_fold_follows_every_weight_it_was_made_from():
    module = chain(Conv2D(3, 3, input_shape=(6, 6, 2)), BatchNormalization(), dtype=torch.float32)
    for brick, name in [
        (module.conv2d, "weight"),
        (module.conv2d, "bias"),
        *((module.batch_normalization, each) for each in ("weight", "bias", "running_mean", "running_var")),
    ]:
        found = rewrite_for_prediction(module)
        assert found.holds
        tensor = getattr(brick, name).data
        tensor[(-1,) * tensor.dim()] += 0.1
        assert not found.holds, f"{name}, behind the back of torch's version counter"
    found = rewrite_for_prediction(module)
    module.conv2d.weight = nn.Parameter(module.conv2d.weight.detach() * 2)
    assert not found.holds, "another tensor in its place"


# ---- normalisation folded --------------------------------------------------------------------------------------------


def test_normalisation_folded_by_hand():
    """2 x - 1, then 3 times that and 4: 6 x + 1."""
    module = chain(Dense(1, input_shape=(1,)))
    with torch.no_grad():
        module.dense.weight.fill_(3.0)
        module.dense.bias.fill_(4.0)
    found = same_answers(module, drawn(3, 1), affine((2.0, -1.0)))
    (layer,) = [brick for name, brick in found.module.named_children() if name.startswith("rewritten")]
    assert (layer.weight.item(), layer.bias.item()) == (6.0, 1.0)
    assert found.remains[0].factor.tolist() == [1.0]
    assert found.remains[0].shift.tolist() == [0.0]


def test_where_zeros_are_padded_only_the_factor_is_folded():
    module = chain(Conv2D(3, 3, padding="same", input_shape=(6, 6, 2)))
    found = same_answers(module, drawn(2, 2, 6, 6), affine((0.5, 0.3), (4.0, -1.0)))
    assert found.remains[0].factor.tolist() == [1.0, 1.0]
    assert found.remains[0].shift.tolist() == pytest.approx([0.6, -0.25]), "the mean, taken off before"


@pytest.mark.parametrize(
    "layer",
    [
        Conv2D(3, 3, input_shape=(6, 6, 2)),
        Conv2D(4, 3, groups=2, input_shape=(6, 6, 2)),
        Conv2D(3, 2, padding="same", input_shape=(6, 6, 2)),
        Conv2D(3, 3, padding=((0, 1), (0, 0)), use_bias=False, input_shape=(6, 6, 2)),
        FlippedConv2D(3, 2, input_shape=(6, 6, 2)),
        Dense(3, input_shape=(6, 6, 2)),
        DepthwiseConv2D(3, depth_multiplier=2, input_shape=(6, 6, 2)),
    ],
    ids=repr,
)
def test_every_first_layer_takes_normalisation_up(layer):
    found = same_answers(chain(layer), drawn(2, 2, 6, 6), affine((0.5, 0.3), (4.0, -1.0)))
    assert found.copied > 0


def test_normalisation_stays_where_something_else_sees_the_image():
    x = Input((6, 6, 2))
    module = moved(build(Network.functional(x, Add()([Conv2D(2, 1)(x), x])))).double()
    given = affine((0.5, 0.3), (4.0, -1.0))
    found = same_answers(module, drawn(2, 2, 6, 6), given)
    assert found.remains == [given]
    assert found.copied == 0


def test_a_mean_far_from_zero_is_not_folded_into_float32():
    """Pixels 10,000 +- 1: a folded shift would be 10,000 times larger than what it leaves."""
    module = chain(Conv2D(3, 3, input_shape=(6, 6, 1)), dtype=torch.float32)
    found = same_answers(module, (10_000 + drawn(2, 1, 6, 6)).float(), affine((1.0, -10_000.0)))
    assert found.remains[0].shift.tolist() == [-10_000.0]


# ---- max-pooling by slices -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(2, 2), (3, 2), (1, 4)])
def test_pooling_by_slices_leaves_out_what_pooling_leaves_out(size):
    module = chain(MaxPooling2D(size, input_shape=(7, 9, 3)))
    x = drawn(2, 3, 7, 9).contiguous(memory_format=torch.channels_last)
    found = same_answers(module, x)
    assert called(found.module) == ["_Tiled"]
    x[0, 0, 0, 0] = torch.nan
    assert torch.equal(found.module(x).isnan(), module(x).isnan()), "what is no number shows in both"


@pytest.mark.parametrize("pool", [MaxPooling2D(3, strides=2), MaxPooling2D(2, padding="same")], ids=repr)
def test_windows_that_overlap_or_are_padded_are_pooled_by_torch(pool):
    module = chain(Conv2D(2, 1, input_shape=(7, 7, 1)), pool)
    assert "_Tiled" not in called(same_answers(module, drawn(2, 1, 7, 7)).module)


# ---- activations in place --------------------------------------------------------------------------------------------


def in_place(found):
    return [brick.inplace for brick in found.module.modules() if isinstance(brick, nn.ReLU | nn.LeakyReLU)]


@pytest.mark.parametrize("activation", [ReLU(), LeakyReLU(0.2)], ids=repr)
def test_an_activation_writes_over_what_was_made_for_it(activation):
    module = chain(Conv2D(3, 3, input_shape=(6, 6, 2)), activation, MaxPooling2D(2))
    assert any(in_place(same_answers(module, drawn(2, 2, 6, 6))))
    assert not module.get_submodule(next(name for name, _ in module.named_children() if "re_lu" in name)).inplace


def test_an_activation_leaves_images_and_what_others_see_as_they_are():
    x = drawn(2, 2, 6, 6)
    before = x.clone()
    assert not any(in_place(same_answers(chain(ReLU(input_shape=(6, 6, 2)), Conv2D(1, 1)), x)))
    assert not any(in_place(same_answers(chain(MaxPooling2D(1, input_shape=(6, 6, 2)), Flatten(), ReLU()), x)))
    same_answers(chain(MaxPooling2D(1, input_shape=(6, 6, 2)), ReLU()), x)
    assert torch.equal(x, before)
    image = Input((6, 6, 2))
    seen = Conv2D(3, 3)(image)
    module = moved(build(Network.functional(image, Add()([ReLU()(seen), seen])))).double()
    assert not any(in_place(same_answers(module, x)))


# ---- softmax and cross-entropy ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", ["argument", "layer"])
def test_the_head_is_taken_off_where_the_loss_wants_scores(head):
    last = [Dense(3, activation="softmax")] if head == "argument" else [Dense(3), Softmax()]
    module = build(Network.sequential([Dense(4, input_shape=(2,)), *last]))
    assert called(rewrite(module, heads=["Softmax"])) == ["Linear", "Linear"]
    assert called(rewrite(module, heads=[None]))[-1] == "Softmax", "a head that the loss does not want is left"
    assert called(rewrite(module, TRAINED, ["Softmax"]))[-1] == "Softmax", "a rule can be switched off"
    assert called(rewrite_for_prediction(module, heads=["Softmax"]).module) == ["Linear", "Linear"]


def test_a_rewritten_network_can_be_copied():
    module = chain(Conv2D(3, 3, input_shape=(6, 6, 2)), BatchNormalization())
    twin = copy.deepcopy(rewrite(module, TRAINED)).train()
    x = drawn(2, 2, 6, 6)
    torch.testing.assert_close(twin(x), rewrite(module, TRAINED).train()(x), rtol=0, atol=1e-12)
