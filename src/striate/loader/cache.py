"""The cache of decoded images: each file is read, decoded and resized once, then mapped into memory.

The pixels are named after the bytes of the files, so a folder that is moved or copied finds them again, and a changed
image is never taken for the old one. A list of (size, time of change, hash) spares later runs from reading files that
nobody touched.
"""

import hashlib
import json
import math
import os
import statistics
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from striate.errors import DataError, StorageError, printable
from striate.files import write_whole
from striate.loader.decode import decode, image_size, read_file, to_channels
from striate.loader.resize import resize
from striate.loader.room import Room
from striate.store import home, locked
from striate.units import bytes_text

__all__ = ["Pixels", "decoded", "picked"]

T = TypeVar("T")

_VERSION = 2
"""Of what is kept: another way to decode or resize must not find the pixels of the old one."""
_SMALLEST, _LARGEST, _STEP = 16, 64, 8
_TOGETHER = 1 << 24
"""Bytes that are copied at a time."""
_HELD, _SHORT = 1 << 28, 1 << 14
"""Bytes of files that are kept in memory after a first look, in all and of a file, so that they need not be opened again
to be decoded. To read a longer one again costs less than to keep it: fresh memory is dearer than the system's own copy."""
_GROUP, _AHEAD = 16, 16
"""Files in a task, and tasks that are handed out before their results are asked for."""
_WORTH = 250e-6
"""Seconds that a file must take to be handed to another thread: those of smaller ones wait for the interpreter's lock
more than they work, and two take twice the time of one."""
_HASH = 32
"""Digits of a hash."""
_SETTLED = 2_000_000_000
"""Nanoseconds after which any file system gives a later change another time."""


@dataclass(frozen=True)
class Pixels:
    """The images of some files."""

    x: np.ndarray
    """(n, h, w, c) uint8, mapped from the cache: those that could be decoded."""
    good: list[int]
    """Places of their files in the list."""
    bad: dict[int, str]
    """Place and reason of each file that could not be decoded."""


class _Seen(NamedTuple):
    """What is remembered of a file: if the first four are the same, so is the rest."""

    size: int
    modified: int
    changed: int
    inode: int
    hash: str
    height: int
    width: int


def decoded(
    files: Sequence[str | Path],
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    progress: bool = True,
    title: str = "",
) -> Pixels:
    """The images of these files, from the cache or decoded into it.

    Runs that decode the same images at the same time wait for each other. What the cache holds is whole: its
    description is written last, and pixels without it, or of another length, are made anew.

    Args:    files: in the order in which they are wanted.
             size: (height, width) they are brought to; by default their median, a multiple of 8 from 16 to 64.
             channels: 1 or 3; by default 1 if all of them are grey.
             progress: whether bars are drawn on a terminal.
             title: what the list of the files is remembered under.
    Errors:  StorageError if the cache cannot be written: why, and how many bytes are needed.
    """
    folder = home() / "folders"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, 0, error) from None
    held = _Held(_HELD)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list_file = folder / f"{_hash(json.dumps([_VERSION, title]).encode())}.seen"
        seen = _look(files, list_file, held, pool, progress)
        height, width = size or _common(seen)
        hashes = [each.hash for each in seen]
        key = _hash(json.dumps([_VERSION, height, width, channels, hashes]).encode())
        data, index = folder / f"{key}.u8", folder / f"{key}.index"
        with locked(folder / f".{key}.lock"):
            kept = _kept(data, index)
            if kept is None:
                images = _decode_all(files, hashes, held, (height, width), channels, pool, progress)
                _keep(images, len(files) * height * width * (channels or 3), channels, data, index)
                kept = _kept(data, index)
    if kept is None:
        raise StorageError(f"{printable(data)} changed while it was read", fix="run it again")
    return kept


