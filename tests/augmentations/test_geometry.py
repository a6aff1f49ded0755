"""Where each pixel comes from, by hand on images of 3x3 and 4x4 pixels."""

import math

import numpy as np
import pytest
import torch

from striate import textbook
from striate.augmentations import (
    LensDistortion,
    RandomCrop,
    RandomFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from striate.errors import ArgumentError, DeclarationError
from striate.loader import Augmenter
from tests.augmentations.by_hand import moved, placed

NINE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
SIXTEEN = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]
LOW, HIGH = 0.25, 0.75
"""Numbers that mean yes and no to a flip."""
END = 1 - 2**-53
"""The largest number that is drawn."""


@pytest.mark.parametrize(
    ("mode", "draws", "expected"),
    [
        ("horizontal", (LOW, LOW), [[3, 2, 1], [6, 5, 4], [9, 8, 7]]),
        ("horizontal", (LOW, HIGH), NINE),
        ("vertical", (LOW, LOW), [[7, 8, 9], [4, 5, 6], [1, 2, 3]]),
        ("vertical", (HIGH, LOW), NINE),
        ("horizontal_and_vertical", (LOW, LOW), [[9, 8, 7], [6, 5, 4], [3, 2, 1]]),
        ("horizontal_and_vertical", (LOW, HIGH), [[7, 8, 9], [4, 5, 6], [1, 2, 3]]),
        ("horizontal_and_vertical", (HIGH, LOW), [[3, 2, 1], [6, 5, 4], [9, 8, 7]]),
        ("horizontal_and_vertical", (HIGH, 0.5), NINE),
    ],
)
def test_a_flip_mirrors_the_ways_that_were_drawn(mode, draws, expected):
    assert placed(RandomFlip(mode), NINE, *draws) == expected


@pytest.mark.parametrize(
    ("fill_mode", "expected"),
    [
        ("constant", [[0, 0, 0], [0, 1, 2], [0, 4, 5]]),
        ("nearest", [[1, 1, 2], [1, 1, 2], [4, 4, 5]]),
        ("reflect", [[1, 1, 2], [1, 1, 2], [4, 4, 5]]),
    ],
)
def test_a_crop_moves_by_one_pixel_and_fills_behind(fill_mode, expected):
    assert placed(RandomCrop(1, fill_mode=fill_mode), NINE, END, END) == expected


@pytest.mark.parametrize(
    ("fill_mode", "expected"),
    [
        ("constant", [[0, 0, 1], [0, 0, 4], [0, 0, 7]]),
        ("nearest", [[1, 1, 1], [4, 4, 4], [7, 7, 7]]),
        ("reflect", [[2, 1, 1], [5, 4, 4], [8, 7, 7]]),
    ],
)
def test_what_comes_in_from_two_pixels_outside(fill_mode, expected):
    to_the_right = RandomTranslation((0, 0), (2 / 3, 2 / 3), fill_mode=fill_mode)
    assert placed(to_the_right, NINE, 0.5, 0.5) == expected


@pytest.mark.parametrize(
    ("draws", "expected"),
    [
        ((0.0, 0.0), [[5, 6, 0], [8, 9, 0], [0, 0, 0]]),
        ((0.0, 0.5), [[4, 5, 6], [7, 8, 9], [0, 0, 0]]),
        ((0.5, 0.5), NINE),
        ((0.5, END), [[0, 1, 2], [0, 4, 5], [0, 7, 8]]),
        ((END, 0.0), [[0, 0, 0], [2, 3, 0], [5, 6, 0]]),
    ],
)
def test_a_shift_goes_up_and_left_below_the_middle_and_down_and_right_above(draws, expected):
    assert placed(RandomTranslation(1 / 3, 1 / 3), NINE, *draws) == expected
    assert placed(RandomCrop(1), NINE, *draws) == expected


def test_each_shift_is_as_likely_as_any_other():
    draws = (torch.arange(700, dtype=torch.float64) + 0.5)[:, None].repeat(1, 2) / 700
    for augmentation in (RandomCrop(3), RandomTranslation(0.3, 0.3)):
        shifts = -augmentation.place(draws, 10, 10)[:, :2, 2]
        for axis in (0, 1):
            values, counts = shifts[:, axis].unique(return_counts=True)
            assert values.tolist() == [-3, -2, -1, 0, 1, 2, 3]
            assert counts.tolist() == [100] * 7


