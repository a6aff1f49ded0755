"""GoogLeNet: branches of different fields side by side."""

from striate.layers import (
    AveragePooling2D,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    LocalResponseNormalization,
    MaxPooling2D,
    Symbol,
)
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, published

__all__ = ["GoogLeNet"]

_INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Table 1 of the paper: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, and what follows the pooling."""


@published(2014, "Szegedy et al. 2015, arXiv:1409.4842", "002 L925")
def GoogLeNet(
    input_shape: InputShape = (224, 224, 3),
    classes: Count = 1000,
    auxiliary: bool = False,
    seed: Seed = None,
    name: str = "googlenet",
) -> Model:
    """Nine Inception modules, each with fields of 1x1, 3x3 and 5x5 beside a pooling, and hardly a dense layer.

    Cost:    6,998,552 params on 224x224 pixels; 13,378,280 with the auxiliary heads
    Args:    auxiliary: whether the two heads halfway up are outputs too, after the main one; the paper adds their
                 losses times 0.3, in training alone.
    Example: >>> GoogLeNet().count_params(), GoogLeNet(auxiliary=True).count_params()
             (6998552, 13378280)
    """
    image = Input(input_shape)
    x = _conv(image, 64, 7, "conv1", strides=2, padding=3)
    x = LocalResponseNormalization()(MaxPooling2D(3, strides=2, padding="same")(x))
    x = _conv(x, 64, 1, "conv2_reduce")
    x = LocalResponseNormalization()(_conv(x, 192, 3, "conv2"))
    x = MaxPooling2D(3, strides=2, padding="same")(x)
    heads = []
    for module, filters in _INCEPTIONS.items():
        x = _inception(x, module, filters)
        if module in ("3b", "4e"):
            x = MaxPooling2D(3, strides=2, padding="same")(x)
        if auxiliary and module in ("4a", "4d"):
            heads.append(_auxiliary(x, module, classes))
    x = Dropout(0.4)(GlobalAveragePooling2D()(x))
    return Model(image, [Dense(classes, "softmax", name="classifier")(x), *heads], name, seed)


def _conv(
    x: Symbol, filters: int, kernel_size: int, name: str, strides: int = 1, padding: int | str = "same"
) -> Symbol:
    return Conv2D(filters, kernel_size, strides, padding, activation="relu", name=name)(x)  # ty: ignore[invalid-argument-type]


def _inception(x: Symbol, module: str, filters: tuple[int, ...]) -> Symbol:
    one, reduce3, three, reduce5, five, pooled = filters
    name = f"inception_{module}"
    return Concatenate(name=name)(
        _conv(x, one, 1, f"{name}_1x1"),
        _conv(_conv(x, reduce3, 1, f"{name}_3x3_reduce"), three, 3, f"{name}_3x3"),
        _conv(_conv(x, reduce5, 1, f"{name}_5x5_reduce"), five, 5, f"{name}_5x5"),
        _conv(MaxPooling2D(3, strides=1, padding="same")(x), pooled, 1, f"{name}_pool"),
    )


def _auxiliary(x: Symbol, module: str, classes: int) -> Symbol:
    """Section 5 of the paper: a head that shows the layers below what is wanted of them."""
    name = f"auxiliary_{module}"
    x = _conv(AveragePooling2D(5, strides=3)(x), 128, 1, f"{name}_conv")
    x = Dropout(0.7)(Dense(1024, "relu", name=f"{name}_fc")(Flatten()(x)))
    return Dense(classes, "softmax", name=f"{name}_classifier")(x)
