"""What people hand to fit, evaluate and predict, as tensors channels last."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from striate.errors import ArgumentError, DataError
from striate.loader import as_array, check_arrays
from striate.shape import Shape

__all__ = ["batch_size", "images", "is_loader", "labels", "pairs", "require_loader", "tensor"]


def images(x: Any, shape: Shape | None) -> torch.Tensor:
    """Images (n, h, w, c), uint8 or float32, sharing memory where they can.

    Lists, NumPy arrays, memory-maps and tensors are taken. (n, h, w) becomes (n, h, w, 1) where the network wants it.
    Errors: DataError, with what is wrong and the fix.
    """
    return tensor(check_arrays(x, None, shape)[0])


def tensor(checked: np.ndarray) -> torch.Tensor:
    """Images that were looked at already, as a tensor that shares their memory."""
    with warnings.catch_warnings():
        # torch warns of tensors over memory that must not be written; nothing here writes to images.
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(np.ascontiguousarray(checked))


def labels(y: Any) -> torch.Tensor:
    """Labels (n, ...) as a tensor of their own type."""
    return torch.as_tensor(np.ascontiguousarray(as_array(y, "labels")))


def pairs(data: Any, shape: Shape | None) -> tuple[np.ndarray, np.ndarray]:
    """The arrays of a DataLoader or other iterable of (images, labels) batches.

    torch's loaders give (n, c, h, w): those are turned, where that is what fits the network.
    """
    xs, ys = [], []
    for batch in data:
        if not isinstance(batch, list | tuple) or len(batch) != 2:
            raise DataError(
                "the loader gives batches that are not (images, labels)",
                sum=f"batch {len(xs)} is a {type(batch).__name__}"
                + (f" of {len(batch)}" if isinstance(batch, list | tuple) else ""),
                fix="yield pairs",
            )
        xs.append(as_array(batch[0], "images"))
        ys.append(as_array(batch[1], "labels"))
    if not xs:
        raise DataError("the loader gives no batch", sum="0 batches", fix="a loader with at least one batch")
    try:
        x, y = np.concatenate(xs), np.concatenate(ys)
    except ValueError:
        sizes = sorted({batch.shape[1:] for batch in xs})
        raise DataError(
            "the batches of the loader cannot be joined",
            sum=f"images of {', '.join(map(str, sizes))}",
            fix="resize the images to one size first",
        ) from None
    if (
        shape is not None
        and x.ndim == len(shape) + 1
        and x.shape[1:] != shape
        and x.shape[1:] == (shape[-1], *shape[:-1])
    ):
        x = np.moveaxis(x, 1, -1)
    return x, y


def is_loader(x: Any) -> bool:
    """Whether x gives batches of pairs instead of being an array."""
    known = isinstance(x, np.ndarray | torch.Tensor | list | tuple | dict | str) or hasattr(x, "__array__")
    return isinstance(x, Iterable) and not known


def batch_size(x: Any) -> int | None:
    """How many images a loader puts into a batch, where it says so."""
    size = getattr(x, "batch_size", None) if is_loader(x) else None
    return size if isinstance(size, int) else None


def require_loader(x: Any, y: Any, steps_per_epoch: int | None = None) -> None:
    """Refuse what cannot go with a loader, before anything of it is read.

    Errors:  ArgumentError for labels beside it, and for one that may never end.
    Example: >>> require_loader([[1.0]], [0])
    """
    if not is_loader(x):
        return
    if y is not None:
        raise ArgumentError(
            "labels y cannot stand beside a loader, which gives labels itself",
            sum=f"x is a {type(x).__name__}, y a {type(y).__name__}",
            fix="y=None, or x and y as arrays",
        )
    if steps_per_epoch is not None and not _has_length(x):
        raise ArgumentError(
            "steps_per_epoch cannot go with a loader that does not say how long it is",
            sum=f"a {type(x).__name__} without len(): it is read whole before the first step, and may never end",
            fix="a loader with a length, or x and y as arrays; one that ends needs no steps_per_epoch",
        )


def _has_length(x: Any) -> bool:
    try:  # torch's loaders have __len__ even where the length is not known
        return len(x) >= 0
    except TypeError:
        return False
