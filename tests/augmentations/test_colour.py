"""Colours by hand, statistics of what is drawn, and Keras where it computes the same."""

import json
import math

import numpy as np
import pytest
import torch

from striate import augmentations, catalog
from striate.augmentations import (
    LUMA,
    PCALighting,
    RandomBrightness,
    RandomColorJitter,
    RandomContrast,
    RandomCrop,
    RandomGrayscale,
    RandomHue,
    RandomSaturation,
)
from striate.errors import ArgumentError, DataError, DeclarationError
from striate.loader import Augmenter
from striate.loader.augment import uniform
from tests.augmentations.by_hand import coloured
from tests.parity import keras

PIXEL = (0.2, 0.4, 0.8)
END = 1 - 2**-53


@pytest.mark.parametrize(
    ("augmentation", "draws", "expected"),
    [
        (RandomBrightness(0.2), (0.0,), (0.0, 0.2, 0.6)),
        (RandomBrightness(0.2), (0.75,), (0.3, 0.5, 0.9)),
        (RandomBrightness((0.1, 0.3)), (0.5,), (0.4, 0.6, 1.0)),
        (RandomContrast(0.5), (0.0,), (0.15, 0.35, 0.75)),  # half way to (0.1, 0.3, 0.7)
        (RandomContrast(0.5), (0.5,), PIXEL),
        (RandomContrast((0.0, 1.0)), (0.5,), (0.25, 0.45, 0.85)),  # half as far again
        (RandomSaturation((0.0, 0.0)), (0.5,), (0.3858,) * 3),  # 0.299*0.2 + 0.587*0.4 + 0.114*0.8
        (RandomSaturation(0.5), (END,), PIXEL),
        (RandomSaturation((0.6, 0.6)), (0.5,), (0.1071, 0.4071, 1.0071)),  # s = 1.5: 1.5 x - 0.1929
        (RandomGrayscale(0.5), (0.49,), (0.3858,) * 3),
        (RandomGrayscale(0.5), (0.5,), PIXEL),
        (RandomHue(0.0), (0.0, 0.9), PIXEL),
    ],
)
def test_a_colour_by_hand(augmentation, draws, expected):
    assert coloured(augmentation, PIXEL, *draws, mean=(0.1, 0.3, 0.7)) == pytest.approx(expected, abs=1e-9)


def test_hues_turn_from_red_over_green_to_blue_and_back():
    third = RandomHue((2 / 3, 2 / 3))
    green = coloured(third, (0.6, 0.3, 0.3), 0.0, 0.5)
    assert np.argmax(green) == 1
    assert np.argmax(coloured(third, green, 0.0, 0.5)) == 2
    assert coloured(third, green, 0.9, 0.5) == pytest.approx((0.6, 0.3, 0.3), abs=1e-6)


def test_hue_leaves_grey_and_luma_alone():
    for draw in (0.0, 0.3, END):
        assert coloured(RandomHue(1.0), (0.4, 0.4, 0.4), 0.0, draw) == pytest.approx((0.4,) * 3)
        assert np.dot(LUMA, coloured(RandomHue(1.0), PIXEL, 0.9, draw)) == pytest.approx(np.dot(LUMA, PIXEL))


def test_jitter_is_its_four_parts_one_after_the_other():
    draws, mean = (0.1, 0.9, 0.3, 0.2, 0.8), (0.5, 0.4, 0.3)
    pixel = coloured(RandomBrightness(0.3), PIXEL, 0.1)
    brighter = coloured(RandomBrightness(0.3), mean, 0.1)
    pixel = coloured(RandomContrast(0.4), pixel, 0.9, mean=brighter)
    pixel = coloured(RandomSaturation(0.7), pixel, 0.3)
    pixel = coloured(RandomHue(0.5), pixel, 0.2, 0.8)
    assert coloured(RandomColorJitter(0.3, 0.4, 0.7, 0.5), PIXEL, *draws, mean=mean) == pytest.approx(pixel, abs=1e-8)
    assert coloured(RandomColorJitter(), PIXEL, *draws) == list(PIXEL)


def test_light_by_hand():
    # sqrt(-2 ln(1 - u)) is 1 for u = 1 - exp(-1/2); cos(0) = 1, sin(0) = 0.
    one = 1 - math.exp(-0.5)
    light = PCALighting(0.1)
    assert coloured(light, (0, 0, 0), one, 0.0, 0.0, 0.0) == pytest.approx(
        [0.1 * 0.2175 * part for part in (-0.5675, -0.5808, -0.5836)]
    )
    assert coloured(light, (0, 0, 0), 0.0, 0.0, one, 0.0) == pytest.approx(
        [0.1 * 0.0188 * part for part in (0.7192, -0.0045, -0.6948)]
    )
    assert coloured(light, (0, 0, 0), one, 0.25, 0.0, 0.0) == pytest.approx(
        [0.1 * 0.0045 * part for part in (0.4009, -0.8140, 0.4203)]
    )


