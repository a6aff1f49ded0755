"""One image file as pixels, whatever kind of file it is, or in plain words why not."""

import os
import stat
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from striate.errors import DataError, printable

__all__ = ["LARGEST_PIXELS", "SUFFIXES", "decode"]

LARGEST_PIXELS = 25_000_000
"""A file of 300 kB may unpack to 90 megapixels: more than this is refused from the header, before anything is unpacked."""
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "TGA")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".tga", ".jfif")


def decode(path: str | os.PathLike[str], channels: int | None = None) -> np.ndarray:
    """The image in a file as uint8 (h, w, channels); one channel if it is grey and `channels` does not say otherwise.

    Turned as its EXIF data says; of an animation the first frame; 16-bit images are scaled, not cut off; what is
    transparent is laid on white.

    Errors:  DataError with the reason.
    """
    name = printable(os.fspath(path), 200)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for ever
            raise DataError(f"{name} is no regular file")
        if os.stat(path).st_size == 0:
            raise DataError(f"{name} is empty (0 bytes)")
        with warnings.catch_warnings(), Path(path).open("rb") as file:
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; pixels are what counts
            with Image.open(file, formats=FORMATS) as image:
                width, height = image.size
                if width * height > LARGEST_PIXELS:
                    raise DataError(
                        f"{name} is too large to decode",
                        sum=f"{width} x {height} = {width * height / 1e6:.0f} megapixels, at most {LARGEST_PIXELS / 1e6:.0f}",
                        fix="make it smaller first",
                    )
                return _pixels(ImageOps.exif_transpose(image), channels)
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"there is no {name}") from None
    except Exception as error:  # noqa: BLE001  damaged files make Pillow raise almost anything
        reason = "is no image of a known kind" if "cannot identify" in str(error) else f"cannot be decoded: {error}"
        raise DataError(f"{name} {printable(reason)}") from None


def _pixels(image: Image.Image, channels: int | None) -> np.ndarray:
    if image.mode.startswith("I") or image.mode == "F":
        image = _sixteen_bits(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        solid = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", solid.size, "white"), solid).convert(
            "L" if image.mode in ("LA", "La") else "RGB"
        )
    grey = image.mode in ("1", "L") if channels is None else channels == 1
    array = np.asarray(image.convert("L" if grey else "RGB"), np.uint8)
    return array[..., None] if grey else array


def _sixteen_bits(image: Image.Image) -> Image.Image:
    """Pillow cuts 16-bit greys off at 255; they are scaled instead."""
    numbers = np.asarray(image).astype(np.float64)
    numbers = np.nan_to_num(numbers)
    top = 65535.0 if numbers.max() > 255 else 255.0
    return Image.fromarray(np.clip(np.round(numbers * (255 / top)), 0, 255).astype(np.uint8))
