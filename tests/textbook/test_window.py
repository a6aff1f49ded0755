"""Windows, frames, and their transposes."""

import numpy as np
import pytest

from striate.textbook import add_windows, crop, pad, pad_widths, per_axis, windows


def test_one_number_is_meant_for_every_axis():
    assert per_axis(2, 3) == (2, 2, 2)
    assert per_axis([1, 2], 2) == (1, 2)


def test_too_few_numbers_for_the_axes_are_refused():
    with pytest.raises(ValueError, match="3 numbers for 2 axes"):
        per_axis((1, 2, 3), 2)


@pytest.mark.parametrize(("side", "width"), [(3, 1), (5, 2), (7, 3)])
def test_half_the_kernel_of_padding_keeps_the_size(side, width):
    """Lecture 002 L792-798."""
    assert pad_widths((7,), (side,), (1,), "same", (1,)) == [(width, width)]
    assert 7 + 2 * width - side + 1 == 7


@pytest.mark.parametrize("s", range(1, 5))
@pytest.mark.parametrize("d", [1, 2])
def test_same_padding_gives_one_window_for_every_stride_begun(s, d):
    for n in range(1, 12):
        for k in range(1, 6):
            [(before, after)] = pad_widths((n,), (k,), (s,), "same", (d,))
            assert before <= after <= before + 1
            padded = pad(np.ones((1, 1, n)), [(before, after)])
            assert windows(padded, (k,), (s,), (d,)).shape == (1, 1, -(-n // s), k)


def test_an_odd_pixel_of_same_padding_stands_at_the_end():
    assert pad_widths((4, 5), (2, 3), (1, 2), "same", (1, 1)) == [(0, 1), (1, 1)]
    assert pad_widths((7,), (2,), (2,), "same", (1,)) == [(0, 1)]


def test_a_kernel_that_is_too_large_is_refused_with_its_sum():
    with pytest.raises(ValueError, match=r"floor\(\(4 \+ 0 \+ 0 - 1\*\(5-1\) - 1\) / 1\) \+ 1 = 0, must be >= 1"):
        pad_widths((4,), (5,), (1,), "valid", (1,))


def test_an_unknown_padding_is_refused():
    with pytest.raises(ValueError, match='"valid", "same" or a number of pixels, not "full"'):
        pad_widths((4,), (2,), (1,), "full", (1,))


def test_a_stride_moves_the_window_and_a_dilation_moves_the_taps():
    x = np.arange(7.0).reshape(1, 1, 7)
    assert windows(x, (2,), (3,), (1,)).tolist() == [[[[0, 1], [3, 4]]]]
    assert windows(x, (2,), (1,), (3,)).tolist() == [[[[0, 3], [1, 4], [2, 5], [3, 6]]]]


@pytest.mark.parametrize(("stride", "count"), [(1, 5), (2, 3), (3, 2)])
def test_a_7x7_map_has_as_many_3x3_windows_as_the_lecture_says(stride, count):
    """Lecture 002 L744-772; stride 3 gives 2.33 there, and does not fit: the last pixel stays unseen."""
    assert windows(np.zeros((1, 1, 7, 7)), (3, 3), (stride, stride), (1, 1)).shape == (1, 1, count, count, 3, 3)


def test_windows_are_a_view_and_copy_nothing():
    x = np.zeros((1, 1, 4, 4))
    assert np.shares_memory(windows(x, (2, 2), (1, 1), (1, 1)), x)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("kernel", "strides", "dilation"), [((3, 2), (1, 1), (1, 1)), ((2, 3), (2, 3), (2, 1))])
def test_add_windows_is_the_transpose_of_windows(kernel, strides, dilation, seed):
    """<windows(x), p> = <x, add_windows(p)> for every x and p: that is what transpose means."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, 3, 7, 8))
    seen = windows(x, kernel, strides, dilation)
    p = rng.standard_normal(seen.shape)
    back = add_windows(p, x.shape, strides, dilation)
    assert back.shape == x.shape
    np.testing.assert_allclose(np.sum(seen * p), np.sum(x * back), rtol=1e-12)


def test_crop_is_the_transpose_of_pad():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 7, 6))
    widths = [(1, 2), (0, 1)]
    np.testing.assert_allclose(np.sum(pad(x, widths) * y), np.sum(x * crop(y, widths)), rtol=1e-12)
    np.testing.assert_array_equal(crop(pad(x, widths), widths), x)
