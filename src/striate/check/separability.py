"""Whether a single layer of weights can tell two classes apart at all."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from striate.check.cost import bricks, multiplies
from striate.finding import Finding
from striate.network import Network

__all__ = ["check_separable", "contradiction"]

LARGEST = 500
"""Different rows times features above this are not tried: the arithmetic is exact, and exact numbers grow long."""

_SQUASHING = ("Sigmoid", "Tanh", "Step", "Ramp", "HardSigmoid", "Softsign", "Softplus", "LeakyReLU", "ELU", "SELU")
"""Activations that never fall: what comes out is above a number where the score is above another."""


def check_separable(network: Network, x: Any, y: Any) -> Iterator[Finding]:
    """Data of two classes that a network without a hidden layer cannot tell apart, whatever its weights.

    A network whose output rises with a weighted sum of its inputs parts them by a plane. Where no plane has the classes
    on its two sides, some of the inequalities that it would have to fulfil add up to 0 > 0. They are found exactly, by
    a linear program in fractions; data of more than 500 numbers, of other than two classes, and networks with
    hidden activations are passed over. Rows that stand in both classes are left aside: no network parts those.

    Args:    x: what the network takes, (n, ...). y: two class numbers, (n,) or (n, 1), or one-hot (n, 2).
    Source:  Minsky & Papert 1969, Perceptrons, ISBN 978-0-262-63022-1; lecture 002 L66-105
    Example: >>> from striate.layers import Dense
             >>> network = Network.sequential([Dense(1, activation="sigmoid", input_shape=(2,))])
             >>> table = [[0, 0], [0, 1], [1, 0], [1, 1]]
             >>> print(next(check_separable(network, table, [0, 1, 1, 0])))
             not-linearly-separable at dense: no plane parts the two classes, and dense has no hidden layer before it
               sum   : s = w1*x1 + w2*x2 + b: s(0, 1) + s(1, 0) > 0 > s(0, 0) + s(1, 1), but both sums are w1 + w2 + 2*b
               fix   : a hidden layer, such as Dense(2, activation="tanh") before dense
             >>> list(check_separable(network, table, [0, 0, 0, 1]))
             []
    """
    weighing = _only_weights(network)
    if weighing is None:
        return
    classes = _two_classes(np.asarray(x), np.asarray(y))
    if classes is None:
        return
    found = contradiction(*classes)
    if found:
        yield Finding(
            "not-linearly-separable",
            weighing,
            _sum(*found),
            f"no plane parts the two classes, and {weighing} has no hidden layer before it",
            f'a hidden layer, such as Dense(2, activation="tanh") before {weighing}',
        )


Point = tuple[Fraction, ...]
Multiples = dict[Point, int]


def contradiction(above: list[Point], below: list[Point]) -> tuple[Multiples, Multiples] | None:
    """How often to add which points of each class so that the sums are equal; None where a plane parts them.

    Of points a that should have s(a) = w*a + b > 0 and points c that should have s(c) < 0, whole numbers m >= 0 with
    sum of m[a] * (a, 1) = sum of m[c] * (c, 1). By Farkas' lemma there are such if and only if there is no plane.

    Source:  Farkas 1902, doi:10.1515/crll.1902.124.1; the simplex method with Bland's rule, doi:10.1287/moor.2.2.103
    Example: >>> contradiction([(0, 1), (1, 0)], [(0, 0), (1, 1)])
             ({(0, 1): 1, (1, 0): 1}, {(0, 0): 1, (1, 1): 1})
             >>> contradiction([(1, 1)], [(0, 0), (0, 1)])
    """
    points = [*above, *below]
    signs = [1] * len(above) + [-1] * len(below)
    columns = [
        [*(sign * Fraction(value) for value in (*point, 1)), Fraction(1)]
        for point, sign in zip(points, signs, strict=True)
    ]
    shares = _simplex(columns)
    if shares is None:
        return None
    whole = math.lcm(*(share.denominator for share in shares.values()))
    whole //= math.gcd(*(int(share * whole) for share in shares.values()))
    times = {number: round(share * whole) for number, share in sorted(shares.items())}
    parts = tuple({points[number]: m for number, m in times.items() if signs[number] == sign} for sign in (1, -1))
    return parts[0], parts[1]


def _simplex(columns: list[list[Fraction]]) -> dict[int, Fraction] | None:
    """Which columns, times which positive numbers, add up to (0, ..., 0, 1): the first phase of the simplex method."""
    rows = [[*row, Fraction(0)] for row in zip(*columns, strict=True)]
    rows[-1][-1] = Fraction(1)
    basis: list[int | None] = [None] * len(rows)  # of each row the column that fills it; None while nothing does
    while True:
        open_rows = [row for row, column in zip(rows, basis, strict=True) if column is None]
        if not sum(row[-1] for row in open_rows):
            return {column: row[-1] for row, column in zip(rows, basis, strict=True) if column is not None and row[-1]}
        entering = next((j for j in range(len(columns)) if sum(row[j] for row in open_rows) > 0), None)
        if entering is None:
            return None
        # The row that reaches 0 first leaves; of several an open one, then that of the first column (Bland).
        leaving = min(
            (number for number, row in enumerate(rows) if row[entering] > 0),
            key=lambda number: (
                rows[number][-1] / rows[number][entering],
                -1 if basis[number] is None else basis[number],
            ),
        )
        pivot = rows[leaving][entering]
        rows[leaving] = [value / pivot for value in rows[leaving]]
        for number, row in enumerate(rows):
            if number != leaving and row[entering]:
                factor = row[entering]
                rows[number] = [value - factor * other for value, other in zip(row, rows[leaving], strict=True)]
        basis[leaving] = entering


def _only_weights(network: Network) -> str | None:
    """The last layer of weights, where what comes out rises with one weighted sum of what goes in."""
    if len(network.inputs) > 1 or len(network.outputs) > 1:
        return None
    node, weighing = network[network.outputs[0]], None
    if node.output not in ((1,), (2,)):
        return None
    follows = _SQUASHING if node.output == (1,) else ("Softmax", "LogSoftmax")
    while not node.is_input:
        for layer, shapes in reversed(list(bricks(node))):
            if multiplies(layer, shapes):
                weighing = weighing or node.name
            if not layer.linear and (weighing or type(layer).__name__ not in follows):
                return None
        if len(node.inputs) != 1:
            return None
        node = network[node.inputs[0]]
    return weighing


def _two_classes(x: np.ndarray, y: np.ndarray) -> tuple[list[Point], list[Point]] | None:
    """The different points of the second class and of the first, where there are two and they are few."""
    if y.ndim == 2 and y.shape[1] == 2:
        y = y.argmax(1)
    labels = y.reshape(len(y), -1)
    if labels.shape[1:] != (1,) or len(x) != len(y) or not np.isfinite(x).all():
        return None
    values, numbers = np.unique(labels, return_inverse=True)
    if len(values) != 2:
        return None
    rows = x.reshape(len(x), -1)
    each = [{tuple(row) for row in rows[numbers.ravel() == number].tolist()} for number in (0, 1)]
    below, above = each[0] - each[1], each[1] - each[0]
    if (len(below) + len(above)) * rows.shape[1] > LARGEST:
        return None
    return [tuple(map(Fraction, row)) for row in sorted(above)], [tuple(map(Fraction, row)) for row in sorted(below)]


MOST_SHOWN = 4
"""Features of a point that are written out."""


def _sum(above: Multiples, below: Multiples) -> str:
    """The inequalities that cannot all hold, added up."""
    features = len(next(iter(above)))
    if features > MOST_SHOWN:
        count = sum(above.values())
        return (
            f"{len(above)} points of one class and {len(below)} of the other have the same weighted mean "
            f"(weights in {count}ths): a plane with the first on one side has it there, and not on the other"
        )
    total = [sum(times * point[number] for point, times in above.items()) for number in range(features)]
    terms = [(f"w{number}", value) for number, value in enumerate(total, start=1)] + [("b", sum(above.values()))]
    score = " + ".join(f"w{number}*x{number}" for number in range(1, features + 1))
    sums = (
        " + ".join(_times(times, f"s({_numbers(point)})") for point, times in part.items()) for part in (above, below)
    )
    both = " + ".join(_times(value, name) for name, value in terms if value)
    return f"s = {score} + b: {' > 0 > '.join(sums)}, but both sums are {both}"


def _times(count: Any, text: str) -> str:
    return text if count == 1 else f"{float(count):g}*{text}"


def _numbers(point: Point) -> str:
    return ", ".join(f"{float(value):g}" for value in point)
