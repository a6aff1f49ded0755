"""Fetching published data sets: found where they lie, or downloaded once, checked, and written whole or not at all."""

import errno
import gzip
import hashlib
import http.client
import os
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from striate.errors import DataError, StorageError, printable
from striate.files import write_whole
from striate.store import LARGEST, home, locked

__all__ = ["Source", "fetch"]

T = TypeVar("T")

_SECONDS = 30
"""A mirror that says nothing for so long is given up."""
_STEP = 1 << 20
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""What no mirror is to blame for."""


@dataclass(frozen=True)
class Source:
    """Where a data set is published, and how its files are known to be the right ones."""

    title: str
    folder: str
    """In the cache, and inside the archive."""
    sha256: dict[str, str]
    """Of each file as it is unpacked."""
    mirrors: tuple[str, ...]
    """Tried in order: folders that hold each file as NAME.gz, or, where `archive` is given, the .tar.gz itself."""
    archive: str = ""
    """SHA-256 of the .tar.gz that holds folder/NAME for each file."""

    def found(self, name: str) -> Path | None:
        """The file in the cache, as it is or packed by gzip."""
        places = (home() / self.folder / name, home() / self.folder / f"{name}.gz")
        return next((place for place in places if os.path.isfile(place)), None)


def fetch(source: Source, progress: bool = True) -> list[Path]:
    """The files of a data set in the cache, in the order of `source.sha256`; what is missing is downloaded.

    Files that are there are taken as they are. A download is refused unless its unpacked SHA-256 is the published one;
    the next mirror is then tried. Runs that fetch at the same time wait for each other.

    Args:    source: the data set. progress: whether a bar is drawn on a terminal.
    Errors:  DataError if no mirror gave the files: which were tried, why each failed, and where to put the files.
             StorageError if the cache cannot be written.
    """
    if any(source.found(name) is None for name in source.sha256):
        folder = home() / source.folder
        with locked(home() / f".{source.folder}.lock"):
            missing = [name for name in source.sha256 if source.found(name) is None]
            if missing:
                try:
                    folder.mkdir(exist_ok=True)
                except OSError as error:
                    raise StorageError(f"cannot make {printable(folder)}: {error.strerror}") from error
                (_from_archive if source.archive else _one_by_one)(source, missing, progress)
    paths = [source.found(name) for name in source.sha256]
    return [path for path in paths if path is not None]


def _one_by_one(source: Source, missing: list[str], progress: bool) -> None:
    for name in missing:
        urls = [f"{mirror}/{name}.gz" for mirror in source.mirrors]

        def accept(file: BinaryIO, name: str = name) -> bytes:
            with gzip.GzipFile(fileobj=file) as unpacked:
                _require(_sha256(unpacked), source.sha256[name], f"{name}, unpacked,")
            file.seek(0)
            return file.read()

        content = _from_mirrors(source, urls, accept, missing, progress)
        write_whole(home() / source.folder / f"{name}.gz", content)


def _from_archive(source: Source, missing: list[str], progress: bool) -> None:
    def accept(file: BinaryIO) -> dict[str, bytes]:
        _require(_sha256(file), source.archive, "the archive")
        file.seek(0)
        return _members(source, file)

    by_hand = home() / source.mirrors[0].rsplit("/", 1)[-1]
    if os.path.isfile(by_hand):
        try:
            with by_hand.open("rb") as file:
                contents = accept(file)
        except DataError as error:
            raise error.at(printable(by_hand)) from None
    else:
        contents = _from_mirrors(source, list(source.mirrors), accept, [by_hand.name], progress)
    for name in missing:
        write_whole(home() / source.folder / name, contents[name])


def _members(source: Source, file: BinaryIO) -> dict[str, bytes]:
    """The wanted files of an archive, read into memory: no path of the archive is ever written to."""
    wanted = {f"{source.folder}/{name}": name for name in source.sha256}
    contents = {}
    with tarfile.open(fileobj=file, mode="r:gz") as archive:
        for member in archive:
            name = wanted.get(member.name)
            opened = archive.extractfile(member) if name and member.isreg() and member.size <= LARGEST else None
            if name and opened is not None:
                contents[name] = opened.read()
                _require(hashlib.sha256(contents[name]).hexdigest(), source.sha256[name], name)
    if len(contents) < len(wanted):
        raise DataError(f"the archive lacks {', '.join(sorted(source.sha256.keys() - contents.keys()))}")
    return contents


def _from_mirrors(
    source: Source, urls: list[str], accept: Callable[[BinaryIO], T], by_hand: list[str], progress: bool
) -> T:
    """What `accept` makes of the first download that it takes."""
    failed = []
    for url in urls:
        try:
            with tempfile.TemporaryFile(dir=home()) as file:
                _download(url, file, progress)
                file.seek(0)
                return accept(file)
        except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
                reason = f"cannot write {printable(home())}: {error.strerror}"
                raise StorageError(reason, fix="free some space, or STRIATE_DATA=FOLDER on another disk") from error
            failed.append(f"{url}: {_reason(error)}")
    where = home() if source.archive else home() / source.folder
    raise DataError(
        f"{source.title} is not on this machine and could not be fetched",
        sum="\n".join(failed),
        fix=f"put {', '.join(by_hand)} into {printable(where)} by hand, "
        f"or STRIATE_DATA=FOLDER where FOLDER/{source.folder} holds the files",
    )


def _download(url: str, file: BinaryIO, progress: bool) -> None:
    """Write the body of an address into `file`; a body shorter than announced is an error."""
    # The addresses are constants of this package.
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310
        length = answer.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
        done = 0
        with _bar(progress) as bar:
            task = bar.add_task(url.rsplit("/", 1)[-1], total=total)
            while piece := answer.read(_STEP):
                done += len(piece)
                if done > LARGEST:
                    raise DataError(f"more than {LARGEST:,} bytes came")
                file.write(piece)
                bar.update(task, completed=done)
    if total is not None and done < total:
        raise DataError(f"it ended after {done:,} of {total:,} bytes")


def _bar(shown: bool) -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not (shown and console.is_terminal),
    )


def _sha256(stream: BinaryIO | gzip.GzipFile) -> str:
    """Of a stream read to its end, or to the most that a published file may unpack to."""
    digest, done = hashlib.sha256(), 0
    while piece := stream.read(_STEP):
        digest.update(piece)
        done += len(piece)
        if done > LARGEST:
            raise DataError(f"it unpacks to more than {LARGEST:,} bytes")
    return digest.hexdigest()


def _require(found: str, published: str, what: str) -> None:
    if found != published:
        raise DataError(f"the checksum of {what} differs: SHA-256 {found[:16]}..., published {published[:16]}...")


def _reason(error: Exception) -> str:
    """Why a mirror failed, in plain words."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server says {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return printable(getattr(error.reason, "strerror", None) or error.reason)
    return printable(getattr(error, "what", None) or error or type(error).__name__)
