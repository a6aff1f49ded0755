"""What all augmentations share, and what one of a user's own needs."""

from dataclasses import dataclass

import pytest
import torch

from striate.augmentations import (
    Colouring,
    Moving,
    RandomBrightness,
    RandomContrast,
    RandomFlip,
    between,
    ends,
    recoloured,
)
from striate.errors import ArgumentError
from striate.loader import Augmenter


def test_one_number_is_the_highest_and_two_are_both():
    assert ends(0.3) == (-0.3, 0.3)
    assert ends(0.3, least=0.0) == (0.0, 0.3)
    assert ends((0.1, 0.3), least=0.0) == (0.1, 0.3)


def test_draws_from_0_to_1_fill_the_range():
    assert between(torch.tensor([0.0, 0.5, 1.0]), (-1.0, 3.0)).tolist() == [-1, 1, 3]


def test_contrast_goes_by_the_mean_of_what_came_before_it():
    parts = [RandomBrightness((0.25, 0.25)), RandomContrast((1.0, 0.0))]
    draws = torch.tensor([[0.5, 0.0]], dtype=torch.float64)
    mean = torch.tensor([[0.25, 0.5, 0.125]], dtype=torch.float64)
    # Contrast 0: nothing is left of a pixel but the mean, brighter by a quarter.
    assert recoloured(parts, draws, mean)[0].tolist() == [[0, 0, 0, 0.5], [0, 0, 0, 0.75], [0, 0, 0, 0.375]]


def test_one_of_a_users_own_is_joined_with_the_others():
    @dataclass(frozen=True)
    class Transposed(Moving, abstract=True):
        draws = 0

        def place(self, draws, height, width):
            return torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=draws.dtype).repeat(len(draws), 1, 1)

        whole_pixels = False

    @dataclass(frozen=True)
    class Negative(Colouring, abstract=True):
        draws = 0

        def recolour(self, draws, mean):
            return torch.cat([-torch.eye(3), torch.ones(3, 1)], 1).to(draws.dtype).repeat(len(draws), 1, 1)

    images = torch.rand(8, 5, 5, 3, generator=torch.Generator().manual_seed(0))
    rows = torch.arange(8)
    out = Augmenter([Negative(), RandomFlip(), Transposed()], 0)(images, rows, 0)
    flipped = Augmenter([RandomFlip()], 0)(images, rows, 0)
    assert torch.allclose(out, 1 - flipped.transpose(1, 2), atol=1e-6)


def test_black_must_lie_below_white():
    with pytest.raises(ArgumentError, match="value_range cannot be") as caught:
        RandomBrightness(0.1, value_range=(1.0, 0.0))
    assert caught.value.sum == "black < white must hold, not 1 < 0"
