"""Folders of images: one sub-folder for each class, or train/, val/ and test/ each with them."""

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from striate.datasets.base import BadFile, Data, Split
from striate.errors import DataError, printable
from striate.finding import Finding
from striate.loader.cache import decoded
from striate.loader.decode import SUFFIXES
from striate.units import counted

__all__ = ["is_image_folder", "load_folder"]

_PARTS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
_LEFT_BEHIND = {"__MACOSX", "Thumbs.db", "desktop.ini", "Icon\r"}
"""What other systems leave in folders. Everything that begins with a dot is hidden too."""
_MEANT = (*SUFFIXES, ".heic", ".heif", ".avif", ".jp2", ".svg", ".ico", ".psd", ".tga", ".raw", ".dng")
"""Names of files that were meant to be images; other files that are none are no loss."""
_SHOWN = 5
_DIGITS = re.compile(r"([0-9]+)")


@dataclass
class _Found:
    """What a folder holds."""

    root: Path
    files: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By part and class; names rather than paths, which take longer to make than a small image to decode."""
    unread: list[BadFile] = field(default_factory=list)
    """Folders that could not be opened."""
    seen: set[tuple[int, int]] = field(default_factory=set)
    """(device, inode) of each folder entered: a link that leads back is not followed for ever."""


def is_image_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder that may hold classes of images, and no run.

    Example: >>> is_image_folder(__file__)
             False
    """
    return os.path.isdir(path) and not os.path.exists(os.path.join(path, "model.json"))


def load_folder(
    path: str | os.PathLike[str],
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    max_bad: float = 0.1,
    progress: bool = True,
    classes: Sequence[str] | None = None,
) -> Data:
    """The images of a folder with their classes.

    Sub-folders are classes, in natural order (2 before 10); files below them, at any depth, are their images. If all
    sub-folders are called train, val (valid, validation) or test, these are the parts. What cannot be decoded is set
    aside in `bad`, with path and reason. Everything is decoded once and then mapped from the cache.

    Args:    path: of the folder.
             size: (height, width) the images are brought to; by default their median, a multiple of 8, 16 to 64.
             channels: 1 or 3; by default 1 if all images are grey.
             max_bad: share of the image files that may be unreadable.
             progress: whether bars are drawn on a terminal.
             classes: names that the classes must have, in this order; by default those there are.
    Errors:  DataError for no folder, no images, one class, a class that is not in `classes`, too many bad files.
    """
    root = Path(path)
    if not os.path.isdir(root):  # False also for names that no file can have
        what = f"{printable(root)} is no folder" if os.path.exists(root) else f"there is no folder {printable(root)}"
        raise DataError(what, fix="a folder with one sub-folder for each class")
    found = _walk(root)
    names = list(classes) if classes else _classes(found)
    listed = _listed(found, names)
    if not listed:
        raise _nothing(found)
    pixels = decoded([file for _, _, file in listed], size, channels, progress, os.fspath(root.resolve()))
    bad, others = list(found.unread), []
    for place, reason in pixels.bad.items():
        file = listed[place][2]
        if file.lower().endswith(_MEANT):
            bad.append(BadFile(printable(file, 300), reason))
        else:
            others.append(printable(os.path.relpath(file, root)))
    if not pixels.good and not bad:
        raise _nothing(found, others)
    if not pixels.good or len(bad) > max_bad * (len(bad) + len(pixels.good)):
        raise _too_many_bad(root, bad, len(pixels.good), max_bad)
    rows = [listed[place] for place in pixels.good]
    if classes is None:
        rows, names = _without_empty(rows, names)
    if len(names) < 2:
        raise _one_class(root, names[0])
    splits = {}
    for part in ("train", "validation", "test"):
        mine = [row for row, (each, _, _) in enumerate(rows) if each == part]
        if mine:  # the parts follow each other, so each is a view of the cache
            labels = np.array([rows[row][1] for row in mine], np.int64)
            files = [printable(rows[row][2], 300) for row in mine]
            splits[part] = Split(pixels.x[mine[0] : mine[-1] + 1], labels, files)
    if "train" not in splits:
        raise DataError(f"{printable(root)} has no training images", fix="a train/ folder that holds some")
    return Data(
        printable(root.resolve().name),
        splits["train"],
        splits.get("validation"),
        splits.get("test"),
        tuple(names),
        bad,
        _findings(found, names, rows, others),
    )


