"""Layers that read sequences: sums by hand, first states, torch's own, and what is refused."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from striate.build import build
from striate.errors import ArgumentError, ShapeError
from striate.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Conv1D,
    Conv2D,
    Dense,
    Flatten,
    Input,
    Residual,
    SimpleRNN,
    TimeDistributed,
)
from striate.model import Sequential
from striate.network import Network
from striate.shape import EVERYTHING, Window
from tests.contracts.layer_trials import Trial, apply, both, built, differences, values
from tests.layers.by_hand import compute
from tests.parity import agree, keras

RNNS = [SimpleRNN, LSTM, GRU]


def made(layer, shape, seed=0):
    """The layer's module in float64, with random weights."""
    rng = np.random.default_rng(seed)
    return built(layer, shape, values(layer.weights(shape), rng))


# Sums by hand


def test_a_unit_adds_what_it_reads_to_what_it_remembers():
    first = math.tanh(2 * 0.1 + 0.5)
    second = math.tanh(2 * -0.2 + 3 * first + 0.5)
    given = {"weight": [[2]], "recurrent_weight": [[3]], "bias": [0.5]}
    assert compute(SimpleRNN(1), [[[0.1], [-0.2]]], **given)[0] == pytest.approx([second])
    steps = compute(SimpleRNN(1, return_sequences=True), [[[0.1], [-0.2]]], **given)
    assert np.ravel(steps) == pytest.approx([first, second])
    relu = compute(SimpleRNN(1, "relu"), [[[0.1], [-0.2]]], **given)
    assert relu[0] == pytest.approx([2 * -0.2 + 3 * 0.7 + 0.5])


def test_the_gates_of_a_memory_let_in_keep_and_show():
    """Lecture 001 L666-682: i = o = 1, f = 1/2, g = tanh(x)."""
    given = {"weight": [[0], [0], [1], [0]], "recurrent_weight": np.zeros((4, 1)), "bias": [800, 0, 0, 800]}
    c1 = math.tanh(1)
    c2 = c1 / 2 + math.tanh(2)
    steps = compute(LSTM(1, return_sequences=True), [[[1], [2]]], **given)
    assert np.ravel(steps) == pytest.approx([math.tanh(c1), math.tanh(c2)])


def test_a_gated_unit_keeps_a_share_of_its_state():
    """z = 1/2: half of what was, half of g = tanh(x)."""
    given = {"weight": [[0], [0], [1]], "recurrent_weight": np.zeros((3, 1)), "bias": np.zeros((2, 3))}
    g1, g2 = math.tanh(1), math.tanh(2)
    steps = compute(GRU(1, return_sequences=True), [[[1], [2]]], **given)
    assert np.ravel(steps) == pytest.approx([g1 / 2, g1 / 4 + g2 / 2])


def test_both_ways_are_read_and_merged():
    """Units that remember nothing but the last step: from the front it is 3, from the back 1."""
    given = {f"{way}_layer.{name}": value for way in ("forward", "backward") for name, value in PASS.items()}
    x = [[[1], [2], [3]]]
    for mode, expected in {"concat": [3, 1], "sum": [4], "mul": [3], "ave": [2]}.items():
        assert compute(Bidirectional(SimpleRNN(1, "linear"), mode), x, **given) == [expected]
    sequences = Bidirectional(SimpleRNN(1, "linear", return_sequences=True))
    assert compute(sequences, x, **given) == [[[1, 1], [2, 2], [3, 3]]]


PASS = {"weight": [[1]], "recurrent_weight": [[0]], "bias": [0]}


def test_a_layer_is_applied_to_every_step_alike():
    given = {"layer.weight": [[10, 1]], "layer.bias": [-50]}
    assert compute(TimeDistributed(Dense(1, "relu")), [[[1, 2], [5, 6]]], **given) == [[[0], [6]]]


def test_maps_are_flattened_step_by_step():
    assert TimeDistributed(Flatten()).output((4, 2, 3, 5)) == (4, 30)
    images = np.arange(24).reshape(1, 2, 2, 3, 2)
    assert compute(TimeDistributed(Flatten()), images.tolist()) == images.reshape(1, 2, 12).tolist()


# First states


@pytest.mark.parametrize(
    "layer",
    [
        SimpleRNN(3),
        LSTM(3, return_sequences=True),
        GRU(3, go_backwards=True),
        GRU(3, reset_after=False),
        Bidirectional(LSTM(3)),
    ],
    ids=repr,
)
def test_first_states_are_further_values_and_have_gradients(layer):
    count = (layer.takes[1] or 1) - 1
    trial = Trial(layer, (5, 2), ((3,),) * count)
    found, reference = both(trial, "contiguous", training=True, seed=0)
    assert {"dx", f"dx{count + 1}"} <= found.keys()
    assert differences(found, reference) == []
    assert layer.macs(*trial.shapes) == layer.macs((5, 2))


