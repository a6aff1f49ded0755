"""How good the network is at each class."""

from dataclasses import dataclass

import numpy as np

__all__ = ["ClassScore", "class_scores", "mean_score"]


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class.

    Args:    number: of the class; -1 for the mean over the classes.
             precision: of all images said to be of this class, the share that are; 0 if none was said to be.
             recall: of all images of this class, the share that was said to be; 0 if there are none.
             f1: their harmonic mean.
             support: images of this class.
    """

    number: int
    precision: float
    recall: float
    f1: float
    support: int


def class_scores(matrix: np.ndarray) -> list[ClassScore]:
    """The scores of each class from a confusion matrix.

    precision = right / said,  recall = right / true,  F1 = 2 right / (said + true)

    Source:  van Rijsbergen 1979, Information Retrieval, chapter 7
    Example: >>> class_scores(np.array([[3, 1], [0, 4]]))[1]
             ClassScore(number=1, precision=0.8, recall=1.0, f1=0.888..., support=4)
    """
    right, said, true = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    return [
        ClassScore(
            i,
            float(right[i] / max(said[i], 1)),
            float(right[i] / max(true[i], 1)),
            float(2 * right[i] / max(said[i] + true[i], 1)),
            int(true[i]),
        )
        for i in range(len(matrix))
    ]


def mean_score(scores: list[ClassScore]) -> ClassScore:
    """The plain mean over the classes that have images: its recall is the balanced accuracy.

    Example: >>> mean_score([ClassScore(0, 1.0, 0.5, 0.7, 3), ClassScore(1, 0.5, 1.0, 0.7, 1)]).recall
             0.75
    """
    seen = [score for score in scores if score.support] or scores
    means = [float(np.mean([getattr(score, name) for score in seen])) for name in ("precision", "recall", "f1")]
    return ClassScore(-1, means[0], means[1], means[2], sum(score.support for score in seen))