@pytest.mark.parametrize(
    ("factor", "size", "least", "most"),
    [
        (0.25, 10, -3, 3),  # 2.5: halves go outwards, so that the range stays symmetric
        (0.24, 10, -2, 2),
        ((0.0, 0.2), 10, 0, 2),
        ((-0.2, -0.1), 10, -2, -1),
        ((1.0, 1.0), 3, 3, 3),
        (0.0, 10, 0, 0),
    ],
)
def test_the_range_of_a_shift_is_rounded_to_whole_pixels(factor, size, least, most):
    draws = torch.tensor([[0.0, 0.0], [END, END]], dtype=torch.float64)
    shifts = -RandomTranslation(factor, 0.0).place(draws, size, 99)[:, 0, 2]
    assert shifts.tolist() == [least, most]
    shifts = -RandomTranslation(0.0, factor).place(draws, 99, size)[:, 1, 2]
    assert shifts.tolist() == [least, most]


@pytest.mark.parametrize("image", [NINE, SIXTEEN], ids=["3x3", "4x4"])
@pytest.mark.parametrize("quarters", [-1, 0, 1, 2, 3])
def test_quarter_turns_are_exact(image, quarters):
    turned = np.rot90(np.array(image), quarters).tolist()
    assert placed(RandomRotation((quarters / 4, quarters / 4)), image, 0.3) == turned
    pixels = torch.tensor(image, dtype=torch.uint8)[None, ..., None]
    augment = Augmenter([RandomRotation((quarters / 4, quarters / 4))], seed=0)
    assert augment(pixels, torch.tensor([5]), 0)[0, ..., 0].tolist() == turned


def test_an_eighth_of_a_turn_by_hand():
    # The corners fall between: sqrt(2) from the centre along an axis, so half the way and more beyond the edge pixel.
    beyond = math.sqrt(2) - 1
    image = [[0, 0, 0], [0, 0, 100], [0, 0, 0]]
    out = placed(RandomRotation((0.125, 0.125)), image, 0.5)
    # Anticlockwise: what was at the right is now at the upper right.
    assert out[0][2] == pytest.approx(100 * (1 - beyond))
    # Its neighbours point (1, 1)/sqrt(2) from the centre, to the sides of the bright pixel: (0.71, 0.71) away from both.
    half = 1 / math.sqrt(2)
    assert out[0][1] == pytest.approx(100 * (1 - half) * half)
    assert out[1][2] == pytest.approx(100 * (1 - half) * half)
    assert out[2] == [0, 0, 0]


def test_an_angle_is_a_share_of_a_full_turn_both_ways():
    draws = torch.tensor([[0.0], [0.5], [END]], dtype=torch.float64)
    matrices = RandomRotation(0.1).place(draws, 9, 9)
    angles = torch.atan2(matrices[:, 0, 1], matrices[:, 0, 0]) / (2 * math.pi)
    assert angles.tolist() == pytest.approx([-0.1, 0, 0.1], abs=1e-12)


def test_a_zoom_out_to_half_the_size_takes_means():
    expected = [[0, 0, 0, 0], [0, 3.5, 5.5, 0], [0, 11.5, 13.5, 0], [0, 0, 0, 0]]  # (1 + 2 + 5 + 6)/4 = 3.5
    assert placed(RandomZoom((1.0, 1.0)), SIXTEEN, 0.5, 0.5) == expected


def test_a_zoom_in_to_twice_the_size_takes_quarters():
    rows = [[0, 100, 200, 300]] * 4
    wide = placed(RandomZoom((0.0, 0.0), (-0.5, -0.5)), rows, 0.5, 0.5)
    assert wide == [[75, 125, 175, 225]] * 4  # places 0.75, 1.25, 1.75, 2.25
    tall = placed(RandomZoom((-0.5, -0.5), (0.0, 0.0)), np.transpose(rows), 0.5, 0.5)
    assert np.transpose(tall).tolist() == wide


def test_a_zoom_keeps_the_proportions_unless_the_width_is_drawn_by_itself():
    draws = torch.tensor([[0.0, END]], dtype=torch.float64)
    assert RandomZoom(0.2).place(draws, 9, 9)[0].diagonal().tolist() == pytest.approx([0.8, 0.8, 1])
    assert RandomZoom(0.2, 0.3).place(draws, 9, 9)[0].diagonal().tolist() == pytest.approx([0.8, 1.3, 1])


