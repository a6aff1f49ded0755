"""Reader of idx files, the format of MNIST: a header with sizes, then the numbers."""

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from striate.datasets.base import Split
from striate.errors import DataError, printable
from striate.store import LARGEST, open_regular
from striate.units import counted

__all__ = ["read_idx", "read_idx_pair"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_RATIO = 1032
"""No stream that deflate packed unpacks to more than 1,032 times its size (zlib's technical details)."""


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array of an idx file, plain or packed by gzip.

    byte 0-1: 0, 0; byte 2: type of the numbers; byte 3: how many axes, a; byte 4 ... 4 + 4a: their sizes; the numbers

    Everything is big-endian. The length is checked before memory is taken for it, and a packed file is unpacked no
    further than its header says, so that a small file cannot fill the memory.

    Args:    path: of the file; packed or not is told from its first bytes, not from its name.
    Errors:  DataError with the offset of the byte that is wrong (in a packed file: of the unpacked bytes).
    Source:  LeCun, Cortes & Burges 1998, yann.lecun.com/exdb/mnist
    Example: >>> import tempfile
             >>> with tempfile.NamedTemporaryFile() as file:
             ...     _ = file.write(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9])), file.flush()
             ...     read_idx(file.name)
             array([7, 8, 9], dtype=uint8)
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        source = _Source(path, gzip.GzipFile(fileobj=file) if packed else file)
        kind, sizes = _header(source)
        needed = source.offset + math.prod(sizes) * kind.itemsize
        sum = f"{source.offset} + {'*'.join(f'{n:,}' for n in sizes)}*{kind.itemsize} = {needed:,} bytes needed"
        if not packed and needed > size:
            raise source.wrong(size, "the file ends too early", f"{sum}, {size:,} are there")
        if needed > min(size * _RATIO, LARGEST):
            most = (
                f"{size:,} packed bytes cannot hold that" if needed > size * _RATIO else f"at most {LARGEST:,} are read"
            )
            raise source.wrong(4, "its sizes are too large", f"{sum}, {most}")
        numbers = source.take(needed - source.offset, sum)
        if source.more():
            raise source.wrong(needed, "more bytes follow the last number", sum)
    return np.frombuffer(numbers, kind).reshape(sizes).astype(kind.newbyteorder("="), copy=False)


class _Source:
    """Bytes read in order, with the offset reached."""

    def __init__(self, path: str | os.PathLike[str], stream: BinaryIO | gzip.GzipFile) -> None:
        self.path, self.stream, self.offset = path, stream, 0

    def wrong(self, offset: int, what: str, sum: str = "") -> DataError:
        return DataError(
            f"{printable(Path(self.path).name)} is no idx file that can be used: {what}",
            where=f"{printable(self.path)}, byte {offset:,}",
            sum=sum,
            fix="fetch the file anew",
        )

    def take(self, count: int, sum: str) -> bytearray:
        """The next `count` bytes, in steps, so that memory grows only as bytes arrive."""
        taken = bytearray()
        while len(taken) < count:
            piece = self._read(min(count - len(taken), 1 << 20))
            taken += piece
            self.offset += len(piece)
            if not piece:
                raise self.wrong(self.offset, "the file ends too early", f"{sum}, {self.offset:,} are there")
        return taken

    def more(self) -> bool:
        """Whether a byte is left; of a packed file this also checks the checksum at its end."""
        return bool(self._read(1))

    def _read(self, count: int) -> bytes:
        try:
            return self.stream.read(count)
        except EOFError:
            raise self.wrong(self.offset, "the packed file ends too early") from None
        except (OSError, zlib.error) as error:
            raise self.wrong(self.offset, f"it cannot be unpacked: {printable(error)}") from None


def _header(source: _Source) -> tuple[np.dtype, tuple[int, ...]]:
    """Type and sizes, leaving the source at the first number."""
    magic = source.take(4, "a header has 4 bytes and 4 for each axis")
    if magic[:2] != b"\0\0":
        raise source.wrong(0, f"it begins with {magic[0]:#04x} {magic[1]:#04x}, not with 0x00 0x00")
    if magic[2] not in _TYPES:
        raise source.wrong(2, f"{magic[2]:#04x} is no type of numbers", f"known: {', '.join(map(hex, _TYPES))}")
    if not 1 <= magic[3] <= 4:
        raise source.wrong(3, f"it says {magic[3]} axes, 1 to 4 are read")
    raw = source.take(4 * magic[3], f"4 + 4*{magic[3]} = {4 + 4 * magic[3]} bytes of header")
    sizes = tuple(int(size) for size in np.frombuffer(raw, ">u4"))
    if 0 in sizes:
        raise source.wrong(4 + 4 * sizes.index(0), "an axis has the size 0", f"sizes {sizes}")
    return np.dtype(_TYPES[magic[2]]), sizes


def read_idx_pair(images: str | os.PathLike[str], labels: str | os.PathLike[str], classes: int) -> Split:
    """Images (n, h, w, 1) and labels (n,) from two idx files that belong together.

    Args:    images: file of bytes with three axes. labels: file of bytes with one axis.
             classes: labels must be below this.
    Errors:  DataError that names the file and the byte: wrong type or axes, different counts, a label out of range.
    Source:  LeCun, Cortes & Burges 1998, yann.lecun.com/exdb/mnist
    """
    x, y = (_bytes_of(path, axes) for path, axes in ((images, 3), (labels, 1)))
    if len(x) != len(y):
        raise DataError(
            f"{counted(len(x), 'image')} but {counted(len(y), 'label')}",
            where=f"{printable(images)}, byte 4; {printable(labels)}, byte 4",
            fix="two files that belong together",
        )
    if (y >= classes).any():
        row = int(np.argmax(y >= classes))
        raise DataError(
            f"label {y[row]} of image {row:,} is none of the {classes} classes",
            where=f"{printable(labels)}, byte {8 + row:,}",
            sum=f"0 <= label <= {classes} - 1 = {classes - 1} must hold",
            fix="fetch the file anew",
        )
    return Split(x[..., None], y)


def _bytes_of(path: str | os.PathLike[str], axes: int) -> np.ndarray:
    array = read_idx(path)
    if array.dtype != np.uint8 or array.ndim != axes:
        raise DataError(
            f"{printable(Path(path).name)} holds {array.dtype} numbers with {array.ndim} axes",
            where=f"{printable(path)}, byte {2 if array.dtype != np.uint8 else 3}",
            sum=f"bytes with {axes} axes needed",
            fix="images are (n, h, w), labels (n,), both of bytes",
        )
    return array
