"""What it is to be a layer, and a value in a declared graph."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar, cast

from pydantic import AfterValidator
from torch import nn

from striate import catalog
from striate.errors import ArgumentError, ShapeError
from striate.initializers.base import Initializer
from striate.regularizers.base import Regularizer
from striate.shape import OpenSize, Shape, Window, shape_text
from striate.units import Factor

__all__ = ["Block", "InnerLayer", "Layer", "LayerLike", "Merging", "Symbol", "Weight", "require_rank", "stated"]


@dataclass(frozen=True)
class Weight:
    """A weight of a layer: its shape in torch's layout, how it starts, and whether training moves it."""

    shape: Shape
    initializer: Initializer
    trainable: bool = True
    regularizer: Regularizer | None = None
    keras: tuple[int, ...] | None = None
    """The order of axes that turns torch's layout into Keras' (get_weights); None where they are the same."""
    keras_shape: Shape | None = None
    """Keras' shape, where in that order it also counts other axes as one."""


@dataclass(frozen=True, eq=False)
class Layer(catalog.Concept, shelf="layers"):
    """A brick of a network, as declared. It holds no numbers: `build` makes the torch module that does.

    Shapes are written without the batch, channels last: (h, w, c). Two equal declarations are two layers; the same
    object used twice in a functional graph shares its weights.

    Args:
        name: name in tables and files; by default the class name in snake_case, numbered.
        trainable: whether training may change the weights.
        input_shape: (h, w, c) of what comes in, for the first layer of a Sequential; None for a size that is left open.
        learning_rate_factor: what the learning rate is multiplied by for its weights.
    """

    name: str | None = field(default=None, kw_only=True)
    trainable: bool = field(default=True, kw_only=True)
    input_shape: OpenSize | None = field(default=None, kw_only=True)
    learning_rate_factor: Factor = field(default=1.0, kw_only=True)

    activation = None
    # Layers that take an activation override this with a field.
    is_activation: ClassVar[bool] = False
    """Whether it may be given as an `activation=`: it keeps the shape and has no weights."""
    takes: ClassVar[tuple[int, int | None]] = (1, 1)
    """How many values it takes, at least and at most. One that takes several is given a shape for each, by `output`,
    `weights`, `macs`, `window` and `build` alike, and its module a tensor for each."""

    linear: ClassVar[bool] = False
    """Whether what it gives, once trained, is a weighted sum of what it takes, and a constant."""

    rearranges: ClassVar[bool] = False
    """Whether what it gives are the numbers that it takes, in other places."""

    draws: ClassVar[bool] = False
    """Whether it draws random numbers in training."""

    @property
    def words(self) -> int | None:
        """Of how many words or classes it takes the numbers: no quantities, and nobody scales them. Else None."""
        return None

    def output(self, shape: Shape, /) -> Shape:
        """The shape that comes out; ShapeError where the layer does not fit."""
        return shape

    def weights(self, shape: Shape, /) -> dict[str, Weight]:
        """The weights by the name they have in `build`'s module, trainable ones first, Keras' order."""
        return {}

    def macs(self, shape: Shape, /) -> int:
        """Multiply-accumulates of convolutions and matrix products for one image."""
        return 0

    def window(self, shape: Shape, /) -> Window | None:
        """What one output position sees: a window, EVERYTHING, or None for itself alone."""
        return None

    def build(self, shape: Shape, /) -> nn.Module:
        """The torch module: (n, c, h, w) in channels_last memory in and out; its parameters are those of `weights`."""
        raise NotImplementedError

    def example_shapes(self) -> tuple[Shape, ...]:
        """The shapes that this instance, an example, is shown and tried with."""
        assert self.input_shape is not None, f"{type(self).__name__}.example() has no input_shape"
        return (cast("Shape", self.input_shape),) * max(1, self.takes[0])

    @cached_property
    def then(self) -> "Layer | None":
        """The activation that follows the layer's own sum; `build/` adds its module after the layer's."""
        return catalog.get("layers", self.activation)

    def __call__(self, *inputs: "Symbol | Sequence[Symbol]") -> "Symbol":
        """Use the layer in a functional graph: `x = Dense(10)(x)`, `y = Add()([x, y])` or `Add()(x, y)`."""
        values = self._taken(inputs)
        return Symbol(self, values, self.output(*(value.shape for value in values)), scope=_scope.get())

    def _taken(self, inputs: tuple[Any, ...]) -> "tuple[Symbol, ...]":
        """The values the layer is called on.

        Errors:  ShapeError for what is no value of a graph, ArgumentError for too few or too many.
        """
        values = tuple(inputs[0]) if len(inputs) == 1 and isinstance(inputs[0], list | tuple) else inputs
        name = type(self).__name__
        for value in values:
            if not isinstance(value, Symbol):
                given = inputs[0] if len(inputs) == 1 else value
                raise ShapeError(
                    f"{name} was called on a {type(given).__name__}; a declared layer has no numbers yet",
                    fix="call it on Input(shape) to declare a graph, and Model(inputs, outputs).predict(array) for "
                    "numbers",
                )
        least, most = self.takes
        if len(values) < least or (most is not None and len(values) > most):
            wanted = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} to {most}"
            raise ArgumentError(
                f"{name} takes {wanted} value{'s' * (wanted != '1')}, {len(values)} are given",
                sum=f"shapes given: {', '.join(str(value.shape) for value in values) or 'none'}",
                fix=f"{name}(...)([a, b])"
                if least > 1
                else f"{name}(...)(x), or a layer such as Concatenate before it",
            )
        return values


