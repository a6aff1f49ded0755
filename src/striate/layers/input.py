"""Where a network begins."""

from dataclasses import dataclass
from typing import cast

from torch import nn

from striate.layers.base import Layer, Symbol
from striate.shape import OpenSize, Shape

__all__ = ["Input", "InputLayer"]


@dataclass(frozen=True, eq=False)
class InputLayer(Layer):
    """The images as the network gets them; it computes nothing.

    y = x

    Shape:   (h, w, c) -> (h, w, c)
    Args:    shape: of one image, without the batch; None for a size that is left open.
    Source:  Keras 3, keras.layers.InputLayer
    Example: >>> InputLayer((28, 28, 1)).output((28, 28, 1))
             (28, 28, 1)
    """

    linear = True

    shape: OpenSize

    def build(self, shape: Shape) -> nn.Module:
        return nn.Identity()

    @classmethod
    def example(cls) -> "InputLayer":
        return cls((5, 6, 2), input_shape=(5, 6, 2))


def Input(shape: tuple[int | None, ...], name: str | None = None) -> Symbol:  # noqa: N802  (Keras' name)
    """Begin a network: a stand-in for images of `shape`, for a Sequential's first entry or a functional graph.

    Shape:   (h, w, c) without the batch
    Args:    shape: of one image; None for a size that is left open. name: name in tables.
    Errors:  ArgumentError for sizes below 1.
    Source:  Keras 3, keras.Input
    Example: >>> Input((28, 28, 1)).shape
             (28, 28, 1)
    """
    layer = InputLayer(shape, name=name)
    return Symbol(layer, (), cast("Shape", layer.shape))
