"""Relatives of Adam: hand sums, torch, Keras."""

from typing import Any

import pytest
import torch

from striate.errors import ArgumentError
from striate.optimizers import Adamax, Lion, Nadam, RAdam
from tests.optimizers.descent import EPSILON, RATE, apart, steps
from tests.parity import BOUND, keras

NOTHING = 1e-300


def test_nadam_looks_ahead_from_the_first_step():
    # u = 0.45 at first and nearly so at the second: (0.45 * 0.1 / (1 - 0.45**2) + 0.55 / 0.55) with m = 0.1, v = 1
    assert steps(Nadam(1.0, epsilon=NOTHING), 7.0) == pytest.approx([-(0.045 / (1 - 0.2025) + 1)], rel=1e-3)


def test_adamax_divides_by_the_largest_gradient_which_fades():
    # after 4 and 0: m = 0.9 * 0.4, corrected by 1 - 0.81; the largest is 4, then 2
    moves = steps(Adamax(1.0, beta_2=0.5, epsilon=NOTHING), 4.0, 0.0)
    assert moves == pytest.approx([-1.0, -0.36 / 0.19 / 2])


def test_epsilon_of_adamax_stands_where_keras_has_it_if_that_is_asked():
    # the second divisor: max(0.8 * 2.5, 1 + 0.5), but max(0.8 * 2, 1) + 0.5
    torch_form, keras_form = (
        steps(Adamax(1.0, beta_1=0.0, beta_2=0.8, epsilon=0.5, epsilon_placement=placement), 2.0, 1.0)
        for placement in ("torch", "keras")
    )
    assert torch_form == pytest.approx([-2 / 2.5, -1 / 2.0])
    assert keras_form == pytest.approx([-2 / 2.5, -1 / 2.1])


def test_a_place_for_epsilon_that_neither_has_is_refused():
    somewhere: Any = "inside"
    with pytest.raises(ArgumentError, match="epsilon_placement must be 'torch' or 'keras'"):
        Adamax(epsilon_placement=somewhere)


def test_radam_divides_from_the_fifth_step_as_its_paper_says():
    """torch and fastai begin with the sixth."""
    ours, theirs = steps(RAdam(1.0, epsilon=NOTHING), *[10.0] * 5), torch_radam([10.0] * 5)
    assert ours[:4] == pytest.approx([-10.0] * 4)
    # p = 1999, p_5 = 1999 - 10 * 0.999**5 / (1 - 0.999**5) = 4.996: c = sqrt(0.996 * 2.996 * 1999 / (1995 * 1997 * 4.996))
    assert ours[4] == pytest.approx(-0.0173, abs=2e-4)
    assert theirs[4] == pytest.approx(-10.0)


def torch_radam(gradients):
    """The moves of torch's."""
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    built, moves = torch.optim.RAdam([weight], 1.0, eps=1e-12), []
    for gradient in gradients:
        before = weight.item()
        weight.grad = torch.full_like(weight, gradient)
        built.step()
        moves.append(weight.item() - before)
    return moves


def test_every_other_step_of_radam_is_that_of_torch():
    gradients = torch.randn(40, generator=torch.Generator().manual_seed(0), dtype=torch.float64).tolist()
    ours, theirs = steps(RAdam(1.0, epsilon=1e-12), *gradients), torch_radam(gradients)
    del ours[4], theirs[4]
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_radam_with_a_short_memory_never_divides():
    assert all(RAdam(beta_2=0.6).rectification(t) is None for t in (1, 10, 1000))
    assert steps(RAdam(1.0, beta_1=0.0, beta_2=0.6), 3.0, 3.0) == pytest.approx([-3.0, -3.0])


def test_the_rectification_rises_to_1():
    rises = [RAdam().rectification(t) for t in (5, 50, 500, 50_000)]
    assert rises == sorted(rises)
    assert rises[-1] == pytest.approx(1.0)


def test_lion_moves_every_weight_by_the_rate():
    # after 4 the mean is 0.04: 0.9 * 0.04 - 0.1 * 0.3 is still above 0, and -0.1 * 3 is not
    assert steps(Lion(0.5), 4.0, -0.3) == pytest.approx([-0.5, -0.5])
    assert steps(Lion(0.5), 4.0, -3.0) == pytest.approx([-0.5, 0.5])


@pytest.mark.parametrize("concept", [Nadam, RAdam, Lion])
def test_a_weight_decay_acts_apart_from_the_gradient(concept):
    assert steps(concept(0.1, weight_decay=0.5), 0.0, start=2.0) == pytest.approx([-0.1])
    plain, decayed = (steps(concept(0.1, weight_decay=decay), 3.0, start=2.0)[0] for decay in (None, 0.5))
    assert decayed - plain == pytest.approx(-0.1)


@pytest.fixture
def double():
    """torch's Nadam keeps a product of its own in the default type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


FORMS = [
    (Nadam, {"epsilon": EPSILON}, {"momentum_decay": 1.0}),
    (Nadam, {"epsilon": EPSILON, "weight_decay": 0.125}, {"momentum_decay": 1.0}),
    (Adamax, {"epsilon": EPSILON}, {"epsilon_placement": "keras"}),
    (Lion, {}, {}),
    (Lion, {"weight_decay": 0.125, "beta_1": 0.5}, {}),
]


@pytest.mark.usefixtures("double")
@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # of Keras' Nadam, from NumPy 2
@pytest.mark.parametrize(("concept", "arguments", "own"), FORMS)
def test_weights_move_as_in_keras(concept, arguments, own):
    theirs = getattr(keras.optimizers, concept.__name__)(RATE, **arguments)
    assert apart(concept(RATE, **arguments, **own), theirs) <= BOUND


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # of Keras' Nadam, from NumPy 2
def test_without_being_asked_nadam_begins_more_slowly_than_in_keras():
    assert apart(Nadam(RATE, epsilon=EPSILON), keras.optimizers.Nadam(RATE, epsilon=EPSILON)) > 1e-4


def test_rates_are_those_of_keras():
    for concept in (Nadam, Adamax, Lion):
        theirs = getattr(keras.optimizers, concept.__name__)()
        assert concept().learning_rate == pytest.approx(float(theirs.learning_rate))
