"""Optimizers with a rate for every weight: the lecture's table, hand sums, Keras."""

import math
from typing import Any

import pytest
import torch

from striate.errors import ArgumentError
from striate.optimizers import Adadelta, Adagrad, Adam, AdamW, RMSprop
from tests.optimizers.descent import EPSILON, RATE, apart, steps
from tests.parity import BOUND, keras

NOTHING = 1e-300
"""An epsilon that no sum here can tell from 0."""


@pytest.mark.parametrize(("gradients", "divisors"), [((0.1, 0.2), (0.1, 0.2236)), ((20.0, 10.0), (20.0, 22.36))])
def test_the_adagrad_table_of_lecture_000_comes_out(gradients, divisors):
    """Lecture 000 L440-463: rates of r/0.1 and r/0.22, r/20 and r/22."""
    moves = steps(Adagrad(1.0, epsilon=NOTHING), *gradients)
    assert [-g / move for g, move in zip(gradients, moves, strict=True)] == pytest.approx(divisors, rel=1e-4)


def test_adagrad_can_begin_with_an_accumulator():
    assert steps(Adagrad(1.0, initial_accumulator_value=3.0), 1.0) == pytest.approx([-0.5])


def test_rmsprop_divides_by_the_running_root_mean_square():
    moves = steps(RMSprop(1.0, rho=0.75, epsilon=NOTHING), 2.0, 2.0)
    assert moves == pytest.approx([-2.0, -2 / math.sqrt(0.75 + 1.0)])


def test_centered_rmsprop_takes_the_mean_off():
    # v = 0.5 * 4 = 2, m = 0.5 * 2 = 1, sqrt(2 - 1) = 1
    assert steps(RMSprop(1.0, rho=0.5, epsilon=NOTHING, centered=True), 2.0) == pytest.approx([-2.0])


def test_adadelta_begins_with_epsilon_alone():
    # v = 0.5, d = sqrt(0.5) / sqrt(0.5 + 0.5), u = 0.5 * 0.5; v = 0.75, d = sqrt(0.75) / sqrt(1.25)
    assert steps(Adadelta(rho=0.5, epsilon=0.5), 1.0, 1.0) == pytest.approx([-math.sqrt(0.5), -math.sqrt(0.6)])


def test_the_first_steps_of_adam_on_a_constant_gradient_are_the_rate():
    assert steps(Adam(0.1, epsilon=NOTHING), 5.0, 5.0, 5.0) == pytest.approx([-0.1, -0.1, -0.1])


def test_amsgrad_keeps_the_largest_mean_square():
    # beta_1 = 0: the mean is g. After g = 4 then 2 with beta_2 = 0.5: v = 8, then 6, but the largest stays 8.
    plain = steps(Adam(1.0, beta_1=0.0, beta_2=0.5, epsilon=NOTHING), 4.0, 2.0)
    largest = steps(Adam(1.0, beta_1=0.0, beta_2=0.5, epsilon=NOTHING, amsgrad=True), 4.0, 2.0)
    assert plain[1] == pytest.approx(-2 / math.sqrt(6 / 0.75))
    assert largest[1] == pytest.approx(-2 / math.sqrt(8 / 0.75))


def test_adamw_decays_the_weight_apart_from_the_gradient():
    assert steps(AdamW(0.1, weight_decay=0.5), 0.0, start=2.0) == pytest.approx([-0.1])
    assert steps(AdamW(0.1, weight_decay=0.5, epsilon=NOTHING), 7.0, start=2.0) == pytest.approx([-0.1 - 0.1])


def test_adam_with_a_weight_decay_is_adamw():
    gradients = (3.0, -1.0, 0.5)
    decayed = steps(Adam(0.1, weight_decay=0.2), *gradients, start=2.0)
    assert decayed == steps(AdamW(0.1, weight_decay=0.2), *gradients, start=2.0)
    assert decayed != steps(Adam(0.1), *gradients, start=2.0)


@pytest.mark.parametrize(
    ("optimizer", "divisor"),
    [
        (Adagrad(1.0, epsilon=0.5), 2.0 + 0.5),
        (RMSprop(1.0, rho=0.0, epsilon=0.5), 2.0 + 0.5),
        (Adam(1.0, epsilon=0.5), 2.0 + 0.5),
    ],
    ids=lambda value: type(value).__name__,
)
def test_epsilon_stands_outside_the_root(optimizer, divisor):
    assert steps(optimizer, 2.0) == pytest.approx([-2.0 / divisor])