def test_light_is_drawn_from_a_normal_distribution():
    unit = PCALighting(1.0, (1.0, 1.0, 1.0), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    draws = torch.rand(100_000, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    normal = unit.recolour(draws, torch.zeros(1, 3))[:, :, 3]
    assert normal.mean(0).abs().max() < 0.015
    assert torch.allclose(torch.cov(normal.T), torch.eye(3).double(), atol=0.02)
    assert (normal.abs() < 1.959964).double().mean(0).numpy() == pytest.approx([0.95] * 3, abs=0.003)


def test_light_of_training_images_is_along_the_directions_of_their_colours():
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    pixels = 0.5 + (rng.standard_normal((50, 8, 8, 3)) * [0.1, 0.05, 0.01]) @ directions.T
    light = PCALighting.fit(pixels, 0.2)
    assert light.deviation == 0.2
    assert light.eigenvalues == pytest.approx([0.01, 0.0025, 0.0001], rel=0.05)
    found = np.array(light.eigenvectors)
    assert np.abs(np.diag(found.T @ directions)) == pytest.approx([1, 1, 1], abs=1e-2)
    assert np.allclose(found.T @ found, np.eye(3))
    values = np.linalg.eigvalsh(np.cov(pixels.reshape(-1, 3).T, bias=True))[::-1]
    assert light.eigenvalues == pytest.approx(values, rel=1e-9)
    again = PCALighting.fit((255 * pixels).round().clip(0, 255).astype(np.uint8))
    assert again.eigenvalues == pytest.approx(values, rel=0.02)


@pytest.mark.parametrize("shape", [(5, 4, 4, 1), (4, 4, 3), (0, 4, 4, 3)], ids=str)
def test_light_of_other_images_is_refused(shape):
    with pytest.raises(DataError, match="needs colour images"):
        PCALighting.fit(np.zeros(shape))


IMAGES = torch.rand(6, 5, 4, 3, generator=torch.Generator().manual_seed(0))
ROWS = torch.arange(6)


def changed(*augmentations, images=IMAGES, seed=0):
    return Augmenter(augmentations, seed)(images, ROWS, 0)


def test_all_changes_are_clipped_once_at_the_end():
    """Half as bright again and darker by as much is nothing, though white lies between."""
    out = changed(RandomBrightness((0.5, 0.5)), RandomBrightness((-0.5, -0.5)))
    assert torch.allclose(out, IMAGES, atol=1e-6)


def test_changes_follow_each_other_as_listed():
    grey = RandomSaturation((0.0, 0.0))
    red = PCALighting(1.0, (1.0, 0.0, 0.0), ((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
    first, last = changed(red, grey), changed(grey, red)
    assert torch.allclose(first[..., 0], first[..., 1], atol=1e-6), "grey at last"
    assert not torch.allclose(last[..., 0], last[..., 1], atol=1e-3)


def test_pixels_move_before_they_are_coloured():
    """The black that comes in from outside is lit like the rest, whatever the order."""
    white = torch.ones(64, 3, 3, 1)
    for order in ((RandomCrop(1), RandomBrightness((0.25, 0.25))), (RandomBrightness((0.25, 0.25)), RandomCrop(1))):
        assert Augmenter(order, 0)(white, torch.arange(64), 0).unique().tolist() == [0.25, 1.0]


def test_a_grey_image_is_the_luma_of_a_colour_image_of_equal_channels():
    grey = IMAGES[..., :1]
    for augmentation in (RandomContrast(0.3), RandomSaturation(0.9), RandomHue(1.0), PCALighting(0.1)):
        colour = changed(augmentation, images=grey.expand(-1, -1, -1, 3) * 0.4 + 0.3)
        alone = changed(augmentation, images=grey * 0.4 + 0.3)
        assert torch.allclose(alone, colour @ torch.tensor(LUMA)[:, None], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("RandomBrightness", (0.3, 0.3)),
        ("RandomBrightness", (-0.4, -0.4)),
        ("RandomGrayscale", 1.0),
        ("RandomSaturation", (0.5, 0.5)),
        ("RandomHue", (0.0, 0.0)),
    ],
)
def test_keras_computes_the_same(name, factor):
    given = {} if name == "RandomGrayscale" else {"value_range": (0, 1)}
    theirs = getattr(keras.layers, name)(factor, **given)(IMAGES.clone(), training=True)
    ours = changed(getattr(augmentations, name)(factor))
    assert torch.allclose(ours, torch.as_tensor(theirs).expand_as(ours), atol=1e-3)


def test_keras_computes_the_same_contrast():
    drawn = 0.6 + 0.8 * uniform(0, 0, ROWS, 1).float().reshape(6, 1, 1, 1)
    theirs = keras.layers.RandomContrast(0.4, value_range=(0, 1)).transform_images(
        IMAGES.clone(), {"contrast_factor": drawn}
    )
    assert torch.allclose(changed(RandomContrast(0.4)), torch.as_tensor(theirs), atol=1e-5)


def test_images_of_other_channels_cannot_be_coloured():
    with pytest.raises(DataError, match="images of 4 channels"):
        changed(RandomBrightness(0.1), images=torch.zeros(6, 3, 3, 4))


def test_float_images_beyond_black_and_white_are_refused_until_these_are_named():
    wide = 4 * IMAGES - 2
    with pytest.raises(DataError, match="between 0 and 1, the images reach from -") as caught:
        changed(RandomBrightness(0.1), images=wide)
    assert "value_range" in caught.value.fix
    out = changed(RandomBrightness((0.25, 0.25), value_range=(-2, 2)), images=wide)
    assert torch.allclose(out, (wide + 1).clamp(max=2), atol=1e-5)
    out = changed(RandomSaturation((0.0, 0.0), value_range=(-2, 2)), images=wide)
    assert torch.allclose(out, (wide @ torch.tensor(LUMA)[:, None]).expand_as(wide), atol=1e-5)


def test_bytes_are_not_counted_from_0_to_1():
    whole = (255 * IMAGES).to(torch.uint8)
    with pytest.raises(DataError, match="between 0 and 1, the images reach from"):
        changed(RandomBrightness(0.1, value_range=(0, 1)), images=whole)
    for value_range in (None, (0, 255)):
        brighter = changed(RandomBrightness((0.2, 0.2), value_range=value_range), images=whole)
        assert torch.equal(brighter, (whole.int() + 51).clamp(max=255).to(torch.uint8))


def test_light_goes_through_recipes_with_its_directions():
    light = PCALighting.fit(IMAGES.numpy(), 0.2)
    table = json.loads(json.dumps(catalog.describe(light)))
    assert catalog.from_table("augmentations", table) == light


def test_augmentations_that_count_black_and_white_differently_are_not_used_together():
    with pytest.raises(ArgumentError, match="cannot count black and white differently"):
        Augmenter([RandomBrightness(0.1, value_range=(0, 1)), RandomContrast(0.1, value_range=(0, 255))], 0)
    Augmenter([RandomBrightness(0.1, value_range=(0, 1)), RandomContrast(0.1)], 0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomBrightness(1.1),
        lambda: RandomBrightness(-0.1),
        lambda: RandomBrightness((0.2, 0.1)),
        lambda: RandomBrightness((-1.5, 0.0)),
        lambda: RandomBrightness((0.0, math.nan)),
        lambda: RandomBrightness("0.1"),
        lambda: RandomBrightness(0.1, value_range=(1, 0)),
        lambda: RandomBrightness(0.1, value_range=(0, math.inf)),
        lambda: RandomBrightness(0.1, value_range=(0, 0)),
        lambda: RandomContrast(1.5),
        lambda: RandomContrast((-0.1, 0.5)),
        lambda: RandomContrast((0.1, 1.5)),
        lambda: RandomSaturation(1.0),
        lambda: RandomSaturation((0.2, 1.0)),
        lambda: RandomSaturation((0.6, 0.4)),
        lambda: RandomHue((-0.5, 0.5)),
        lambda: RandomHue(1.5),
        lambda: RandomGrayscale(1.5),
        lambda: RandomColorJitter(saturation_factor=1.0),
        lambda: RandomColorJitter(brightness_factor=(0.2, 0.1)),
        lambda: PCALighting(-1.0),
        lambda: PCALighting(0.1, (1.0, 2.0)),
        lambda: PCALighting(0.1, eigenvectors=((1.0, 0.0), (0.0, 1.0))),
    ],
)
def test_what_cannot_be_meant_is_refused(make):
    with pytest.raises(DeclarationError):
        make()


STILL = [
    RandomBrightness(0.0),
    RandomContrast(0.0),
    RandomSaturation((0.5, 0.5)),
    RandomGrayscale(0.0),
    RandomHue(0.0),
    RandomColorJitter(),
    RandomColorJitter(0.0, 0.0, (0.5, 0.5), 0.0),
    PCALighting(0.0),
]


@pytest.mark.parametrize("augmentation", STILL, ids=repr)
def test_nothing_is_changed_at_strength_nothing(augmentation):
    whole = (255 * IMAGES).to(torch.uint8)
    assert torch.equal(changed(augmentation, images=whole), whole)
    assert torch.allclose(changed(augmentation), IMAGES, atol=1e-6)
