"""Receptive fields: how much of the input one position of a layer sees."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from striate.check.cost import multiplies
from striate.network import Network, Node
from striate.shape import EVERYTHING, Shape, Window, is_open

__all__ = ["Reach", "reaches"]


@dataclass(frozen=True)
class Reach:
    """What one position sees of the input, and how far apart on the input its neighbours look.

    r' = r + d*(k - 1)*j,  j' = j*s  on each axis: r the field, j its stride, k, d, s the kernel, dilation and stride
    of the window. A layer that sees everything has k = the positions of the map it takes, and leaves one position.

    Source:  Araujo et al. 2019, doi:10.23915/distill.00021; lecture 001 L547
    Example: >>> window = Window.of((5, 5), (1, 1), "valid", (1, 1), (32, 32))
             >>> Reach.of((32, 32, 3)).through(window, (28, 28)).through(window, (24, 24)).field
             (9, 9)
    """

    field: tuple[int, ...]
    """Pixels that one position sees on each axis of the input; padding counts. None where that is an open size."""
    stride: tuple[int, ...] | None
    """Pixels between neighbours; None once every position sees the whole."""
    positions: tuple[int, ...]
    """The map whose positions these are. It outlives Flatten, whose vector still lies over the map."""

    @classmethod
    def of(cls, shape: Shape) -> "Reach":
        """An input, each position of which sees itself; a vector (c,) has no axes to see along."""
        axes = len(shape) - 1
        return cls((1,) * axes, (1,) * axes, shape[:-1])

    @property
    def untouched(self) -> bool:
        """Whether every position still sees itself alone."""
        return self.stride is not None and all(side == 1 for side in self.field)

    def through(self, window: Window, sizes: tuple[int, ...]) -> "Reach":
        """The reach after a window that leaves a map of `sizes`."""
        if self.stride is None:
            return self
        if window is EVERYTHING:
            return self.whole()
        each = zip(self.field, self.stride, window.kernel, window.dilation, strict=True)
        return Reach(
            tuple(r + d * (k - 1) * j for r, j, k, d in each),
            tuple(j * s for j, s in zip(self.stride, window.stride, strict=True)),
            sizes,
        )

    def whole(self) -> "Reach":
        """The reach of something that sees every position; of a map of open size, nobody knows how much that is."""
        if self.stride is None:
            return self
        if is_open(self.positions):
            unknown: Any = (None,) * len(self.field)
            return Reach(unknown, None, (1,) * len(self.positions))
        each = zip(self.field, self.stride, self.positions, strict=True)
        return Reach(tuple(r + (n - 1) * j for r, j, n in each), None, (1,) * len(self.positions))

    def onto(self, shape: Shape) -> "Reach":
        """The reach once its positions stand as `shape`; an input that was only rearranged begins anew as that map."""
        fresh = self.untouched and len(shape) > 1 and self.positions != shape[:-1]
        return Reach.of(shape) if fresh else self


def reaches(network: Network) -> dict[str, Reach]:
    """The reach of every node; where nodes merge, the largest.

    Example: >>> from striate.layers import Conv2D
             >>> network = Network.sequential([Conv2D(6, 5, strides=2, input_shape=(32, 32, 1)), Conv2D(6, 3)])
             >>> [(reach.field, reach.stride) for reach in reaches(network).values()]
             [((1, 1), (1, 1)), ((5, 5), (2, 2)), ((9, 9), (2, 2))]
    """
    found: dict[str, Reach] = {}
    for node in network.nodes:
        before = Reach.of(node.output) if node.is_input else _largest(found[name] for name in node.inputs)
        found[node.name] = _after(node, before).onto(node.output)
    return found


def _after(node: Node, before: Reach) -> Reach:
    layer, shape = node.layer, node.shapes[0]
    window = layer.window(*node.shapes)
    rearranged = before.positions != shape[:-1]
    if window is EVERYTHING or (rearranged and (window or multiplies(layer, node.shapes))):
        # Once a Reshape has moved positions, what a window or a product over the channels joins may be any of them.
        return before.whole()
    return before.through(window, node.output[:-1]) if window else before


def _largest(reaches: Iterable[Reach]) -> Reach:
    """Where values meet, the largest field and stride on each axis; a vector without axes adds nothing to a map."""
    known = list(reaches)
    known = [reach for reach in known if len(reach.field) == max(len(each.field) for each in known)]
    strides = [reach.stride for reach in known if reach.stride is not None]
    fields = list(zip(*(reach.field for reach in known), strict=True))
    largest: list[Any] = [None if is_open(each) else max(each) for each in fields]
    return Reach(
        tuple(largest),
        tuple(max(each) for each in zip(*strides, strict=True)) if strides else None,
        known[0].positions,
    )
