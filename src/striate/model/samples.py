"""What people hand to fit, evaluate and predict for networks of one input and output or of several, put in order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from striate.errors import ArgumentError, DataError, UnknownNameError
from striate.loader import as_array, check_arrays, check_indices, check_labels
from striate.loader.cache import picked
from striate.network import Network
from striate.shape import Shape, elements, fits

__all__ = ["Samples", "Side", "each_of", "gather", "input_sides", "pairs", "require_spread"]


@dataclass(frozen=True)
class Side:
    """An input of a network, as far as it is known: its name, its shape, and how many numbers it takes if it takes those.

    `limit` is the count of words or classes of an input that stands for such, and None for images.
    """

    name: str
    shape: Shape | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Samples:
    """Arrays that go together: for each input, for each output its labels, for each output what a sample counts."""

    x: tuple[np.ndarray, ...]
    y: tuple[Any, ...]
    weight: tuple[np.ndarray | None, ...] | None = None

    def __len__(self) -> int:
        return len(self.x[0])

    def take(self, rows: np.ndarray) -> "Samples":
        """These rows of all of them."""
        weight = self.weight and tuple(None if each is None else each[rows] for each in self.weight)
        labels = tuple(None if each is None else each[rows] for each in self.y)
        return Samples(tuple(picked(each, rows) for each in self.x), labels, weight)


@lru_cache(maxsize=16)
def input_sides(network: Network | None) -> tuple[Side, ...]:
    """The inputs of a network; of one that does not know them yet, one."""
    if network is None:
        return (Side("input"),)
    return tuple(Side(name, network[name].output, _limit(network, name)) for name in network.inputs)


def _limit(network: Network, name: str) -> int | None:
    """Of how many words or classes an input holds numbers; None if it holds quantities.

    Errors:  ArgumentError where one layer takes them as words and another as quantities.
    """
    words: dict[str, int] = {}
    quantities: list[str] = []
    waiting = [name]
    while waiting:
        value = waiting.pop()
        for node in network.nodes:
            if value in node.inputs:
                if node.layer.words is not None:
                    words[node.name] = node.layer.words
                elif node.layer.rearranges:
                    waiting.append(node.name)
                else:
                    quantities.append(node.name)
    if words and quantities:
        raise ArgumentError(
            f"{name} cannot hold numbers of words and quantities at once",
            sum=f"words for {', '.join(words)}; quantities for {', '.join(quantities)}",
            fix="two inputs, or the Embedding for both",
        )
    return min(words.values(), default=None)


def each_of(
    value: Any, names: Sequence[str], what: str, optional: bool = False, shared: bool = False
) -> tuple[Any, ...]:
    """What is given for each of `names`: a list or a table; for one alone also the thing itself.

    Args:    optional: whether names may be left out of a table; they get None.
             shared: whether it is one thing, meant for all of them.
    Errors:  ArgumentError for another number of them; UnknownNameError for a name that is none of these.
    Example: >>> each_of({"b": 2, "a": 1}, ["a", "b"], "loss"), each_of([1, 2], ["a", "b"], "loss"), each_of(3, ["a"], "x")
             ((1, 2), (1, 2), (3,))
    """
    if shared:
        return (value,) * len(names)
    if isinstance(value, Mapping) and not (len(names) == 1 and names[0] not in value and "type" in value):
        if tuple(names) == ("",) and value:
            raise ArgumentError(
                f"{what} is given by name, and the network has no names yet",
                sum="the names of layers are known when the shape of the input is",
                fix=f"{what}={next(iter(value.values()))!r}, or input_shape on the first layer",
            )
        for name in value:
            if name not in names:
                raise UnknownNameError(f"{what} is for an output or input, and none", name, names)
        missing = [name for name in names if name not in value]
        if missing and not optional:
            raise ArgumentError(
                f"{what} says nothing of {', '.join(missing)}",
                sum=f"given: {', '.join(map(str, value)) or 'nothing'}; needed: {', '.join(names)}",
                fix=f"{what}={{{', '.join(f'{name!r}: ...' for name in names)}}}",
            )
        return tuple(value.get(name) for name in names)
    if len(names) == 1:
        return (value,)
    if value is None and optional:
        return (None,) * len(names)
    if isinstance(value, list | tuple) and len(value) == len(names):
        return tuple(value)
    raise ArgumentError(
        f"{what} must be given for each of {', '.join(names)}",
        sum=f"it is a {type(value).__name__}" + (f" of {len(value)}" if isinstance(value, list | tuple) else ""),
        fix=f"a list of {len(names)}, or {{{', '.join(f'{name!r}: ...' for name in names)}}}",
    )


def gather(x: Any, y: Any, sides: Sequence[Side], outputs: Sequence[str], learned: Sequence[bool]) -> Samples:
    """Images and labels as arrays that go together.

    Args:    learned: for each output whether there is something to be learned from labels.
    Errors:  DataError, ArgumentError with the place, the sum and the fix.
    """
    images = tuple(_checked(given, side) for given, side in zip(_inputs(x, sides), sides, strict=True))
    lengths = {side.name: len(each) for side, each in zip(sides, images, strict=True)}
    if len({*lengths.values()}) > 1:
        raise DataError(
            "the inputs do not go together: each needs one entry for each sample",
            sum=", ".join(f"{name}: {count:,}" for name, count in lengths.items()),
            fix="arrays of one length",
        )
    given = _given_labels(y, outputs, learned)
    found = []
    for name, wants, labels in zip(outputs, learned, given, strict=True):
        what = "labels" if len(outputs) == 1 else f"labels {name!r}"
        if wants and labels is None:
            raise DataError(
                f"there are no {what}", sum=f"y is {'None' if y is None else 'without them'}", fix="one for each sample"
            )
        found.append(check_labels(labels, images[0], what) if wants else None)
    return Samples(images, tuple(found))


def _given_labels(y: Any, outputs: Sequence[str], learned: Sequence[bool]) -> tuple[Any, ...]:
    """The labels of each output; those of an output that learns nothing may be left out."""
    wanted = [name for name, wants in zip(outputs, learned, strict=True) if wants]
    listed = isinstance(y, Mapping) or (isinstance(y, list | tuple) and len(y) == len(outputs) > 1)
    if listed or len(wanted) == len(outputs):
        return each_of(y, outputs, "y", optional=True)
    known = dict(zip(wanted, each_of(y, wanted, "y"), strict=True))
    return tuple(known.get(name) for name in outputs)


def _inputs(x: Any, sides: Sequence[Side]) -> tuple[Any, ...]:
    names = [side.name for side in sides]
    if len(sides) == 1 and not isinstance(x, Mapping):
        return (x,)
    return each_of(x, names, "x")


def _checked(given: Any, side: Side) -> np.ndarray:
    if side.limit is not None:
        return check_indices(given, side.name, side.shape, side.limit)
    return check_arrays(given, None, side.shape)[0]


def pairs(data: Iterable[Any], sides: Sequence[Side], outputs: Sequence[str]) -> tuple[Any, Any]:
    """The arrays of a DataLoader or other iterable of (images, labels) batches, by input and by output.

    torch's loaders give (n, c, h, w): those are turned, where that is what fits the network.
    """
    xs: list[tuple[Any, ...]] = []
    ys: list[tuple[Any, ...]] = []
    for batch in data:
        if not isinstance(batch, list | tuple) or len(batch) != 2:
            raise DataError(
                "the loader gives batches that are not (images, labels)",
                sum=f"batch {len(xs)} is a {type(batch).__name__}"
                + (f" of {len(batch)}" if isinstance(batch, list | tuple) else ""),
                fix="yield pairs",
            )
        xs.append(tuple(as_array(each, "images") for each in _inputs(batch[0], sides)))
        ys.append(tuple(as_array(each, "labels") for each in each_of(batch[1], outputs, "y")))
    if not xs:
        raise DataError("the loader gives no batch", sum="0 batches", fix="a loader with at least one batch")
    images = [_turned(_joined(parts), side.shape) for parts, side in zip(zip(*xs, strict=True), sides, strict=True)]
    labels = [_joined(parts) for parts in zip(*ys, strict=True)]
    return images if len(sides) > 1 else images[0], labels if len(outputs) > 1 else labels[0]


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    try:
        return np.concatenate(parts)
    except ValueError:
        sizes = sorted({batch.shape[1:] for batch in parts})
        raise DataError(
            "the batches of the loader cannot be joined",
            sum=f"arrays of {', '.join(map(str, sizes))}",
            fix="resize the images to one size first",
        ) from None


def _turned(x: np.ndarray, shape: Shape | None) -> np.ndarray:
    """Images (n, c, h, w) as (n, h, w, c), where only that fits the network."""
    if shape is None or x.ndim != len(shape) + 1 or fits(x.shape[1:], shape):
        return x
    turned = (*x.shape[2:], x.shape[1])
    return np.moveaxis(x, 1, -1) if fits(turned, shape) else x


def require_spread(network: Network, images: int, size: int) -> None:
    """Refuse batches of one image where batch normalisation has one value of it for each channel.

    Errors: DataError.
    """
    for node in network.layers if min(images, size) == 1 else ():
        normalises = type(node.layer).__name__ == "BatchNormalization" and node.layer.trainable
        if normalises and elements(node.output[:-1]) == 1:
            raise DataError(
                f"{node.name} would have one value for each channel, and one value has no spread",
                where=f"{node.name} = {node.layer!r}; input {node.shapes[0]}",
                sum=f"1 image in a batch: {images} images, batch_size {size}",
                fix="batch_size=2 or more, and at least two images",
            )