def _walk(root: Path) -> _Found:
    """All visible files, by part and class."""
    status = root.stat()
    found = _Found(root, seen={(status.st_dev, status.st_ino)})
    folders = _folders(found, root)
    parts = {folder: _PARTS.get(folder.name.lower()) for folder in folders}
    # A class may be called "train" too, beside "bus": only if all are names of parts, they are parts.
    if "train" in parts.values() and all(parts.values()):
        for folder, part in parts.items():
            for each in _folders(found, folder):
                _add(found, str(part), each)
    else:
        for each in folders:
            _add(found, "train", each)
    return found


def _add(found: _Found, part: str, folder: Path) -> None:
    begin = len(os.path.join(folder, ""))
    files = sorted(_files(found, folder), key=lambda file: _natural(file[begin:]))
    found.files.setdefault(part, {}).setdefault(folder.name, []).extend(files)


def _folders(found: _Found, folder: Path) -> list[Path]:
    """The visible sub-folders, each once."""
    entries = [entry for entry in _entries(found, folder) if _is_folder(entry) and _is_new(found, entry)]
    return sorted((Path(entry.path) for entry in entries), key=lambda each: _natural(each.name))


def _files(found: _Found, folder: Path) -> Iterator[str]:
    """The visible files in a folder and below it."""
    waiting = [folder]
    while waiting:
        for entry in _entries(found, waiting.pop()):
            if not _is_folder(entry):
                yield entry.path
            elif _is_new(found, entry):
                waiting.append(Path(entry.path))


def _entries(found: _Found, folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [each for each in entries if not each.name.startswith(".") and each.name not in _LEFT_BEHIND]
    except OSError as error:
        if folder == found.root:
            raise DataError(f"cannot read the folder {printable(folder)}: {error.strerror}") from None
        found.unread.append(BadFile(printable(folder, 300), f"the folder cannot be read: {error.strerror}"))
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_new(found: _Found, entry: os.DirEntry[str]) -> bool:
    try:
        status = entry.stat()
    except OSError:  # gone a moment ago
        return False
    key = (status.st_dev, status.st_ino)
    if key in found.seen:
        return False
    found.seen.add(key)
    return True


def _natural(name: str) -> tuple[Any, ...]:
    """What names are sorted by: 2 before 10; equal numbers by their bytes."""
    parts = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(name) if part]
    return (*parts, (-1, 0, name))


def _classes(found: _Found) -> list[str]:
    return sorted({name for part in found.files.values() for name in part}, key=_natural)


def _listed(found: _Found, names: list[str]) -> list[tuple[str, int, str]]:
    """(part, class, file) of every file, part by part."""
    known = {name: number for number, name in enumerate(names)}
    # A model's classes are printable names: where a folder's is not, its printable form counts.
    unknown = [name for name in _classes(found) if name not in known and printable(name) not in known]
    if unknown:
        raise DataError(
            f"{printable(found.root)} has classes that the model does not know",
            sum=f"unknown: {printable(', '.join(unknown))}; the model's: {printable(', '.join(names))}",
            fix="the same names for the same classes",
        )
    return [
        (part, known.get(name, known.get(printable(name), 0)), file)
        for part in ("train", "validation", "test")
        for name, files in found.files.get(part, {}).items()
        for file in files
    ]


def _without_empty(rows: list[tuple[str, int, str]], names: list[str]) -> tuple[list[tuple[str, int, str]], list[str]]:
    """The rows numbered by the classes that hold an image, and the printable names of these."""
    present = sorted({number for _, number, _ in rows})
    number = {old: new for new, old in enumerate(present)}
    return [(part, number[old], file) for part, old, file in rows], [printable(names[old]) for old in present]