def test_states_of_zeros_are_as_none():
    layer = LSTM(3)
    module, x = made(layer, (5, 2)), torch.randn(4, 2, 5, dtype=torch.float64)
    nothing = torch.zeros(4, 3, dtype=torch.float64)
    assert torch.equal(module(x), module(x, nothing, nothing))


def test_a_decoder_begins_where_an_encoder_ended():
    """Reading a sequence in two parts is reading it whole."""
    layer = GRU(3)
    module, x = made(layer, (6, 2)), torch.randn(4, 2, 6, dtype=torch.float64)
    assert agree(module(x[:, :, 2:], module(x[:, :, :2])), module(x))


# Other ways of computing the same


@pytest.mark.parametrize(("layer", "theirs"), [(SimpleRNN, nn.RNN), (LSTM, nn.LSTM), (GRU, nn.GRU)])
def test_outputs_are_those_of_torchs_module(layer, theirs):
    ours = made(layer(3, return_sequences=True), (5, 2))
    other = theirs(2, 3, batch_first=True).double()
    order = [1, 0, 2] if layer is GRU else range(other.weight_ih_l0.shape[0] // 3)  # torch has s before z

    def torchs(weight):
        parts = weight.detach().split(3)
        return torch.cat([parts[place] for place in order])

    biases = ours.bias if layer is GRU else torch.stack([ours.bias, torch.zeros_like(ours.bias)])
    given = (ours.weight, ours.recurrent_weight, *biases)
    other.load_state_dict(dict(zip(other.state_dict(), map(torchs, given), strict=True)))
    x = torch.randn(4, 2, 5, dtype=torch.float64)
    assert agree(ours(x).movedim(1, 2), other(x.movedim(1, 2))[0])


@pytest.mark.parametrize("layer", [SimpleRNN(3), SimpleRNN(3, "relu"), LSTM(3), GRU(3)], ids=repr)
@pytest.mark.parametrize("use_bias", [True, False])
def test_step_by_step_it_is_what_torchs_kernel_computes(layer, use_bias):
    arguments = {"return_sequences": True, "use_bias": use_bias}
    gate = {"recurrent_activation": "sigmoid"} if hasattr(layer, "recurrent_activation") else {}
    fused = type(layer)(3, layer.activation, **gate, **arguments)
    module = made(fused, (5, 2))
    assert module.kernel is not None
    x = torch.randn(4, 2, 5, dtype=torch.float64)
    at_once = module(x)
    module.kernel, module.functions = None, nn.ModuleList(fused._functions)  # as with other activations
    assert agree(module(x), at_once)


@pytest.mark.parametrize("layer", RNNS)
def test_a_sequence_of_open_length_is_read_whatever_its_length(layer):
    network = Network.functional(x := Input((None, 2)), layer(3, return_sequences=True)(x))
    assert network.nodes[-1].output == (None, 3)
    module = build(network)
    for length in (1, 4, 9):
        assert module(torch.zeros(2, 2, length)).shape == (2, 3, length)


@pytest.mark.parametrize("layer", [GRU(4), LSTM(4, return_sequences=True), Bidirectional(LSTM(4))], ids=repr)
def test_first_states_are_keras_initial_state(layer):
    count = (layer.takes[1] or 1) - 1
    inner = layer.layer if isinstance(layer, Bidirectional) else layer
    theirs = getattr(keras.layers, type(inner).__name__)(4, return_sequences=inner.return_sequences)
    theirs = keras.layers.Bidirectional(theirs) if isinstance(layer, Bidirectional) else theirs
    theirs.build((None, 5, 2))
    rng = np.random.default_rng(0)
    declared = layer.weights((5, 2))
    given = {name: value.astype(np.float32) for name, value in values(declared, rng).items()}
    theirs.set_weights([value.transpose(declared[name].keras or range(value.ndim)) for name, value in given.items()])
    module = built(layer, (5, 2), given, torch.float32)
    x, states = torch.randn(3, 5, 2), [torch.randn(3, 4) for _ in range(count)]
    y = module(x.movedim(2, 1), *states)
    expected = theirs(x, initial_state=states)
    assert agree(y.movedim(1, -1), expected, 1e-5)


# The declaration


def test_it_counts_by_its_equations():
    """100 steps, 32 channels, 64 units."""
    for layer, gates, biases in ((SimpleRNN, 1, 1), (LSTM, 4, 1), (GRU, 3, 2)):
        checked = Sequential([layer(64, input_shape=(100, 32))]).check()
        assert checked.params == gates * 64 * (32 + 64 + biases)
        assert checked.macs == 100 * gates * 64 * (32 + 64)
        both_ways = Sequential([Bidirectional(layer(64), input_shape=(100, 32))]).check()
        assert (both_ways.params, both_ways.macs) == (2 * checked.params, 2 * checked.macs)


def test_the_forget_gate_starts_open():
    bias = build(Network.sequential([LSTM(2, input_shape=(5, 3))])).state_dict()["lstm.bias"]
    assert bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    shut = LSTM(2, unit_forget_bias=False, input_shape=(5, 3))
    assert build(Network.sequential([shut])).state_dict()["lstm.bias"].tolist() == [0] * 8


@pytest.mark.parametrize("layer", RNNS)
def test_what_it_sees_is_everything_and_its_penalties_go_with_their_weights(layer):
    one = layer(3, kernel_regularizer="l1", recurrent_regularizer="l2", bias_regularizer="l1l2")
    found = {name: type(weight.regularizer).__name__ for name, weight in one.weights((5, 2)).items()}
    assert found == {"weight": "L1", "recurrent_weight": "L2", "bias": "L1L2"}
    assert one.window((5, 2)) is EVERYTHING


def test_a_step_of_time_distributed_sees_itself():
    assert TimeDistributed(Dense(3)).window((5, 2)) is None
    window = TimeDistributed(Conv2D(3, 5, 2)).window((7, 9, 9, 1))
    assert window == Window((1, 5, 5), (1, 2, 2), ((0, 0),) * 3, (1, 1, 1))
    assert TimeDistributed(Flatten()).window((7, 9, 9, 1)) is EVERYTHING
    assert TimeDistributed(Conv1D(3, 5)).macs((7, 9, 2)) == 7 * Conv1D(3, 5).macs((9, 2))


def test_time_distributed_convolutions_are_trained_on_videos():
    video = Sequential(
        [TimeDistributed(Conv2D(2, 3, activation="relu"), input_shape=(3, 6, 6, 1)), TimeDistributed(Flatten()), GRU(4)]
    )
    assert video.predict(np.zeros((2, 3, 6, 6, 1), np.float32)).shape == (2, 4)


@pytest.mark.parametrize("kind", [Bidirectional, TimeDistributed])
def test_a_layer_that_may_not_be_trained_may_not_inside_another_either(kind):
    inner = {Bidirectional: LSTM(3, trainable=False), TimeDistributed: Dense(3, trainable=False)}[kind]
    model = Sequential([kind(inner, input_shape=(5, 2))])
    assert model.check().params == 0
    assert not any(weight.requires_grad for weight in model.module.parameters())


def test_weights_inside_wrappers_are_read_and_set_in_keras_order():
    model = Sequential([Bidirectional(GRU(4), input_shape=(5, 2))])
    layer = model.get_layer("bidirectional")
    assert [weight.shape for weight in layer.get_weights()] == [(2, 12), (4, 12), (2, 12)] * 2
    layer.set_weights([np.full_like(weight, place) for place, weight in enumerate(layer.get_weights())])
    assert [weight.ravel()[0] for weight in layer.get_weights()] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("layer", "shapes", "said"),
    [
        (LSTM(3), [(5,)], r"LSTM takes \(l, c\)"),
        (LSTM(3), [(5, 2), (3,)], "LSTM begins with 2 states of 3 numbers"),
        (GRU(3), [(5, 2), (4,)], "GRU begins with 1 state of 3 numbers"),
        (LSTM(3, "relu"), [(None, 2)], "must know how many steps"),
        (GRU(3, reset_after=False), [(None, 2)], "must know how many steps"),
        (Bidirectional(GRU(3)), [(5, 2), (3,)], "as many states for one way as for the other"),
        (TimeDistributed(Dense(3)), [(5,)], "takes a sequence, it was given a vector"),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused(layer, shapes, said):
    with pytest.raises(ShapeError, match=said) as refused:
        layer.output(*shapes)
    assert refused.value.fix


def test_wrappers_refuse_what_they_cannot_wrap():
    with pytest.raises(ArgumentError, match="layer must be recurrent, not Dense"):
        Bidirectional(Dense(3))
    with pytest.raises(ArgumentError, match="layer must be one that takes one value, not Residual"):
        TimeDistributed(Residual([Dense(3)]))
    with pytest.raises(ArgumentError, match="merge_mode must be"):
        Bidirectional(LSTM(3), "avg")


def test_an_activation_of_another_kind_is_computed_step_by_step():
    given = {"weight": [[2]], "recurrent_weight": [[3]], "bias": [0.5]}
    steps = compute(SimpleRNN(1, "linear", return_sequences=True), [[[0.1], [-0.2]]], **given)
    assert np.ravel(steps) == pytest.approx([0.7, -0.4 + 2.1 + 0.5])
    module = LSTM(3, "relu", "linear").build((5, 2))
    assert apply(LSTM(3), (5, 2), module, torch.zeros(2, 2, 5)).shape == (2, 3)
