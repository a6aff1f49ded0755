"""The worst mistakes as pictures: what was said, how surely, and what is true."""

from dataclasses import dataclass

import numpy as np

from striate.report.picture import PIXELATED, data_uri, eight_bit
from striate.report.results import Results
from striate.report.text import mathematical, percent, short

__all__ = ["Example", "worst"]


@dataclass(frozen=True)
class Example:
    """One image with the network's answer.

    Args:    picture: data URI.
             pixelated: whether it is shown with its pixels as squares.
             said: the answer.
             surely: its probability, as text; empty if the outputs are no probabilities.
             true: what would be right.
             name: the image's file or row.
             right: whether the answer is the true one.
    """

    picture: str
    pixelated: bool
    said: str
    surely: str
    true: str
    name: str
    right: bool

    @property
    def description(self) -> str:
        """For those who cannot see the picture."""
        surely = f" with {self.surely}" if self.surely else ""
        return f"{self.name}: the network said {self.said}{surely}, {'and that is right' if self.right else f'true is {self.true}'}"


def worst(results: Results, limit: int = 24) -> list[Example]:
    """The images that were got most wrong, the surest of the wrong answers first.

    Where nothing is wrong: the right answers that were least sure. For values: the largest errors.

    Example: >>> coins = Results(title="coins", class_names=["heads", "tails"], labels=[0, 1], outputs=[0.7, 0.6],
             ...                 images=np.zeros((2, 4, 4, 1), np.uint8))
             >>> worst(coins)[0].description
             'test image 0: the network said tails with 70.0\\u202f%, true is heads'
    """
    if results.images is None or results.image_rows is None:
        return []
    rows = np.asarray(results.image_rows)
    if results.classifies:
        surety, wrong = results.scores.max(axis=1)[rows], ~results.right[rows]
        chosen = np.flatnonzero(wrong) if not results.right.all() else np.arange(len(rows))
        key = -surety[chosen] if not results.right.all() else surety[chosen]
    else:
        chosen = np.arange(len(rows))
        key = -np.abs(results.scores - results.labels).sum(axis=1)[rows]
    best = chosen[np.argsort(key, kind="stable")][:limit]
    return [_example(results, int(image), int(rows[image])) for image in best]


def _example(results: Results, image: int, row: int) -> Example:
    pixels = eight_bit(results.images[image])  # ty: ignore[not-subscriptable]
    name = f"{results.part} image {row:,}"
    if results.file_names is not None:
        name = short(results.file_names[image].removeprefix(results.folder), 80)
    if results.classifies:
        said, true = int(results.said[row]), int(results.labels[row])
        surely = percent(float(results.confidence[row])) if results.confidence is not None else ""
        texts = short(results.class_names[said], 60), surely, short(results.class_names[true], 60)
        right = said == true
    else:
        written = [", ".join(map(mathematical, values[row])) for values in (results.scores, results.labels)]
        texts, right = (written[0], "", written[1]), False
    return Example(data_uri(pixels), max(pixels.shape[:2]) <= PIXELATED, *texts, name, right)
