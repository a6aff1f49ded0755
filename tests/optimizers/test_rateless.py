"""Optimizers that find their rate: a bowl without noise, one with, and what they ask for."""

import numpy as np
import pytest
import torch

from striate.errors import ArgumentError
from striate.optimizers import VSGD, AdaSecant

CURVATURES = (0.25, 1.0, 40.0)


def bowl(optimizer, curvatures, steps, start=3.0, noise=0.0, rate=1.0):
    """Where weights of a quadratic go, and by what part of their gradients times 1/curvature."""
    curvature = torch.tensor(curvatures, dtype=torch.float64)
    weight = torch.nn.Parameter(torch.full_like(curvature, start))
    built = optimizer.build([weight], rate)
    generator = torch.Generator().manual_seed(0)
    places, parts = [weight.detach().clone()], []
    for _ in range(steps):
        pull = noise * torch.randn(curvature.shape, generator=generator, dtype=torch.float64)

        def closure(create_graph=False, pull=pull):
            loss = (curvature * weight.square() / 2 + pull * weight).sum()
            (weight.grad,) = torch.autograd.grad(loss, weight, create_graph=create_graph)
            return loss

        closure()
        gradient = weight.grad.clone()
        built.step(closure) if getattr(built, "reevaluates", False) else built.step()
        places.append(weight.detach().clone())
        parts.append((places[-2] - places[-1]) * curvature / gradient)
    return torch.stack(places), torch.stack(parts)


@pytest.mark.parametrize("form", ["local", "finite-difference"])
@pytest.mark.parametrize("slow_start", [1, 10])
def test_without_noise_the_rate_of_vsgd_is_the_inverse_curvature(form, slow_start):
    optimizer = VSGD(curvature=form, slow_start=slow_start, slow_constant=1.0)
    places, parts = bowl(optimizer, CURVATURES, slow_start + 1)
    assert parts[:slow_start].count_nonzero() == 0
    assert parts[slow_start].tolist() == pytest.approx([1.0, 1.0, 1.0], rel=1e-9)
    assert places[-1].abs().max() < 1e-9


@pytest.mark.parametrize("form", ["local", "finite-difference"])
def test_vsgd_begins_with_less_by_the_slow_constant(form):
    # four gradients g: v = (2 * 2/3 + 1/3) g**2 with a memory of 3
    _, parts = bowl(VSGD(curvature=form, slow_start=3, slow_constant=2.0), (4.0,), 4)
    assert parts[-1].item() == pytest.approx(1 / (2 * 2 / 3 + 1 / 3))


@pytest.mark.parametrize("curvature", CURVATURES)
def test_without_noise_the_rate_of_adasecant_is_the_inverse_curvature(curvature):
    optimizer = AdaSecant(adagrad=False, epsilon=1e-25)
    places, parts = bowl(optimizer, (curvature,), 2)
    assert parts[1].item() == pytest.approx(1.0, rel=1e-6)
    assert abs(places[-1].item()) < 1e-5


def test_adasecant_finds_the_inverse_curvature_of_every_weight_at_once():
    """But for its mixing of gradients with their mean."""
    places, parts = bowl(AdaSecant(adagrad=False, gamma_clip=0.0, epsilon=1e-25), CURVATURES, 2)
    assert parts[1].tolist() == pytest.approx([1.0, 1.0, 1.0], rel=1e-6)
    assert places[-1].abs().max() < 1e-5


@pytest.mark.parametrize("optimizer", [VSGD(), VSGD(curvature="finite-difference"), AdaSecant()], ids=repr)
def test_with_noise_they_come_near_the_bottom_and_steps_become_small(optimizer):
    places, _ = bowl(optimizer, [1.0] * 20, 1000, noise=1.0)
    late = places[-100:]
    assert late.abs().mean() < 0.5
    assert (late[1:] - late[:-1]).abs().mean() < 0.1


def test_what_is_certain_is_the_share_of_the_mean_in_the_mean_square():
    # n gradients of noise alone: m**2/v is about 1/n
    _, parts = bowl(VSGD(slow_start=100, slow_constant=1.0), [1.0] * 400, 101, start=0.0, noise=1.0)
    assert parts[-1].mean().item() == pytest.approx(1 / 100, rel=0.2)


def test_the_learning_rate_is_a_factor_of_the_steps():
    for optimizer in (VSGD(slow_start=1), AdaSecant()):
        whole, half = (bowl(optimizer, (1.0,), 2, rate=rate)[0] for rate in (1.0, 0.5))
        first = 2 if isinstance(optimizer, VSGD) else 1
        assert (half[first] - 3.0).item() == pytest.approx((whole[first] - 3.0).item() / 2)


def test_vsgd_says_that_it_needs_the_gradients_again():
    weight = torch.nn.Parameter(torch.ones(1))
    weight.grad = torch.ones(1)
    with pytest.raises(ArgumentError, match="gradients of a batch twice") as caught:
        VSGD().build([weight], 1.0).step()
    assert caught.value.fix == "step(closure)"


@pytest.mark.parametrize("form", ["local", "finite-difference"])
def test_asking_again_leaves_weights_and_gradients_as_they_were(form):
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    built = VSGD(curvature=form).build([weight], 1.0)  # which does not move in its slow start
    asked = []

    def closure(create_graph=False):
        asked.append(weight.detach().clone())
        loss = weight.pow(3).sum()
        (weight.grad,) = torch.autograd.grad(loss, weight, create_graph=create_graph)
        return loss

    weight.grad = torch.tensor([3.0, 12.0])
    built.step(closure)
    assert len(asked) == 1
    assert asked[0].tolist() == ([1.0, 2.0] if form == "local" else [4.0, 14.0])
    assert weight.tolist() == [1.0, 2.0]
    assert weight.grad.tolist() == [3.0, 12.0]
    assert not weight.grad.requires_grad
    # second derivatives 6w; (3*16 - 3) / 3 and (3*196 - 12) / 12
    assert built.state[weight]["h"].tolist() == pytest.approx([6.0, 12.0] if form == "local" else [15.0, 48.0])


def test_where_the_loss_is_a_plane_nothing_is_curved():
    flat, bent = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    built = VSGD().build([flat, bent], 1.0)

    def closure(create_graph=False):
        loss = 3 * flat.sum() + bent.square().sum()
        flat.grad, bent.grad = torch.autograd.grad(loss, [flat, bent], create_graph=create_graph)
        return loss

    closure()
    built.step(closure)
    assert (built.state[flat]["h"].item(), built.state[bent]["h"].item()) == (0.0, 2.0)


def test_a_weight_that_never_gets_a_gradient_but_0_stays():
    for optimizer in (VSGD(), VSGD(curvature="finite-difference"), AdaSecant()):
        places, _ = bowl(optimizer, (0.0, 1.0), 40)
        assert (places[:, 0] == 3.0).all()
        assert np.isfinite(places.numpy()).all()
