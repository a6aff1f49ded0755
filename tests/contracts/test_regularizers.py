"""Every regularizer is declared as concepts are, and agrees with the textbook, value and gradient."""

import numpy as np
import pytest
import torch

from striate import textbook
from tests.contracts.declarations import check_declaration, shelf_members, variants
from tests.parity import agree, planted

MEMBERS = shelf_members("regularizers")
SHAPES = {"a bias": (4,), "a matrix": (4, 3), "kernels": (4, 3, 2, 2)}


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_declared_as_concepts_are(name):
    check_declaration(MEMBERS[name])


@pytest.mark.parametrize("name", MEMBERS)
def test_it_has_a_textbook_rule(name):
    assert hasattr(getattr(textbook, name), "backward")


def ours(regularizer, weight, memory=torch.contiguous_format):
    """The penalty and its gradient."""
    leaf = torch.from_numpy(weight.copy())
    if leaf.dim() == 4:
        leaf = leaf.contiguous(memory_format=memory)
    leaf.requires_grad_()
    penalty = regularizer.penalty(leaf)
    penalty.backward()
    return penalty, leaf.grad


def by_book(regularizer, weight):
    """The same by the textbook."""
    rule = getattr(textbook, type(regularizer).__name__)(**vars(regularizer))
    return rule.forward(weight), rule.backward()


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last], ids=["contiguous", "channels_last"])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", MEMBERS)
def test_penalty_and_gradient_are_those_of_the_textbook(name, shape, seed, memory):
    weight = np.random.default_rng(seed).standard_normal(shape)
    for regularizer in variants(MEMBERS[name]):
        (penalty, gradient), (expected, slope) = ours(regularizer, weight, memory), by_book(regularizer, weight)
        assert agree(penalty, expected)
        assert agree(gradient, slope)


@pytest.mark.parametrize("name", MEMBERS)
def test_an_error_of_1e_4_in_any_one_gradient_is_caught(name):
    weight = np.random.default_rng(0).standard_normal((4, 3))
    for regularizer in variants(MEMBERS[name]):
        (_, gradient), (_, slope) = ours(regularizer, weight), by_book(regularizer, weight)
        assert not any(agree(wrong, slope) for wrong in planted(gradient))


@pytest.mark.parametrize("name", MEMBERS)
def test_a_weight_of_zeros_costs_nothing_and_is_left_there(name):
    for regularizer in variants(MEMBERS[name]):
        penalty, gradient = ours(regularizer, np.zeros((4, 3)))
        assert penalty == 0
        assert (gradient == 0).all()
