"""Losses of scores: hand sums of the lectures' bricks, labels of either sign, and Keras."""

import math

import numpy as np
import pytest
import torch

from striate.errors import ArgumentError, DataError
from striate.layers import Dense
from striate.losses import Hinge, LogLoss, LogSoftMax, MaxMargin, PerceptronLoss, SquaredHinge, WestonWatkins
from striate.models import Sequential
from striate.optimizers import SGD
from striate.shape import to_inside
from tests.parity import agree, keras

SIGNS = [LogLoss(), Hinge(), SquaredHinge()]


def gradient(loss, prediction, target):
    x = torch.tensor(prediction, requires_grad=True)
    value = loss.values(x, torch.tensor(target)).mean()
    return value.item(), torch.autograd.grad(value, x)[0].tolist()


def test_the_log_brick_by_hand():
    """Lecture 003 L246: log(1 + e^(-c x)), gradient -c / (1 + e^(c x))."""
    value, slope = gradient(LogLoss(), [[math.log(3)]], [[-1.0]])
    assert value == pytest.approx(math.log(4))
    assert slope == [[pytest.approx(3 / 4)]]
    assert LogLoss()([1], [-1000.0]) == 1000


def test_the_hinge_brick_by_hand():
    """Lecture 003 L247: max(0, m - c x), gradient -c where c x < m."""
    assert gradient(Hinge(), [[0.5], [2.0], [-0.5], [-3.0]], [[1.0], [1.0], [-1.0], [-1.0]]) == (
        (0.5 + 0 + 0.5 + 0) / 4,
        [[-0.25], [0], [0.25], [0]],
    )
    assert gradient(Hinge(), [[1.0]], [[1.0]]) == (0, [[0]]), "at the margin itself nothing is lost"
    assert Hinge(margin=3.0)([1], [2.0]) == 1
    assert SquaredHinge(margin=3.0)([1], [0.5]) == 2.5**2


def test_the_max_margin_brick_by_hand():
    """Lecture 003 L249: [max over k != c of (x[k] + m) - x[c]]+."""
    value, slope = gradient(MaxMargin(), [[1.0, 0.5, 0.8], [3.0, 1.0, 0.0]], [0, 0])
    assert value == pytest.approx((0.8 + 1 - 1) / 2)
    assert slope == [[-0.5, 0, 0.5], [0, 0, 0]]
    assert MaxMargin(margin=0.1)([0], [[1.0, 0.5, 0.8]]) == 0


def test_rivals_of_negative_scores_are_compared_as_they_are():
    """Keras counts the 0 that masks the true class as a rival (keras issue 8083)."""
    scores = [[-3.0, -5.0]]
    assert MaxMargin()([0], scores) == 0
    assert float(keras.losses.CategoricalHinge()([[1.0, 0.0]], scores)) == 4
    assert MaxMargin()([0], [[-3.0, -3.5]]) == 0.5


def test_where_a_rival_is_positive_keras_has_the_same():
    rng = np.random.default_rng(0)
    scores = np.abs(rng.standard_normal((20, 5)).astype(np.float32))
    labels = rng.integers(0, 5, 20)
    theirs = keras.losses.CategoricalHinge()(np.eye(5, dtype=np.float32)[labels], scores)
    assert MaxMargin()(labels, scores) == pytest.approx(float(theirs), rel=1e-6)


def test_of_equal_rivals_the_first_is_pushed_down():
    assert gradient(MaxMargin(), [[0.0, 1.0, 1.0]], [0])[1] == [[-1, 1, 0]]


def test_the_sum_hinge_of_the_lecture_by_hand():
    """Lecture 001 L1197. The scores of its figure's first image would cost (5.1 - 3.2 + 1) + 0."""
    assert gradient(WestonWatkins(), [[3.0, 5.0, -2.0]], [0]) == (3, [[-1, 1, 0]])
    assert WestonWatkins()([0], [[3.0, 2.5, 4.0]]) == (2.5 - 3 + 1) + (4 - 3 + 1)
    assert WestonWatkins()([1, 1], np.zeros((2, 10))) == 9, "a network that knows nothing: k - 1 margins"


def test_torch_divides_the_sum_hinge_by_the_classes():
    scores, labels = torch.randn(7, 5), torch.randint(0, 5, (7,))
    for margin in (1.0, 2.0):
        theirs = torch.nn.functional.multi_margin_loss(scores, labels, margin=margin)
        assert WestonWatkins(margin)(labels, scores) == pytest.approx(5 * float(theirs), rel=1e-6)


def test_with_two_classes_both_margins_are_the_hinge_of_the_difference():
    scores, labels = np.random.default_rng(0).standard_normal((9, 2)), np.arange(9) % 2
    hinge = Hinge()(2 * labels - 1, scores[:, 1] - scores[:, 0])
    assert MaxMargin()(labels, scores) == pytest.approx(hinge)
    assert WestonWatkins()(labels, scores) == pytest.approx(hinge)


@pytest.mark.parametrize("loss", SIGNS, ids=repr)
def test_no_may_be_minus_1_or_0(loss):
    scores = [0.3, -2.0, 0.7]
    assert loss([1, 0, 0], scores) == loss([1, -1, -1], scores) == loss([True, False, False], scores)
    assert loss.target(torch.tensor([[-1], [-1]]), (1,)).tolist() == [[-1], [-1]]


