"""What the textbook's rules of augmentation give, by hand."""

import numpy as np
import pytest

from striate import textbook

NINE = np.arange(1.0, 10).reshape(3, 3, 1)


@pytest.mark.parametrize(
    ("fill_mode", "expected"),
    [
        ("constant", [0, 0, 1, 2, 3, 0, 0]),
        ("nearest", [1, 1, 1, 2, 3, 3, 3]),
        ("reflect", [2, 1, 1, 2, 3, 3, 2]),
    ],
)
def test_what_lies_outside(fill_mode, expected):
    row = np.array([[[9.0]] * 7])
    row[0, :3, 0] = 1, 2, 3
    seen = [
        textbook.sampled(row[:, :3], lambda i, j, shift=shift: (i, j + shift), fill_mode)[0, 1, 0]
        for shift in range(-3, 4)
    ]
    assert seen == expected


def test_between_four_pixels_lies_their_mean_by_nearness():
    y = textbook.sampled(NINE, lambda i, j: (i + 0.25, j + 0.5))
    # Between 5, 6 (shares 3/4 * 1/2 each) and 8, 9 (1/4 * 1/2 each).
    assert y[1, 1, 0] == 0.375 * (5 + 6) + 0.125 * (8 + 9)


def test_an_eighth_of_a_turn_takes_the_corner_from_beyond_the_edge():
    y = textbook.RandomRotation((0.125, 0.125), "nearest").forward(NINE, [0.0])
    assert y[1, 1] == 5
    assert y[0, 0] == 2, "sqrt(2) above the centre, where the edge above the middle is repeated"


def test_a_barrel_is_read_further_out_at_the_corners_than_at_the_edges():
    seen = []

    def watched(i, j):
        seen.append((i, j))
        return i, j

    textbook.sampled(np.zeros((2, 2, 1)), watched)
    assert seen == [(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)]
    # r^2 = 1/4 of the corner's at each of the four pixels' centres: 0.5 * (1 + 0.4/4) = 0.55, that is 0.05 outside.
    y = textbook.LensDistortion((0.4, 0.4)).forward(np.ones((2, 2, 1)), [0.0])
    assert np.allclose(y, 0.95**2)


def test_beyond_the_fold_of_a_lens_pixels_keep_their_order():
    row = np.arange(64.0).reshape(1, 64, 1)
    y = textbook.LensDistortion((-0.33, -0.33)).forward(row, [0.0]).ravel()
    assert (np.diff(y) > 0).all()


def test_a_colour_is_as_bright_as_its_parts():
    assert textbook.luma(np.ones(3)) == pytest.approx(1)
    assert textbook.luma(np.array([1.0, 0, 0])) > textbook.luma(np.array([0, 0, 1.0]))


def test_hue_leaves_grey_and_brightness_alone_and_half_a_turn_twice_is_none():
    colour = np.array([[[0.4, 0.5, 0.6]]])
    half = textbook.RandomHue((1.0, 1.0))
    once = half.forward(colour, [0.0, 0.0])
    assert np.allclose(textbook.luma(once), textbook.luma(colour))
    assert not np.allclose(once, colour, atol=0.05)
    assert np.allclose(half.forward(once, [0.9, 0.0]), colour)
    assert np.allclose(half.forward(np.full((1, 1, 3), 0.3), [0.0, 0.0]), 0.3)


def test_what_is_brighter_than_white_is_white():
    assert textbook.RandomBrightness((0.6, 0.6)).forward(np.array([[[0.5]]]), [0.0]) == 1
    assert textbook.RandomBrightness((-0.6, -0.6)).forward(np.array([[[0.5]]]), [0.0]) == 0


def test_shares_of_mixing_by_students_t():
    # alpha = 1/2: one degree of freedom, t = sqrt(u^-2 - 1) cos: for u = 1/2, v = 0: sqrt(3), 1/2 + sqrt(3)/(2*2).
    assert textbook.MixUp(0.5).share(0.5, 0.0) == pytest.approx(0.5 + np.sqrt(3) / 4)
    assert textbook.MixUp(0.5).share(0.5, 0.5) == pytest.approx(0.5 - np.sqrt(3) / 4)
    assert textbook.MixUp(0.5).share(0.5, 0.25) == pytest.approx(0.5)
