"""Logic: the truth tables on which the first neurons were tried."""

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from striate.datasets.base import Data, Dataset, Split

__all__ = ["Logic"]

_FUNCTIONS = {
    "and": (2, all),
    "or": (2, any),
    "not": (1, lambda row: not row[0]),
    "majority": (3, lambda row: sum(row) > len(row) / 2),
    "xor": (2, lambda row: sum(row) == 1),
}
"""Each function by its name: how many inputs it has, and what it says of them."""


@dataclass(frozen=True)
class Logic(Dataset):
    """The truth table of a logical function: every combination of its inputs, and what is true of it.

    A single unit learns all of them but XOR, which takes a hidden layer.

    Shape:   x (4, 2) float32 of zeros and ones, y (4,) uint8, 2 classes; NOT has 2 rows of 1 input, majority 8 of 3
    Args:    function: "and", "or", "not", "majority" (of three) or "xor".
    Source:  Minsky & Papert 1969, Perceptrons, ISBN 978-0-262-63022-1; lecture 002 L66-105
    Example: >>> data = Logic("and").load()
             >>> data.train.x.tolist(), data.train.y.tolist()
             ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 0, 0, 1])
    """

    at_hand = True

    function: Literal["and", "or", "not", "majority", "xor"] = "xor"

    def load(self) -> Data:
        inputs, says = _FUNCTIONS[self.function]
        rows = list(product((0, 1), repeat=inputs))
        x, y = np.array(rows, np.float32), np.array([says(row) for row in rows], np.uint8)
        return Data(self.function, Split(x, y), classes=("false", "true"))


def load_data(function: Literal["and", "or", "not", "majority", "xor"] = "xor") -> tuple[np.ndarray, np.ndarray]:
    """(x, y): every combination of inputs, (n, inputs) float32, and what the function says of each, (n,) uint8.

    Args:    function: "and", "or", "not", "majority" (of three) or "xor".
    Errors:  ArgumentError for another function.
    Source:  lecture 002 L66-105
    Example: >>> load_data("xor")[1].tolist()
             [0, 1, 1, 0]
    """
    table = Logic(function).load().train
    return table.x, table.y