@pytest.mark.parametrize(
    ("concept", "arguments", "divisor"),
    [
        (Adagrad, {}, math.sqrt(4 + 0.5)),
        (RMSprop, {"rho": 0.0}, math.sqrt(4 + 0.5)),
        # v = 0.25 * 4 = 1, and the quotient of the corrected averages is 2 / (sqrt(1 / 0.25) + 0.5 / sqrt(0.25))
        (Adam, {"beta_2": 0.75}, 2 + 1),
        (AdamW, {"beta_2": 0.75, "weight_decay": 0.0}, 2 + 1),
    ],
)
def test_epsilon_stands_where_keras_has_it_if_that_is_asked(concept, arguments, divisor):
    keras_form = concept(1.0, epsilon=0.5, epsilon_placement="keras", **arguments)
    assert steps(keras_form, 2.0) == pytest.approx([-2.0 / divisor])
    assert steps(concept(1.0, epsilon=0.5, **arguments), 2.0) == pytest.approx([-2.0 / 2.5])


def test_a_place_for_epsilon_that_neither_has_is_refused():
    somewhere: Any = "inside"
    with pytest.raises(ArgumentError, match="epsilon_placement must be 'torch' or 'keras'"):
        Adam(epsilon_placement=somewhere)


@pytest.mark.parametrize("concept", [Adagrad, RMSprop, Adadelta, Adam, AdamW])
def test_an_epsilon_of_0_which_could_divide_0_by_0_is_refused(concept):
    """Lecture 000 L430 has none."""
    with pytest.raises(ArgumentError, match="epsilon must be > 0"):
        concept(epsilon=0.0)
    assert steps(concept(), 0.0, 0.0) == [0, 0]


def test_rates_are_those_of_keras_but_adadeltas_which_is_the_papers():
    for concept in (Adagrad, RMSprop, Adam, AdamW):
        theirs = getattr(keras.optimizers, concept.__name__)()
        assert concept().learning_rate == pytest.approx(float(theirs.learning_rate))
    assert Adadelta().learning_rate == 1.0


@pytest.mark.parametrize("placement", ["torch", "keras"])
@pytest.mark.parametrize("concept", [Adagrad, Adam, AdamW])
def test_where_torch_can_all_weights_are_updated_in_one_pass(concept, placement):
    built = concept(epsilon_placement=placement).build([torch.nn.Parameter(torch.zeros(1))], 0.1)
    assert built.param_groups[0]["fused"]


@pytest.mark.parametrize("concept", [RMSprop, Adadelta])
def test_where_torch_cannot_they_are_updated_in_groups(concept):
    assert concept().build([torch.nn.Parameter(torch.zeros(1))], 0.1).param_groups[0]["foreach"]


FORMS = [
    (Adagrad, {"initial_accumulator_value": 0.125}),
    (RMSprop, {}),
    (RMSprop, {"momentum": 0.5, "centered": True}),
    (Adadelta, {}),
    (Adam, {}),
    (Adam, {"amsgrad": True}),
    (Adam, {"weight_decay": 0.125}),
    (AdamW, {"weight_decay": 0.125, "amsgrad": True}),
]


@pytest.mark.parametrize(("concept", "arguments"), FORMS)
def test_weights_move_as_in_keras(concept, arguments):
    theirs = getattr(keras.optimizers, concept.__name__)(RATE, epsilon=EPSILON, **arguments)
    placement = {} if concept is Adadelta else {"epsilon_placement": "keras"}
    assert apart(concept(RATE, epsilon=EPSILON, **arguments, **placement), theirs) <= BOUND


@pytest.mark.parametrize(("concept", "arguments"), [form for form in FORMS if form[0] is not Adadelta])
def test_without_being_asked_they_move_so_but_for_the_place_of_epsilon(concept, arguments):
    def keras_optimizer(epsilon):
        return getattr(keras.optimizers, concept.__name__)(RATE, epsilon=epsilon, **arguments)

    assert apart(concept(RATE, epsilon=EPSILON, **arguments), keras_optimizer(EPSILON)) > 1e-4
    assert apart(concept(RATE, epsilon=NOTHING, **arguments), keras_optimizer(NOTHING)) <= BOUND
