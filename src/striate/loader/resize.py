"""Resizing images: one function, the same in the training cache, in predict and in whatever is exported."""

import math

import numpy as np

__all__ = ["resize", "resize_weights"]

_BLOCK = 1 << 22
"""Numbers held as float32 at a time, so that a large photograph needs little more memory than its own bytes."""


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An image at another size, by antialiased bilinear interpolation.

    y = round(R x C^T),    R and C from resize_weights for the rows and the columns

    Computed in float32 and rounded to uint8 at the end (halves to the even number, as NumPy, torch and ONNX round).
    Where the size is already right the image is returned as it is.

    Shape:   (h, w, c) uint8 -> (*size, c) uint8
    Args:    image: what to resize. size: (height, width) wanted.
    Source:  torch.nn.functional.interpolate(mode="bilinear", antialias=True); Pillow's differs by up to 0.9 grey levels
    Example: >>> resize(np.array([[[0], [100]]], np.uint8), (1, 1)).tolist()
             [[[50]]]
    """
    height, width = image.shape[:2]
    if (height, width) == tuple(size):
        return image
    rows_first = size[0] * width <= height * size[1]  # whichever leaves less to be held between the two products
    for axis in (0, 1) if rows_first else (1, 0):
        image = _along(image, axis, size[axis])
    return np.rint(image).astype(np.uint8)


def resize_weights(size: int, new: int, begin: int = 0, end: int | None = None) -> tuple[np.ndarray, int]:
    """What each old pixel of an axis adds to new pixels begin ... end - 1, and the first old pixel that adds anything.

    R[i, j] = t(i, j) / sum over j of t(i, j),    t(i, j) = max(0, 1 - |j + 1/2 - (i + 1/2)*s| / max(s, 1)),    s = size/new

    A tent as wide as the new pixels (as the old ones, when enlarging), centred on each new pixel.

    Shape:   (end - begin, old pixels under the tents), float32
    Args:    size: old pixels. new: new pixels. begin, end: which new pixels, all by default.
    Source:  Heckbert 1989, "Fundamentals of Texture Mapping and Image Warping", UCB/CSD-89-516
    Example: >>> (70 * resize_weights(4, 2)[0]).round().tolist()
             [[30.0, 30.0, 10.0, 0.0], [0.0, 10.0, 30.0, 30.0]]
    """
    end = new if end is None else end
    step = size / new
    reach = max(step, 1.0)
    centres = (np.arange(begin, end) + 0.5) * step
    first = max(math.floor(centres[0] - reach - 0.5), 0)
    last = min(math.ceil(centres[-1] + reach + 0.5), size)
    tents = np.maximum(0, 1 - np.abs(np.arange(first, last) + 0.5 - centres[:, None]) / reach)
    return (tents / tents.sum(1, keepdims=True)).astype(np.float32), first


def _along(image: np.ndarray, axis: int, new: int) -> np.ndarray:
    """The product of the weights with one axis of (h, w, c), some new pixels at a time."""
    size = image.shape[axis]
    taps = 2 * math.ceil(max(size / new, 1)) + 1
    each = max(_BLOCK // (taps * image.size // size), 1)
    parts = []
    for begin in range(0, new, each):
        weights, first = resize_weights(size, new, begin, min(begin + each, new))
        if axis == 0:
            seen = image[first : first + weights.shape[1]].astype(np.float32, copy=False)
            parts.append((weights @ seen.reshape(len(seen), -1)).reshape(-1, *image.shape[1:]))
        else:
            parts.append(weights @ image[:, first : first + weights.shape[1]].astype(np.float32, copy=False))
    return np.concatenate(parts, axis)
