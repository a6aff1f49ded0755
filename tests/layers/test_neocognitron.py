"""The cells of the neocognitron: what makes them fire, and who of them learns."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from striate import textbook
from striate.errors import ShapeError
from striate.layers import CCells, SCells
from tests.layers.by_hand import compute, grey, rows
from tests.parity import agree

EVEN = [[0.25, 0.25], [0.25, 0.25]]
DIAGONAL = [[1, 0], [0, 1]]


def cells(layer, shape, seed=0):
    """The torch module of a layer, its weights as they start, in double precision."""
    module = layer.build(shape).double()
    generator = torch.Generator().manual_seed(seed)
    for name, weight in layer.weights(shape).items():
        getattr(module, name).copy_(weight.initializer.sample(weight.shape, generator))
    return module


def image(*lines):
    """One grey image as torch has it."""
    return torch.tensor([[lines]], dtype=torch.float64)


# S-cells


def test_what_excites_a_cell_is_divided_by_what_inhibits_it():
    """r = 3: e = 2 + 1 = 3, s = sqrt((1 + 1)/4), h = 6/4 * 2 * s; 3 * ((1 + 3)/(1 + h) - 1)."""
    h = 1.5 * 2 * math.sqrt(0.5)
    [[[[y]]]] = compute(
        SCells(1, 2, selectivity=3.0),
        grey(DIAGONAL),
        excitation=[[[[2, 9], [9, 1]]]],
        inhibition=[2],
        nearness=EVEN,
    )
    assert y == pytest.approx(3 * (4 / (1 + h) - 1), abs=1e-15)


def test_a_cell_that_is_inhibited_more_than_excited_is_silent():
    y = compute(SCells(1, 2), grey(DIAGONAL), excitation=[[[[0.1, 0], [0, 0]]]], inhibition=[2], nearness=EVEN)
    assert y == [[[[0]]]]


def test_an_untaught_cell_answers_with_what_excites_it():
    y = compute(SCells(1, 2), grey([[1, 2, 3], [4, 5, 6]]), excitation=[[EVEN]], inhibition=[0], nearness=EVEN)
    assert rows(y) == [[1.5 * 3, 1.5 * 4]]


def test_the_fixed_synapses_fall_with_the_distance_and_sum_to_one_over_places_and_channels():
    near = cells(SCells(2, 5, decay=0.8), (8, 8, 3)).nearness
    assert 3 * near.sum().item() == pytest.approx(1)
    assert near[2, 1] / near[2, 2] == pytest.approx(0.8)
    assert near[1, 1] / near[2, 2] == pytest.approx(0.8 ** math.sqrt(2))
    assert cells(CCells(3, decay=0.8), (8, 8, 3)).nearness[1].tolist() == pytest.approx([0.8, 1, 0.8])


def test_a_blank_image_has_an_answer_and_a_gradient_of_nought():
    module = cells(SCells(3, 3), (5, 5, 2))
    module.inhibition.fill_(1)
    x = torch.zeros(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    y = module(x)
    y.sum().backward()
    assert not y.any()
    assert x.grad is not None
    assert not x.grad.any()


@pytest.mark.parametrize("r", [1.5, 4.0, 8.0])
def test_a_cell_that_knows_a_pattern_fires_where_the_likeness_exceeds_r_of_r_plus_1_whatever_the_contrast(r):
    """(1 + r) * likeness - r, likeness being the cosine of the angle between what is seen and what is known."""
    module = cells(SCells(1, 2, selectivity=r, reinforcement=1e12, decay=0.0), (2, 2, 1))
    module.nearness.fill_(0.25)
    module.reinforce(image([3, 0], [0, 4]))
    for seen in ([3, 0, 0, 4], [30, 0, 0, 40], [4, 0, 0, 4], [3, 1, 1, 4], [1, 0, 0, 0], [0, 5, 5, 0]):
        likeness = (3 * seen[0] + 4 * seen[3]) / 5 / math.hypot(*seen)
        expected = max((1 + r) * likeness - r, 0)
        y = module(image(seen[:2], seen[2:])).item()
        assert y == pytest.approx(expected, abs=1e-6)
        assert (y > 1e-6) == (likeness > r / (r + 1) + 1e-6)


# C-cells


def test_a_plane_that_is_more_active_than_the_mean_of_all_stands_out():
    """e = 3, 1; their mean is 2: (1 + 3)/(1 + 2) - 1 = 1/3 and below 0; 1/3 / (1/2 + 1/3)."""
    [[[y]]] = compute(CCells((1, 2)), [[[[1, 1], [2, 0]]]], nearness=[[1, 1]])
    assert y == pytest.approx([0.4, 0], abs=1e-15)


def test_a_feature_is_seen_wherever_it_is_near_and_never_more_than_wholly():
    for place in range(3):
        x = np.zeros((1, 1, 3, 2))
        x[0, 0, place, 0] = 1e9
        [[[[y, other]]]] = compute(CCells((1, 3), saturation=0.25), x.tolist(), nearness=[[0.9, 1, 0.9]])
        assert y == pytest.approx(1 / (0.25 + 1))  # e against half of it is an excess of 1
        assert other == 0


def test_what_is_below_nought_is_no_activity():
    x = [[[[1, 1], [-5, 0]]]]
    assert compute(CCells((1, 2)), x, nearness=[[1, 1]]) == compute(
        CCells((1, 2)), np.maximum(x, 0).tolist(), nearness=[[1, 1]]
    )


def test_areas_that_do_not_fit_are_refused_with_the_sum():
    for layer in (SCells(3, 5), CCells(5)):
        with pytest.raises(ShapeError, match="cannot fit a 5x5 kernel in a 4x3 map") as told:
            layer.output((4, 3, 6))
        assert "must be >= 1" in (told.value.sum or "")


# Learning


def won(layer, y):
    """The winners among given cells, as (plane, row, column)."""
    found = layer.build((9, 9, 1)).representatives(torch.tensor(y, dtype=torch.float64))
    return list(zip(*(part.tolist() for part in found), strict=True))


def test_one_cell_wins_in_each_column_and_one_in_each_plane():
    y = np.zeros((3, 4, 4))
    y[0, 0, 0], y[0, 3, 3], y[1, 0, 1], y[2, 3, 0] = 5, 7, 6, 1
    # Columns of 2x2: plane 1 beats the cell of plane 0 beside it; that at the far corner wins for plane 0.
    assert won(SCells(3, column=2), y) == [(0, 3, 3), (1, 0, 1), (2, 3, 0)]
    # One column of all cells: one winner.
    assert won(SCells(3, column=4), y) == won(SCells(3, column=9), y) == [(0, 3, 3)]


def test_where_nobody_fires_nobody_learns():
    layer = SCells(3, 2)
    module = cells(layer, (4, 4, 1))
    before = module.excitation.clone()
    module.reinforce(torch.zeros(1, 1, 4, 4, dtype=torch.float64))
    assert torch.equal(module.excitation, before)
    assert won(layer, np.zeros((3, 4, 4))) == []


def test_the_winner_grows_by_q_n_x_and_its_inhibition_by_half_of_q_s():
    module = cells(SCells(2, 2, reinforcement=8.0, decay=0.0), (2, 2, 1))
    module.nearness.fill_(0.25)
    module.excitation.fill_(0.01)
    module.excitation[1].fill_(0.02)
    module.reinforce(image([3, 0], [0, 4]))
    assert module.excitation[0].flatten().tolist() == pytest.approx([0.01] * 4)
    assert module.excitation[1].flatten().tolist() == pytest.approx([0.02 + 6, 0.02, 0.02, 0.02 + 8])
    assert module.inhibition.tolist() == pytest.approx([0, 4 * math.sqrt((9 + 16) / 4)])


@given(
    seed=some.integers(0, 10**6),
    padding=some.sampled_from(["valid", "same", 1]),
    column=some.integers(1, 6),
    channels=some.integers(1, 3),
)
def test_torch_and_the_textbook_learn_the_same_from_image_after_image(seed, padding, column, channels):
    layer = SCells(4, 3, padding, selectivity=3.0, reinforcement=2.0, column=column)
    module = cells(layer, (6, 7, channels), seed)
    brick = textbook.SCells(padding, 3.0, 2.0, column)
    weights = {name: value.numpy().copy() for name, value in module.named_buffers()}
    for x in np.random.default_rng(seed).random((5, 1, channels, 6, 7)):
        brick.forward(x, weights)
        weights |= brick.reinforce()
        winners = module.reinforce(torch.from_numpy(x))
        assert list(zip(*(part.tolist() for part in winners), strict=True)) == brick.representatives()
    for name, value in module.named_buffers():
        assert agree(value.numpy(), weights[name])
