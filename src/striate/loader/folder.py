"""Folders of images: one sub-folder for each class, or train/, val/ and test/ each with them.

Every image is decoded, turned, converted and resized once. The pixels are kept in one memory-mapped file, named after
the content of the images, so that a second epoch or run costs nothing.
"""

import hashlib
import json
import os
import re
import statistics
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from striate.datasets.base import BadFile, Data, Split
from striate.errors import DataError, printable
from striate.files import write_whole
from striate.finding import Finding
from striate.loader.decode import decode_file, to_channels
from striate.loader.resize import resize
from striate.store import home, locked

__all__ = ["SUFFIXES", "is_image_folder", "load_folder"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".jfif")
"""Files with these endings are taken for images."""

PARTS = {"train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation"}
PARTS |= {"test": "test", "testing": "test"}
HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini")
LARGEST_SIDE, SMALLEST_SIDE, STEP = 64, 16, 8
VERSION = 1
"""Of the cached files: another way to decode or resize must not find the pixels of the old one."""


def is_image_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder that may hold classes of images."""
    return Path(path).is_dir() and not (Path(path) / "model.json").exists()


def load_folder(
    path: str | os.PathLike[str],
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    max_bad: float = 0.1,
    progress: bool = True,
    classes: tuple[str, ...] | None = None,
) -> Data:
    """The images of a folder with their classes.

    Args:    size: (height, width) they are brought to; by default their median, a multiple of 8, 16 to 64.
             channels: 1 or 3; by default 1 if all images are grey.
             max_bad: share of files that may be unreadable; those are set aside with path and reason.
             classes: names that sub-folders must have, in this order; by default those there are, sorted.
    Errors:  DataError for no images, one class, too many bad files, or unknown classes.
    """
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"there is no folder {printable(root)}", fix="a folder with one sub-folder for each class")
    parts, findings = _parts(root)
    names = classes or tuple(sorted({name for part in parts.values() for name in part}, key=_natural))
    unknown = sorted({name for part in parts.values() for name in part} - set(names))
    if unknown:
        raise DataError(
            f"the folder {printable(root)} has classes the model does not know",
            sum=f"unknown: {printable(', '.join(unknown))}; the model's: {printable(', '.join(names))}",
            fix="the same names for the same classes",
        )
    listed = [
        (part, names.index(label), file)
        for part, found in parts.items()
        for label, files in found.items()
        for file in files
    ]
    if not listed:
        raise DataError(
            f"no images found in {printable(root)}",
            sum=f"files with the endings {', '.join(SUFFIXES[:6])} ... in its sub-folders: 0",
            fix="one sub-folder for each class, with its images inside",
        )
    if len(names) < 2:
        raise DataError(
            f"{printable(root)} has a single class, {printable(names[0])}",
            fix="one sub-folder for each of at least two classes",
        )
    x, good, bad = _pixels([file for _, _, file in listed], size, channels, progress)
    if len(bad) > max_bad * len(listed):
        shown = "\n".join(f"{each.path}: {each.reason}" for each in bad[:5])
        raise DataError(
            f"{len(bad)} of {len(listed)} files in {printable(root)} cannot be decoded",
            sum=f"{len(bad) / len(listed):.0%}, at most {max_bad:.0%} may be bad (data.max_bad)\n{shown}",
            fix="mend or remove them, or raise data.max_bad",
        )
    if not good:
        raise DataError(f"none of the images in {printable(root)} can be decoded", fix="other images")
    splits = {}
    for part in ("train", "validation", "test"):
        rows = [row for row, place in enumerate(good) if listed[place][0] == part]
        if rows:
            places = [listed[good[row]] for row in rows]
            labels = np.array([label for _, label, _ in places], np.int64)
            whole = len(rows) == len(good)
            splits[part] = Split(x if whole else x[rows], labels, [printable(file, 300) for _, _, file in places])
    if "train" not in splits:
        raise DataError(f"{printable(root)} has no training images", fix="a train/ folder, or class folders alone")
    name = printable(root.resolve().name)
    return Data(
        name, splits["train"], splits.get("validation"), splits.get("test"), tuple(map(printable, names)), bad, findings
    )


def _parts(root: Path) -> tuple[dict[str, dict[str, list[Path]]], list[Finding]]:
    """Files by part and class, and findings about folders that hold nothing."""
    seen: set[tuple[int, int]] = set()
    folders = _folders(root, seen)
    splits = {folder: PARTS[folder.name.lower()] for folder in folders if folder.name.lower() in PARTS}
    groups = (
        [(part, _folders(folder, seen)) for folder, part in splits.items()]
        if "train" in splits.values()
        else [("train", folders)]
    )
    parts: dict[str, dict[str, list[Path]]] = {}
    empty = []
    for part, classes in groups:
        for folder in classes:
            files = sorted(_files(folder, seen), key=os.fsencode)
            if files:
                parts.setdefault(part, {}).setdefault(folder.name, []).extend(files)
            else:
                empty.append(folder)
    findings = []
    if empty:
        shown = ", ".join(printable(folder.relative_to(root)) for folder in empty[:8])
        findings.append(
            Finding(
                "empty-class",
                "data",
                f"{len(empty)} empty: {shown}",
                "folders without images are no classes",
                "remove them",
            )
        )
    return parts, findings


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in HIDDEN


def _folders(root: Path, seen: set[tuple[int, int]]) -> list[Path]:
    """The sub-folders, each once: a link that leads back is not followed for ever."""
    return [
        Path(entry.path) for entry in _entries(root) if entry.is_dir() and not _hidden(entry.name) and _new(entry, seen)
    ]


def _files(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    """The image files in a folder and below it; anything named like an image counts, also if it turns out to be none."""
    for entry in _entries(folder):
        if _hidden(entry.name):
            continue
        if entry.is_dir():
            if _new(entry, seen):
                yield from _files(Path(entry.path), seen)
        elif entry.name.lower().endswith(SUFFIXES):
            yield Path(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise DataError(f"cannot read the folder {printable(folder)}", sum=printable(error.strerror or error)) from None


def _new(entry: os.DirEntry[str], seen: set[tuple[int, int]]) -> bool:
    status = entry.stat()
    key = (status.st_dev, status.st_ino)
    if key in seen:
        return False
    seen.add(key)
    return True


def _natural(name: str) -> list[Any]:
    """Sort 2 before 10."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name) if part]


