"""What is wrong with images and labels, before they reach the network."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from striate.datasets.base import Data, Split
from striate.errors import DataError, printable
from striate.finding import Finding
from striate.shape import Shape, fits, shape_text
from striate.units import counted

__all__ = ["as_array", "audit", "check_arrays", "check_indices", "check_labels", "describe"]

_IMBALANCE = 3.0
"""How many times the images of the rarest class the most frequent may have before it is told."""
_CHUNK = 1 << 24
"""Bytes looked at together, so that memory-mapped images need not fit in memory."""
_SHOWN = 5


def check_arrays(x: Any, y: Any = None, shape: Shape | None = None) -> tuple[np.ndarray, Any]:
    """Images as uint8 or float32 (n, h, w, c) and labels as an array, or what is wrong with them.

    uint8 stays; floats become float32; other whole numbers become float32 where they are no images (those have to say
    whether they reach from 0 to 255). A grey channel that is left out is added where the network wants it.

    Args:    x: images: arrays, tensors, nested lists. y: labels (n, ...).
             shape: (h, w, c) that the network takes, where it is known; None for a size that is left open.
    Errors:  DataError with the place, the sum and the fix.
    Example: >>> check_arrays(np.zeros((2, 8, 8)), [0, 1], (8, 8, 1))[0].shape
             (2, 8, 8, 1)
    """
    images = as_array(x, "images")
    if images.dtype.kind not in "uifb":
        raise DataError(f"images of type {_kind(images)} cannot be used", fix="uint8 from 0 to 255, or floats")
    if images.ndim == 0 or images.size == 0:
        raise DataError("there are no images", sum=f"their shape is {images.shape}", fix="at least one image")
    images = _fitted(images, shape)
    if images.dtype.kind != "f" and images.dtype != np.uint8:
        if images.ndim == 4:
            raise DataError(
                f"images of type {images.dtype} leave open what is white",
                sum=f"they reach from {images.min()} to {images.max()}",
                fix="x.astype('uint8') where 255 is white, x.astype('float32') to take the numbers as they are",
            )
        images = images.astype(np.float32)
    if images.dtype != np.uint8:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes Inf, and is told
            images = images.astype(np.float32, copy=False)
        _require_finite(images, "x", "image")
    if y is None:
        return images, None
    return images, check_labels(y, images)


def check_indices(x: Any, name: str, shape: Shape | None, limit: int) -> np.ndarray:
    """Numbers of words or classes as int64 (n, ...), for the input `name` that knows `limit` of them.

    Errors:  DataError for numbers that are not whole, or are not 0 ... limit - 1.
    Example: >>> check_indices([[2, 0]], "input", (2,), 3)
             array([[2, 0]])
    """
    given = as_array(x, name)
    if given.dtype.kind not in "uifb" or given.ndim == 0 or given.size == 0:
        raise DataError(
            f"{name} holds no numbers of words", sum=f"{given.shape} of {_kind(given)}", fix="whole numbers from 0"
        )
    if shape is not None and not fits(given.shape[1:], shape):
        raise DataError(
            f"{name} of shape {given.shape} does not fit the network",
            sum=f"the network takes (n, {shape_text(shape).replace('x', ', ')})",
            fix="sequences of that length: cut longer ones, fill shorter ones up",
        )
    whole = given.astype(np.int64)
    wrong = (whole != given) | (whole < 0) | (whole >= limit)
    if wrong.any():
        place = tuple(int(each[0]) for each in np.nonzero(wrong))
        raise DataError(
            f"{name} holds {given[place]:g} in row {place[0]}, and knows the numbers 0..{limit - 1}",
            where=f"{name}[{', '.join(map(str, place))}]",
            sum=f"{int(wrong.sum())} of {given.size} numbers are not among them",
            fix=f"whole numbers below {limit}, or input_dim={int(whole.max()) + 1} in the Embedding",
        )
    return whole


def as_array(value: Any, what: str) -> np.ndarray:
    """What people hand over as images, labels or weights, as an array in this machine's byte order.

    Args:    value: an array, a tensor (bfloat16 becomes float32), nested lists. what: its name in errors.
    Errors:  DataError for what is not one array of numbers that torch has too.
    Example: >>> as_array(torch.ones(2, dtype=torch.bfloat16), "labels")
             array([1., 1.], dtype=float32)
    """
    try:
        if isinstance(value, torch.Tensor):
            held = value.detach().cpu()
            array = (held.float() if held.dtype == torch.bfloat16 else held).numpy()
        else:
            array = np.asarray(value)
    except ValueError:
        raise DataError(
            f"the {what} are not one array: their parts differ in size", fix="one size for all: resize them first"
        ) from None
    except (TypeError, RuntimeError):
        raise DataError(f"the {what} cannot be read as an array", **_unreadable(value)) from None
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise DataError(
            f"{what} of type {array.dtype} cannot be used", sum="64 bits are the most", fix=".astype('float64')"
        )
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _unreadable(value: Any) -> dict[str, str]:
    """Why NumPy does not take a value, and what to hand over instead."""
    if not isinstance(value, torch.Tensor):
        return {
            "sum": f"a {type(value).__name__} of tensors that NumPy does not take",
            "fix": "one tensor: torch.stack(tensors).detach()",
        }
    dense = value.layout == torch.strided
    return {
        "sum": f"a tensor of {value.dtype}" if dense else f"a sparse tensor, {value.layout}",
        "fix": ".float()" if dense else ".to_dense()",
    }


def _kind(array: np.ndarray) -> str:
    return {"U": "text", "S": "text", "O": "object", "c": "complex"}.get(array.dtype.kind, str(array.dtype))


def check_labels(y: Any, images: np.ndarray, what: str = "labels") -> np.ndarray:
    """Labels as an array (n, ...), one for each image.

    Args:    y: what is handed over. images: that they belong to. what: their name in errors.
    Errors:  DataError for another count, for names, NaN and Inf.
    Example: >>> check_labels([0, 1], np.zeros((2, 4, 4, 1)))
             array([0, 1])
    """
    labels = as_array(y, what)
    if labels.dtype.kind not in "uifb":
        raise DataError(
            f"{what} of type {_kind(labels)} cannot be used",
            sum=f"the first: {printable(labels.reshape(-1)[:1].tolist())}",
            fix="class numbers from 0: names, y = np.unique(labels, return_inverse=True)",
        )
    if labels.ndim == 0 or len(labels) != len(images):
        count = f"{len(labels):,}" if labels.ndim else "no"
        raise DataError(
            f"{counted(len(images), 'image')} and {count} {what}",
            sum=f"x {images.shape}, y {labels.shape}",
            fix="one label for each image",
        )
    if labels.dtype.kind == "f":
        _require_finite(labels, "y", "label")
    return labels


def _require_finite(array: np.ndarray, name: str, what: str) -> None:
    """Refuse NaN and Inf, naming the first and how many rows hold some."""
    bad = _rows(array, _not_finite)
    if bad.any():
        row = int(np.argmax(bad))
        inner = np.argwhere(~np.isfinite(array[row : row + 1]))[0][1:]
        place = ", ".join(map(str, (row, *inner)))
        raise DataError(
            f"the {what} in row {row} holds NaN or Inf",
            where=f"{name}[{place}] = {array[row][tuple(inner)]}",
            sum=f"{int(bad.sum())} of {len(array)} {what}s hold some",
            fix=f"mend or leave out these {what}s: {name}[np.isfinite({name}).reshape(len({name}), -1).all(1)]",
        )


def _not_finite(rows: np.ndarray) -> np.ndarray:
    """Which rows hold NaN or Inf."""
    return np.asarray(~np.isfinite(rows).all(1))


def _rows(array: np.ndarray, ask: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What `ask` says of each row, flattened, a chunk at a time."""
    each = max(_CHUNK // max(array[:1].nbytes, 1), 1)
    parts = [ask(array[begin : begin + each].reshape(-1, array[0].size)) for begin in range(0, len(array), each)]
    return np.concatenate(parts)


def _fitted(images: np.ndarray, shape: Shape | None) -> np.ndarray:
    """Images as the network takes them; one grey channel may be left out."""
    given = images.shape[1:]
    if shape is None:
        if images.ndim == 4 and given[0] in (1, 3) and given[-1] not in (1, 2, 3, 4) and given[0] < given[1]:
            raise DataError(
                f"images of shape {images.shape} look like (n, c, h, w)",
                sum=f"read as (n, h, w, c) they would be {given[0]} pixels high, with {given[-1]} channels",
                fix="np.moveaxis(x, 1, -1), or input_shape on the first layer if they are meant so",
            )
        return images
    if fits(given, shape):
        return images
    if fits(given, shape[:-1]) and shape[-1] == 1:
        return images[..., None]
    wanted = ", ".join("any" if size is None else str(size) for size in shape)
    fix = f"images of {shape}, or a network with input_shape={given}"
    if len(shape) > 1 and fits(given, (shape[-1], *shape[:-1])):
        fix = "they look like (n, c, h, w): np.moveaxis(x, 1, -1)"
    elif fits(images.shape, shape) or fits(images.shape, shape[:-1]):
        fix = "this is one image: x[None]"
    elif len(given) == len(shape) == 3 and fits(given[:2], shape[:2]) and {given[2], shape[2]} == {1, 3}:
        fix = "x.repeat(3, axis=-1)" if given[2] == 1 else "x.mean(-1, keepdims=True).astype(x.dtype)"
    elif fits(given, shape[:-1]):
        fix = f"they lack the axis of channels: np.repeat(x[..., None], {shape[-1]}, axis=-1) if they are grey"
    raise DataError(
        f"images of shape {images.shape} do not fit the network", sum=f"the network takes (n, {wanted})", fix=fix
    )


def audit(data: Data) -> list[Finding]:
    """What is wrong with a data set, in numbers.

    Imbalance, a single class, equal images (byte for byte) in two parts, images with NaN or Inf, images of one colour.
    Everything is told; nothing is changed.

    Args:    data: as it is split; without a test set, equal images within the training set are told.
    Example: >>> x, y = np.arange(8, dtype=np.uint8).reshape(4, 1, 2, 1), np.array([0, 1, 0, 1])
             >>> data = Data("twins", Split(x, y), test=Split(x[:1], y[:1]), classes=("a", "b"))
             >>> [finding.fault for finding in audit(data)]
             ['leak']
    """
    parts = {"training": data.train, "validation": data.validation, "test": data.test}
    present = {name: part for name, part in parts.items() if part is not None and len(part)}
    return [*_imbalance(data), *_twins(present), *(each for item in present.items() for each in _strange(*item))]


def _imbalance(data: Data) -> list[Finding]:
    if not data.classes or data.train.y.ndim != 1:
        return []
    counts = np.bincount(data.train.y, minlength=len(data.classes))
    present = counts[counts > 0]
    names = [printable(name, 40) for name in data.classes]
    most = int(counts.argmax())
    if len(present) == 1:
        return [
            Finding(
                "single-class",
                "training",
                f"{names[most]}: {counts[most]:,} of {counts.sum():,}",
                "all images are of one class: there is nothing to tell apart",
                "images of other classes",
                severity="error",
            )
        ]
    if len(present) == 0 or counts.max() <= _IMBALANCE * present.min():
        return []
    least = int(np.where(counts > 0, counts, counts.max() + 1).argmin())
    return [
        Finding(
            "imbalance",
            "training",
            f"{names[most]}: {counts[most]:,}, {names[least]}: {counts[least]:,}, ratio {counts[most] / counts[least]:.1f}",
            f"always saying {names[most]!r} would already be right for {counts.max() / counts.sum():.1%}",
            "more images of the rare classes, or class_weight in fit",
        )
    ]


def _twins(parts: dict[str, Split]) -> list[Finding]:
    """Images that are in two parts; in the training set alone, where nothing is split off yet."""
    prints = {name: _prints(part) for name, part in parts.items()}
    names = list(parts)
    pairs = [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]
    found = []
    for one, other in pairs:
        first = {key: row for row, key in reversed([*enumerate(prints[one])])}
        twins = [(row, first[key]) for row, key in enumerate(prints[other]) if key in first]
        if twins:
            shown = ", ".join(f"{_place(parts[other], a)} = {_place(parts[one], b)}" for a, b in twins[:_SHOWN])
            share = len(twins) / len(parts[other])
            found.append(
                Finding(
                    "leak",
                    other,
                    f"{len(twins):,} of {len(parts[other]):,} {other} images ({share:.1%}) are {one} images: {shown}",
                    f"{len(twins):,} images of the {other} set are in the {one} set too, so its score is too good",
                    "remove them from one of the two",
                )
            )
    if names == ["training"]:
        count = len(prints["training"]) - len(set(prints["training"]))
        if count:
            found.append(
                Finding(
                    "duplicates",
                    "training",
                    f"{count:,} of {len(parts['training']):,} images",
                    "some images are there more than once; a split may put them on both sides",
                    "remove the copies",
                )
            )
    return found


def _prints(part: Split) -> list[bytes]:
    """A hash of each image's bytes: 128 bits, so that two images with the same hash are the same image."""
    flat = part.x.reshape(len(part), -1)
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in flat]


