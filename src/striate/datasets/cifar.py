"""Reader of the binary files of CIFAR-10 and CIFAR-100 (never of the pickled ones, which can run code)."""

import os
from pathlib import Path

import numpy as np

from striate.errors import DataError, printable
from striate.store import LARGEST, open_regular

__all__ = ["read_cifar"]

_PIXELS = 3 * 32 * 32


def read_cifar(path: str | os.PathLike[str], classes: tuple[int, ...] = (10,)) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 32, 32, 3) and labels (n, len(classes)) of a binary file.

    One record for each image: a byte for each label, then 1,024 bytes of red, green and blue, row by row.

    Args:    path: of the file.
             classes: how many each label byte tells apart: (10,) in CIFAR-10, (20, 100) in CIFAR-100 (coarse, fine).
    Errors:  DataError with the offset of the byte that is wrong: a part of a record, a label out of range, no image.
    Source:  Krizhevsky 2009, cs.toronto.edu/~kriz/cifar.html
    Example: >>> import tempfile
             >>> with tempfile.NamedTemporaryFile() as file:
             ...     _ = file.write(bytes([7]) + bytes(3072)), file.flush()
             ...     images, labels = read_cifar(file.name)
             >>> images.shape, labels.tolist()
             ((1, 32, 32, 3), [[7]])
    """
    record = len(classes) + _PIXELS
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        count, rest = divmod(size, record)
        sum = f"{size:,} = {count:,}*{record:,} + {rest:,}"
        if count == 0 or rest:
            what = "its last record is cut short" if count else "it holds no image"
            raise _wrong(path, count * record, what, f"{sum}; a record has {record:,} bytes")
        if size > LARGEST:
            raise _wrong(path, LARGEST, "it is too long", f"{size:,} bytes, at most {LARGEST:,} are read")
        rows = np.fromfile(file, np.uint8, size)
    if len(rows) != size:
        raise _wrong(path, len(rows), "it ends too early", f"{size:,} bytes were there a moment ago")
    rows = rows.reshape(count, record)
    labels = rows[:, : len(classes)].copy()
    bad = labels >= np.array(classes)
    if bad.any():
        row, column = divmod(int(np.argmax(bad)), len(classes))
        raise _wrong(
            path,
            row * record + column,
            f"label {labels[row, column]} of image {row:,} is none of the {classes[column]} classes",
            f"0 <= label <= {classes[column]} - 1 = {classes[column] - 1} must hold",
        )
    planes = np.split(rows[:, len(classes) :], 3, axis=1)
    return np.stack(planes, axis=-1).reshape(count, 32, 32, 3), labels


def _wrong(path: str | os.PathLike[str], offset: int, what: str, sum: str) -> DataError:
    return DataError(
        f"{printable(Path(path).name)} is no CIFAR file that can be used: {what}",
        where=f"{printable(path)}, byte {offset:,}",
        sum=sum,
        fix="fetch the file anew",
    )
