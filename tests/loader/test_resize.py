"""Resizing: sums by hand, then torch's antialiased bilinear interpolation."""

import sys
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.loader.resize import resize, resize_weights


def images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def theirs(image, size):
    """What torch makes of it; asked for one column it repeats a pixel, so it is asked for one row of the mirror image."""
    aside = size[1] == 1
    nchw = torch.from_numpy(image.swapaxes(0, 1) if aside else image).permute(2, 0, 1)[None].float()
    scaled = torch.nn.functional.interpolate(nchw, size[::-1] if aside else size, mode="bilinear", antialias=True)
    return scaled[0].permute((2, 1, 0) if aside else (1, 2, 0)).numpy()


def test_the_right_size_is_returned_as_it_is():
    image = images(5, 7, 3)
    assert resize(image, (5, 7)) is image


@pytest.mark.parametrize(
    ("pixels", "new", "expected"),
    [
        ([0, 100], 1, [50]),  # the tent reaches two old pixels from 1: both weigh 1/2
        ([0, 0, 90], 1, [26]),  # a tent of 2/3, 1, 2/3: (2/3 * 90) / (7/3) = 25.7
        ([70, 0, 0, 0], 2, [30, 0]),  # 3/7, 3/7 and 1/7 of the first three; as much of the last three
        ([0, 70, 0, 0], 2, [30, 10]),
        ([0, 100], 4, [0, 25, 75, 100]),  # the centres lie at 1/4 and 3/4 between the old ones
        ([10], 3, [10, 10, 10]),
    ],
)
def test_weights_by_hand(pixels, new, expected):
    column = np.array(pixels, np.uint8).reshape(-1, 1, 1)
    assert resize(column, (new, 1)).ravel().tolist() == expected
    assert resize(column.reshape(1, -1, 1), (1, new)).ravel().tolist() == expected


def test_halves_are_rounded_to_the_even_number():
    assert [resize(np.array([[[0], [odd]]], np.uint8), (1, 1)).item() for odd in (1, 3, 5)] == [0, 2, 2]


@given(size=st.integers(1, 60), new=st.integers(1, 60), begin=st.integers(0, 59))
@settings(max_examples=200, deadline=None)
def test_weights_are_shares_and_do_not_depend_on_the_part_that_is_asked_for(size, new, begin):
    whole, first = resize_weights(size, new)
    assert first == 0
    assert whole.shape == (new, size)
    assert (whole >= 0).all()
    assert np.allclose(whole.sum(1), 1, atol=1e-6)
    begin = min(begin, new - 1)
    part, first = resize_weights(size, new, begin)
    assert np.allclose(part, whole[begin:, first : first + part.shape[1]], atol=1e-6)


@given(
    old=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    new=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    channels=st.sampled_from([1, 3]),
)
@settings(max_examples=150, deadline=None)
def test_it_is_torchs_antialiased_bilinear(old, new, channels):
    image = images(*old, channels)
    ours = resize(image, new)
    assert ours.shape == (*new, channels)
    assert ours.dtype == np.uint8
    assert np.abs(ours - theirs(image, new)).max() < 0.501, "equal before rounding"


@pytest.mark.parametrize("shade", [0, 1, 127, 255])
def test_an_even_surface_stays_even(shade):
    for size in ((1, 1), (3, 50), (50, 3), (64, 64)):
        assert (resize(np.full((17, 23, 3), shade, np.uint8), size) == shade).all()


def test_a_large_image_is_resized_piece_by_piece_to_the_same_result(monkeypatch):
    image = images(300, 200, 3)
    for size in ((37, 51), (500, 70)):
        whole = resize(image, size)
        with monkeypatch.context() as patch:
            patch.setattr(sys.modules["striate.loader.resize"], "_TOGETHER", 100)
            pieces = resize(image, size)
        apart = np.abs(pieces.astype(int) - whole)
        assert apart.max() <= 1, "float32 sums in another order may fall on the other side of a half"
        assert apart.mean() < 1e-3


def test_a_photograph_needs_little_more_memory_than_its_own_bytes():
    image = np.zeros((4000, 3000, 3), np.uint8)
    tracemalloc.start()
    try:
        resize(image, (64, 64))
        assert tracemalloc.get_traced_memory()[1] < image.nbytes
    finally:
        tracemalloc.stop()
