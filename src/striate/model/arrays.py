"""What people hand to fit, evaluate and predict, as tensors channels last."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from striate.errors import ArgumentError
from striate.loader import as_array

__all__ = ["batch_size", "is_loader", "labels", "require_loader", "tensor"]


def tensor(checked: np.ndarray) -> torch.Tensor:
    """Images that were looked at already, as a tensor that shares their memory."""
    whole = np.ascontiguousarray(checked)
    if whole.flags.writeable:
        return torch.from_numpy(whole)
    with warnings.catch_warnings():
        # torch warns of tensors over memory that must not be written; nothing here writes to images.
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(whole)


def labels(y: Any) -> torch.Tensor:
    """Labels (n, ...) as a tensor of their own type."""
    return torch.as_tensor(np.ascontiguousarray(as_array(y, "labels")))


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
