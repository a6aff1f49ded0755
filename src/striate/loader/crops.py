"""Parts of images of one size, as large networks take them: the centre, or ten parts whose predictions are averaged."""

from collections.abc import Callable

import numpy as np

from striate.errors import ArgumentError, DataError
from striate.loader.resize import resize
from striate.shape import elements

__all__ = ["centre_crop", "short_side", "ten_crop", "ten_crop_predict"]

_BLOCK = 1 << 26
"""Numbers of crops held at a time: ten crops of all images could be larger than memory."""


def short_side(images: np.ndarray, size: int = 256) -> np.ndarray:
    """Images whose shorter side has `size` pixels, their proportions kept.

    (h, w) -> (size, w*size/h) where h <= w,  else (h*size/w, size);  rounded to whole pixels, halves up

    Shape:   (h, w, c) or (n, h, w, c) uint8 -> the same, resized
    Args:    images: of one size; call it image by image where sizes differ. size: of the shorter side, pixels.
    Errors:  DataError for what are no uint8 images; ArgumentError for a size that is none.
    Source:  Krizhevsky, Sutskever & Hinton 2012, section 2; lecture 001 L1294
    Example: >>> short_side(np.zeros((10, 15, 3), np.uint8), 4).shape
             (4, 6, 3)
    """
    images = _images(images)
    if images.dtype != np.uint8:
        raise DataError(
            f"only uint8 images are resized, these are {images.dtype}", fix="images from 0 to 255, x.astype('uint8')"
        )
    (size, _), (height, width) = _pair((size, size)), images.shape[-3:-1]
    short = min(height, width)
    new = (2 * height * size + short) // (2 * short), (2 * width * size + short) // (2 * short)
    if images.ndim == 3:
        return resize(images, new)
    return (
        np.stack([resize(image, new) for image in images])
        if len(images)
        else np.empty((0, *new, images.shape[-1]), np.uint8)
    )


def centre_crop(images: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """The centre of images.

    x'[i,j] = x[i + floor((h - h')/2), j + floor((w - w')/2)]

    Shape:   (..., h, w, c) -> (..., *size, c), a view
    Args:    size: (height, width) in pixels, or one number for both.
    Errors:  DataError for images smaller than that; ArgumentError for a size that is none.
    Source:  Keras 3, keras.layers.CenterCrop; lecture 001 L1295
    Example: >>> centre_crop(np.arange(4).reshape(1, 4, 1), (1, 2)).ravel().tolist()
             [1, 2]
    """
    images, size = _images(images), _pair(size)
    rest, more = _rest(images, size)
    return _part(images, rest // 2, more // 2, size)


def ten_crop(images: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """The four corners and the centre of images, and the mirror image of each.

    In this order: upper left, upper right, lower left, lower right, centre; then the same mirrored.

    Shape:   (n, h, w, c) -> (n, 10, *size, c)
    Args:    size: (height, width) in pixels, or one number for both.
    Errors:  DataError for images smaller than that; ArgumentError for a size that is none.
    Source:  Krizhevsky, Sutskever & Hinton 2012, section 4.1; lecture 001 L1295
    Example: >>> ten_crop(np.arange(3).reshape(1, 1, 3, 1), (1, 2))[0, :, 0, :, 0].tolist()
             [[0, 1], [1, 2], [0, 1], [1, 2], [0, 1], [1, 0], [2, 1], [1, 0], [2, 1], [1, 0]]
    """
    images, size = _images(images, batch=True), _pair(size)
    rest, more = _rest(images, size)
    corners = [(0, 0), (0, more), (rest, 0), (rest, more), (rest // 2, more // 2)]
    parts = [_part(images, top, left, size) for top, left in corners]
    return np.stack([*parts, *(part[..., ::-1, :] for part in parts)], 1)


def ten_crop_predict(
    predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray, size: int | tuple[int, int]
) -> np.ndarray:
    """The mean of what is predicted for ten parts of each image.

    p = 1/10 * sum over the crops of predict(crop)

    Shape:   (n, h, w, c) -> (n, ...), as predict gives it
    Args:    predict: from images (m, *size, c) to an array (m, ...). images, size: see ten_crop.
    Errors:  those of ten_crop.
    Source:  Krizhevsky, Sutskever & Hinton 2012, section 4.1; lecture 001 L1296
    Example: >>> ten_crop_predict(lambda crops: crops.mean((1, 2)), np.array([[[[0], [1], [5]]]]), (1, 2)).tolist()
             [[1.5]]
    """
    images, size = _images(images, batch=True), _pair(size)
    each = max(_BLOCK // (10 * elements(size) * images.shape[-1]), 1)
    means = []
    for begin in range(0, max(len(images), 1), each):
        crops = ten_crop(images[begin : begin + each], size)
        said = np.asarray(predict(crops.reshape(-1, *crops.shape[2:])))
        means.append(said.reshape(len(crops), 10, *said.shape[1:]).mean(1))
    return np.concatenate(means)


def _images(images: np.ndarray, batch: bool = False) -> np.ndarray:
    images = np.asarray(images)
    if not (images.ndim == 4 or (images.ndim == 3 and not batch)) or 0 in images.shape[-3:]:
        raise DataError(
            f"images are needed, not an array of shape {images.shape}",
            sum="(n, h, w, c), each at least 1" if batch else "(h, w, c) or (n, h, w, c), each at least 1",
            fix="x[None] for a batch of one, x[..., None] for grey images",
        )
    return images


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """Height and width."""
    pair = tuple(size) if isinstance(size, tuple | list) else (size, size)
    if len(pair) != 2 or not all(isinstance(side, int | np.integer) and side > 0 and side is not True for side in pair):
        raise ArgumentError(f"size cannot be {size}", sum="whole numbers of pixels, at least 1", fix="size=224")
    return int(pair[0]), int(pair[1])


def _rest(images: np.ndarray, size: tuple[int, int]) -> tuple[int, int]:
    """How many rows and columns are left over."""
    height, width = images.shape[-3:-1]
    if height < size[0] or width < size[1]:
        raise DataError(
            f"no {size[0]}x{size[1]} part can be taken from images of {height}x{width} pixels",
            sum=f"{height} >= {size[0]} and {width} >= {size[1]} must hold",
            fix=f"short_side(images, {max(size)}), or a smaller size",
        )
    return height - size[0], width - size[1]


def _part(images: np.ndarray, top: int, left: int, size: tuple[int, int]) -> np.ndarray:
    return images[..., top : top + size[0], left : left + size[1], :]
