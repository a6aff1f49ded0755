"""Pictures inside the page: arrays as data URIs."""

import base64
import io

import numpy as np
from markupsafe import Markup
from PIL import Image, features

__all__ = ["PIXELATED", "data_uri", "eight_bit"]

PIXELATED = 64
"""Up to this side every pixel is kept as it is (PNG) and shown as a square; larger pictures are photographs (WebP)."""
LARGEST = 256
"""Larger pictures are made smaller: the page shows them at half this size."""


def eight_bit(image: np.ndarray) -> np.ndarray:
    """(h, w, c) as (h, w, 3) or (h, w) uint8; what is not uint8 is stretched from its least to its greatest value.

    Two channels show their first, four or more their first three.

    Example: >>> eight_bit(np.array([[[-1.0], [1.0]]]))
             array([[  0, 255]], dtype=uint8)
    """
    shown = image[..., :3] if image.shape[-1] >= 3 else image[..., 0]
    if shown.dtype == np.uint8:
        return np.ascontiguousarray(shown)
    values = np.nan_to_num(shown.astype(np.float64))
    low, high = values.min(), values.max()
    return np.round((values - low) / ((high - low) or 1) * 255).astype(np.uint8)


def data_uri(pixels: np.ndarray) -> Markup:
    """(h, w) or (h, w, 3) uint8 as a picture that is part of the page, however long its address is.

    Example: >>> str(data_uri(np.zeros((2, 2), np.uint8)))[:21]
             'data:image/png;base64'
    """
    picture, stream = Image.fromarray(pixels), io.BytesIO()
    if max(picture.size) <= PIXELATED or not features.check("webp"):
        kind = "png"
        picture.save(stream, "PNG", optimize=True)
    else:
        kind = "webp"
        picture.thumbnail((LARGEST, LARGEST))
        picture.save(stream, "WEBP", quality=80)
    return Markup(f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}")  # noqa: S704
