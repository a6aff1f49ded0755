import pytest
import torch

from striate.augmentations import RandomCrop, RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from striate.loader import Augmenter
from striate.loader.augment import uniform

IMAGES = torch.randint(0, 256, (32, 9, 7, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
ROWS = torch.arange(100, 132)


def test_draws_are_uniform_and_do_not_hang_together():
    draws = uniform(0, 0, torch.arange(200_000), 2)
    assert draws.min() >= 0
    assert draws.max() < 1
    assert torch.allclose(draws.mean(0), torch.tensor(0.5).double(), atol=0.005)
    assert torch.allclose(draws.var(0), torch.tensor(1 / 12).double(), atol=0.002)
    assert abs(float(torch.corrcoef(draws.T)[0, 1])) < 0.01
    assert abs(float(torch.corrcoef(torch.stack([draws[:-1, 0], draws[1:, 0]]))[0, 1])) < 0.01


def test_half_of_the_images_are_flipped_exactly():
    flipped = Augmenter([RandomFlip("horizontal")], seed=0)(IMAGES, ROWS, 0)
    mirrored = [torch.equal(out, image.flip(1)) for out, image in zip(flipped, IMAGES, strict=True)]
    same = [torch.equal(out, image) for out, image in zip(flipped, IMAGES, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 6 <= sum(mirrored) <= 26


def test_an_alternating_flip_shows_every_image_both_ways_in_two_epochs():
    flip = Augmenter([RandomFlip("horizontal", alternating=True)], seed=0)
    first, *others = (flip(IMAGES, ROWS, epoch) for epoch in range(4))
    by_chance = Augmenter([RandomFlip("horizontal")], seed=0)
    assert torch.equal(first, by_chance(IMAGES, ROWS, 0))
    assert torch.equal(others[0], first.flip(2))
    assert torch.equal(others[1], first)
    assert torch.equal(others[2], first.flip(2))
    assert not torch.equal(by_chance(IMAGES, ROWS, 2), first), "else nothing would have been tried"


def test_what_is_drawn_beside_an_alternating_flip_stays_as_it_was():
    crop = RandomCrop(2)
    alone, beside = (
        Augmenter([crop, RandomFlip("vertical", alternating=alternating)], seed=0).places(ROWS, 3, 9, 7)[0]
        for alternating in (False, True)
    )
    shifts = alone[:, :2, 2].abs(), beside[:, :2, 2].abs()
    assert torch.equal(*shifts)
    assert not torch.equal(alone, beside)


def test_a_vertical_flip_leaves_columns_alone():
    flipped = Augmenter([RandomFlip("vertical")], seed=0)(IMAGES, ROWS, 0)
    ways = [
        torch.equal(out, image) or torch.equal(out, image.flip(0)) for out, image in zip(flipped, IMAGES, strict=True)
    ]
    assert all(ways)


@pytest.mark.parametrize("augmentation", [RandomTranslation(2 / 9, 0.0), RandomCrop(2)], ids=repr)
def test_shifts_are_whole_pixels_with_black_behind(augmentation):
    ones = torch.full((64, 9, 9, 1), 200, dtype=torch.uint8)
    moved = Augmenter([augmentation], seed=0)(ones, torch.arange(64), 0)
    assert set(moved.unique().tolist()) == {0, 200}
    rows = {int((image[..., 0].sum(1) > 0).sum()) for image in moved}
    assert rows == {7, 8, 9}


@pytest.mark.parametrize("augmentation", [RandomRotation(0.1), RandomZoom(0.2)], ids=repr)
def test_interpolating_changes_keep_the_centre(augmentation):
    image = torch.zeros(8, 9, 9, 1)
    image[:, 4, 4] = 1.0
    moved = Augmenter([augmentation], seed=0)(image, torch.arange(8), 0)
    assert (moved[:, 4, 4, 0] > 0.6).all()


def test_a_quarter_turn_is_exact():
    turn = RandomRotation(0.25).place(torch.tensor([[1.0]]), 5, 5)
    assert torch.allclose(turn[0, :2, :2], torch.tensor([[0.0, 1.0], [-1.0, 0.0]]), atol=1e-6)