def _pixels(
    files: list[Path], size: tuple[int, int] | None, channels: int | None, progress: bool
) -> tuple[np.ndarray, list[int], list[BadFile]]:
    """Images (n, h, w, c) memory-mapped from the cache, the places of their files in the list, and the bad files."""
    folder = home() / "folders"
    with ThreadPoolExecutor(min(len(os.sched_getaffinity(0)), 16)) as pool:
        prints = list(_watched(pool.map(_fingerprint, files), len(files), "reading", progress))
        key = hashlib.sha256(json.dumps([VERSION, size, channels, prints]).encode()).hexdigest()[:32]
        data, index = folder / f"{key}.u8", folder / f"{key}.json"
        with locked(folder / f"{key}.lock"):
            if not (data.exists() and index.exists()):
                _fill(pool, files, size, channels, progress, data, index)
            kept = json.loads(index.read_text())
    shape = tuple(kept["shape"])
    x = np.memmap(data, np.uint8, "c", shape=shape) if shape[0] else np.zeros(shape, np.uint8)
    bad = [BadFile(printable(files[place], 300), reason) for place, reason in kept["bad"]]
    return x, kept["good"], bad


def _fingerprint(file: Path) -> str:
    """The hash of a file's bytes; what cannot be read is told when it is decoded."""
    try:
        if not file.is_file():
            return "no file"
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "blake2b").hexdigest()[:32]
    except OSError:
        return "unreadable"


def _fill(
    pool: ThreadPoolExecutor,
    files: list[Path],
    size: tuple[int, int] | None,
    channels: int | None,
    progress: bool,
    data: Path,
    index: Path,
) -> None:
    """Decode every file once and write the pixels: the sizes are measured first, where they decide the common one."""
    wanted = channels
    if size is None or channels is None:
        looked = [found for found in _watched(pool.map(_look, files), len(files), "measuring", progress) if found]
        if size is None and looked:
            size = _side([found[0] for found in looked]), _side([found[1] for found in looked])
        wanted = channels or (1 if looked and all(found[2] == 1 for found in looked) else 3)
    height, width = size or (SMALLEST_SIDE, SMALLEST_SIDE)

    def one(file: Path) -> np.ndarray | str:
        try:
            return resize(to_channels(decode_file(file), wanted or 3), (height, width))
        except DataError as error:
            return error.what.replace(printable(file, 200), "").strip() + (f" ({error.sum})" if error.sum else "")

    good, bad = [], []
    data.parent.mkdir(parents=True, exist_ok=True)
    partial = data.with_suffix(f".{os.getpid()}.part")
    try:
        with partial.open("wb") as out:
            for place, found in enumerate(_watched(pool.map(one, files), len(files), "decoding", progress)):
                if isinstance(found, str):
                    bad.append((place, found))
                else:
                    out.write(found.tobytes())
                    good.append(place)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(data)
    except OSError as error:
        raise DataError(
            f"cannot write the decoded images to {printable(data.parent)}",
            sum=f"{printable(error.strerror or error)}; {len(files) * height * width * (wanted or 3):,} bytes needed",
            fix="room there, or STRIATE_DATA with another folder",
        ) from None
    finally:
        partial.unlink(missing_ok=True)
    shape = [len(good), height, width, wanted or 3]
    write_whole(index, json.dumps({"shape": shape, "good": good, "bad": bad}).encode())


def _look(file: Path) -> tuple[int, int, int] | None:
    """Height, width and channels of an image, or None if it cannot be decoded."""
    try:
        height, width, channels = decode_file(file).shape
    except DataError:
        return None
    return height, width, channels


def _side(sizes: list[int]) -> int:
    return min(max(round(statistics.median(sizes) / STEP) * STEP, SMALLEST_SIDE), LARGEST_SIDE)


def _watched(items: Iterable[Any], total: int, doing: str, shown: bool) -> Iterator[Any]:
    """The items, with a progress bar on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(f"{doing} images", total=total)
        for item in items:
            yield item
            bar.advance(task)
