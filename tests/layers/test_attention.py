"""Attention: sums by hand, masks, torch's and Keras' own."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from striate.errors import ShapeError
from striate.layers import AdditiveAttention, Attention, Input, MultiHeadAttention
from striate.model import Model
from striate.seed import stream
from tests.contracts.layer_trials import Trial, both, built, differences, values
from tests.parity import agree, keras

KINDS = [Attention(), Attention(True, "concat"), AdditiveAttention(), MultiHeadAttention(2, 3)]
EACH = pytest.mark.parametrize("layer", KINDS, ids=repr)


def attend(layer, *sequences, **weights):
    """What a layer makes of sequences (l, c); (l, c) again."""
    x = [torch.tensor(each, dtype=torch.float64).T[None] for each in sequences]
    shapes = [tuple(each.shape[:0:-1]) for each in x]
    module = built(layer, tuple(shapes), {name: np.array(value, dtype=float) for name, value in weights.items()})
    return module(*x)[0].T.tolist()


def test_values_are_weighed_by_the_softmax_of_their_agreement():
    """Scores ln 1 and ln 3: a quarter of the one and three quarters of the other."""
    query, keys = [[1.0]], [[0.0], [math.log(3)]]
    assert attend(Attention(), query, [[4], [8]], keys) == [[pytest.approx(4 / 4 + 8 * 3 / 4)]]
    assert attend(Attention(use_scale=True), query, [[4], [8]], keys, scale=0) == [[pytest.approx(6)]]


def test_without_keys_the_values_are_their_own():
    values = [[0.0, 4.0], [math.log(3), 8.0]]
    assert attend(Attention(), [[1.0, 0.0]], values) == [pytest.approx([3 * math.log(3) / 4, 7])]


def test_additive_scores_are_sums_of_tanh():
    query, keys = [[0.5, 0.0]], [[0.5, 0.0], [-0.5, 1.0]]
    first, second = 2 * math.tanh(1), 3 * math.tanh(1)
    share = math.exp(second) / (math.exp(first) + math.exp(second))
    assert attend(AdditiveAttention(), query, [[0], [1]], keys, scale=[2, 3]) == [[pytest.approx(share)]]
    even = attend(AdditiveAttention(use_scale=False), query, [[0], [1]], keys)
    assert even == [[pytest.approx(0.5)]]
    concat = attend(Attention(score_mode="concat"), query, [[0], [1]], keys, concat_score_weight=5)
    assert concat == [[pytest.approx(0.5)]]


def test_each_head_looks_for_its_own():
    """Two heads of one channel: the one scores by the first channel of the keys, the other by the second."""
    given = {
        "query_weight": [[[1, 0]], [[1, 0]]],
        "key_weight": [[[1, 0]], [[0, 1]]],
        "value_weight": [[[1, 0]], [[1, 0]]],
        "attention_output_weight": [[[1], [0]], [[0], [1]]],
    }
    values = [[1.0, 0.0], [0.0, 1.0]]
    first = math.e / (math.e + 1)  # of the head for which the first value scores 1 and the second 0
    assert attend(MultiHeadAttention(2, 1, use_bias=False), [[1, 0]], values, **given) == [
        pytest.approx([first, 1 - first])
    ]


@EACH
def test_a_causal_mask_hides_what_is_to_come(layer):
    masked = type(layer)(*[getattr(layer, name) for name in vars(layer) if name in POSITIONAL], use_causal_mask=True)
    shapes = ((5, 4), (5, 4))
    rng = np.random.default_rng(0)
    module = built(masked, shapes, values(masked.weights(*shapes), rng))
    x = torch.randn(2, 4, 5, dtype=torch.float64, requires_grad=True)
    y = module(x, x)
    for step in range(5):
        (gradient,) = torch.autograd.grad(y[:, :, step].sum(), x, retain_graph=True)
        assert gradient[:, :, : step + 1].abs().min() > 0
        assert gradient[:, :, step + 1 :].abs().max() == 0 if step < 4 else True


POSITIONAL = ("use_scale", "score_mode", "num_heads", "key_dim")


@EACH
def test_a_query_of_another_length_and_keys_of_their_own_are_taken(layer):
    trial = Trial(layer, (4, 3), ((6, 2), (6, 3)))
    assert trial.output == (4, 3 if isinstance(layer, MultiHeadAttention) else 2)
    found, reference = both(trial, "contiguous", training=True, seed=0)
    assert differences(found, reference) == []
    causal = type(layer)(*[getattr(layer, name) for name in vars(layer) if name in POSITIONAL], use_causal_mask=True)
    found, reference = both(Trial(causal, (4, 3), ((6, 2), (6, 3))), "contiguous", training=True, seed=0)
    assert differences(found, reference) == []


def test_heads_are_those_of_torchs_module():
    heads, width, channels = 2, 3, 6
    layer = MultiHeadAttention(heads, width)
    shapes = ((4, channels), (5, channels))
    given = values(layer.weights(*shapes), np.random.default_rng(0))
    ours = built(layer, shapes, given)
    theirs = nn.MultiheadAttention(channels, heads, batch_first=True).double()
    with torch.no_grad():
        parts = ("query", "key", "value")
        theirs.in_proj_weight.copy_(torch.cat([getattr(ours, f"{part}_weight").flatten(0, 1) for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([getattr(ours, f"{part}_bias").flatten() for part in parts]))
        theirs.out_proj.weight.copy_(ours.attention_output_weight.flatten(1))
        theirs.out_proj.bias.copy_(ours.attention_output_bias)
    query, value = torch.randn(2, 4, channels).double(), torch.randn(2, 5, channels).double()
    y = ours(query.movedim(1, 2), value.movedim(1, 2)).movedim(1, 2)
    assert agree(y, theirs(query, value, value, need_weights=False)[0])


@pytest.mark.parametrize("layer", [Attention(use_causal_mask=True), MultiHeadAttention(2, 3, use_causal_mask=True)])
@pytest.mark.parametrize("length", [3, 5, 7])
def test_the_causal_mask_is_keras(layer, length):
    """Of sequences of different lengths too: step t sees steps 0 to t."""
    shapes = ((5, 4), (length, 4))
    rng = np.random.default_rng(0)
    declared = layer.weights(*shapes)
    given = {name: value.astype(np.float32) for name, value in values(declared, rng).items()}
    query, value = (rng.standard_normal((2, *shape), dtype=np.float32) for shape in shapes)
    ours = built(layer, shapes, given, torch.float32)
    y = ours(*(torch.from_numpy(each).movedim(1, 2) for each in (query, value))).movedim(1, 2)
    if isinstance(layer, MultiHeadAttention):
        theirs = keras.layers.MultiHeadAttention(2, 3)
        theirs.build((None, *shapes[0]), (None, *shapes[1]))
        order = {name: weight.keras or range(len(weight.shape)) for name, weight in declared.items()}
        theirs.set_weights([array.transpose(order[name]) for name, array in given.items()])
        expected = theirs(query, value, use_causal_mask=True)
    else:
        expected = keras.layers.Attention()([query, value], use_causal_mask=True)
    assert agree(y, expected, 1e-5)


def test_first_weights_are_drawn_as_those_of_the_matrix_for_all_heads_as_keras_draws_them():
    """300 channels in, 8 heads of 64: within the root of 6 / (300 + 512)."""
    theirs = keras.layers.MultiHeadAttention(8, 64)
    theirs.build((None, 7, 300), (None, 7, 300))
    weights = MultiHeadAttention(8, 64).weights((7, 300), (7, 300))
    for name, weight, variable in zip(weights, weights.values(), theirs.trainable_variables, strict=True):
        ours = weight.initializer.sample(weight.shape, stream(0, "weights")).abs().max().item()
        bound = math.sqrt(6 / (300 + 512)) if name.endswith("weight") else 0
        assert ours == pytest.approx(bound, rel=1e-3), name
        assert variable.value.abs().max().item() == pytest.approx(bound, rel=1e-3), name


def test_it_counts_its_matrix_products():
    """The base model of the paper: 4*512*512 weights, 4*512 biases."""
    layer = MultiHeadAttention(8, 64)
    shapes = ((10, 512), (10, 512))
    assert sum(math.prod(weight.shape) for weight in layer.weights(*shapes).values()) == 4 * 512 * 512 + 4 * 512
    assert layer.macs(*shapes) == 4 * 10 * 512 * 512 + 2 * 10 * 10 * 512
    assert Attention().macs((4, 3), (6, 2), (6, 3)) == 4 * 6 * (3 + 2)
    assert AdditiveAttention().macs((4, 3), (6, 2), (6, 3)) == 4 * 6 * 2


@EACH
def test_a_network_that_attends_to_itself_is_checked(layer):
    checked = Model(x := Input((5, 4)), layer([x, x])).check()
    assert checked.rows[-1].output == (5, 4)
    assert checked.macs == layer.macs((5, 4), (5, 4))
    assert checked.rows[-1].receptive_field == (5,)
    checked = Model(x := Input((None, 4)), layer([x, x])).check()
    assert (checked.rows[-1].output, checked.rows[-1].macs) == ((None, 4), None)


@pytest.mark.parametrize(
    ("layer", "shapes", "said"),
    [
        (Attention(), [(4, 3), (6, 2)], "compares a query with keys of as many channels"),
        (AdditiveAttention(), [(4, 3), (6, 3), (5, 3)], "needs a key for each value"),
        (MultiHeadAttention(2, 3), [(4, 3), (6, 3), (5, 3)], "needs a key for each value"),
        (MultiHeadAttention(2, 3), [(4,), (6, 3)], r"takes \(l, c\)"),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused(layer, shapes, said):
    with pytest.raises(ShapeError, match=said) as refused:
        layer.output(*shapes)
    assert refused.value.fix
