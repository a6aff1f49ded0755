"""What is erased, by hand."""

import math

import pytest
import torch

from striate.augmentations import RandomCrop, RandomErasing
from striate.errors import DeclarationError
from striate.loader import Augmenter

ROWS = torch.arange(400)


def test_the_hole_lies_where_it_was_drawn():
    erasing = RandomErasing(scale=(0.25, 0.25))
    draws = torch.tensor([[0.5, 0.5, 0.0, 0.0, 0.5], [0.5, 0.5, 1.0, 0.5, 0.5]], dtype=torch.float64)
    assert erasing.hole(draws, 8, 4).tolist() == [[0, 4, 0, 2], [4, 8, 1, 3]]


def test_its_sides_are_the_roots_of_the_draws():
    hole = RandomErasing(scale=(0.0, 1.0)).hole(torch.tensor([[0.25, 0.64, 0.0, 0.0, 0.0]]), 10, 10)
    assert hole[0].tolist() == pytest.approx([0, 5, 0, 8])


def test_so_many_images_lose_a_part_and_it_is_a_rectangle_within_the_scale():
    white = torch.full((400, 12, 10, 2), 200, dtype=torch.uint8)
    out = Augmenter([RandomErasing(0.25, (0.1, 0.4))], 0)(white, ROWS, 0)
    assert set(out.unique().tolist()) == {0, 200}
    holes = (out == 0).all(3)
    assert torch.equal(holes, (out == 0).any(3)), "all channels"
    hit = holes.flatten(1).any(1)
    assert 70 < hit.sum() < 130
    for hole in holes[hit]:
        rows, columns = hole.any(1), hole.any(0)
        assert torch.equal(hole, rows[:, None] & columns)
        assert math.floor(12 * math.sqrt(0.1)) <= rows.sum() <= math.ceil(12 * math.sqrt(0.4))
        assert math.floor(10 * math.sqrt(0.1)) <= columns.sum() <= math.ceil(10 * math.sqrt(0.4))


@pytest.mark.parametrize(("value", "expected"), [(127.4, 127), (300.0, 255), (-5.0, 0)])
def test_what_stands_there_is_a_byte_in_bytes(value, expected):
    images = torch.full((4, 6, 6, 1), 50, dtype=torch.uint8)
    out = Augmenter([RandomErasing(scale=(0.5, 0.5), fill_value=value)], 0)(images, ROWS[:4], 0)
    assert set(out.unique().tolist()) == {50, expected}
    out = Augmenter([RandomErasing(scale=(0.5, 0.5), fill_value=value)], 0)(images.double(), ROWS[:4], 0)
    assert set(out.unique().tolist()) == {50, value}


def test_holes_stay_where_they_are_when_pixels_move_too():
    white = torch.ones(50, 8, 8, 1)
    alone = Augmenter([RandomErasing(scale=(0.2, 0.2), fill_value=0.5), RandomCrop(3)], 0)(white, ROWS[:50], 0)
    assert ((alone == 0.5).sum((1, 2, 3)) >= 9).all(), "none is moved out of the image"


def test_nothing_is_erased_at_strength_nothing():
    images = torch.rand(6, 5, 5, 3)
    for erasing in (RandomErasing(0.0), RandomErasing(scale=(0.0, 0.0))):
        assert torch.equal(Augmenter([erasing], 0)(images, ROWS[:6], 0), images)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomErasing(1.5),
        lambda: RandomErasing(scale=(0.5, 0.4)),
        lambda: RandomErasing(scale=(0.5, 1.4)),
        lambda: RandomErasing(scale=0.3),
        lambda: RandomErasing(fill_value=None),
    ],
)
def test_what_cannot_be_meant_is_refused(make):
    with pytest.raises(DeclarationError):
        make()