@dataclass(frozen=True, eq=False)
class Merging(Layer, abstract=True):
    """A layer that takes several values and is told the shape of each."""

    takes = (2, None)

    def output(self, *shapes: Shape) -> Shape:
        raise NotImplementedError

    def weights(self, *shapes: Shape) -> dict[str, Weight]:
        return {}

    def macs(self, *shapes: Shape) -> int:
        return 0

    def window(self, *shapes: Shape) -> Window | None:
        return None

    def build(self, *shapes: Shape) -> nn.Module:
        raise NotImplementedError


def _activation(value: Layer | str) -> Layer | str:
    """Refuse what would change the shape, or bring weights, behind the back of the layer that it is given to."""
    known = sorted(name for name, layer in catalog.members("layers").items() if getattr(layer, "is_activation", False))
    name = catalog.find("layers", value).__name__ if isinstance(value, str) else type(value).__name__
    if name not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return value


LayerLike = Annotated[Layer | str, catalog.Member("layers"), AfterValidator(_activation)]
"""An activation as an argument takes it: one of those layers, or its name."""

InnerLayer = Annotated[Layer | str, catalog.Member("layers")]
"""A layer as an argument of another takes it: the layer, or the name of one that needs no arguments."""


@dataclass(frozen=True, eq=False)
class Symbol:
    """A value in a declared graph: the layer that makes it, from what, and its shape without the batch."""

    layer: Layer
    inputs: tuple["Symbol", ...]
    shape: Shape
    model: Any = None
    """The model whose weights it has, for a value taken from one (a feature extractor)."""
    scope: tuple[Layer, ...] = ()
    """The blocks inside which it was declared, the outermost first."""


_scope: ContextVar[tuple[Layer, ...]] = ContextVar("scope", default=())


@dataclass(frozen=True, eq=False)
class Block(Layer, abstract=True):
    """A layer that is made of layers: called in a graph it leaves those there, so that each can be seen and costed.

    Its layers are made once, so that a block called twice shares their weights.
    """

    def declare(self, *inputs: Symbol) -> Symbol:
        """Call the layers of the block, one on what another gave, and give the last value."""
        raise NotImplementedError

    def output(self, *shapes: Shape) -> Shape:
        return self(*(Symbol(self, (), shape) for shape in shapes)).shape

    def __call__(self, *inputs: Symbol | Sequence[Symbol]) -> Symbol:
        values = self._taken(inputs)
        inside = _scope.set((*_scope.get(), self))
        try:
            return self.declare(*values)
        finally:
            _scope.reset(inside)


def stated(layer: Any, name: str, shape: Shape, **layout: Any) -> Weight:
    """A weight that starts as the layer's argument `<name>_initializer` says, penalised as its `<name>_regularizer` says.

    Example: >>> from striate.layers import Dense
             >>> stated(Dense(3), "bias", (3,))
             Weight(shape=(3,), initializer=Zeros(), trainable=True, regularizer=None, keras=None, keras_shape=None)
    """
    initializer = catalog.get("initializers", getattr(layer, f"{name}_initializer"))
    regularizer = catalog.get("regularizers", getattr(layer, f"{name}_regularizer"))
    return Weight(shape, initializer, regularizer=regularizer, **layout)


def require_rank(layer: Layer, shape: Shape, rank: int, letters: str) -> None:
    """Refuse an input of another rank than the layer takes.

    Errors: ShapeError with both shapes.
    """
    if len(shape) != rank:
        hint = {1: "put Flatten() before it", 3: "images are (height, width, channels): one grey channel is (h, w, 1)"}
        raise ShapeError(
            f"{type(layer).__name__} takes ({letters}), it was given ({', '.join(map(str, shape))})",
            sum=f"{rank} axes needed, {len(shape)} given: {shape_text(shape)}",
            fix=hint.get(rank, f"Reshape(...) to {rank} axes before it"),
        )