@pytest.mark.parametrize(
    ("factors", "draws", "expected"),
    [
        (((1.0, 1.0), 0.0), (LOW, 0.5, 0.5), [[0, 1, 2], [4, 5, 6], [8, 9, 0]]),
        (((1.0, 1.0), 0.0), (HIGH, 0.5, 0.5), [[2, 3, 0], [4, 5, 6], [0, 7, 8]]),
        ((0.0, (1.0, 1.0)), (LOW, 0.5, 0.5), [[0, 2, 6], [1, 5, 9], [4, 8, 0]]),
        ((1.0, 1.0), (LOW, 0.0, 0.0), NINE),
        ((1.0, 0.0), (LOW, 0.5, 0.5), [[0.5, 1.5, 2.5], [4, 5, 6], [7.5, 8.5, 4.5]]),
    ],
)
def test_a_shear_slants_rows_or_columns_either_way(factors, draws, expected):
    assert placed(RandomShear(*factors), NINE, *draws) == expected


def test_a_part_is_stretched_to_the_whole():
    quarter = RandomResizedCrop((0.25, 0.25), (1.0, 1.0))
    assert placed(quarter, NINE, 0.5, 0.5, 0.5, 0.5) == [[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]]
    assert placed(quarter, NINE, 0.5, 0.5, 0.0, 1.0) == [[2, 2.5, 3], [3.5, 4, 4.5], [5, 5.5, 6]]


def test_a_part_has_the_drawn_area_and_ratio_where_it_fits():
    draws = torch.rand(1000, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sides = RandomResizedCrop((0.2, 0.5)).place(draws, 10, 20)[:, :2, :2].diagonal(0, 1, 2)
    height, width = 10 * sides[:, 0], 20 * sides[:, 1]
    fits = (height < 10) & (width < 20)
    assert fits.sum() > 500
    area, ratio = (height * width / 200)[fits], (width / height)[fits]
    assert torch.allclose(area, 0.2 + 0.3 * draws[fits, 0])
    assert torch.allclose(ratio.log(), (2 * draws[fits, 1] - 1) * math.log(4 / 3))
    assert sides.max() == 1


def test_a_part_never_shows_what_is_outside():
    white = torch.ones(500, 7, 5, 1)
    assert Augmenter([RandomResizedCrop((0.01, 1.0))], 0)(white, torch.arange(500), 0).min() > 1 - 1e-5


def test_a_lens_by_hand():
    row = [[0, 100, 200, 300]]
    # Half the diagonal of 1x4 pixels is sqrt(17)/2: at 1.5 from the centre r^2 = 2.25/4.25, at 0.5 it is 0.25/4.25.
    k = -0.17
    out = LensDistortion((k, k)).bend(torch.tensor([[0.5]], dtype=torch.float64), 1, 4)
    assert out.tolist() == pytest.approx([-0.04])
    augment = Augmenter([LensDistortion((k, k))], 0)
    out = augment(torch.tensor([row], dtype=torch.float32)[..., None], torch.tensor([0]), 0)
    near, far = 50 * (1 - 0.04 * 0.25), 150 * (1 - 0.04 * 2.25)
    assert out.flatten().tolist() == pytest.approx([150 - far, 150 - near, 150 + near, 150 + far], rel=1e-5)


def test_a_lens_leaves_the_centre_and_all_that_is_as_far_from_it_alike():
    image = torch.rand(1, 9, 9, 1, generator=torch.Generator().manual_seed(0))
    lens = Augmenter([LensDistortion(0.3)], 1)
    out = lens(image, torch.tensor([3]), 0)
    assert torch.allclose(out[0, 4, 4], image[0, 4, 4])
    turned = lens(image.rot90(1, (1, 2)), torch.tensor([3]), 0)
    assert torch.allclose(turned, out.rot90(1, (1, 2)), atol=1e-5)


@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "reflect"])
def test_a_lens_among_others_is_still_one_interpolation(fill_mode):
    """Where each pixel comes from is followed through all of them, and only then one value is taken."""
    shear, lens = RandomShear(0.3, 0.2, fill_mode=fill_mode), LensDistortion(0.25, fill_mode=fill_mode)
    zoom, flip = RandomZoom(0.3, 0.2, fill_mode=fill_mode), RandomFlip()
    for listed in ([shear, lens, zoom, flip], [lens, shear], [zoom, lens], [lens, lens, flip]):
        images = torch.rand(6, 7, 5, 2, generator=torch.Generator().manual_seed(1))
        augment, rows = Augmenter(listed, seed=2), torch.arange(6)
        out = augment(images, rows, 0)
        places = augment.places(rows, 0, 7, 5)
        assert len(places) == {4: 3, 2: 2, 3: 3}[len(listed)], "neighbours are joined"
        for image, given in enumerate(images):

            def source(i, j, image=image, places=places):
                for place in places:
                    if isinstance(place, torch.Tensor):
                        i, j, _ = place[image].numpy() @ np.array([i, j, 1.0])
                    else:
                        k = float(place.k[image])
                        square = min(i * i + j * j, -1 / (3 * k) if k < 0 else math.inf)
                        i, j = i * (1 + k * square), j * (1 + k * square)
                return i, j

            exact = textbook.sampled(given.double().numpy(), source, fill_mode)
            assert np.abs(out[image].numpy() - exact).max() < 1e-4