@pytest.mark.parametrize("loss", SIGNS, ids=repr)
def test_labels_that_are_no_signs_are_refused(loss):
    with pytest.raises(DataError, match="label 2 in row 1 is no sign") as caught:
        loss([1, 2], [0.5, 0.5])
    assert "max_margin" in caught.value.fix
    with pytest.raises(DataError, match="both 0 and -1") as caught:
        loss([1, 0, -1], [0.5, 0.5, 0.5])
    assert caught.value.sum == "1 labels are 0, 1 are -1"


@pytest.mark.parametrize("loss", [MaxMargin(), WestonWatkins()], ids=repr)
def test_one_output_has_no_rivals(loss):
    with pytest.raises(DataError, match="the one output has no rival") as caught:
        loss([0, 0], [[1.0], [2.0]])
    assert "hinge" in caught.value.fix


@pytest.mark.parametrize("loss", [MaxMargin(), WestonWatkins(), LogSoftMax()], ids=repr)
def test_one_hot_labels_are_told_how_they_become_class_numbers(loss):
    with pytest.raises(DataError, match="one-hot") as caught:
        loss(np.eye(3), np.zeros((3, 3)))
    assert caught.value.fix == "labels.argmax(-1)"
    assert loss(np.eye(3).argmax(-1), np.zeros((3, 3))) > 0


@pytest.mark.parametrize("loss", [Hinge, SquaredHinge, MaxMargin, WestonWatkins])
def test_a_margin_must_be_above_0(loss):
    with pytest.raises(ArgumentError, match="margin must be > 0"):
        loss(margin=0.0)


@pytest.mark.parametrize("positions", [(), (2, 3)])
@pytest.mark.parametrize("coded", ["signs", "0 and 1"])
@pytest.mark.parametrize("loss", [Hinge(), SquaredHinge()], ids=repr)
def test_every_sample_has_the_loss_and_the_gradient_that_keras_gives_it(loss, coded, positions):
    rng = np.random.default_rng(0)
    scores = torch.from_numpy(rng.standard_normal((6, *positions, 4)).astype(np.float32))
    labels = rng.choice([-1.0 if coded == "signs" else 0.0, 1.0], tuple(scores.shape)).astype(np.float32)
    leaf, other = scores.clone().requires_grad_(), scores.clone().requires_grad_()
    expected = getattr(keras.losses, type(loss).__name__)(reduction="none")(labels, other)
    values = loss.values(to_inside(leaf), loss.target(torch.from_numpy(labels), (*positions, 4)))
    assert agree(values, expected, 1e-6)
    own, reference = (torch.autograd.grad(each.sum(), x)[0] for each, x in ((values, leaf), (expected, other)))
    assert agree(own, reference, 1e-6)


# The perceptron


def test_descent_on_the_perceptron_loss_is_the_learning_rule():
    """Rosenblatt's rule by hand: w += (y - answer) * x. It learns OR in a few rounds."""
    inputs = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    labels = torch.tensor([[0.0], [1], [1], [1]])
    rule, descent = torch.zeros(3), torch.zeros(3, 1, requires_grad=True)
    loss = PerceptronLoss().on_logits()
    for _ in range(6):
        for x, y in zip(inputs, labels, strict=True):
            rule += (y - (x @ rule >= 0).float()) * x
            (slope,) = torch.autograd.grad(loss.values((x @ descent)[None], y[None]).mean(), descent)
            descent = (descent - slope).detach().requires_grad_()
            assert torch.equal(descent.flatten(), rule)
    assert ((inputs @ rule >= 0).float() == labels.flatten()).all()


def test_a_score_of_0_is_a_yes_and_is_still_learned_from():
    assert gradient(PerceptronLoss(from_logits=True), [[0.0], [0.0]], [[0.0], [1.0]]) == (0, [[0.5], [0]])


def test_after_the_step_mistakes_are_counted():
    assert PerceptronLoss()([[0, 1], [1, 1]], [[1.0, 1.0], [0.0, 0.0]]) == (1 + 2) / 2


def test_several_outputs_learn_each_by_the_rule():
    _, slope = gradient(PerceptronLoss(from_logits=True), [[2.0, -1.0, 3.0]], [[0.0, 1.0, 1.0]])
    assert slope == [[1, -1, 0]]


def test_training_takes_the_scores_before_the_step():
    assert PerceptronLoss.head == "Step"
    assert PerceptronLoss().on_logits() == PerceptronLoss(from_logits=True)
    scores, labels = torch.tensor([[0.3], [-2.0]]), torch.tensor([[0.0], [0.0]])
    steps = (scores >= 0).float()
    assert PerceptronLoss().values(steps, labels).tolist() == [1, 0]
    assert PerceptronLoss().on_logits().values(scores, labels).tolist() == pytest.approx([0.3, 0])


def test_labels_of_a_perceptron_are_0_and_1():
    with pytest.raises(DataError, match="label -1 in row 1 is no yes or no: labels of PerceptronLoss") as caught:
        PerceptronLoss()([1, -1], [1.0, 0.0])
    assert caught.value.fix == "(labels + 1) / 2"


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "log_loss", "max_margin", "weston_watkins", "log_soft_max"])
def test_a_network_that_gives_scores_learns_by_it_and_says_how_often_it_is_right(loss):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 6)).astype(np.float32)
    several = loss in ("max_margin", "weston_watkins", "log_soft_max")
    scores = x @ rng.standard_normal((6, 4))
    y = scores.argmax(1) if several else np.sign(scores[:, 0])
    model = Sequential([Dense(4 if several else 1, input_shape=(6,))], seed=0)
    model.compile(SGD(0.5), loss, metrics=["accuracy"])
    model.fit(x, y, epochs=15, verbose=0)
    assert model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"] > 0.92
