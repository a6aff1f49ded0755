"""Files written whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

from striate.errors import StorageError, printable
from striate.units import bytes_text

__all__ = ["write_whole"]


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to `path`, so that whoever looks there sees the old file or the new one, never a part of it.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and only then take the name.
    The file can be read by everyone (mode 0644). Whatever happens, no temporary file is left behind. A link stays a
    link: what it leads to is written. Pipes and devices are refused, for the rename would put a file in their place.

    Errors:  StorageError with the path and the bytes needed: disk full, read-only, no permission, no such folder.
    Source:  Pillai et al. 2014, "All File Systems Are Not Created Equal", OSDI (temporary file, fsync, rename, fsync)
    Example: >>> import tempfile
             >>> with tempfile.TemporaryDirectory() as folder:
             ...     write_whole(Path(folder, "a.txt"), b"striate")
             ...     Path(folder, "a.txt").read_bytes()
             b'striate'
    """
    path = Path(path)
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(f"{path} is a folder")
        if path.exists() and not path.is_file():
            raise ValueError("it is no plain file")
        _write(Path(os.path.realpath(path)), content)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise _storage_error(path, len(content), error) from error


def _write(path: Path, content: bytes) -> None:
    # The prefix does not hold the file's own name: that may already be as long as the file system allows.
    descriptor, temporary = tempfile.mkstemp(prefix=".striate-", suffix=".part", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    # The new name itself lives in the folder, which has to reach the disk as well.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _storage_error(path: Path, size: int, error: OSError | ValueError) -> StorageError:
    """What the system said, as: what cannot be written, how many bytes it needs and how many are free, where else."""
    folder, shown = path.parent, printable(path)
    needs = f"{size:,} bytes are needed ({bytes_text(size)})"
    if not os.path.isdir(folder):  # False also for names that no folder can have
        return StorageError(
            f"cannot write {shown}: there is no folder {printable(folder)}", sum=needs, fix="make it, or name another"
        )
    with contextlib.suppress(OSError):
        disk = os.statvfs(folder)
        needs += f", {disk.f_bavail * disk.f_frsize:,} are free there"
    reason = getattr(error, "strerror", None) or str(error)
    fix = "free some space, or a path on a disk with room, in a folder you may write to"
    return StorageError(f"cannot write {shown}: {printable(reason)}", sum=needs, fix=fix)
