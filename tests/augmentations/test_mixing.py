"""Who is mixed with whom, and how much."""

import numpy as np
import pytest
import torch
from scipy import stats

from striate.augmentations import MixUp, RandomCrop
from striate.errors import ArgumentError, DeclarationError
from striate.loader import Augmenter
from striate.loader.augment import uniform


@pytest.mark.parametrize("alpha", [0.01, 0.2, 0.5, 1.0, 3.0, 50.0])
def test_shares_have_a_beta_distribution(alpha):
    _, share = MixUp(alpha).partners(uniform(0, 0, torch.arange(20_000), 3))
    assert share.dtype == torch.float64
    assert share.min() >= 0
    assert share.max() <= 1
    assert share.mean() == pytest.approx(0.5, abs=0.015)
    assert share.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)
    inner = share[(share > 1e-9) & (share < 1 - 1e-9)].numpy()  # beyond them doubles are coarse for small alpha
    ends = stats.beta.cdf([1e-9, 1 - 1e-9], alpha, alpha)
    distance = stats.kstest((stats.beta.cdf(inner, alpha, alpha) - ends[0]) / (ends[1] - ends[0]), "uniform")
    assert distance.pvalue > 1e-3


def test_the_outermost_numbers_that_can_be_drawn_give_shares():
    ends = torch.tensor([0.0, 0.25, 0.5, 1 - 2**-53], dtype=torch.float64)
    draws = torch.cartesian_prod(ends, ends, ends)
    for alpha in (1e-6, 0.2, 1e6):
        _, share = MixUp(alpha).partners(draws)
        assert ((share >= 0) & (share <= 1)).all()


def test_partners_are_a_ring_in_the_order_of_the_first_number():
    draws = torch.tensor([[0.4, 0.5, 0.5], [0.1, 0.5, 0.5], [0.9, 0.5, 0.5], [0.2, 0.5, 0.5]], dtype=torch.float64)
    assert MixUp().partners(draws)[0].tolist() == [3, 2, 0, 1]  # 1, 3, 0, 2, each with the one before


def test_images_are_mixed_by_their_shares():
    images = torch.rand(8, 3, 4, 2, generator=torch.Generator().manual_seed(0))
    mixed, partner, share = Augmenter([MixUp(1.0)], 0).mix(images, torch.arange(8), 1)
    for row in range(8):
        expected = share[row] * images[row] + (1 - share[row]) * images[partner[row]]
        assert torch.allclose(mixed[row], expected, atol=1e-6)
    assert (partner.dtype, share.dtype) == (torch.int64, torch.float32)


def test_what_keeps_labels_is_done_apart_from_what_mixes():
    images = torch.randint(0, 256, (8, 6, 6, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    rows = torch.arange(8)
    both = Augmenter([RandomCrop(1), MixUp()], 0)
    moved = both(images, rows, 0)
    assert not torch.equal(moved, images)
    assert torch.equal(moved, Augmenter([MixUp(3.0)], 0)(moved, rows, 0)), "mixing is no part of it"
    mixed, partner, share = both.mix(moved, rows, 0)
    own = share.reshape(-1, 1, 1, 1)
    assert mixed.dtype == torch.uint8
    assert (mixed - (own * moved + (1 - own) * moved[partner])).abs().max() <= 0.5 + 1e-4


def test_without_an_augmentation_that_mixes_there_is_nothing_to_mix():
    assert Augmenter([RandomCrop(1)], 0).mix(torch.zeros(2, 3, 3, 1), torch.arange(2), 0) is None


def test_images_are_mixed_once():
    with pytest.raises(ArgumentError, match="one augmentation can mix images, not 2"):
        Augmenter([MixUp(), MixUp(0.5)], 0)


@pytest.mark.parametrize("alpha", [0.0, -1.0, np.nan, "0.2"])
def test_what_cannot_be_meant_is_refused(alpha):
    with pytest.raises(DeclarationError):
        MixUp(alpha)
