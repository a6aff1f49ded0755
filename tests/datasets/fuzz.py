"""Damage done to data files by chance, and what became of reading them."""

import gzip
import io
import random
import re
import resource
import struct
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from striate.datasets import read_cifar, read_idx
from striate.errors import DataError
from striate.loader import decode_file

HUGE = [struct.pack(form, number) for form in ("<I", ">I") for number in (0x7FFFFFFF, 0xFFFFFFFF, 30_000)] + [
    struct.pack(form, number) for form in ("<H", ">H") for number in (0x7FFF, 0xFFFF)
]
PIXELS = np.random.default_rng(0).integers(0, 256, (13, 17, 3), np.uint8)


def picture(kind, mode="RGB", **how):
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(file, kind, **how)
    return file.getvalue()


def read_coarse_and_fine(path):
    return read_cifar(path, (20, 100))


NUMBERS = struct.pack(">4B3I", 0, 0, 8, 3, 5, 6, 7) + bytes(range(210))
RECORD = bytes([7]) + bytes(3072)
FORMATS = {
    "idx": (NUMBERS, read_idx),
    "idx.gz": (gzip.compress(NUMBERS, mtime=0), read_idx),
    "cifar-10": (RECORD * 3, read_cifar),
    "cifar-100": ((bytes([19]) + RECORD) * 2, read_coarse_and_fine),
    "png": (picture("PNG"), decode_file),
    "png, palette": (picture("PNG", "P", transparency=3), decode_file),
    "jpeg": (picture("JPEG"), decode_file),
    "jpeg, CMYK": (picture("JPEG", "CMYK", progressive=True), decode_file),
    "gif": (picture("GIF", "P", save_all=True, append_images=[Image.new("P", (17, 13))]), decode_file),
    "bmp": (picture("BMP"), decode_file),
    "webp": (picture("WEBP"), decode_file),
    "webp, lossless": (picture("WEBP", lossless=True), decode_file),
    "tiff": (picture("TIFF"), decode_file),
    "tiff, deflate": (picture("TIFF", compression="tiff_deflate"), decode_file),
    "tiff, LZW": (picture("TIFF", "L", compression="tiff_lzw"), decode_file),
    "ppm": (picture("PPM"), decode_file),
    "pgm": (picture("PPM", "L"), decode_file),
}
"""Whole files, and who reads them."""


def damaged(content, chance):
    """The content with one to four changes, most of them near its beginning, where the sizes are."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        if not changed:
            break
        end = min(len(changed), 64) if chance.random() < 0.6 else len(changed)
        place = chance.randrange(end)
        kind = chance.choice(["bit", "bit", "byte", "huge", "cut", "insert", "remove"])
        if kind == "bit":
            changed[place] ^= 1 << chance.randrange(8)
        elif kind == "byte":
            changed[place] = chance.randrange(256)
        elif kind == "huge":
            number = chance.choice(HUGE)
            changed[place : place + len(number)] = number
        elif kind == "cut":
            del changed[chance.randrange(len(changed)) :]
        elif kind == "insert":
            changed[place:place] = chance.randbytes(chance.randint(1, 9))
        else:
            del changed[place : place + chance.randint(1, 9)]
    return bytes(changed)


@dataclass
class Outcome:
    """What became of some damaged files."""

    count: Counter = field(default_factory=Counter)
    """By format and "read" or "refused"."""
    escaped: list[str] = field(default_factory=list)
    """Exceptions that are none for a user."""
    seconds: float = 0.0
    """Of one core."""
    memory: int = 0
    """Bytes by which the most memory in use grew."""


def read_damaged(folder, count, formats, most=None):
    """Read `count` damaged files, in turn of each format; with `most`, this process may take no more bytes."""
    if most is not None:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    chance, outcome, path = random.Random(0), Outcome(), Path(folder, "damaged")
    for content, read in formats.values():  # what a reader loads when it is first used is not counted
        path.write_bytes(content)
        read(path)
    memory, began = most_memory(), time.process_time()
    for number in range(count):
        name, (content, read) = list(formats.items())[number % len(formats)]
        path.write_bytes(damaged(content, chance))
        try:
            read(path)
            outcome.count[name, "read"] += 1
        except DataError as error:
            outcome.count[name, "refused"] += 1
            if not all(line.isprintable() for line in str(error).split("\n")):
                outcome.escaped.append(f"{name}, {number}: its message cannot be shown: {error!r}")
        except BaseException as error:  # noqa: BLE001  (whatever it is, it is what is looked for)
            outcome.escaped.append(f"{name}, {number}: {error!r}")
    outcome.seconds, outcome.memory = time.process_time() - began, most_memory() - memory
    return outcome


def most_memory():
    """The most bytes that this process ever had in memory; getrusage would count those of its parent too."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024
