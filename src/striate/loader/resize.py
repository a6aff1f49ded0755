"""Resizing images: one function, the same in the training cache, in predict and in whatever is exported."""

import math
from functools import lru_cache

import numpy as np

from striate.loader.room import Room

__all__ = ["resize", "resize_weights"]

_TOGETHER = 200_000
"""Products computed in one call. So few need little memory, read little beside the tents they are for, and are no work
that BLAS would spread over threads: images are resized side by side already."""


def resize(image: np.ndarray, size: tuple[int, int], room: Room | None = None) -> np.ndarray:
    """An image at another size, by antialiased bilinear interpolation.

    y = round(R x C^T),    R and C from resize_weights for the rows and the columns

    Computed in float32 and rounded to uint8 at the end (halves to the even number, as NumPy, torch and ONNX round).
    Where the size is already right the image is returned as it is.

    Shape:   (h, w, c) uint8 -> (*size, c) uint8
    Args:    image: what to resize. size: (height, width) wanted.
             room: where what is made on the way may lie.
    Source:  torch.nn.functional.interpolate(mode="bilinear", antialias=True); Pillow's differs by up to 0.9 grey levels
    Example: >>> resize(np.array([[[0], [100]]], np.uint8), (1, 1)).tolist()
             [[[50]]]
    """
    height, width, channels = image.shape
    if (height, width) == tuple(size):
        return image
    room = room or Room()
    pixels = image.reshape(height, width * channels)
    # Whichever order leaves less to be held in between; rows first, as they lie in memory, where it is much the same.
    if size[0] * width <= 2 * height * size[1]:
        new = _columns(_rows(pixels, size[0], room), size[1], channels, room)
    else:
        new = _rows(_columns(pixels, size[1], channels, room), size[0], room)
    return np.rint(new, out=new).astype(np.uint8).reshape(*size, channels)


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


def _rows(pixels: np.ndarray, new: int, room: Room) -> np.ndarray:
    """R x of pixels (h, numbers), some new rows at a time."""
    made = room.array("rows", (new, pixels.shape[1]), np.float32)
    for begin, first, weights in _bands(len(pixels), new, _each(len(pixels), new, pixels.shape[1])):
        seen = _floats(pixels[first : first + weights.shape[1]], room)
        np.matmul(weights, seen, out=made[begin : begin + len(weights)])
    return made


def _columns(pixels: np.ndarray, new: int, channels: int, room: Room) -> np.ndarray:
    """x C^T of pixels (h, w * channels), some new columns at a time."""
    width = pixels.shape[1] // channels
    made = room.array("columns", (len(pixels), new * channels), np.float32)
    each = _each(width, new, len(pixels) * channels**2)
    for begin, first, weights in _channel_bands(width, new, each, channels):
        seen = _floats(pixels[:, first : first + len(weights)], room)
        np.matmul(seen, weights, out=made[:, begin : begin + weights.shape[1]])
    return made


def _floats(pixels: np.ndarray, room: Room) -> np.ndarray:
    """Numbers as float32; those that are, as they are."""
    if pixels.dtype == np.float32:
        return pixels
    floats = room.array("floats", pixels.shape, np.float32)
    np.copyto(floats, pixels)
    return floats


def _each(size: int, new: int, times: int) -> int:
    """How many new pixels are made at a time: each costs all the old pixels between the first tent and the last."""
    return min(max(math.isqrt(int(_TOGETHER / (times * max(size / new, 1)))), 1), new)


@lru_cache(32)
def _bands(size: int, new: int, each: int) -> list[tuple[int, int, np.ndarray]]:
    """First new pixel, first old pixel, and what the old pixels add: (new, old), for `each` new pixels at a time.

    Kept, as the images of a folder are often of one size. Nobody else sees the arrays.
    """
    parts = []
    for begin in range(0, new, each):
        weights, first = resize_weights(size, new, begin, min(begin + each, new))
        parts.append((begin, first, weights))
    return parts


@lru_cache(32)
def _channel_bands(size: int, new: int, each: int, channels: int) -> list[tuple[int, int, np.ndarray]]:
    """As `_bands`, in numbers instead of pixels, turned: (old * channels, new * channels), no channel adds to another."""
    parts = []
    for begin, first, weights in _bands(size, new, each):
        apart = np.zeros((weights.shape[1], channels, len(weights), channels), np.float32)
        for channel in range(channels):
            apart[:, channel, :, channel] = weights.T
        parts.append((begin * channels, first * channels, apart.reshape(-1, len(weights) * channels)))
    return parts
