"""Optimizers around another: hand sums, what they leave alone, Keras."""

import pytest
import torch

from striate import catalog
from striate.errors import ArgumentError
from striate.optimizers import SGD, VSGD, Adam, ExponentialMovingAverage, Lookahead, RAdam, Ranger, swap_averages
from striate.schedules import CosineDecay
from tests.parity import agree, keras


def places(optimizer, *gradients, start=0.0):
    """Where a weight is after each step, and what moved it."""
    weight = torch.nn.Parameter(torch.full((1,), start, dtype=torch.float64))
    built, found = optimizer.build([weight], optimizer.base_rate), []
    for gradient in gradients:
        weight.grad = torch.full_like(weight, gradient)
        built.step()
        found.append(weight.item())
    return found, built


def test_lookahead_goes_half_of_the_way_every_second_step():
    found, _ = places(Lookahead(SGD(1.0), sync_period=2), 1.0, 1.0, 1.0, 1.0, start=4.0)
    assert found == [3.0, 3.0, 2.0, 2.0]


def test_lookahead_leaves_the_momentum_of_its_optimizer_alone():
    # v = 1, 1.5, 1.75: to -1 and -2.5, back to -1.25, and on by 1.75
    found, _ = places(Lookahead(SGD(1.0, momentum=0.5), sync_period=2), 1.0, 1.0, 1.0)
    assert found == [-1.0, -1.25, -3.0]


def test_its_rate_is_that_of_its_optimizer():
    assert Lookahead("adam").learning_rate == Lookahead("adam").base_rate == Adam().learning_rate
    scheduled = Lookahead(Adam(CosineDecay()))
    assert scheduled.learning_rate == CosineDecay()
    assert scheduled.base_rate == 0.001
    assert scheduled.at(0.5) == Lookahead(Adam(0.5))


def test_it_can_be_written_as_a_recipes_table():
    table = {"type": "Lookahead", "optimizer": {"type": "SGD", "learning_rate": 0.1}, "sync_period": 3}
    assert catalog.from_table("optimizers", table) == Lookahead(SGD(0.1), sync_period=3)
    assert catalog.describe(Lookahead(SGD(0.1), sync_period=3)) == table


@pytest.mark.parametrize("concept", [Lookahead, ExponentialMovingAverage])
def test_one_around_another_of_its_kind_is_refused(concept):
    with pytest.raises(ArgumentError, match=f"{concept.__name__} around {concept.__name__}"):
        concept(concept("sgd"))
    with pytest.raises(ArgumentError, match=f"{concept.__name__} around {concept.__name__}"):
        concept(Lookahead(ExponentialMovingAverage(concept("sgd"))))


def test_ranger_is_lookahead_around_radam():
    gradients = torch.randn(30, generator=torch.Generator().manual_seed(0)).tolist()
    by_hand = Lookahead(RAdam(0.1, beta_1=0.95, epsilon=1e-5), sync_period=6)
    assert places(Ranger(0.1), *gradients)[0] == places(by_hand, *gradients)[0]
    assert places(Ranger(0.1), *gradients)[0] != places(by_hand.inner, *gradients)[0]


def test_the_running_mean_begins_with_the_first_weights_and_moves_none():
    optimizer = ExponentialMovingAverage(SGD(1.0), momentum=0.5)
    found, built = places(optimizer, 1.0, 1.0, 1.0)
    assert found == [-1.0, -2.0, -3.0]
    (weight,) = built.param_groups[0]["params"]
    # -1, then 0.5 * -1 + 0.5 * -2 = -1.5, then 0.5 * -1.5 + 0.5 * -3
    assert swap_averages(built)
    assert weight.item() == -2.25
    assert swap_averages(built)
    assert weight.item() == -3.0


def test_there_is_nothing_to_swap_without_a_running_mean():
    _, built = places(SGD(1.0), 1.0)
    assert not swap_averages(built)
    assert built.param_groups[0]["params"][0].item() == -1.0


def test_a_weight_is_swapped_in_place():
    _, built = places(ExponentialMovingAverage("adam"), 1.0, 1.0)
    (weight,) = built.param_groups[0]["params"]
    address = weight.data_ptr()
    swap_averages(built)
    assert weight.data_ptr() == address


def test_both_can_be_around_one_optimizer():
    found, built = places(ExponentialMovingAverage(Lookahead(SGD(1.0), 2), momentum=0.5), 1.0, 1.0, start=4.0)
    assert found == [3.0, 3.0]
    swap_averages(built)
    assert built.param_groups[0]["params"][0].item() == 3.0  # of what Lookahead left, not of where SGD had been


def test_an_optimizer_inside_can_ask_for_gradients_again():
    weight = torch.nn.Parameter(torch.tensor([3.0]))
    built = Lookahead(VSGD(slow_start=1, slow_constant=1.0), sync_period=2).build([weight], 1.0)
    assert built.reevaluates

    def closure(create_graph=False):
        loss = 2 * weight.square().sum()
        (weight.grad,) = torch.autograd.grad(loss, weight, create_graph=create_graph)
        return loss

    for expected in (3.0, 1.5):  # the second step is Newton's, to 0, and half of it is taken back
        closure()
        built.step(closure)
        assert weight.item() == pytest.approx(expected)


def test_the_running_mean_is_that_of_keras():
    weight = torch.nn.Parameter(torch.ones(3))
    theirs, variable = keras.optimizers.SGD(0.125, use_ema=True, ema_momentum=0.9), keras.Variable([1.0, 1.0, 1.0])
    ours = ExponentialMovingAverage(SGD(0.125), momentum=0.9).build([weight], 0.125)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        gradient = torch.randn(3, generator=generator)
        weight.grad = gradient.clone()
        ours.step()
        theirs.apply([gradient], [variable])
    assert agree(weight, variable.value, 1e-5)
    theirs.finalize_variable_values([variable])
    swap_averages(ours)
    assert agree(weight, variable.value, 1e-5)
