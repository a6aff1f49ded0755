"""Where data are kept: the cache folder, its lock, and files opened without surprises."""

import fcntl
import os
import stat
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from striate.errors import DataError, StorageError, printable

__all__ = ["LARGEST", "descriptor_of", "home", "locked", "open_regular"]

LARGEST = 1 << 30
"""No file of a published data set, and nothing that unpacks from one, may hold more bytes."""


def home() -> Path:
    """The folder of data sets and decoded images: $STRIATE_DATA, or ~/.cache/striate.

    Example: >>> home().is_absolute()
             True
    """
    return Path(os.environ.get("STRIATE_DATA") or "~/.cache/striate").expanduser().absolute()


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Wait for, and hold, the lock that `path` stands for, so that two runs never write the same files.

    The system frees the lock when the process ends, however it ends. The lock's empty file stays.

    Errors:  StorageError if the file cannot be made or locked.
    Source:  flock(2)
    Example: >>> import tempfile
             >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder, ".lock")):
             ...     sorted(found.name for found in Path(folder).iterdir())
             ['.lock']
    """
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(path.open("ab"))
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise StorageError(
                f"cannot write {printable(path)}: {error.strerror}",
                fix="STRIATE_DATA=FOLDER, a folder you may write to",
            ) from error
        yield


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file to read; anything that is not a plain file is refused, where opening a pipe would wait for ever.

    Errors:  DataError that says in plain words why it cannot be read.
    Example: >>> with open_regular(__file__) as file:
             ...     file.readable()
             True
    """
    return os.fdopen(descriptor_of(path), "rb")


def descriptor_of(path: str | os.PathLike[str]) -> int:
    """The same as a number of the system's, which whoever asks has to close: sooner there for a short file.

    Errors:  DataError, as open_regular.
    Example: >>> descriptor = descriptor_of(__file__)
             >>> os.close(descriptor)
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        if os.path.islink(path) and not os.path.exists(path):
            reason = "it is a link that leads nowhere"
        else:
            reason = {
                FileNotFoundError: "there is no such file",
                PermissionError: "you may not read it",
            }.get(type(error), printable(getattr(error, "strerror", None) or error))
        raise DataError(f"cannot read {printable(path)}: {reason}", fix="name a file you may read") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DataError(
            f"cannot read {printable(path)}: it is not a plain file", fix="name a file, not a folder or pipe"
        )
    return descriptor
