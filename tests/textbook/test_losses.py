"""Losses and their gradients."""

import numpy as np
import pytest

from striate.textbook import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    KLDivergence,
    LogSoftMax,
    MeanSquaredError,
    Sigmoid,
    SparseCategoricalCrossentropy,
    one_hot,
    sigmoid,
    softmax,
)

SHAPES = [(4, 3), (2, 3, 2, 2)]


def test_the_mean_squared_error_is_the_mean_of_the_squares():
    loss = MeanSquaredError()
    assert loss.forward(np.array([[1.0, 5.0], [0.0, 0.0]]), np.array([[0.0, 2.0], [1.0, 1.0]])) == (1 + 9 + 1 + 1) / 4
    assert loss.backward().tolist() == [[0.5, 1.5], [-0.5, -0.5]]


def test_the_square_brick_of_the_lectures_is_half_of_it():
    """Lecture 003 L245: y = (x - d)^2 / 2 with gradient x - d."""
    loss = MeanSquaredError()
    assert loss.forward(np.array([[3.0]]), np.array([[1.0]])) / 2 == (3 - 1) ** 2 / 2
    assert loss.backward().item() / 2 == 3 - 1


def test_binary_crossentropy_is_minus_the_log_of_the_probability_given():
    loss = BinaryCrossentropy()
    value = loss.forward(np.array([[0.8, 0.25]]), np.array([[1.0, 0.0]]))
    assert value == pytest.approx(-(np.log(0.8) + np.log(0.75)) / 2)
    assert loss.backward() == pytest.approx(np.array([[-1 / 0.8, 1 / 0.75]]) / 2)


def test_binary_crossentropy_is_to_be_made_small():
    """Lecture 003 L80 leaves out the minus."""
    right, wrong = (BinaryCrossentropy().forward(np.array([[p]]), np.array([[1.0]])) for p in (0.9, 0.1))
    assert 0 < right < wrong


def test_with_the_sigmoid_the_saturation_cancels():
    """Lecture 000 L299-317: dC/dw = x (s(z) - y), without s'(z)."""
    z, y = np.array([[-20.0, 0.5, 20.0]]), np.array([[1.0, 1.0, 0.0]])
    brick, loss = Sigmoid(), BinaryCrossentropy()
    loss.forward(brick.forward(z, {}), y)
    np.testing.assert_allclose(brick.backward(loss.backward())[0], (sigmoid(z) - y) / 3, rtol=1e-6)


def test_binary_crossentropy_from_logits_is_the_log_brick():
    """Lecture 003 L246: log(1 + e^(-c x)) with c = 1 for yes and -1 for no."""
    x, t = np.array([[-2.0, 0.5, 3.0]]), np.array([[1.0, 0.0, 1.0]])
    c = 2 * t - 1
    loss = BinaryCrossentropy(from_logits=True)
    assert loss.forward(x, t) == pytest.approx(np.mean(np.log(1 + np.exp(-c * x))))
    assert loss.backward() == pytest.approx(-c / (1 + np.exp(c * x)) / 3)


def test_the_sparse_loss_from_logits_is_the_logsoftmax_brick():
    """Lecture 003 L248."""
    x, c = np.array([[1.0, -2.0, 0.5]]), 2
    loss = SparseCategoricalCrossentropy(from_logits=True)
    assert loss.forward(x, np.array([c])) == pytest.approx(np.log(np.exp(x).sum()) - x[0, c])
    assert loss.backward() == pytest.approx(np.exp(x) / np.exp(x).sum() - np.array([[0, 0, 1]]))


def test_the_log_soft_max_brick_goes_by_its_own_name():
    x, c = np.array([[1.0, -2.0, 0.5]]), np.array([2])
    brick, loss = LogSoftMax(), SparseCategoricalCrossentropy(from_logits=True)
    assert brick.forward(x, c) == loss.forward(x, c)
    assert brick.backward().tolist() == loss.backward().tolist()


def test_the_divergence_from_itself_is_0():
    t = np.array([[0.1, 0.2, 0.7]])
    assert KLDivergence().forward(t, t) == pytest.approx(0, abs=1e-15)
    assert KLDivergence().forward(np.array([[0.2, 0.8]]), np.array([[0.0, 1.0]])) == pytest.approx(-np.log(0.8))


