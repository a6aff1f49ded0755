"""Penalties: hand sums, the factor that books differ in, and Keras."""

import numpy as np
import pytest
import torch

from striate import catalog, textbook
from striate.errors import ArgumentError
from striate.regularizers import L1, L1L2, L2
from tests.parity import agree, keras

WEIGHT = torch.tensor([[2.0, -4.0], [0.0, 1.0]])


def test_the_penalties_by_hand():
    assert L1(0.5).penalty(WEIGHT).item() == 0.5 * (2 + 4 + 1)
    assert L2(0.5).penalty(WEIGHT).item() == 0.5 * (4 + 16 + 1)
    assert L1L2(0.5, 0.25).penalty(WEIGHT).item() == 0.5 * 7 + 0.25 * 21


def test_the_gradient_of_l2_is_twice_l2_times_the_weight():
    leaf = WEIGHT.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(L2(0.25).penalty(leaf), leaf)
    assert torch.equal(gradient, 2 * 0.25 * WEIGHT)


def test_weight_decay_as_books_write_it_is_half_of_l2():
    """1/2 * lambda * w**2 has the gradient lambda * w: L2(lambda / 2)."""
    decay = 0.01
    w = WEIGHT.double().numpy()
    by_book = decay * w
    rule = textbook.L2(decay / 2)
    rule.forward(w)
    assert agree(rule.backward(), by_book)
    leaf = WEIGHT.double().requires_grad_()
    L2(decay / 2).penalty(leaf).backward()
    assert agree(leaf.grad, by_book)


def test_the_factors_are_those_of_the_lecture():
    """Lecture 001 L1197-1213: lambda * R(W) with R = sum W**2, sum |W|, sum of beta * W**2 + |W|."""
    rate, beta = 0.3, 0.7
    squares, sizes = WEIGHT.square(), WEIGHT.abs()
    for penalty, lecture in [
        (L2(rate), rate * squares.sum()),
        (L1(rate), rate * sizes.sum()),
        (L1L2(l1=rate, l2=rate * beta), rate * (beta * squares + sizes).sum()),
    ]:
        assert agree(penalty.penalty(WEIGHT), lecture, 1e-6)


@pytest.mark.parametrize("name", ["l1", "l2", "l1l2", "l1_l2", "L1L2"])
def test_they_go_by_keras_names(name):
    assert catalog.get("regularizers", name).penalty(WEIGHT) >= 0


def test_a_reward_for_large_weights_is_refused():
    with pytest.raises(ArgumentError, match=r"l2 must be >= 0, not -0\.01"):
        L2(-0.01)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (L1(), keras.regularizers.L1()),
        (L2(), keras.regularizers.L2()),
        (L1L2(), keras.regularizers.L1L2()),
        (L1L2(0.3, 0.2), keras.regularizers.L1L2(0.3, 0.2)),
    ],
    ids=["L1", "L2", "L1L2", "L1L2 with arguments"],
)
def test_they_cost_what_keras_says(ours, theirs):
    weight = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    assert agree(ours.penalty(torch.from_numpy(weight)), theirs(torch.from_numpy(weight)), 1e-6)
