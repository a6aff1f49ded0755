"""Muon: singular values, the step's size, torch, Keras."""

import math

import pytest
import torch

from striate.optimizers import AdamW, Muon
from tests.parity import agree, keras


def moved(optimizer, weight, *gradients):
    """The weight after a step along each gradient."""
    weight = torch.nn.Parameter(weight.clone())
    built = optimizer.build([weight], optimizer.base_rate)
    for gradient in gradients:
        weight.grad = gradient.clone()
        built.step()
    return weight.detach()


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4)])
def test_all_singular_values_of_a_step_are_about_1(shape):
    plain = Muon(1.0, weight_decay=0.0, rms_rate=1.0)
    step = moved(plain, torch.zeros(shape, dtype=torch.float64), noise(*shape)) / math.sqrt(max(shape))
    values = torch.linalg.svdvals(step)
    assert values.max() < 1.3
    assert values.min() > 0.3


def test_the_size_of_a_step_is_the_rate_times_rms_rate():
    step = moved(Muon(0.5, weight_decay=0.0), torch.zeros(20, 30, dtype=torch.float64), noise(20, 30))
    assert step.square().mean().sqrt().item() == pytest.approx(0.5 * 0.2 * math.sqrt(20 / 20), rel=0.2)


def test_a_kernel_is_the_matrix_of_its_filters():
    start, gradient = noise(4, 3, 2, 2), noise(4, 3, 2, 2, seed=1)
    as_matrix = moved(Muon(0.1), start.reshape(4, 12), gradient.reshape(4, 12))
    for memory in (torch.contiguous_format, torch.channels_last):
        start, gradient = (each.contiguous(memory_format=memory) for each in (start, gradient))
        assert torch.equal(moved(Muon(0.1), start, gradient), as_matrix.reshape(4, 3, 2, 2))


def test_vectors_are_moved_by_adamw():
    start, gradients = noise(5), [noise(5, seed=seed) for seed in (1, 2, 3)]
    muon = Muon(0.1, adam_beta_1=0.8, adam_beta_2=0.99, epsilon=0.01, adam_weight_decay=0.3)
    adamw = AdamW(0.1, beta_1=0.8, beta_2=0.99, epsilon=0.01, weight_decay=0.3)
    torch.testing.assert_close(moved(muon, start, *gradients), moved(adamw, start, *gradients), rtol=1e-12, atol=0)


def test_without_a_gradient_a_matrix_only_decays():
    start = noise(3, 4)
    torch.testing.assert_close(moved(Muon(0.1, weight_decay=0.5), start, torch.zeros(3, 4).double()), 0.95 * start)


@pytest.mark.parametrize(("half", "near"), [(True, 1e-6), (False, 0.02)])
@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
def test_it_moves_matrices_as_torch_does(shape, half, near):
    """Whose iteration is in bfloat16. Its velocity is half as long as ours with a momentum of a half, to the bit."""
    start, gradients = noise(*shape).float(), [noise(*shape, seed=seed).float() for seed in (1, 2, 3)]
    theirs = torch.nn.Parameter(start.clone())
    built = torch.optim.Muon([theirs], 0.1, weight_decay=0.3, momentum=0.5, adjust_lr_fn="match_rms_adamw")
    for gradient in gradients:
        theirs.grad = gradient.clone()
        built.step()
    assert agree(moved(Muon(0.1, momentum=0.5, weight_decay=0.3, ns_bfloat16=half), start, *gradients), theirs, near)


@pytest.mark.parametrize("arguments", [{}, {"nesterov": False}, {"momentum": 0.5, "ns_steps": 3, "weight_decay": 0.2}])
@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
def test_it_moves_matrices_as_keras_does(arguments, shape):
    start, gradients = noise(*shape), [noise(*shape, seed=seed) for seed in range(1, 6)]
    theirs, variable = keras.optimizers.Muon(0.125, **arguments), keras.Variable(start.numpy(), dtype="float64")
    for gradient in gradients:
        theirs.apply([gradient], [variable])
    assert agree(moved(Muon(0.125, **arguments), start, *gradients), variable.value, 1e-5)
