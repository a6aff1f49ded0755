"""Windows: the places a kernel visits on a map. Convolution and pooling share them.

Along one axis of n pixels, with kernel side k, stride s, dilation d and padding p before and q after, output i
looks at the pixels i*s + u*d - p for u = 0 ... k-1, and there are

    n' = floor((n + p + q - d*(k-1) - 1) / s) + 1

such windows. (Lecture 001 L565 and lecture 002 L764 leave out the padding and the floor.)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from striate.textbook.brick import Array

__all__ = ["Padding", "add_windows", "crop", "pad", "pad_widths", "per_axis", "windows"]

Padding = str | int | Sequence[int | Sequence[int]]


def per_axis(value: Any, axes: int) -> tuple[Any, ...]:
    """Write one number for all axes, or one number per axis, as a tuple with one per axis.

    s -> (s, ..., s),    (s_1, ..., s_axes) -> itself

    Shape:   int or (axes,) -> (axes,)
    Errors:  ValueError if there are more or fewer numbers than axes.
    Source:  lecture 002 L603-604, strides may differ by axis.
    Example: >>> per_axis(2, 3), per_axis((1, 2), 2)
             ((2, 2, 2), (1, 2))
    """
    values = tuple(value) if isinstance(value, Sequence) else (value,) * axes
    if len(values) != axes:
        raise ValueError(f"{value} has {len(values)} numbers for {axes} axes")
    return values


def pad_widths(
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    padding: Padding,
    dilation: Sequence[int],
) -> list[tuple[int, int]]:
    """Count the pixels to add before and after each axis.

    valid: 0, 0.    An integer p: p, p.    A pair (p, q): itself.    same: so many that n' = ceil(n/s), in all
    max((ceil(n/s) - 1)*s + d*(k-1) + 1 - n, 0), the smaller half before (TensorFlow's rule, for any stride)

    Shape:   sizes (axes,) -> axes pairs (before, after)
    Errors:  ValueError for an unknown word, or if the dilated kernel exceeds the padded map; it shows the sum.
    Source:  lecture 001 L552-568, lecture 002 L543-596, lecture 004 L279-284.
    Example: a 5x5 kernel keeps a 32x32 map at 32x32 with 2 pixels all round
             >>> pad_widths((32, 32), (5, 5), (1, 1), "same", (1, 1))
             [(2, 2), (2, 2)]
             >>> pad_widths((7,), (2,), (2,), "same", (1,))
             [(0, 1)]
    """
    if padding == "valid":
        padding = 0
    if padding == "same":
        widths = []
        for n, k, s, d in zip(sizes, kernel, strides, dilation, strict=True):
            total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)  # -(-n // s) is ceil(n/s)
            widths.append((total // 2, total - total // 2))
    elif isinstance(padding, str):
        raise ValueError(f'padding is "valid", "same" or a number of pixels, not "{padding}"')
    else:
        widths = [(p, p) if isinstance(p, int) else tuple(p) for p in per_axis(padding, len(sizes))]
    for n, k, s, d, (p, q) in zip(sizes, kernel, strides, dilation, widths, strict=True):
        count = (n + p + q - d * (k - 1) - 1) // s + 1
        if count < 1:
            raise ValueError(
                f"no window fits: floor(({n} + {p} + {q} - {d}*({k}-1) - 1) / {s}) + 1 = {count}, must be >= 1"
            )
    return widths


def pad(x: Array, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Array:
    """Frame a map with pixels of one value.

    y[i] = x[i - p] for p <= i < p + n, else value

    Shape:   (n, c, h, w) -> (n, c, h + before + after, w + before + after)
    Source:  lecture 002 L549-551.
    Example: >>> pad(np.ones((1, 1, 2)), [(1, 0)]).tolist()
             [[[0.0, 1.0, 1.0]]]
    """
    return np.pad(np.asarray(x, dtype=float), [(0, 0), (0, 0), *widths], constant_values=value)


def crop(y: Array, widths: Sequence[tuple[int, int]]) -> Array:
    """Take the frame away again: the transpose of `pad`, for the padding's gradient goes nowhere.

    x[i] = y[i + p]

    Shape:   (n, c, h + before + after, w + before + after) -> (n, c, h, w)
    Source:  lecture 002 L549-551.
    Example: >>> crop(np.array([[[7.0, 1.0, 2.0]]]), [(1, 0)]).tolist()
             [[[1.0, 2.0]]]
    """
    inner = tuple(slice(before, size - after) for (before, after), size in zip(widths, y.shape[2:], strict=True))
    return y[:, :, *inner]


def windows(x: Array, kernel: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> Array:
    """View a (padded) map as the collection of its windows.

    y[n, c, i, j, u, v] = x[n, c, i*s + u*d, j*s + v*d]

    Nothing is copied: the view reads the same memory in another order, overlapping pixels several times.

    Shape:   (n, c, h, w) -> (n, c, h', w', kh, kw)
    Source:  lecture 000 L36-57, local receptive fields.
             Lecture 004 L303 writes a stride as I(n + i*s, m + j*s). That is a dilation (the taps are moved
             apart); a stride moves the window: I(n*s + i, m*s + j).
    Example: >>> windows(np.array([[[1.0, 2.0, 3.0, 4.0]]]), (2,), (1,), (1,)).tolist()
             [[[[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]]]
             >>> windows(np.array([[[1.0, 2.0, 3.0, 4.0]]]), (2,), (2,), (1,)).tolist()
             [[[[1.0, 2.0], [3.0, 4.0]]]]
             >>> windows(np.array([[[1.0, 2.0, 3.0, 4.0]]]), (2,), (1,), (2,)).tolist()
             [[[[1.0, 3.0], [2.0, 4.0]]]]
    """
    axes = range(2, x.ndim)
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    view = np.lib.stride_tricks.sliding_window_view(x, reach, axis=tuple(axes))  # (n, c, *places, *reach)
    return view[:, :, *(slice(None, None, s) for s in strides), *(slice(None, None, d) for d in dilation)]


def add_windows(dwindows: Array, shape: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> Array:
    """Add every window back to the place it was taken from: the transpose of `windows`.

    dx[n, c, a, b] = sum of dwindows[n, c, i, j, u, v] over all i, j, u, v with i*s + u*d = a and j*s + v*d = b

    A pixel seen by several windows reaches the loss by several paths, so their gradients add up.

    Shape:   (n, c, h', w', kh, kw) -> shape (n, c, h, w)
    Source:  lecture 004 L462, "for shared weights the derivative is the sum of the back-propagated derivatives".
    Example: the middle pixels of four are seen twice by windows of two
             >>> add_windows(np.ones((1, 1, 3, 2)), (1, 1, 4), (1,), (1,)).tolist()
             [[[1.0, 2.0, 2.0, 1.0]]]
    """
    axes = len(strides)
    places, kernel = dwindows.shape[2 : 2 + axes], dwindows.shape[2 + axes :]
    dx = np.zeros(tuple(shape))
    for tap in np.ndindex(*kernel):  # tap (u, v) of window (i, j) sits on pixel (i*s + u*d, j*s + v*d)
        pixels = [
            slice(u * d, u * d + s * (m - 1) + 1, s) for u, d, s, m in zip(tap, dilation, strides, places, strict=True)
        ]
        dx[:, :, *pixels] += dwindows[..., *tap]
    return dx