def _place(part: Split, row: int) -> str:
    return part.files[row] if part.files else f"row {row}"


def _strange(name: str, part: Split) -> list[Finding]:
    """Images that hold no picture."""
    found = []
    if part.x.dtype.kind == "f":
        bad = np.flatnonzero(_rows(part.x, _not_finite))
        if len(bad):
            found.append(
                Finding(
                    "non-finite-pixels",
                    name,
                    f"{len(bad):,} of {len(part):,} images: {_some(part, bad)}",
                    "some images hold NaN or Inf",
                    "mend or remove them",
                    severity="error",
                )
            )
    flat = np.flatnonzero(_rows(part.x, lambda rows: (rows == rows[:, :1]).all(1)))
    if len(flat) and part.x[0].size > 1:
        found.append(
            Finding(
                "constant-images",
                name,
                f"{len(flat):,} of {len(part):,} images: {_some(part, flat)}",
                "some images are of one colour all over: they show nothing",
                "remove them, or look at why they are empty",
            )
        )
    return found


def _some(part: Split, rows: np.ndarray) -> str:
    return ", ".join(_place(part, int(row)) for row in rows[:_SHOWN]) + (" ..." if len(rows) > _SHOWN else "")


def describe(data: Data) -> dict[str, Any]:
    """What `striate data` shows: images by class and part, shape, type, the share of the most frequent class.

    Example: >>> from striate.datasets import Digits
             >>> describe(Digits().load())["images"]
             {'training': 1797}
    """
    parts = {"training": data.train, "validation": data.validation, "test": data.test}
    present = {name: part for name, part in parts.items() if part is not None and len(part)}
    table: dict[str, Any] = {
        "name": data.name,
        "shape": list(data.train.x.shape[1:]),
        "type": str(data.train.x.dtype),
        "images": {name: len(part) for name, part in present.items()},
        "bad_files": [{"path": bad.path, "reason": bad.reason} for bad in data.bad],
        "findings": [finding.to_json() for finding in data.findings],
    }
    if data.classes and data.train.y.ndim == 1:
        counts = {name: np.bincount(part.y, minlength=len(data.classes)).tolist() for name, part in present.items()}
        table["classes"] = {
            label: {name: counts[name][number] for name in present} for number, label in enumerate(data.classes)
        }
        table["majority"] = max(counts["training"]) / max(sum(counts["training"]), 1)
    return table
