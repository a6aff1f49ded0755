"""Blocks: layers made of layers, which stay in the graph each under a name of its own, such as residual_conv2d."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import Strict

from striate import catalog
from striate.errors import ShapeError, StriateError
from striate.layers.base import Block, InnerLayer, Layer, LayerLike, Symbol
from striate.layers.convolution import Conv1D, Conv2D, Conv3D
from striate.layers.dense import Dense
from striate.layers.merging import Add, Concatenate
from striate.layers.pooling import MaxPooling2D
from striate.shape import is_open, shape_text
from striate.units import Count

__all__ = ["Inception", "Residual"]

_Chain = Annotated[tuple[InnerLayer, ...], Strict(False), MinLen(1)]


@dataclass(frozen=True, eq=False)
class Residual(Block):
    """Let layers learn what is to be added to their input, so that a deep network is no harder to train than a shallow one.

    y = f(layers(x) + shortcut(x)),  f the activation

    Without a shortcut x itself is added; where the layers change its shape, a 1x1 convolution of x that takes the same
    steps as they do together (the paper's option B): Conv2D(channels, 1, strides), for a vector Dense(channels).

    Shape:   (h, w, c) -> what the layers make of it
    Args:
        layers: what is learned, one after another.
        shortcut: a layer, or several, that brings x into the shape that the layers give; None for x, or its projection.
        activation: f; None for none.
    Errors:  ShapeError where layers and shortcut give different shapes.
    Source:  He et al. 2016, arXiv:1512.03385
    Example: >>> from striate.layers import Conv2D
             >>> Residual([Conv2D(8, 3, 2, "same", activation="relu"), Conv2D(8, 3, padding="same")]).output((32, 32, 4))
             (16, 16, 8)
    """

    layers: _Chain
    shortcut: InnerLayer | _Chain | None = None
    activation: LayerLike | None = "relu"

    @cached_property
    def _learned(self) -> tuple[Layer, ...]:
        return _inside(self, self.layers)

    @cached_property
    def _given(self) -> tuple[Layer, ...] | None:
        """The shortcut's layers."""
        if self.shortcut is None:
            return None
        return _inside(self, self.shortcut if isinstance(self.shortcut, tuple) else (self.shortcut,))

    @cached_property
    def _sum(self) -> Add:
        return Add()

    @cached_property
    def _projections(self) -> dict[tuple[int, int, tuple[int, ...]], Layer]:
        """The projections made so far, by axes, channels and steps: a block used again shares them."""
        return {}

    def declare(self, *inputs: Symbol) -> Symbol:
        (x,) = inputs
        y = _through(self._learned, x, "layers")
        if self._given is not None:
            short = _through(self._given, x, "shortcut")
        else:
            short = x if _alike(x, y) else self._projected(x, y)
        if short is None or short.shape != y.shape:
            given = x if short is None else short
            raise ShapeError(
                "Residual adds what its layers give to what its shortcut gives: their shapes must be equal",
                sum=f"layers {shape_text(y.shape)}, shortcut {shape_text(given.shape)}",
                fix='padding="same" in the layers, or a shortcut that gives the shape of theirs',
            )
        y = self._sum(y, short)
        return y if self.then is None else self.then(y)

    def _projected(self, x: Symbol, y: Symbol) -> Symbol | None:
        """x with the channels of y, at the steps that the layers take; None where no convolution takes those."""
        axes, channels = len(y.shape) - 1, y.shape[-1]
        if len(x.shape) != len(y.shape):
            return None
        taken = _steps(y, x)
        steps = tuple(map(int, taken))
        if steps != taken:
            return None
        kinds: dict[int, Any] = {1: Conv1D, 2: Conv2D, 3: Conv3D}
        make = kinds[axes](channels, 1, steps, name="shortcut") if axes else Dense(channels, name="shortcut")
        (made,) = _inside(self, (make,))
        return self._projections.setdefault((axes, channels, steps), made)(x)

    @classmethod
    def example(cls) -> Any:
        return cls(
            (Conv2D(3, 3, padding="same", activation="relu"), Conv2D(3, 3, padding="same")), input_shape=(5, 6, 2)
        )


def _inside(block: Block, layers: Sequence[Layer | str]) -> tuple[Layer, ...]:
    """The layers of a block; they may not be trained where it may not, and its rate multiplies theirs."""
    made = [catalog.get("layers", layer) for layer in layers]
    if block.trainable and block.learning_rate_factor == 1:
        return tuple(made)
    return tuple(
        replace(
            layer,
            trainable=layer.trainable and block.trainable,
            learning_rate_factor=layer.learning_rate_factor * block.learning_rate_factor,
        )
        for layer in made
    )


def _through(layers: Sequence[Layer], x: Symbol, what: str) -> Symbol:
    """What a chain of layers makes of a value.

    Errors: those of the layers, with their place in the chain.
    """
    for number, layer in enumerate(layers):
        try:
            x = layer(x)
        except StriateError as error:
            raise error.at(f"{what}[{number}] = {layer!r}; input {x.shape}") from None
    return x


def _alike(x: Symbol, y: Symbol) -> bool:
    """Whether y has the shape of x, and where that leaves sizes open no layer on the way takes longer steps."""
    return x.shape == y.shape and not (is_open(x.shape) and any(step != 1 for step in _steps(y, x)))


def _steps(y: Symbol, x: Symbol) -> tuple[int, ...]:
    """The strides of all layers on the way from x to y, multiplied; of several ways the largest."""
    found: dict[Symbol, tuple[int, ...]] = {x: (1,) * (len(x.shape) - 1)}

    def at(value: Symbol) -> tuple[int, ...]:
        if value not in found:
            before = tuple(max(each) for each in zip(*map(at, value.inputs), strict=False))
            window = value.layer.window(*(taken.shape for taken in value.inputs))
            own = window.stride if window is not None else ()
            found[value] = tuple(map(math.prod, zip(before, own, strict=False))) if own else before
        return found[value]

    return at(y)


@dataclass(frozen=True, eq=False)
class Inception(Block):
    """Look at a map with windows of three sizes and a pool at once, and put what they find one behind another.

    y = [conv1x1(x), conv3x3(reduce(x)), conv5x5(reduce(x)), projection(maxpool3x3(x))]

    Every convolution, the reductions and the projection too, is followed by the activation; all keep the map's size.

    Shape:   (h, w, c) -> (h, w, filters_1x1 + filters_3x3 + filters_5x5 + pool_projection)
    Args:
        filters_1x1: of the 1x1 convolution ("#1x1" in the paper's table 1).
        filters_3x3_reduce: of the 1x1 convolution before the 3x3.
        filters_3x3: of the 3x3.
        filters_5x5_reduce: of the 1x1 convolution before the 5x5.
        filters_5x5: of the 5x5.
        pool_projection: of the 1x1 convolution after the pool ("pool proj").
        activation: after every convolution.
    Source:  Szegedy et al. 2015, arXiv:1409.4842, figure 2(b) and table 1
    Example: >>> Inception(64, 96, 128, 16, 32, 32).output((28, 28, 192))
             (28, 28, 256)
    """

    filters_1x1: Count
    filters_3x3_reduce: Count
    filters_3x3: Count
    filters_5x5_reduce: Count
    filters_5x5: Count
    pool_projection: Count
    activation: LayerLike | None = "relu"

    @cached_property
    def _branches(self) -> tuple[tuple[Layer, ...], ...]:
        branches: tuple[tuple[Layer, ...], ...] = (
            (self._conv(self.filters_1x1, 1, "conv_1x1"),),
            (self._conv(self.filters_3x3_reduce, 1, "reduce_3x3"), self._conv(self.filters_3x3, 3, "conv_3x3")),
            (self._conv(self.filters_5x5_reduce, 1, "reduce_5x5"), self._conv(self.filters_5x5, 5, "conv_5x5")),
            (MaxPooling2D(3, 1, "same", name="pool"), self._conv(self.pool_projection, 1, "pool_projection")),
        )
        return tuple(_inside(self, branch) for branch in branches)

    def _conv(self, filters: int, side: int, name: str) -> Conv2D:
        return Conv2D(filters, side, 1, "same", activation=self.activation, name=name)

    @cached_property
    def _joined(self) -> Concatenate:
        return Concatenate(name="concatenate")

    def declare(self, *inputs: Symbol) -> Symbol:
        return self._joined([_through(branch, *inputs, type(self).__name__) for branch in self._branches])

    @classmethod
    def example(cls) -> Any:
        return cls(2, 1, 3, 1, 2, 1, input_shape=(5, 6, 2))