def _findings(found: _Found, names: list[str], rows: list[tuple[str, int, str]], others: list[str]) -> list[Finding]:
    findings = []
    for part in found.files:
        full = {names[number] for each, number, _ in rows if each == part}
        empty = [
            name for name in sorted({*names, *map(printable, found.files[part])}, key=_natural) if name not in full
        ]
        if empty:
            findings.append(
                Finding(
                    "empty-class",
                    "data" if len(found.files) == 1 else part,
                    f"{len(empty)} without an image: {printable(', '.join(empty))}",
                    f"a class without images in {part} cannot be {'learned' if part == 'train' else 'measured'} there",
                    "put images into their folders, or remove these",
                )
            )
    alike: dict[str, list[str]] = {}
    for name in _classes(found):
        alike.setdefault(unicodedata.normalize("NFC", name).casefold(), []).append(name)
    twins = [" and ".join(ascii(name) for name in same) for same in alike.values() if len(same) > 1]
    if twins:
        findings.append(
            Finding(
                "twin-classes",
                "data",
                "; ".join(twins[:_SHOWN]),
                "folders whose names look the same are different classes",
                "join them, or give them names that differ",
            )
        )
    if others:
        findings.append(
            Finding(
                "other-files",
                "data",
                f"{len(others)}: {', '.join(others[:_SHOWN])}{' ...' if len(others) > _SHOWN else ''}",
                "files that are no images, by name and content, were left out",
                "nothing, if they were not meant as images",
            )
        )
    return findings


def _nothing(found: _Found, others: Sequence[str] = ()) -> DataError:
    """No image at all: what is there instead."""
    root, sum = found.root, "its sub-folders hold no files"
    if found.unread:
        sum = "\n".join(f"{each.path}: {each.reason}" for each in found.unread[:_SHOWN])
    if others:
        sum = f"{counted(len(others), 'file')} and no image: {', '.join(others[:_SHOWN])}"
    again = _Found(root)
    for folder in [root, *_folders(again, root)]:
        direct = [each.name for each in _entries(again, folder) if each.name.lower().endswith(SUFFIXES)]
        if direct:
            lie = "lies" if len(direct) == 1 else "lie"
            shown = f"{counted(len(direct), 'image')} {lie} in {printable(folder)} itself"
            sum = f"{shown}, such as {printable(direct[0])}"
            break
    return DataError(
        f"no images found in {printable(root)}",
        sum=sum,
        fix="one sub-folder for each class, with its images inside (JPEG, PNG, GIF, BMP, WebP, TIFF, PPM)",
    )


def _one_class(root: Path, name: str) -> DataError:
    """A single class: nothing to tell apart, or one folder too high."""
    fix = "one sub-folder for each of at least two classes"
    folders = _folders(_Found(root), root)
    below = _folders(_Found(root), folders[0]) if len(folders) == 1 else []
    if len(below) > 1:
        inside = ", ".join(each.name for each in below[:_SHOWN])
        fix = f"name {printable(folders[0])}, if {printable(inside)} are the classes"
    return DataError(
        f"{printable(root)} has a single class, {printable(name)}: there is nothing to tell apart",
        sum="1 class with images, at least 2 are needed",
        fix=fix,
    )


def _too_many_bad(root: Path, bad: list[BadFile], good: int, max_bad: float) -> DataError:
    shown = "\n".join(f"{each.path}: {each.reason}" for each in bad[:_SHOWN])
    count = len(bad) + good
    return DataError(
        f"{len(bad):,} of {counted(count, 'file')} in {printable(root)} cannot be decoded",
        sum=f"{len(bad)}/{count} = {len(bad) / count:.1%}, at most {max_bad:.0%} may be bad\n{shown}",
        fix="mend or remove them, or raise max_bad",
    )
