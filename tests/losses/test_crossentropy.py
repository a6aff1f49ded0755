"""Cross-entropies: hand sums, what labels they take and refuse, and Keras."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from striate.errors import ArgumentError, DataError
from striate.losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    KLDivergence,
    LogSoftMax,
    SparseCategoricalCrossentropy,
)
from striate.shape import to_border, to_inside
from tests.parity import agree, keras

SPARSE, CATEGORICAL, BINARY = SparseCategoricalCrossentropy(), CategoricalCrossentropy(), BinaryCrossentropy()


def refusal(loss, labels, output):
    with pytest.raises(DataError) as caught:
        loss.target(torch.as_tensor(np.asarray(labels)), output)
    return caught.value


def test_the_loss_is_minus_the_log_of_the_probability_given():
    assert SPARSE([1], [[0.2, 0.8]]) == pytest.approx(-math.log(0.8))
    assert CATEGORICAL([[0, 1]], [[0.2, 0.8]]) == pytest.approx(-math.log(0.8))
    assert BINARY([1, 0], [0.8, 0.25]) == pytest.approx(-(math.log(0.8) + math.log(0.75)) / 2)


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_a_network_that_knows_nothing_has_the_loss_ln_k(classes):
    from_scores = SparseCategoricalCrossentropy(from_logits=True)
    assert from_scores([0, 1, 1], np.zeros((3, classes))) == pytest.approx(math.log(classes))


def test_a_soft_label_is_the_mean_of_its_hard_ones():
    p = [[0.2, 0.3, 0.5]]
    assert CATEGORICAL([[0.5, 0, 0.5]], p) == pytest.approx((SPARSE([0], p) + SPARSE([2], p)) / 2)


def test_smoothing_spreads_a_share_evenly():
    p = [[0.2, 0.8]]
    smooth = CategoricalCrossentropy(label_smoothing=0.2)
    assert smooth([[0, 1]], p) == pytest.approx(CATEGORICAL([[0.1, 0.9]], p))
    assert BinaryCrossentropy(label_smoothing=0.2)([1], [0.8]) == pytest.approx(BINARY([0.9], [0.8]))
    assert SparseCategoricalCrossentropy(label_smoothing=0.2)([1], p) == pytest.approx(CATEGORICAL([[0.1, 0.9]], p))


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("positions", [(), (2, 3)])
def test_class_numbers_are_smoothed_as_the_same_labels_one_hot(positions, from_logits):
    generator = torch.Generator().manual_seed(0)
    given = torch.randn(5, 4, *positions, generator=generator, dtype=torch.float64)
    given = (given if from_logits else given.softmax(1)).requires_grad_()
    classes = torch.randint(4, (5, *positions), generator=generator)
    found = []
    for loss, target in (
        (SparseCategoricalCrossentropy(from_logits, 0.3), classes),
        (CategoricalCrossentropy(from_logits, 0.3), functional.one_hot(classes, 4).movedim(-1, 1)),
    ):
        values = loss.values(given, target)
        found.append((values, *torch.autograd.grad(values.square().sum(), given)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("loss", [CategoricalCrossentropy, BinaryCrossentropy])
def test_smoothing_is_the_same_from_scores(loss):
    rng = np.random.default_rng(0)
    scores, label = rng.standard_normal((5, 3)), np.eye(3)[[0, 2, 1, 1, 0]]
    probabilities = (torch.softmax if loss is CategoricalCrossentropy else lambda x, _: torch.sigmoid(x))(
        torch.from_numpy(scores), 1
    )
    assert loss(True, 0.1)(label, scores) == pytest.approx(loss(False, 0.1)(label, probabilities), rel=1e-12)


def test_all_of_the_truth_cannot_be_spread():
    with pytest.raises(ArgumentError, match="label_smoothing must be < 1"):
        CategoricalCrossentropy(label_smoothing=1.0)


def test_the_log_soft_max_brick_by_hand():
    """Lecture 003 L248: log(sum of e^x) - x[c], gradient softmax - [s = c]."""
    x = torch.tensor([[0.0, math.log(2), math.log(3)]], dtype=torch.float64, requires_grad=True)
    value = LogSoftMax().values(x, torch.tensor([1]))
    assert value.item() == pytest.approx(math.log(6) - math.log(2))
    assert torch.autograd.grad(value.sum(), x)[0].tolist() == [pytest.approx([1 / 6, 2 / 6 - 1, 3 / 6])]
    assert value.item() == SparseCategoricalCrossentropy(from_logits=True).values(x, torch.tensor([1])).item()
    assert "argmax" in refusal(LogSoftMax(), np.eye(3), (3,)).fix


def test_the_divergence_is_0_for_the_truth_itself_and_above_0_for_all_else():
    truth = [[0.1, 0.2, 0.7]]
    assert KLDivergence()(truth, truth) == pytest.approx(0, abs=1e-12)
    assert KLDivergence()(truth, [[0.2, 0.1, 0.7]]) == pytest.approx(0.1 * math.log(0.5) + 0.2 * math.log(2))
    assert KLDivergence()([[0.0, 1.0]], [[0.2, 0.8]]) == pytest.approx(-math.log(0.8)), "no entropy: the cross-entropy"


def test_the_focal_factor_by_hand():
    """Lin et al. 2017, equation 4: -(1 - p_t)**gamma * log(p_t); equation 5 with alpha."""
    assert BinaryFocalCrossentropy()([1, 0], [0.8, 0.6]) == pytest.approx(
        (-(0.2**2) * math.log(0.8) - 0.6**2 * math.log(0.4)) / 2
    )
    balanced = BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.3, gamma=1.0)
    assert balanced([1, 0], [0.8, 0.6]) == pytest.approx((-0.3 * 0.2 * math.log(0.8) - 0.7 * 0.6 * math.log(0.4)) / 2)
    assert CategoricalFocalCrossentropy(alpha=0.5)([[0, 1]], [[0.2, 0.8]]) == pytest.approx(-0.5 * 0.04 * math.log(0.8))


def test_without_focus_it_is_the_cross_entropy():
    p = [[0.2, 0.8], [0.6, 0.4]]
    assert BinaryFocalCrossentropy(gamma=0.0)(np.eye(2), p) == pytest.approx(BINARY(np.eye(2), p))
    assert CategoricalFocalCrossentropy(1.0, 0.0)(np.eye(2), p) == pytest.approx(CATEGORICAL(np.eye(2), p))


def test_a_wrong_score_is_focused_on_however_large_it_is():
    """From probabilities a score of 100 would be a certainty, and its log clipped."""
    assert BinaryFocalCrossentropy(from_logits=True)([0], [100.0]) == pytest.approx(100)


def test_a_wrong_answer_given_with_certainty_costs_what_clipping_leaves():
    assert SPARSE([0], [[0.0, 1.0]]) == pytest.approx(-math.log(1e-7))
    assert BINARY([1], [0.0]) == pytest.approx(-math.log(1e-7))


def test_probabilities_are_made_to_sum_to_one():
    assert SPARSE([1], [[1.0, 4.0]]) == pytest.approx(-math.log(0.8))
    assert CATEGORICAL([[0, 1]], [[1.0, 4.0]]) == pytest.approx(-math.log(0.8))


def test_from_scores_torchs_own_kernels_compute_it():
    """They are the fast ones; the numbers must be theirs to the bit."""
    scores, sparse = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    dense, yes_or_no = functional.one_hot(sparse, 4).float(), torch.randint(0, 2, (6, 4)).float()
    for loss, target, kernel in [
        (SparseCategoricalCrossentropy, sparse, functional.cross_entropy),
        (CategoricalCrossentropy, dense, functional.cross_entropy),
        (BinaryCrossentropy, yes_or_no, functional.binary_cross_entropy_with_logits),
    ]:
        values = loss(from_logits=True).values(scores, target)
        expected = kernel(scores, target, reduction="none")
        assert torch.equal(values, expected if expected.dim() == 1 else expected.mean(1))


@pytest.mark.parametrize("kind", ["uint8", "uint16", "uint32", "uint64", "int8", "int64", "bool", "float32", "float64"])
def test_class_numbers_may_have_any_type_that_holds_them(kind):
    target = SPARSE.target(torch.from_numpy(np.array([0, 1]).astype(kind)), (2,))
    assert target.dtype == torch.int64
    assert target.tolist() == [0, 1]


def test_a_column_of_class_numbers_is_taken_as_well():
    assert SPARSE.target(torch.tensor([[0], [2]]), (3,)).tolist() == [0, 2]
    assert SPARSE.target(torch.zeros(2, 4, 4, 1), (4, 4, 3)).shape == (2, 4, 4)


def test_yes_and_no_may_be_a_row_or_a_column():
    for labels in ([0, 1], [[0], [1]], [False, True]):
        assert BINARY.target(torch.tensor(labels), (1,)).tolist() == [[0], [1]]


def test_no_labels_are_no_error():
    assert len(SPARSE.target(torch.zeros(0, dtype=torch.long), (3,))) == 0
    assert len(CATEGORICAL.target(torch.zeros(0, 3), (3,))) == 0
    assert len(BINARY.target(torch.zeros(0), (1,))) == 0


def test_a_class_number_out_of_range_is_told_with_its_row_and_the_range():
    error = refusal(SPARSE, [0, 1, 2, 12], (10,))
    assert error.what == "label 12 in row 3, but the network has 10 outputs: labels run 0..9"
    assert error.fix == "13 units in the last layer, or labels below 10"


def test_classes_that_are_numbered_from_1_are_told_so():
    assert refusal(SPARSE, range(1, 11), (10,)).fix == "labels - 1: classes are numbered from 0"


def test_the_number_that_torch_would_skip_is_refused():
    assert functional.cross_entropy(torch.zeros(2, 3), torch.tensor([0, -100])) == pytest.approx(math.log(3))
    error = refusal(SPARSE, [0, -100], (3,))
    assert "label -100 in row 1" in error.what
    assert "skip" in error.fix


def test_a_class_number_below_0_is_refused():
    assert refusal(SPARSE, [0, -1], (3,)).fix.startswith("number the classes from 0")
    assert refusal(SPARSE, [0, 1, -1], (3,)).fix == "labels + 1: classes are numbered from 0"
    assert refusal(SPARSE, [-1, 1], (2,)).fix == "(labels + 1) // 2: classes are numbered from 0"


def test_the_place_of_a_wrong_class_in_a_map_is_told():
    labels = np.zeros((2, 4, 4), int)
    labels[1, 2, 3] = 9
    assert "label 9 in row 1, position (2, 3)" in refusal(SPARSE, labels, (4, 4, 3)).what


@pytest.mark.parametrize("value", [0.5, math.nan, math.inf])
def test_a_class_number_that_is_not_whole_is_refused(value):
    error = refusal(SPARSE, [0.0, value], (3,))
    assert f"label {value:g} in row 1 is no class number" in error.what
    assert "mean_squared_error" in error.fix


def test_one_hot_labels_name_the_loss_that_takes_them():
    error = refusal(SPARSE, np.eye(3), (3,))
    assert error.sum == "labels (3, 3), needed (3,)"
    assert 'loss="categorical_crossentropy"' in error.fix


@pytest.mark.parametrize("labels", [[0, 2], [[0], [2]]])
@pytest.mark.parametrize("loss", [CATEGORICAL, BINARY])
def test_class_numbers_name_the_loss_that_takes_them(loss, labels):
    error = refusal(loss, labels, (3,))
    assert "the labels are class numbers" in error.what
    assert 'loss="sparse_categorical_crossentropy"' in error.fix
    assert "to_categorical" in error.fix


@pytest.mark.parametrize("loss", [SPARSE, CATEGORICAL, BINARY])
def test_labels_of_another_shape_are_told_with_the_one_that_is_needed(loss):
    error = refusal(loss, np.zeros((2, 7)), (3,))
    assert "labels (2, 7), needed (2" in error.sum


def test_several_classes_at_once_name_the_loss_that_takes_them():
    error = refusal(CATEGORICAL, [[0, 0, 1], [0, 1, 1]], (3,))
    assert error.what == "the label in row 1 is no distribution over the classes"
    assert "add up to 2" in error.sum
    assert 'loss="binary_crossentropy"' in error.fix


def test_a_distribution_has_no_negative_numbers():
    assert "row 0" in refusal(CATEGORICAL, [[-1.0, 2.0]], (2,)).what


@pytest.mark.parametrize(("labels", "fix"), [([-1, 1], "(labels + 1) / 2"), ([1, 2], "labels 0 and 1")])
def test_labels_that_are_no_yes_or_no_are_refused(labels, fix):
    error = refusal(BINARY, labels, (1,))
    assert "is no yes or no" in error.what
    assert error.fix.startswith(fix)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("positions", [(), (2, 3)])
@pytest.mark.parametrize(
    ("loss", "given"),
    [
        (SparseCategoricalCrossentropy, {}),
        (CategoricalCrossentropy, {}),
        (CategoricalCrossentropy, {"label_smoothing": 0.1}),
        (BinaryCrossentropy, {}),
        (BinaryCrossentropy, {"label_smoothing": 0.1}),
        (BinaryFocalCrossentropy, {}),
        (BinaryFocalCrossentropy, {"apply_class_balancing": True, "gamma": 0.7, "label_smoothing": 0.1}),
        (CategoricalFocalCrossentropy, {}),
        (CategoricalFocalCrossentropy, {"alpha": 0.6, "gamma": 1.5, "label_smoothing": 0.1}),
        (KLDivergence, {}),
    ],
)
def test_every_sample_has_the_loss_and_the_gradient_that_keras_gives_it(loss, given, positions, from_logits):
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((6, *positions, 4)).astype(np.float32)
    ours = loss(from_logits=from_logits, **given)
    labels = {
        "class numbers": rng.integers(0, 4, (6, *positions)),
        "distributions": np.eye(4, dtype=np.float32)[rng.integers(0, 4, (6, *positions))],
        "yes or no": rng.integers(0, 2, (6, *positions, 4)).astype(np.float32),
    }[ours.labels]
    if loss is KLDivergence:  # Keras takes the 0 of a one-hot label for 1e-7
        labels = np.exp(scores[::-1]) / np.exp(scores[::-1]).sum(-1, keepdims=True)
    # Not normalised, and some above 1: what is clipped and divided must be so as in Keras.
    predictions = scores if from_logits else np.abs(scores) * np.float32(0.7)
    if isinstance(ours, BinaryFocalCrossentropy) and not from_logits:
        predictions = predictions / (1 + predictions)  # above 1 Keras' focus is no number, a fraction of one below 0
    theirs = getattr(keras.losses, loss.__name__)(
        **given, **({} if loss is KLDivergence else {"from_logits": from_logits}), reduction="none"
    )
    leaf = torch.from_numpy(predictions.copy()).requires_grad_()
    # Keras turns channels first, and torch has no gradient of its nll_loss for a map that is not contiguous then.
    other = to_border(to_inside(torch.from_numpy(predictions)).contiguous()).requires_grad_()
    values = ours.values(to_inside(leaf), ours.target(torch.from_numpy(labels), (*positions, 4)))
    expected = theirs(labels, torch.softmax(other, -1) if loss is KLDivergence and from_logits else other)
    assert agree(values, expected, 1e-6)
    assert ours(labels, predictions) == pytest.approx(float(expected.detach().mean()), rel=1e-5)
    own, reference = (torch.autograd.grad(each.sum(), x)[0] for each, x in ((values, leaf), (expected, other)))
    assert agree(own, reference, 1e-5)


@pytest.mark.parametrize("loss", [BinaryFocalCrossentropy, CategoricalFocalCrossentropy])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("score", [20.0, 200.0, 1e30])
def test_what_is_certain_and_right_has_a_focal_gradient_of_nothing_whatever_gamma(loss, gamma, score):
    """The slope of (1 - p)**gamma is infinite at p = 1, that of the loss is 0."""
    scores = torch.tensor([[score, -score]], requires_grad=True)
    value = loss(gamma=gamma, from_logits=True).values(scores, torch.tensor([[1.0, 0.0]]))
    (gradient,) = torch.autograd.grad(value.sum(), scores)
    assert value.item() == pytest.approx(0, abs=1e-8)
    assert gradient.abs().max() <= 1e-8
