import base64
import io

import numpy as np
import pytest
from PIL import Image

from striate.report.picture import LARGEST, PIXELATED, data_uri, eight_bit


def opened(uri):
    head, body = str(uri).split(",")
    picture = Image.open(io.BytesIO(base64.b64decode(body, validate=True)))
    assert head == f"data:image/{picture.format.lower()};base64"
    return picture


@pytest.mark.parametrize("shape", [(8, 8), (PIXELATED, 3), (1, 1), (5, 7, 3)])
def test_a_small_picture_keeps_every_pixel(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    picture = opened(data_uri(pixels))
    assert picture.format == "PNG"
    assert np.array_equal(np.asarray(picture), pixels)


def test_a_photograph_is_made_small():
    picture = opened(data_uri(np.full((PIXELATED + 1, 1000, 3), 200, np.uint8)))
    assert (picture.format, picture.width) == ("WEBP", LARGEST)
    assert np.abs(np.asarray(picture).astype(int) - 200).max() <= 2


def test_numbers_are_stretched_from_the_least_to_the_greatest():
    # (v + 1)/4 · 255: 0, 63.75, 255
    assert eight_bit(np.array([[[-1.0], [0.0], [3.0]]])).tolist() == [[0, 64, 255]]


def test_eight_bits_stay_as_they_are():
    assert eight_bit(np.array([[[7], [9]]], np.uint8)).tolist() == [[7, 9]]


@pytest.mark.parametrize(("channels", "shape"), [(1, (2, 2)), (2, (2, 2)), (3, (2, 2, 3)), (5, (2, 2, 3))])
def test_any_number_of_channels_can_be_shown(channels, shape):
    assert eight_bit(np.zeros((2, 2, channels), np.uint8)).shape == shape


@pytest.mark.parametrize("value", [0.0, 5.0, np.nan, np.inf])
def test_a_picture_of_one_value_is_shown(value):
    assert eight_bit(np.full((2, 2, 1), value)).tolist() == [[0, 0], [0, 0]]