CASES = [
    [RandomFlip()],
    [RandomCrop(2)],
    [RandomTranslation(0.5, (0.2, 0.4))],
    [RandomTranslation((2.0, 3.0), (-3.0, 3.0))],
    [RandomFlip(), RandomCrop(2)],
    [RandomCrop(2), RandomFlip()],
    [RandomRotation(0.3)],
    [RandomZoom(0.4)],
    [RandomZoom((-0.5, 1.0), 0.3), RandomRotation(0.1), RandomFlip(), RandomCrop(1)],
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "+".join(type(each).__name__[6:] for each in case))
@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "reflect"])
def test_a_batch_is_what_each_image_by_itself_would_be(case, fill_mode):
    case = [
        each if isinstance(each, RandomFlip) else type(each)(**{**vars(each), "fill_mode": fill_mode}) for each in case
    ]
    images = torch.randint(0, 256, (12, 5, 4, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    rows = torch.arange(50, 62)
    augment = Augmenter(case, seed=2)
    [matrices] = augment.places(rows, 3, 5, 4)
    exact = np.stack(
        [moved(image.numpy(), matrix, fill_mode) for image, matrix in zip(images, matrices.numpy(), strict=True)]
    )
    for given, closeness in ((images, 0.501), (images.float(), 1e-2)):
        out = augment(given, rows, 3)
        assert out.dtype == given.dtype
        whole = all(each.whole_pixels for each in case)
        assert np.abs(out.numpy() - exact).max() <= (0 if whole else closeness)


def test_the_first_augmentation_is_applied_first():
    image = torch.tensor(NINE, dtype=torch.uint8)[None, ..., None]
    right = RandomTranslation((0.0, 0.0), (1 / 3, 1 / 3))
    turn = RandomRotation((0.25, 0.25))
    out = Augmenter([right, turn], seed=0)(image, torch.tensor([0]), 0)[0, ..., 0]
    assert out.tolist() == np.rot90([[0, 1, 2], [0, 4, 5], [0, 7, 8]]).tolist()
    out = Augmenter([turn, right], seed=0)(image, torch.tensor([0]), 0)[0, ..., 0]
    assert out.tolist() == [[0, 3, 6], [0, 2, 5], [0, 1, 4]]


def test_a_shift_far_beyond_the_image_takes_no_more_memory_than_the_image():
    image = torch.arange(1, 10, dtype=torch.uint8).reshape(1, 3, 3, 1)
    for fill_mode in ("constant", "nearest", "reflect"):
        far = Augmenter([RandomCrop(1_000_000_000, fill_mode=fill_mode)], seed=0)
        matrix = far.places(torch.tensor([1]), 0, 3, 3)[0][0].numpy()
        assert np.abs(matrix[:2, 2]).min() > 1000
        assert far(image, torch.tensor([1]), 0)[0].tolist() == moved(image[0].numpy(), matrix, fill_mode).tolist()


@pytest.mark.parametrize(
    "augmentation",
    [RandomFlip(), RandomCrop(2), RandomTranslation(0.4, 0.4), RandomRotation(0.2), RandomZoom(0.3)],
    ids=lambda each: type(each).__name__,
)
def test_an_image_is_changed_by_seed_epoch_and_row_alone(augmentation):
    images = torch.randint(0, 256, (16, 6, 6, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    rows = torch.arange(16)
    whole = Augmenter([augmentation], seed=1)(images, rows, 4)
    mixed = torch.randperm(16, generator=torch.Generator().manual_seed(2))
    for part in (mixed[:5], mixed[5:6], mixed):
        assert torch.equal(Augmenter([augmentation], seed=1)(images[part], rows[part], 4), whole[part])
    for seed, epoch, shift in ((2, 4, 0), (1, 5, 0), (1, 4, 16)):
        assert not torch.equal(Augmenter([augmentation], seed=seed)(images, rows + shift, epoch), whole)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomFlip("sideways"),
        lambda: RandomFlip(1),
        lambda: RandomCrop(0),
        lambda: RandomCrop(-1),
        lambda: RandomCrop(1.5),
        lambda: RandomCrop("4"),
        lambda: RandomCrop(4, fill_mode="wrap"),
        lambda: RandomCrop(10**10),
        lambda: RandomTranslation(1.0, 0.1),
        lambda: RandomTranslation(-0.1, 0.1),
        lambda: RandomTranslation("0.1", 0.1),
        lambda: RandomTranslation(0.1, (0.2, 0.1)),
        lambda: RandomTranslation(0.1, (0.1, 0.2, 0.3)),
        lambda: RandomTranslation(0.1, (0.1, math.inf)),
        lambda: RandomTranslation(math.nan, 0.1),
        lambda: RandomTranslation(0.1, (math.nan, 0.1)),
        lambda: RandomTranslation(0.1, (0.1, math.nan)),
        lambda: RandomTranslation(0.1, None),
        lambda: RandomRotation(1.5),
        lambda: RandomRotation((0.2, 0.1)),
        lambda: RandomZoom((-1.0, 0.0)),
        lambda: RandomZoom((-2.0, -1.5)),
        lambda: RandomZoom(0.1, (-1.0, 0.0)),
        lambda: RandomShear(1.5),
        lambda: RandomShear(0.1, (0.2, 0.1)),
        lambda: RandomShear((-0.1, 0.1)),
        lambda: RandomResizedCrop((0.0, 1.0)),
        lambda: RandomResizedCrop((0.5, 1.1)),
        lambda: RandomResizedCrop((0.5, 0.4)),
        lambda: RandomResizedCrop(ratio=(1.0, math.inf)),
        lambda: RandomResizedCrop(ratio=(2.0, 1.0)),
        lambda: RandomResizedCrop(0.5),
        lambda: LensDistortion(0.4),
        lambda: LensDistortion((-0.4, 0.0)),
        lambda: LensDistortion((0.2, 0.1)),
    ],
)
def test_what_cannot_be_meant_is_refused(make):
    with pytest.raises(DeclarationError):
        make()


@pytest.mark.parametrize("pair", [(0.1, 0.2), [0.1, 0.2], (0, 1), (-0.5, -0.5)], ids=str)
def test_ranges_are_pairs_in_order(pair):
    for made in (RandomTranslation(pair, 0.1), RandomZoom(pair), RandomRotation(pair)):
        value = made.factor if isinstance(made, RandomRotation) else made.height_factor
        assert value == tuple(pair)


STILL = [
    RandomTranslation(0.0, 0.0),
    RandomRotation(0.0),
    RandomZoom(0.0),
    RandomShear(),
    RandomResizedCrop((1.0, 1.0), (1.0, 1.0)),
    LensDistortion(0.0),
]


@pytest.mark.parametrize("augmentation", STILL, ids=repr)
def test_nothing_moves_at_strength_nothing(augmentation):
    images = torch.randint(0, 256, (6, 5, 5, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(Augmenter([augmentation], 0)(images, torch.arange(6), 0), images)


def test_a_reversed_range_is_told_with_its_sum():
    with pytest.raises(ArgumentError, match=r"RandomRotation: factor cannot be \(0\.2, 0\.1\)") as caught:
        RandomRotation((0.2, 0.1))
    assert caught.value.sum == "-inf < 0.2 <= 0.1 < inf must hold"


def test_augmentations_that_fill_differently_are_not_used_together():
    with pytest.raises(ArgumentError, match="cannot fill differently: constant, reflect"):
        Augmenter([RandomCrop(1), RandomFlip(), RandomZoom(0.1, fill_mode="reflect")], seed=0)
    Augmenter([RandomCrop(1, fill_mode="reflect"), RandomFlip()], seed=0)
