"""Metrics: numbers people care about but cannot optimise, for they move in jumps (lecture 003 L145)."""

import numpy as np
from numpy.typing import NDArray

from striate.textbook.brick import Array

__all__ = ["accuracy", "top_k_accuracy"]


def accuracy(prediction: Array, target: NDArray[np.integer]) -> float:
    """Give the share of samples whose class has the largest score, the first among equals.

    (1/n) sum over n of [argmax over k of p[n,k] = t[n]]

    Shape:   prediction (n, k) or (n, k, h, w), target (n,) or (n, h, w) -> a number
    Errors:  ValueError if the shapes do not go together.
    Source:  lecture 003 L145-149.
    Example: >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
             0.5
    """
    return top_k_accuracy(prediction, target, k=1)


def top_k_accuracy(prediction: Array, target: NDArray[np.integer], k: int = 5) -> float:
    """Give the share of samples whose class is among the k largest scores.

    (1/n) sum over n of [rank of class t[n] < k],  rank = how many classes stand before it, largest score first,
    and the lower class number first among equals

    Shape:   prediction (n, classes) or (n, classes, h, w), target (n,) or (n, h, w) -> a number
    Args:    k: how many guesses count.
    Errors:  ValueError if the shapes do not go together.
    Source:  Russakovsky et al. 2015, doi:10.1007/s11263-015-0816-y.
    Example: >>> p = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
             >>> top_k_accuracy(p, np.array([1, 2]), k=2)
             0.5
    """
    target = np.asarray(target)
    if target.shape != (prediction.shape[0], *prediction.shape[2:]):
        raise ValueError(f"the prediction is {prediction.shape}, the target {target.shape}")
    order = np.argsort(-prediction, axis=1, kind="stable")  # (n, classes, ...), best first
    return float(np.mean(np.any(order[:, :k] == target[:, None], axis=1)))
