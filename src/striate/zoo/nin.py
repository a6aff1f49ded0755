"""Network in Network: small dense networks that slide over the map, and no dense layer at the end."""

from striate.layers import (
    Activation,
    AveragePooling2D,
    Conv2D,
    Dropout,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
)
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, chain, published

__all__ = ["NiN"]


@published(2014, "Lin, Chen & Yan 2014, arXiv:1312.4400, with the authors' sizes for CIFAR-10")
def NiN(input_shape: InputShape = (32, 32, 3), classes: Count = 10, seed: Seed = None, name: str = "nin") -> Model:
    """Three convolutions, each followed by two of 1x1; the mean of the last map of a class is its score.

    Cost:    966,986 params, 222,486,528 MACs on 32x32 pixels
    Example: >>> NiN().count_params()
             966986
    """
    layers: list[Layer] = [
        *_mlpconv(5, 192, 160, 96),
        MaxPooling2D(3, strides=2, padding="same"),
        Dropout(0.5),
        *_mlpconv(5, 192, 192, 192),
        AveragePooling2D(3, strides=2, padding="same"),
        Dropout(0.5),
        *_mlpconv(3, 192, 192, classes),
        GlobalAveragePooling2D(),
        Activation("softmax"),
    ]
    return chain(input_shape, layers, name, seed)


def _mlpconv(kernel_size: int, *filters: int) -> list[Layer]:
    """A convolution, and a network of 1x1 convolutions behind it."""
    sizes = (kernel_size, *(1 for _ in filters[1:]))
    return [
        Conv2D(count, size, padding="same", activation="relu", kernel_initializer="he_normal")
        for count, size in zip(filters, sizes, strict=True)
    ]