def _look(
    files: Sequence[str | Path], list_file: Path, held: "_Held", pool: ThreadPoolExecutor, progress: bool
) -> list[_Seen]:
    """Hash and size of each file; only those that changed since the last look are read."""
    known = {path: _Seen(*each) for path, each in (_told(list_file) or {}).items()}

    def one(place: int) -> _Seen:
        file = files[place]
        try:
            status = os.stat(file)
            stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        except OSError:
            return _Seen(0, 0, 0, 0, "unreadable", 0, 0)
        was = known.get(os.fspath(file))
        if was is not None and was[:4] == stamp:
            return was
        try:
            content = read_file(file)
        except DataError:
            return _Seen(*stamp, "unreadable", 0, 0)
        held.put(place, content)
        try:
            return _Seen(*stamp, _hash(content), *image_size(content))
        except DataError:
            return _Seen(*stamp, _hash(content), 0, 0)

    seen = list(_watched(_side_by_side(pool, one, len(files)), len(files), "reading", progress))
    now = time.time_ns()
    settled = {
        os.fspath(file): each
        for file, each in zip(files, seen, strict=True)
        if each.hash != "unreadable" and now - each.changed > _SETTLED
    }
    if settled != known:
        _tell(list_file, settled)
    return seen


def _common(seen: list[_Seen]) -> tuple[int, int]:
    """The size that all images are brought to where none is given."""

    def side(lengths: list[int]) -> int:
        middle = statistics.median(lengths) if lengths else _SMALLEST
        return min(max(round(middle / _STEP) * _STEP, _SMALLEST), _LARGEST)

    return side([each.height for each in seen if each.height]), side([each.width for each in seen if each.width])


def _decode_all(
    files: Sequence[str | Path],
    hashes: list[str],
    held: "_Held",
    size: tuple[int, int],
    channels: int | None,
    pool: ThreadPoolExecutor,
    progress: bool,
) -> Iterator[np.ndarray | str]:
    """Each image at its size, or why there is none, in the order of the files."""
    room = Room()

    def one(place: int) -> np.ndarray | str:
        file, content = files[place], held.take(place)
        try:
            if content is None:
                content = read_file(file)
                if _hash(content) != hashes[place]:
                    return "it changed while it was read"
            image = decode(content, room)
            made = resize(image if channels is None else to_channels(image, channels), size, room)
            return image.copy() if made is image else made
        except DataError as error:
            return error.what.removeprefix(f"cannot read {printable(file)}: ")

    return _watched(_side_by_side(pool, one, len(files)), len(files), "decoding", progress)


class _Held:
    """What short files contain, from when they are looked at until they are decoded, as far as there is room for it."""

    def __init__(self, room: int) -> None:
        self.room, self.contents, self.lock = room, dict[int, bytes](), threading.Lock()

    def put(self, place: int, content: bytes) -> None:
        """Keep what is in the file at this place of the list, if it is short and still fits."""
        with self.lock:
            if len(content) <= min(self.room, _SHORT):
                self.room -= len(content)
                self.contents[place] = content

    def take(self, place: int) -> bytes | None:
        """What was kept of a file, once; None if it has to be read again."""
        return self.contents.pop(place, None)


def _side_by_side(pool: ThreadPoolExecutor, work: Callable[[int], T], count: int) -> Iterator[T]:
    """work(0) ... work(count - 1), in this order: here while they are short, then by all threads, some groups ahead.

    In groups, as handing a task to a thread and back takes as long as decoding a small image.
    """
    groups = iter([range(begin, min(begin + _GROUP, count)) for begin in range(0, count, _GROUP)])
    for places in groups:
        found, seconds = [], []
        for place in places:
            begin = time.perf_counter()
            found.append(work(place))
            seconds.append(time.perf_counter() - begin)
        yield from found
        if statistics.median(seconds) > _WORTH:
            break
    waiting = deque[Future[list[T]]]()
    for places in groups:
        waiting.append(pool.submit(lambda places: [work(place) for place in places], places))
        if len(waiting) > _AHEAD:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def _keep(images: Iterable[np.ndarray | str], needed: int, channels: int | None, data: Path, index: Path) -> None:
    """Write the pixels, then their description, which makes them valid."""
    good: list[int] = []
    bad: list[tuple[int, str]] = []
    shape: tuple[int, ...] = (_SMALLEST, _SMALLEST, channels or 1)
    with _new_file(data, needed) as out:
        index.unlink(missing_ok=True)
        for place, image in enumerate(images):
            if isinstance(image, str):
                bad.append((place, image))
                continue
            if good and image.shape[-1] > shape[-1]:
                _colour(out, len(good), shape[0] * shape[1])
            if not good or image.shape[-1] > shape[-1]:
                shape = image.shape
            out.write(to_channels(image, shape[-1]).tobytes())
            good.append(place)
    _tell(index, {"shape": [len(good), *shape], "good": good, "bad": bad})