def test_the_focal_losses_by_hand():
    """Lin et al. 2017, equations 4 and 5."""
    p, t = np.array([[0.8, 0.6]]), np.array([[1.0, 0.0]])
    first, second = 0.2**2 * -np.log(0.8), 0.6**2 * -np.log(0.4)
    assert BinaryFocalCrossentropy().forward(p, t) == pytest.approx((first + second) / 2)
    balanced = BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.3)
    assert balanced.forward(p, t) == pytest.approx((0.3 * first + 0.7 * second) / 2)
    assert CategoricalFocalCrossentropy(0.5).forward(np.array([[0.8, 0.2]]), t) == pytest.approx(0.5 * first)


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_a_network_that_knows_nothing_has_the_loss_ln_k(classes):
    scores = np.zeros((3, classes))
    assert SparseCategoricalCrossentropy(from_logits=True).forward(scores, np.arange(3) % classes) == pytest.approx(
        np.log(classes)
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_labels_as_numbers_and_one_hot_give_the_same(shape):
    rng = np.random.default_rng(0)
    scores, labels = rng.standard_normal(shape), rng.integers(0, 3, (shape[0], *shape[2:]))
    for from_logits in (True, False):
        prediction = scores if from_logits else softmax(scores)
        sparse = SparseCategoricalCrossentropy(from_logits=from_logits)
        dense = CategoricalCrossentropy(from_logits=from_logits)
        assert sparse.forward(prediction, labels) == dense.forward(prediction, one_hot(labels, 3))
        np.testing.assert_array_equal(sparse.backward(), dense.backward())


@pytest.mark.parametrize("shape", SHAPES)
def test_scores_and_their_probabilities_give_the_same_loss(shape):
    rng = np.random.default_rng(0)
    scores, target = rng.standard_normal(shape), softmax(rng.standard_normal(shape))
    assert CategoricalCrossentropy(from_logits=True).forward(scores, target) == pytest.approx(
        CategoricalCrossentropy().forward(softmax(scores), target), rel=1e-12
    )
    assert BinaryCrossentropy(from_logits=True).forward(scores, target) == pytest.approx(
        BinaryCrossentropy().forward(sigmoid(scores), target), rel=1e-12
    )


def test_the_loss_of_a_map_is_the_mean_over_its_pixels():
    scores, labels = np.zeros((2, 3, 4, 5)), np.zeros((2, 4, 5), dtype=int)
    loss = SparseCategoricalCrossentropy(from_logits=True)
    assert loss.forward(scores, labels) == pytest.approx(np.log(3))
    assert np.abs(loss.backward()).sum() == pytest.approx(2 * (1 - 1 / 3))


def test_twice_the_batch_has_the_same_loss():
    """Lecture 000 L360-366 sums where L325-339 averages."""
    p, t = np.array([[0.5, 0.1]]), np.array([[0.0, 1.0]])
    for loss in (MeanSquaredError(), BinaryCrossentropy(), CategoricalCrossentropy()):
        assert loss.forward(p, t) == pytest.approx(loss.forward(np.repeat(p, 2, axis=0), np.repeat(t, 2, axis=0)))


def test_probability_0_for_a_class_that_is_not_it_costs_nothing():
    loss = CategoricalCrossentropy()
    assert loss.forward(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]])) == 0
    assert loss.backward().tolist() == [[-1, 0]]
    loss = BinaryCrossentropy()
    assert loss.forward(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]])) == 0
    assert loss.backward().tolist() == [[-0.5, 0.5]]


def test_probability_0_for_the_class_that_is_it_costs_infinitely_much():
    assert SparseCategoricalCrossentropy().forward(np.array([[1.0, 0.0]]), np.array([1])) == np.inf
    assert BinaryCrossentropy().forward(np.array([[0.0]]), np.array([[1.0]])) == np.inf


def test_large_logits_do_not_overflow():
    assert BinaryCrossentropy(from_logits=True).forward(np.array([[1e4, -1e4]]), np.array([[0.0, 1.0]])) == 1e4
    assert SparseCategoricalCrossentropy(from_logits=True).forward(np.array([[1e4, -1e4]]), np.array([1])) == 2e4


@pytest.mark.parametrize("loss", [MeanSquaredError, BinaryCrossentropy, CategoricalCrossentropy])
def test_shapes_that_differ_are_refused(loss):
    with pytest.raises(ValueError, match=r"the prediction is \(3, 1\), the target \(3,\)"):
        loss().forward(np.full((3, 1), 0.5), np.ones(3))


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], [0.5, 1]])
def test_labels_that_are_no_class_are_refused(labels):
    with pytest.raises(ValueError, match="whole numbers from 0 to 2"):
        SparseCategoricalCrossentropy().forward(np.full((2, 3), 1 / 3), np.array(labels))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", SHAPES)
def test_the_backward_rules_agree_with_trying(check_loss_gradient, shape, seed):
    rng = np.random.default_rng(seed)
    scores, labels = rng.standard_normal(shape), rng.integers(0, 3, (shape[0], *shape[2:]))
    yes_or_no, shares = rng.integers(0, 2, shape), softmax(rng.standard_normal(shape))
    for target in (yes_or_no, shares):
        check_loss_gradient(MeanSquaredError(), scores, target)
        check_loss_gradient(BinaryCrossentropy(), sigmoid(scores), target)
        check_loss_gradient(BinaryCrossentropy(from_logits=True), scores, target)
        check_loss_gradient(CategoricalCrossentropy(), softmax(scores), target)
        check_loss_gradient(CategoricalCrossentropy(from_logits=True), scores, target)
    check_loss_gradient(SparseCategoricalCrossentropy(), softmax(scores), labels)
    check_loss_gradient(SparseCategoricalCrossentropy(from_logits=True), scores, labels)
    for target in (yes_or_no, shares):
        for given in ({}, {"apply_class_balancing": True, "gamma": 1.0}, {"gamma": 0.5}):
            check_loss_gradient(BinaryFocalCrossentropy(**given), sigmoid(scores), target)
            check_loss_gradient(BinaryFocalCrossentropy(**given, from_logits=True), scores, target)
        check_loss_gradient(CategoricalFocalCrossentropy(), softmax(scores), target)
        check_loss_gradient(CategoricalFocalCrossentropy(gamma=0.5, from_logits=True), scores, target)
        check_loss_gradient(KLDivergence(), softmax(scores), target)
        check_loss_gradient(KLDivergence(from_logits=True), scores, target)
    check_loss_gradient(LogSoftMax(), scores, labels)
