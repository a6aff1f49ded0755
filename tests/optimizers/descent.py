"""Weights that are moved by hand: what tests of optimizers have in common."""

from itertools import pairwise

import torch

from tests.parity import difference, keras

EPSILON, RATE = 2**-7, 2**-3
"""Numbers that float32 holds exactly, which is what Keras keeps the rate in."""


def steps(optimizer, *gradients, start=0.0):
    """How far a weight moves at each step."""
    weight = torch.nn.Parameter(torch.full((1,), start, dtype=torch.float64))
    built = optimizer.build([weight], optimizer.base_rate)
    places = [start]
    for gradient in gradients:
        weight.grad = torch.full_like(weight, gradient)
        built.step()
        places.append(weight.item())
    return [after - before for before, after in pairwise(places)]


def apart(ours, theirs):
    """How far a weight is from Keras' after 50 steps in float64."""
    weight = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))
    variable = keras.Variable([1.0, 1.0, 1.0], dtype="float64")
    built = ours.build([weight], ours.base_rate)
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        gradient = torch.randn(3, generator=generator, dtype=torch.float64)
        weight.grad = gradient.clone()
        built.step()
        theirs.apply([gradient], [variable])
    return difference(weight, variable.value)
