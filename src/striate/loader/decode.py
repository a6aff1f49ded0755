"""Decoding image files, whatever is in them: pixels come out, or one sentence says why not.

Pillow decodes them. Plain JPEG files go through simplejpeg where it is installed, which gives the same pixels sooner.
"""

import io
import os
import re
import threading
import warnings
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from striate.errors import DataError, printable
from striate.loader.room import Room
from striate.store import descriptor_of
from striate.units import bytes_text

simplejpeg: Any = None
with suppress(ImportError):
    simplejpeg = import_module("simplejpeg")

__all__ = ["SUFFIXES", "decode", "decode_file", "image_size", "read_file", "to_channels"]

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
"""What is tried. Pillow knows many more formats: some start other programs, some take any bytes for an image."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
"""How names of such files end; what is inside decides, the name only says what was meant to be an image."""
MOST_PIXELS = 25_000_000
"""No larger image is decoded: a file of 250 kB can legally hold 88 million pixels."""
MOST_BYTES = 200_000_000
"""No larger file is read."""

_DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I")
"""Modes of grey pixels with 16 bits (or 32, of which 16 are used)."""
_ORIENTATION = 0x0112  # the tag of EXIF; 5 to 8 lay the image on its side
_APP1, _SCAN = b"\xe1", b"\xda"
"""Markers of JPEG: before EXIF and XMP, and before the pixels."""


def decode_file(path: str | os.PathLike[str]) -> np.ndarray:
    """The pixels of an image file: see `decode`.

    Errors:  DataError that names the file, and says in plain words why it cannot be used.
    """
    name = printable(os.fspath(path), 200)
    try:
        return decode(read_file(path))
    except DataError as error:
        what = error.what if name in error.what else f"{name}: {error.what}"
        raise DataError(what, fix="an image file that other programs can open") from None


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a plain file of bearable size.

    Errors:  DataError that says why it cannot be read.
    """
    descriptor = descriptor_of(path)
    try:
        size = os.fstat(descriptor).st_size
        if size > MOST_BYTES:
            raise DataError(f"it holds {bytes_text(size)}, at most {bytes_text(MOST_BYTES)} are read")
        wanted, content = size or MOST_BYTES, b""  # some file systems say 0 of everything
        while len(content) < wanted and (more := os.read(descriptor, wanted - len(content))):
            content += more
    except OSError as error:
        raise DataError(f"it cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    return content


def decode(content: bytes, room: Room | None = None) -> np.ndarray:
    """The pixels of an image, upright, as they are meant to be seen.

    Grey stays one channel, also where the file says it three times; everything else becomes red, green, blue.
    16-bit pixels are scaled (v/257), not clipped; what is transparent lies on white; of an animation the first frame is
    taken; EXIF's orientation is applied; CMYK is converted without a colour profile.

    Shape:   (h, w, 1) or (h, w, 3) uint8
    Args:    content: the bytes of a JPEG, PNG, GIF, BMP, WebP, TIFF or PPM file, whatever its name says.
             room: where the pixels may lie until this thread decodes the next image; by default they are the caller's.
    Errors:  DataError that says in plain words why it cannot be decoded.
    Source:  EXIF 2.3, 4.6.4; Pillow's ImageOps.exif_transpose
    Example: >>> decode(b"P5 2 1 255 " + bytes([7, 9])).tolist()
             [[[7], [9]]]
    """
    pixels = _plain_jpeg(content, room)
    if pixels is not None:
        return pixels
    try:
        with _QUIET:
            return _pixels(ImageOps.exif_transpose(_open(content)))
    except Exception as error:  # noqa: BLE001  (damaged files raise a dozen kinds of exceptions in Pillow)
        raise DataError(_reason(error)) from None


def image_size(content: bytes) -> tuple[int, int]:
    """(height, width) of an image as `decode` would give it, from its header alone.

    Errors:  DataError as `decode`, as far as the header shows it.
    Example: >>> image_size(b"P5 2 1 255 " + bytes([7, 9]))
             (1, 2)
    """
    header = _plain_header(content)
    if header is not None:
        return header[0], header[1]
    with _QUIET:
        try:
            image = _open(content)
        except Exception as error:  # noqa: BLE001  (as above)
            raise DataError(_reason(error)) from None
        try:
            # Pillow gives the size of a TIFF as it is seen, of other files as it is stored.
            aside = image.format != "TIFF" and image.getexif().get(_ORIENTATION) in {5, 6, 7, 8}
        except Exception:  # noqa: BLE001  (EXIF that cannot be read turns nothing)
            aside = False
    return image.size if aside else image.size[::-1]


def to_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """An image with 1 or 3 channels: grey is repeated, colour is weighed by its brightness.

    y = (19595*red + 38470*green + 7471*blue + 32768) >> 16

    Shape:   (h, w, 1 or 3) uint8 -> (h, w, channels) uint8
    Source:  ITU-R BT.601, as Pillow rounds it
    Example: >>> to_channels(np.array([[[255, 0, 0]]], np.uint8), 1).tolist()
             [[[76]]]
    """
    if image.shape[-1] == channels:
        return image
    if channels == 3:
        return np.repeat(image, 3, axis=-1)
    luma = image @ np.array([19595, 38470, 7471], np.uint32)
    return ((luma + 32768) >> 16).astype(np.uint8)[..., None]


class _Quiet:
    """Keeps Pillow's warnings of odd files from the user's terminal, in any number of threads at once.

    `warnings.catch_warnings` alone would, with two threads in it, leave warnings off for good.
    """

    def __init__(self) -> None:
        self.lock, self.inside, self.caught = threading.Lock(), 0, warnings.catch_warnings()

    def __enter__(self) -> None:
        with self.lock:
            if self.inside == 0:
                self.caught = warnings.catch_warnings()
                self.caught.__enter__()
                warnings.simplefilter("ignore")
            self.inside += 1

    def __exit__(self, *raised: object) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.caught.__exit__(None, None, None)


_QUIET = _Quiet()


def _plain_jpeg(content: bytes, room: Room | None) -> np.ndarray | None:
    """The pixels of a JPEG file by simplejpeg, the same as Pillow's; None for what is left to Pillow."""
    header = _plain_header(content)
    if header is None:
        return None
    height, width, colours, _ = header
    channels = 1 if colours == "Gray" else 3
    try:
        # Both as exact as libjpeg can: Pillow asks for the same.
        pixels = simplejpeg.decode_jpeg(
            content,
            "GRAY" if channels == 1 else "RGB",
            fastdct=False,
            fastupsample=False,
            buffer=room and room.array("pixels", (height, width, channels), np.uint8),
        )
    except ValueError:  # damaged: Pillow shows what can still be seen, or says what is wrong
        return None
    return _grey_if_grey(pixels)


def _plain_header(content: bytes) -> tuple[int, int, str, str] | None:
    """Height, width, colours and sampling of a JPEG file that simplejpeg decodes as Pillow would; None for all others."""
    if not content.startswith(b"\xff\xd8\xff") or not _agree():
        return None
    try:
        height, width, colours, sampling = simplejpeg.decode_jpeg_header(content)
    except ValueError:
        return None
    if colours not in {"Gray", "YCbCr", "RGB"} or height * width > MOST_PIXELS or _may_be_turned(content):
        return None
    return height, width, colours, sampling


def _may_be_turned(content: bytes) -> bool:
    """Whether a JPEG file's EXIF or XMP turns the image, or cannot be read."""
    place = 2
    while content[place : place + 1] == b"\xff":
        marker, length = content[place + 1 : place + 2], int.from_bytes(content[place + 2 : place + 4])
        if marker == _SCAN:
            return False
        if marker == _APP1 or length < 2:
            break
        place += 2 + length
    try:
        with _QUIET:
            return _open(content).getexif().get(_ORIENTATION, 1) != 1
    except Exception:  # noqa: BLE001  (as in decode, which then tells what is wrong)
        return True


@cache
def _agree() -> bool:
    """Whether simplejpeg is installed and gives the very pixels that Pillow gives: each brings a libjpeg of its own."""
    if simplejpeg is None:
        return False
    image = Image.effect_noise((37, 29), 90).convert("L")
    image = Image.merge("RGB", (image, image.rotate(90), image.rotate(180)))
    for sampling in (0, 1, 2):  # 4:4:4, 4:2:2, 4:2:0
        file = io.BytesIO()
        image.save(file, "JPEG", quality=85, subsampling=sampling)
        ours = simplejpeg.decode_jpeg(file.getvalue(), "RGB", fastdct=False, fastupsample=False)
        if not np.array_equal(ours, np.asarray(Image.open(file))):
            return False
    return True


def _open(content: bytes) -> Image.Image:
    """The image with its header read and its size found bearable, not yet decoded."""
    if not content:
        raise DataError("it is empty (0 bytes)")
    image = Image.open(io.BytesIO(content), formats=FORMATS)
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise DataError(_too_large(width * height, f"{width:,}x{height:,} = "))
    return image


def _pixels(image: Image.Image) -> np.ndarray:
    if image.mode in _DEEP:
        deep = np.asarray(image)
        if deep.min() < 0 or deep.max() > 65535:
            raise DataError("its pixels have 32 bits, and it does not say which number is white")
        return ((deep.astype(np.uint32) + 128) // 257).astype(np.uint8)[..., None]
    if image.mode == "F":
        raise DataError("its pixels are fractions, and it does not say which number is white")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        image = white
    if image.mode in {"1", "L"}:
        return np.asarray(image.convert("L"))[..., None]
    return _grey_if_grey(np.asarray(image.convert("RGB")))


def _grey_if_grey(pixels: np.ndarray) -> np.ndarray:
    """One channel where red, green and blue are the same everywhere; a pixel or a row decides for most colour images."""
    if len(set(pixels[0, 0].tolist())) > 1:
        return pixels
    for part in (pixels[:1], pixels):
        for channel in range(1, part.shape[2]):
            if not np.array_equal(part[..., 0], part[..., channel]):
                return pixels
    return pixels[..., :1].copy()


def _too_large(pixels: int, sum: str = "") -> str:
    return f"it has {sum}{pixels:,} pixels, at most {MOST_PIXELS:,} are decoded"


def _reason(error: Exception) -> str:
    """Why an image cannot be decoded, in plain words."""
    if isinstance(error, DataError):
        return error.what
    if isinstance(error, UnidentifiedImageError):
        return f"it is no image of a kind that is read ({', '.join(FORMATS)}), or its beginning is damaged"
    if isinstance(error, Image.DecompressionBombError):
        return _too_large(int("".join(re.findall(r"\d+", str(error))[:1]) or MOST_PIXELS + 1))
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return "it is cut short"
    return f"it is damaged: {printable(error) or type(error).__name__}"