def _colour(out: BinaryIO, count: int, pixels: int) -> None:
    """The grey images written so far as red, green, blue; from the last to the first, so that none is overwritten."""
    for row in reversed(range(count)):
        out.seek(row * pixels)
        grey = np.frombuffer(out.read(pixels), np.uint8)
        out.seek(row * pixels * 3)
        out.write(np.repeat(grey, 3).tobytes())
    out.seek(count * pixels * 3)


def _kept(data: Path, index: Path) -> Pixels | None:
    """What the cache holds, if it is there and whole."""
    told = _told(index)
    if told is None:
        return None
    shape = tuple(told["shape"])
    try:
        if data.stat().st_size != math.prod(shape):
            return None
        x = _mapped(data, np.uint8, shape) if told["good"] else np.zeros(shape, np.uint8)
    except OSError:
        return None
    return Pixels(x, told["good"], dict(told["bad"]))


def _tell(path: Path, table: dict[str, Any]) -> None:
    """Write a table, after the hash by which it is known to be whole."""
    content = json.dumps(table).encode()
    write_whole(path, _hash(content).encode() + content)


def _told(path: Path) -> dict[str, Any] | None:
    """The table of a file, if it is there and as it was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if content[:_HASH] != _hash(content[_HASH:]).encode():
        return None
    return json.loads(content[_HASH:])


def picked(x: np.ndarray, rows: np.ndarray, in_memory: int | None = None) -> np.ndarray:
    """Rows of an array: in memory, or again mapped where a mapped array is too large for that.

    The file of a mapped copy has no name: it is gone when nobody holds the array any more.

    Args:    x: the array. rows: which. in_memory: most bytes held in memory; by default a quarter of the machine's.
    Errors:  StorageError if there is no room for the copy.
    Example: >>> picked(np.array([7, 8, 9]), np.array([2, 0]))
             array([9, 7])
    """
    needed = x[:1].nbytes * len(rows)
    if not _is_mapped(x) or needed <= (_in_memory() if in_memory is None else in_memory):
        return np.asarray(x[rows])
    try:
        with tempfile.TemporaryFile(dir=home()) as file:
            each = max(_TOGETHER // x[:1].nbytes, 1)
            for begin in range(0, len(rows), each):
                file.write(np.ascontiguousarray(x[rows[begin : begin + each]]).data)
            file.flush()
            return _mapped(file, x.dtype, (len(rows), *x.shape[1:]))
    except OSError as error:
        raise _unwritable(home(), needed, error) from None


def _in_memory() -> int:
    """How many bytes of images may be held in memory: a quarter of the machine's."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4


def _mapped(file: Any, dtype: Any, shape: tuple[int, ...]) -> np.memmap:
    """An array whose pages are read from the file as they are looked at, and given up when memory is short.

    Copy on write, so that whoever changes the array in place does not change the file; but read-only where that could
    fill the memory: Linux refuses to map a file larger than it in any other way.
    """
    needed = math.prod(shape) * np.dtype(dtype).itemsize
    return np.memmap(file, dtype, "c" if needed <= _in_memory() else "r", shape=shape)


def _is_mapped(x: Any) -> bool:
    """Whether an array is one of `_mapped`, or a view of it."""
    while isinstance(x, np.ndarray):
        if isinstance(x, np.memmap):
            return True
        x = x.base
    return False


@contextmanager
def _new_file(path: Path, needed: int) -> Generator[BinaryIO]:
    """A file that is on the disk when the block ends, and gone when it fails."""
    try:
        path.unlink(missing_ok=True)  # not overwritten: another process may have the old one mapped
        with path.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        with suppress(OSError):
            path.unlink()
        if isinstance(error, OSError) and not isinstance(error, StorageError):
            raise _unwritable(path.parent, needed, error) from None
        raise


def _unwritable(folder: Path, needed: int, error: OSError) -> StorageError:
    return StorageError(
        f"cannot keep decoded images in {printable(folder)}: {error.strerror}",
        sum=f"up to {needed:,} bytes are needed ({bytes_text(needed)})" if needed else "",
        fix="free some space, or STRIATE_DATA=FOLDER, a folder you may write to",
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_HASH]


def _watched(results: Iterable[T], total: int, doing: str, progress: bool) -> Iterator[T]:
    """The results as they come, with a bar on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = progress and console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        yield from bar.track(results, total=total, description=f"{doing} images")
