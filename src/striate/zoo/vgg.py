"""VGG: nothing but 3x3 fields, many of them."""

from striate.layers import Conv2D, Layer, MaxPooling2D
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, chain, published
from striate.zoo.classifier import classifier

__all__ = ["VGG11", "VGG13", "VGG16", "VGG19"]

_SOURCE = "Simonyan & Zisserman 2015, arXiv:1409.1556"
_LECTURE = "001 L789-798"
_A, _B, _D, _E = (1, 1, 2, 2, 2), (2, 2, 2, 2, 2), (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)
"""Convolutions in each of the five blocks, by the letters of the paper's table 1."""


def _vgg(depths: tuple[int, ...], input_shape: tuple[int, ...], classes: int, seed: int | None, name: str) -> Model:
    maps: list[Layer] = []
    for block, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512, 512), strict=True), start=1):
        maps += [
            Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{block}_{number}")
            for number in range(1, depth + 1)
        ]
        maps.append(MaxPooling2D(2))
    return chain(input_shape, [*maps, *classifier(classes)], name, seed)


def _torchvision(depths: tuple[int, ...]) -> dict[str, str]:
    """A convolution and its ReLU take two places in torchvision's list, a pooling one."""
    found, place = {}, 0
    for block, depth in enumerate(depths, start=1):
        for number in range(1, depth + 1):
            found[f"conv{block}_{number}"] = f"features.{place}"
            place += 2
        place += 1
    return found | {"fc6": "classifier.0", "fc7": "classifier.3", "fc8": "classifier.6"}


@published(2014, _SOURCE, _LECTURE, torchvision=_torchvision(_A))
def VGG11(
    input_shape: InputShape = (224, 224, 3), classes: Count = 1000, seed: Seed = None, name: str = "vgg11"
) -> Model:
    """Eight convolutions and three dense layers: column A of the paper.

    Cost:    132,863,336 params, 7,609,090,048 MACs on 224x224 pixels
    Example: >>> VGG11(input_shape=(32, 32, 3), classes=10).output_shape
             (None, 10)
    """
    return _vgg(_A, input_shape, classes, seed, name)


@published(2014, _SOURCE, _LECTURE, torchvision=_torchvision(_B))
def VGG13(
    input_shape: InputShape = (224, 224, 3), classes: Count = 1000, seed: Seed = None, name: str = "vgg13"
) -> Model:
    """Ten convolutions and three dense layers: column B of the paper.

    Cost:    133,047,848 params, 11,308,466,176 MACs on 224x224 pixels
    Example: >>> VGG13(input_shape=(32, 32, 3), classes=10).output_shape
             (None, 10)
    """
    return _vgg(_B, input_shape, classes, seed, name)


@published(2014, _SOURCE, _LECTURE, torchvision=_torchvision(_D))
def VGG16(
    input_shape: InputShape = (224, 224, 3), classes: Count = 1000, seed: Seed = None, name: str = "vgg16"
) -> Model:
    """Thirteen convolutions and three dense layers: column D of the paper.

    Cost:    138,357,544 params, 15,470,264,320 MACs on 224x224 pixels
    Example: >>> VGG16(input_shape=(32, 32, 3), classes=10).output_shape
             (None, 10)
    """
    return _vgg(_D, input_shape, classes, seed, name)


@published(2014, _SOURCE, _LECTURE, torchvision=_torchvision(_E))
def VGG19(
    input_shape: InputShape = (224, 224, 3), classes: Count = 1000, seed: Seed = None, name: str = "vgg19"
) -> Model:
    """Sixteen convolutions and three dense layers: column E of the paper.

    Cost:    143,667,240 params, 19,632,062,464 MACs on 224x224 pixels
    Example: >>> VGG19(input_shape=(32, 32, 3), classes=10).output_shape
             (None, 10)
    """
    return _vgg(_E, input_shape, classes, seed, name)
