"""Layers as they stand in a model: with names, shapes and numbers."""

from operator import attrgetter
from typing import Any

import numpy as np
import torch

from striate.errors import ArgumentError, DeclarationError, ShapeError
from striate.layers.base import Layer, Weight
from striate.model.toeplitz import Toeplitz, toeplitz
from striate.network import Node

__all__ = ["BoundLayer", "put", "stands"]


class BoundLayer:
    """A layer of a model: what its declaration alone does not have.

    Example: >>> from striate.layers import Dense
             >>> from striate.model import Sequential
             >>> model = Sequential([Dense(3, input_shape=(2,))])
             >>> [weight.shape for weight in model.get_layer("dense").get_weights()]
             [(2, 3), (3,)]
    """

    _model: Any
    _node: Node

    def __init__(self, model: Any, node: Node) -> None:
        self.__dict__.update(_model=model, _node=node)

    @property
    def declaration(self) -> Layer:
        """The layer as it was declared."""
        return self._node.layer

    @property
    def name(self) -> str:
        """Its name in the model."""
        return self._node.owner

    @property
    def input_shape(self) -> Any:
        """Of what comes in, the batch as None; a list of shapes where several values do."""
        shapes = [(None, *shape) for shape in self._node.shapes]
        return shapes if len(shapes) > 1 else shapes[0]

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Of what comes out, the batch as None."""
        return (None, *self._node.output)

    @property
    def trainable(self) -> bool:
        """Whether training may move its weights."""
        return self._node.layer.trainable

    @property
    def output(self) -> Any:
        """Its value in the declared graph, for a Model that ends here."""
        return self._model.symbol(self._node.name)

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        """The tensors by name, in torch's layout, as the model holds them."""
        return {name: tensor for name, _, tensor in self._each()}

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights in Keras' order and layout."""
        return [_to_keras(tensor, weight) for _, weight, tensor in self._each()]

    def set_weights(self, values: list[Any]) -> None:
        """Put numbers in, in Keras' order and layout.

        Errors: ShapeError for a wrong count or shape.
        """
        put([(f"{self.name}.{name}", weight, tensor) for name, weight, tensor in self._each()], values)
        self._model.fresh = False

    def toeplitz(self) -> Toeplitz:
        """The layer as the matrix it is: a convolution's has few different numbers, and many zeros.

        Errors:  those of striate.model.toeplitz.
        Source:  lecture 004 L160-171
        """
        return toeplitz(self)

    def count_params(self) -> int:
        """How many numbers its weights hold."""
        return sum(tensor.numel() for _, _, tensor in self._each())

    def _each(self) -> list[tuple[str, Weight, torch.Tensor]]:
        brick = self._model.built.get_submodule(self.name)
        declared = self._node.layer.weights(*self._node.shapes)
        return [(name, weight, attrgetter(name)(brick)) for name, weight in declared.items()]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # copy asks for these before there is a node
            raise AttributeError(f"BoundLayer has no attribute {name!r}")
        return getattr(self._node.layer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise stands(self.name, name, value)

    def __repr__(self) -> str:
        return f"<{self.name}: {self._node.layer!r}, {self.input_shape} -> {self.output_shape}>"


def stands(owner: str, name: str, value: Any) -> DeclarationError:
    """What is said to whoever sets an attribute of what is declared."""
    return DeclarationError(
        f"{owner}.{name} cannot be set: what was declared stays as it is",
        sum=f"{name} = {value!r}",
        fix=f"{name}={value!r} where the layers are declared, such as Dense(10, trainable=False)",
    )


def _to_keras(tensor: torch.Tensor, weight: Weight) -> np.ndarray:
    array = tensor.detach().cpu()
    ordered = array if weight.keras is None else array.permute(weight.keras)
    return ordered.reshape(weight.keras_shape or ordered.shape).contiguous().numpy().copy()


def put(places: list[tuple[str, Weight, torch.Tensor]], values: list[Any]) -> None:
    """Put numbers in Keras' layout into the weights of `places`, all of them or none.

    Errors: ArgumentError for another count, ShapeError for another shape.
    """
    given = len(values) if isinstance(values, list | tuple | np.ndarray) else "no list of"
    if given != len(places):
        names = ", ".join(name for name, _, _ in places)
        raise ArgumentError(
            f"{given} arrays for {len(places)} weights", sum=f"weights: {names}", fix="a list as get_weights gives it"
        )
    arrays = []
    for (name, weight, tensor), value in zip(places, values, strict=True):
        try:
            array = torch.as_tensor(np.array(value, dtype=np.float32))
        except (TypeError, ValueError):
            raise ArgumentError(
                f"{name} needs numbers",
                sum=f"it is given a {type(value).__name__}",
                fix="a list as get_weights gives it",
            ) from None
        ordered = tuple(tensor.shape) if weight.keras is None else tuple(tensor.shape[axis] for axis in weight.keras)
        wanted = weight.keras_shape or ordered
        if tuple(array.shape) != wanted:
            raise ShapeError(
                f"{name} cannot take an array of another shape",
                sum=f"the weight is {wanted}, the array {tuple(array.shape)}",
                fix="Keras' layout, in Keras' order",
            )
        array = array.reshape(ordered)
        back = None if weight.keras is None else [weight.keras.index(axis) for axis in range(array.dim())]
        arrays.append(array if back is None else array.permute(back))
    with torch.no_grad():
        for (_, _, tensor), array in zip(places, arrays, strict=True):
            tensor.copy_(array)
