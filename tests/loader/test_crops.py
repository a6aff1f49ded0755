"""Parts of images, by hand on images whose pixels are numbered."""

import numpy as np
import pytest

from striate.errors import ArgumentError, DataError
from striate.loader import centre_crop, short_side, ten_crop, ten_crop_predict
from striate.loader.resize import resize

NUMBERED = np.arange(20, dtype=np.uint8).reshape(1, 4, 5, 1)
"""0 1 2 3 4 / 5 6 7 8 9 / 10 11 12 13 14 / 15 16 17 18 19"""


def test_ten_crops_come_in_their_order():
    crops = ten_crop(NUMBERED, 2)
    assert crops.shape == (1, 10, 2, 2, 1)
    assert crops[0, ..., 0].tolist() == [
        [[0, 1], [5, 6]],
        [[3, 4], [8, 9]],
        [[10, 11], [15, 16]],
        [[13, 14], [18, 19]],
        [[6, 7], [11, 12]],
        [[1, 0], [6, 5]],
        [[4, 3], [9, 8]],
        [[11, 10], [16, 15]],
        [[14, 13], [19, 18]],
        [[7, 6], [12, 11]],
    ]


def test_ten_crops_of_the_whole_are_the_image_five_times_and_its_mirror_image():
    (crops,) = ten_crop(NUMBERED, (4, 5))
    assert all(np.array_equal(crop, NUMBERED[0]) for crop in crops[:5])
    assert all(np.array_equal(crop, NUMBERED[0, :, ::-1]) for crop in crops[5:])


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2, 3), [[6, 7, 8], [11, 12, 13]]),
        ((1, 2), [[6, 7]]),  # one row above, two below; one column to the left, two to the right
        ((4, 5), NUMBERED[0, ..., 0].tolist()),
    ],
)
def test_the_centre(size, expected):
    assert centre_crop(NUMBERED, size)[0, ..., 0].tolist() == expected
    assert centre_crop(NUMBERED[0], size)[..., 0].tolist() == expected


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((10, 15), 4, (4, 6)),
        ((15, 10), 4, (6, 4)),
        ((3, 5), 2, (2, 3)),  # 10/3 = 3.33
        ((3, 4), 2, (2, 3)),  # 8/3 = 2.67
        ((4, 5), 2, (2, 3)),  # 2.5: halves up
        ((500, 375), 256, (341, 256)),
        ((1, 1), 8, (8, 8)),
        ((256, 300), 256, (256, 300)),
    ],
)
def test_the_shorter_side_gets_the_size_and_the_longer_one_keeps_the_proportions(shape, size, expected):
    images = np.random.default_rng(0).integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    resized = short_side(images, size)
    assert resized.shape == (2, *expected, 3)
    assert np.array_equal(resized[1], resize(images[1], expected))
    assert np.array_equal(short_side(images[1], size), resized[1])


def test_the_prediction_is_the_mean_of_ten():
    images = np.random.default_rng(0).integers(0, 256, (7, 6, 8, 3), dtype=np.uint8)

    def predict(crops):
        assert crops.shape == (70, 4, 4, 3)
        assert crops.dtype == np.uint8
        return crops[:, 0, 0].astype(np.float32)  # the colour of the upper left pixel

    said = ten_crop_predict(predict, images, 4)
    by_hand = [np.mean([crop[0, 0] for crop in ten_crop(images[row : row + 1], 4)[0]], 0) for row in range(7)]
    assert np.allclose(said, by_hand)


def test_predictions_of_many_images_are_made_in_blocks(monkeypatch):
    monkeypatch.setattr("striate.loader.crops._BLOCK", 10 * 4 * 4 * 3 * 2)
    images = np.random.default_rng(0).random((5, 6, 8, 3))
    sizes = []

    def predict(crops):
        sizes.append(len(crops))
        return crops.mean((1, 2))

    said = ten_crop_predict(predict, images, (4, 4))
    assert sizes == [20, 20, 10]
    assert np.allclose(said, ten_crop(images, 4).mean((1, 2, 3)))


def test_no_images_give_no_predictions():
    assert ten_crop_predict(lambda crops: np.zeros((len(crops), 3)), np.zeros((0, 4, 4, 1)), 2).shape == (0, 3)
    assert short_side(np.zeros((0, 4, 8, 3), np.uint8), 2).shape == (0, 2, 4, 3)


@pytest.mark.parametrize("take", [centre_crop, ten_crop, lambda x, size: ten_crop_predict(len, x, size)])
def test_a_part_larger_than_the_image_is_refused_with_its_sum(take):
    with pytest.raises(DataError, match="no 5x5 part can be taken from images of 4x5 pixels") as caught:
        take(NUMBERED, 5)
    assert caught.value.sum == "4 >= 5 and 5 >= 5 must hold"
    fixed = short_side(NUMBERED, 5)
    assert centre_crop(fixed, 5).shape == (1, 5, 5, 1)


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", True, (2,), (2, 2, 2), (2, 0), None])
def test_a_size_that_is_none_is_refused(size):
    for take in (centre_crop, ten_crop):
        with pytest.raises(ArgumentError, match="size cannot be"):
            take(NUMBERED, size)
    with pytest.raises(ArgumentError, match="size cannot be"):
        short_side(NUMBERED, (2, 3))


def test_what_are_no_images_is_refused():
    for shape in ((4,), (4, 4), (1, 1, 4, 4, 3), (1, 0, 4, 3)):
        for take in (centre_crop, ten_crop, short_side):
            with pytest.raises(DataError, match="images are needed"):
                take(np.zeros(shape, np.uint8), 2)
    with pytest.raises(DataError, match="images are needed"):
        ten_crop(NUMBERED[0], 2)
    with pytest.raises(DataError, match="only uint8"):
        short_side(np.zeros((4, 4, 3), np.float32), 2)
