"""What is wrong with images and labels, before they reach the network."""

from typing import Any

import numpy as np
import torch

from striate.datasets.base import Data, Split
from striate.errors import DataError
from striate.finding import Finding
from striate.shape import Shape

__all__ = ["audit", "check_arrays", "describe"]

IMBALANCE = 3.0
"""How many times the images of the rarest class the most frequent may have before it is told."""


def check_arrays(x: Any, y: Any = None, shape: Shape | None = None) -> tuple[np.ndarray, Any]:
    """Images as uint8 or float32 (n, h, w, c) and labels as an array, or what is wrong with them.

    Errors:  DataError with the sum and the fix.
    Example: >>> check_arrays(np.zeros((2, 8, 8)), [0, 1], (8, 8, 1))[0].shape
             (2, 8, 8, 1)
    """
    images = _array(x, "images")
    if images.dtype.kind not in "uif" and images.dtype != bool:
        raise DataError(f"images of type {images.dtype} cannot be used", fix="uint8 0..255, or floats")
    if images.ndim == 0 or len(images) == 0:
        raise DataError("there are no images", sum=f"shape {images.shape}", fix="at least one image")
    if shape is not None:
        images = _fitted(images, shape)
    if images.dtype != np.uint8:
        if images.dtype != np.float32:
            images = images.astype(np.float32)
        finite = np.isfinite(images.reshape(len(images), -1)).all(1)
        if not finite.all():
            row = int(np.argmin(finite))
            raise DataError(
                f"the image in row {row} holds NaN or Inf",
                sum=f"{int((~finite).sum())} of {len(images)} images",
                fix="mend or leave out these images",
            )
    if y is None:
        return images, None
    labels = _array(y, "labels")
    if labels.dtype.kind not in "uifb":
        raise DataError(
            f"labels of type {labels.dtype} cannot be used",
            fix="class numbers: np.unique(labels, return_inverse=True)[1]",
        )
    if labels.ndim == 0 or len(labels) != len(images):
        raise DataError(
            f"{len(images)} images and {len(labels) if labels.ndim else 'no'} labels",
            sum=f"images {images.shape}, labels {labels.shape}",
            fix="one label for each image",
        )
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        row = int(np.argmin(np.isfinite(labels.reshape(len(labels), -1)).all(1)))
        raise DataError(f"the label in row {row} is NaN or Inf", fix="mend or leave out that label")
    return images, labels


def _array(value: Any, what: str) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    try:
        return np.asarray(value)
    except ValueError:
        raise DataError(f"the {what} are not one array: their parts differ in size", fix="one size for all") from None


def _fitted(images: np.ndarray, shape: Shape) -> np.ndarray:
    """Images as the network takes them; one grey channel may be left out."""
    given = images.shape[1:]
    if given == shape[:-1] and shape[-1] == 1:
        return images[..., None]
    if given != shape:
        turned = len(shape) > 1 and given == (shape[-1], *shape[:-1])
        alone = images.shape == shape or images.shape == shape[:-1]
        fix = f"images of {shape}"
        if turned:
            fix = "images look like (n, c, h, w): np.moveaxis(x, 1, -1)"
        elif alone:
            fix = "this is one image: x[None]"
        raise DataError(
            f"images of shape {images.shape} do not fit the network",
            sum=f"the network takes (n, {', '.join(map(str, shape))})",
            fix=fix,
        )
    return images


def audit(data: Data) -> list[Finding]:
    """Findings about a data set: imbalance, equal images in training and test, images without any content."""
    found = []
    if data.classes:
        counts = np.bincount(data.train.y, minlength=len(data.classes))
        present = counts[counts > 0]
        if len(present) and counts.max() > IMBALANCE * present.min():
            most, least = int(counts.argmax()), int(np.where(counts > 0, counts, counts.max() + 1).argmin())
            found.append(
                Finding(
                    "imbalance",
                    "data",
                    f"{data.classes[most]}: {counts[most]}, {data.classes[least]}: {counts[least]}, "
                    f"ratio {counts[most] / counts[least]:.1f}",
                    f"always saying {data.classes[most]!r} would already be right for {counts.max() / counts.sum():.1%}",
                    "more images of the rare classes, or class_weight in fit",
                )
            )
    seen = _digests(data.train)
    for name, part in (("test", data.test), ("validation", data.validation)):
        if part is not None and len(part):
            twins = [(row, seen[key]) for row, key in enumerate(_keys(part)) if key in seen]
            if twins:
                row, other = twins[0]
                where = (
                    f"{part.files[row]} and {data.train.files[other]}"
                    if part.files and data.train.files
                    else f"row {row}"
                )
                found.append(
                    Finding(
                        "leak",
                        name,
                        f"{len(twins)} of {len(part)} {name} images ({len(twins) / len(part):.1%}), the first: {where}",
                        f"images of the {name} set are in the training set too, so its score is too good",
                        "remove them from one of the two",
                    )
                )
    return found


def _keys(part: Split) -> list[bytes]:
    """The bytes of each image, hashed."""
    flat = np.ascontiguousarray(part.x).reshape(len(part), -1)
    return [hash(row.tobytes()).to_bytes(8, "little", signed=True) for row in flat]


def _digests(part: Split) -> dict[bytes, int]:
    return {key: row for row, key in enumerate(_keys(part))}


def describe(data: Data) -> dict[str, Any]:
    """What `striate data` shows: images by class and part, shape, type, the share of the most frequent class."""
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
    if data.classes:
        counts = {name: np.bincount(part.y, minlength=len(data.classes)).tolist() for name, part in present.items()}
        table["classes"] = {
            label: {name: counts[name][number] for name in present} for number, label in enumerate(data.classes)
        }
        table["majority"] = max(counts["training"]) / max(sum(counts["training"]), 1)
    return table
