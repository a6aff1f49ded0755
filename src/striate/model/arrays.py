"""What people hand to fit, evaluate and predict, as tensors channels last."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from striate.errors import DataError
from striate.loader import as_array, check_arrays
from striate.shape import Shape

__all__ = ["images", "is_loader", "labels", "pairs"]


def images(x: Any, shape: Shape | None) -> torch.Tensor:
    """Images (n, h, w, c), uint8 or float32, sharing memory where they can.

    Lists, NumPy arrays, memory-maps and tensors are taken. (n, h, w) becomes (n, h, w, 1) where the network wants it.
    Errors: DataError, with what is wrong and the fix.
    """
    array = np.ascontiguousarray(check_arrays(x, None, shape)[0])
    with warnings.catch_warnings():
        # torch warns of tensors over memory that must not be written; nothing here writes to images.
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(array)


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
    return isinstance(x, Iterable) and not isinstance(x, np.ndarray | torch.Tensor | list | tuple | dict | str)
