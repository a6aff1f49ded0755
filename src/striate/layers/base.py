"""What it is to be a layer, and a value in a declared graph."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator
from torch import nn

from striate import catalog
from striate.errors import ShapeError
from striate.initializers.base import Initializer
from striate.regularizers.base import Regularizer
from striate.shape import Shape, Size, Window, shape_text

__all__ = ["Layer", "LayerLike", "Symbol", "Weight", "require_rank"]


@dataclass(frozen=True)
class Weight:
    """A weight of a layer: its shape in torch's layout, how it starts, and whether training moves it."""

    shape: Shape
    initializer: Initializer
    trainable: bool = True
    regularizer: Regularizer | None = None
    keras: tuple[int, ...] | None = None
    """The order of axes that turns torch's layout into Keras' (get_weights); None where they are the same."""


@dataclass(frozen=True, eq=False)
class Layer(catalog.Concept, shelf="layers"):
    """A brick of a network, as declared. It holds no numbers: `build` makes the torch module that does.

    Shapes are written without the batch, channels last: (h, w, c). Two equal declarations are two layers; the same
    object used twice in a functional graph shares its weights.

    Args:
        name: name in tables and files; by default the class name in snake_case, numbered.
        trainable: whether training may change the weights.
        input_shape: (h, w, c) of what comes in, for the first layer of a Sequential.
    """

    name: str | None = field(default=None, kw_only=True)
    trainable: bool = field(default=True, kw_only=True)
    input_shape: Size | None = field(default=None, kw_only=True)

    activation = None
    # Layers that take an activation override this with a field.
    is_activation: ClassVar[bool] = False
    """Whether it may be given as an `activation=`: it keeps the shape and has no weights."""

    def output(self, shape: Shape) -> Shape:
        """The shape that comes out; ShapeError where the layer does not fit."""
        return shape

    def weights(self, shape: Shape) -> dict[str, Weight]:
        """The weights by the name they have in `build`'s module, trainable ones first, Keras' order."""
        return {}

    def macs(self, shape: Shape) -> int:
        """Multiply-accumulates of convolutions and matrix products for one image."""
        return 0

    def window(self, shape: Shape) -> Window | None:
        """What one output position sees: a window, EVERYTHING, or None for itself alone."""
        return None

    def build(self, shape: Shape) -> nn.Module:
        """The torch module: (n, c, h, w) in channels_last memory in and out; its parameters are those of `weights`."""
        raise NotImplementedError

    @cached_property
    def then(self) -> "Layer | None":
        """The activation that follows the layer's own sum; `build/` adds its module after the layer's."""
        return catalog.get("layers", self.activation)

    def __call__(self, inputs: "Symbol") -> "Symbol":
        """Use the layer in a functional graph: `x = Dense(10)(x)`."""
        if not isinstance(inputs, Symbol):
            raise ShapeError(
                f"{type(self).__name__} was called on a {type(inputs).__name__}; a declared layer has no numbers yet",
                fix="call it on Input(shape) to declare a graph, and Model(inputs, outputs).predict(array) for numbers",
            )
        return Symbol(self, (inputs,), self.output(inputs.shape))


def _activation(value: Layer | str) -> Layer | str:
    """Refuse what would change the shape, or bring weights, behind the back of the layer that it is given to."""
    known = sorted(name for name, layer in catalog.members("layers").items() if getattr(layer, "is_activation", False))
    name = catalog.find("layers", value).__name__ if isinstance(value, str) else type(value).__name__
    if name not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return value


LayerLike = Annotated[Layer | str, catalog.Member("layers"), AfterValidator(_activation)]
"""An activation as an argument takes it: one of those layers, or its name."""


@dataclass(frozen=True, eq=False)
class Symbol:
    """A value in a declared graph: the layer that makes it, from what, and its shape without the batch."""

    layer: Layer
    inputs: tuple["Symbol", ...]
    shape: Shape
    model: Any = None
    """The model whose weights it has, for a value taken from one (a feature extractor)."""


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
