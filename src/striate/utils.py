"""The namespace that Keras calls utils: one-hot labels and the seed."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from striate.errors import DataError
from striate.seed import set_random_seed

__all__ = ["set_random_seed", "to_categorical"]


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[np.float64]:
    """Class numbers as one-hot vectors.

    y[..., k] = 1 if x[...] = k else 0

    Shape:   any shape of whole numbers -> (..., num_classes); a last axis of size 1 is dropped first
    Args:    x: class numbers, from 0.
             num_classes: length of a vector; by default the largest number plus 1.
    Errors:  DataError for labels that are not whole numbers, or lie outside 0 ... num_classes - 1.
    Source:  Keras 3, keras.utils.to_categorical; lecture 003 L95-120
    Example: >>> to_categorical([0, 2])
             array([[1., 0., 0.],
                    [0., 0., 1.]])
    """
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    with np.errstate(invalid="ignore"):
        whole = labels.astype(np.int64) if labels.dtype.kind in "biuf" else None
    if whole is None or not (whole == labels).all():
        raise DataError(
            f"labels of type {labels.dtype} are no class numbers",
            fix="whole numbers from 0, one for each image; np.unique(names, return_inverse=True)[1] numbers names",
        )
    largest = int(whole.max(initial=-1))
    classes = largest + 1 if num_classes is None else num_classes
    if whole.min(initial=0) < 0 or largest >= classes:
        raise DataError(
            f"class numbers reach from {whole.min()} to {largest}; there are {classes} classes",
            sum=f"0 <= class <= {classes} - 1 = {classes - 1} must hold",
            fix=f"num_classes={largest + 1}" if whole.min() >= 0 else "number the classes from 0",
        )
    one_hot = np.zeros((*whole.shape, classes))
    np.put_along_axis(one_hot, whole[..., None], 1, axis=-1)
    return one_hot
