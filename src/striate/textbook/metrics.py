"""Metrics: numbers people care about but cannot optimise, for they move in jumps (lecture 003 L145)."""

import numpy as np
from numpy.typing import NDArray

from striate.textbook.brick import Array

__all__ = [
    "accuracy",
    "area_under_roc",
    "calibration_error",
    "confusion_counts",
    "dice",
    "f_score",
    "intersection_over_union",
    "mean_cosine",
    "perplexity",
    "precision",
    "r2_score",
    "recall",
    "root_mean_squared_error",
    "top_k_accuracy",
]


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


def precision(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Give the share of the yes that is right; 0 where nobody said yes.

    |said and true| / |said|

    Shape:   any, both the same -> a number
    Source:  Kent et al. 1955, doi:10.1002/asi.5090060209.
    Example: >>> precision(np.array([True, True, False]), np.array([True, False, True]))
             0.5
    """
    return float(np.sum(said & true) / np.sum(said)) if said.any() else 0.0


def recall(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Give the share of what is true that was said; 0 where nothing is.

    |said and true| / |true|

    Shape:   any, both the same -> a number
    Source:  Kent et al. 1955, doi:10.1002/asi.5090060209.
    Example: >>> recall(np.array([True, True, False]), np.array([True, False, True]))
             0.5
    """
    return precision(true, said)


def f_score(said: NDArray[np.bool_], true: NDArray[np.bool_], beta: float = 1.0) -> float:
    """Give precision and recall in one number, recall counting beta times as much; 0 where nothing is found.

    (1 + beta^2) P R / (beta^2 P + R)

    Shape:   any, both the same -> a number
    Args:    beta: how many times as much recall counts.
    Source:  van Rijsbergen 1979, Information Retrieval, chapter 7.
    Example: >>> f_score(np.array([True, False, False]), np.array([True, True, True]))
             0.5
    """
    p, r = precision(said, true), recall(said, true)
    return (1.0 + beta**2) * p * r / (beta**2 * p + r) if p and r else 0.0


def area_under_roc(scores: Array, true: NDArray[np.bool_]) -> float:
    """Give how often a true one has the higher score: over all pairs of a true and a false one, equals count half.

    (1/pairs) sum over pairs of [s(true) > s(false)] + [s(true) = s(false)] / 2

    Shape:   any, both the same -> a number
    Source:  Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747.
    Example: >>> area_under_roc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
             0.75
    """
    yes, no = scores[true][:, None], scores[~true][None]  # (true, 1), (1, false)
    return float(np.mean((yes > no) + (yes == no) / 2.0))


def confusion_counts(guess: NDArray[np.integer], target: NDArray[np.integer], k: int) -> NDArray[np.integer]:
    """Count how often class i was taken for class j.

    m[i,j] = |target = i and guess = j|

    Shape:   any, both the same -> (k, k)
    Args:    k: how many classes there are.
    Source:  Townsend 1971, doi:10.3758/BF03213026.
    Example: >>> confusion_counts(np.array([0, 1, 0]), np.array([0, 1, 1]), 2).tolist()
             [[1, 0], [1, 1]]
    """
    return np.array([[np.sum((target == i) & (guess == j)) for j in range(k)] for i in range(k)])


def intersection_over_union(guess: NDArray[np.integer], target: NDArray[np.integer], c: int) -> float:
    """Give how far the region taken for class c is the region of class c.

    |A and B| / |A or B|,  A = [guess = c], B = [target = c]

    Shape:   any, both the same -> a number
    Args:    c: the class.
    Source:  Jaccard 1901, doi:10.5169/seals-266450.
    Example: >>> intersection_over_union(np.array([0, 1, 1]), np.array([1, 1, 0]), 1)
             0.3333333333333333
    """
    return float(np.sum((guess == c) & (target == c)) / np.sum((guess == c) | (target == c)))


def dice(guess: NDArray[np.integer], target: NDArray[np.integer], c: int) -> float:
    """Give how far the region taken for class c is the region of class c, by their sizes.

    2 |A and B| / (|A| + |B|),  A = [guess = c], B = [target = c]

    Shape:   any, both the same -> a number
    Args:    c: the class.
    Source:  Dice 1945, doi:10.2307/1932409.
    Example: >>> dice(np.array([0, 1, 1]), np.array([1, 1, 0]), 1)
             0.5
    """
    return float(2 * np.sum((guess == c) & (target == c)) / (np.sum(guess == c) + np.sum(target == c)))


def calibration_error(confidence: Array, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Give how far confidence and accuracy are apart, in ranges of confidence, each with its upper end.

    sum over bins of (count / n) |accuracy - mean confidence|

    Shape:   (n,) both -> a number
    Args:    bins: how many ranges.
    Source:  Guo et al. 2017, arXiv:1706.04599, equation 3.
    Example: >>> round(calibration_error(np.array([0.9, 0.85]), np.array([True, False])), 6)
             0.375
    """
    total = 0.0
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        if inside.any():
            total += np.mean(inside) * abs(np.mean(right[inside]) - np.mean(confidence[inside]))
    return float(total)


def perplexity(prediction: Array, target: NDArray[np.integer]) -> float:
    """Give among how many equally likely classes one so surprised would be choosing.

    e^((1/n) sum over n of -ln p[n, t[n]])

    Shape:   prediction (n, k), target (n,) -> a number
    Source:  Jelinek et al. 1977, doi:10.1121/1.2016299.
    Example: >>> round(perplexity(np.array([[0.25, 0.75], [0.0, 1.0]]), np.array([0, 1])), 6)
             2.0
    """
    return float(np.exp(-np.mean(np.log(prediction[np.arange(len(target)), target]))))


def root_mean_squared_error(prediction: Array, target: Array) -> float:
    """Give the root of the mean squared error.

    sqrt(mean of (p - t)^2)

    Shape:   any, both the same -> a number
    Source:  Keras 3, keras.metrics.RootMeanSquaredError.
    Example: >>> root_mean_squared_error(np.array([1.0, 7.0]), np.array([0.0, 0.0]))
             5.0
    """
    return float(np.sqrt(np.mean((prediction - target) ** 2)))


def mean_cosine(prediction: Array, target: Array) -> float:
    """Give the mean cosine of the angle between prediction and target.

    (1/n) sum over n of p . t / (|p| |t|)

    Shape:   (n, k) both -> a number
    Source:  Salton & McGill 1983, ISBN 0-07-054484-0.
    Example: >>> mean_cosine(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[2.0, 0.0], [0.0, 3.0]]))
             0.5
    """
    lengths = np.sqrt(np.sum(prediction**2, axis=1) * np.sum(target**2, axis=1))
    return float(np.mean(np.sum(prediction * target, axis=1) / lengths))


def r2_score(prediction: Array, target: Array) -> float:
    """Give the share of what varies in the target that the prediction explains, the mean over the outputs.

    1 - (sum over n of (p - t)^2) / (sum over n of (t - mean of t)^2)

    Shape:   (n, k) both -> a number
    Source:  Wright 1921, Correlation and causation.
    Example: >>> r2_score(np.array([[1.0], [2.0], [2.0]]), np.array([[1.0], [2.0], [3.0]]))
             0.5
    """
    missed, spread = np.sum((prediction - target) ** 2, axis=0), np.sum((target - target.mean(axis=0)) ** 2, axis=0)
    return float(np.mean(1.0 - missed / spread))
