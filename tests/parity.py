"""How closely two ways of computing the same numbers must agree, and Keras, one of those ways."""

import os

import numpy as np
import pytest
import torch

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

BOUND = 1e-12


def numbers(value) -> np.ndarray:
    """An array of whatever holds numbers."""
    return np.asarray(value.detach() if isinstance(value, torch.Tensor) else value)


def difference(ours, reference) -> float:
    """The largest difference, in units of max(1, the largest number of the reference)."""
    ours, reference = numbers(ours), numbers(reference)
    assert ours.shape == reference.shape
    return float(np.max(np.abs(ours - reference)) / max(1.0, float(np.max(np.abs(reference)))))


def agree(ours, reference, bound: float = BOUND) -> bool:
    """Whether no number differs by more than the bound; what is NaN agrees with nothing."""
    return difference(ours, reference) <= bound


def planted(gradient) -> list[np.ndarray]:
    """The gradient with a relative error of 1e-4 in one number, for each of its numbers that is more than rounding."""
    gradient = numbers(gradient)
    wrong = []
    for index in np.argwhere(np.abs(gradient) > 1e-7 * max(1.0, float(np.max(np.abs(gradient))))):
        index = tuple(index)
        other = gradient.copy()
        other[index] *= 1 + 1e-4
        wrong.append(other)
    return wrong
