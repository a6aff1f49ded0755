"""AlexNet, on two graphics cards as it was, and on one."""

from striate.layers import Conv2D, Layer, LocalResponseNormalization, MaxPooling2D
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, chain, published
from striate.zoo.classifier import classifier

__all__ = ["AlexNet", "AlexNetTwoTower"]

_TORCHVISION = {
    **{f"conv{number}": f"features.{place}" for number, place in enumerate((0, 3, 6, 8, 10), start=1)},
    **{f"fc{number}": f"classifier.{place}" for number, place in enumerate((1, 4, 6), start=6)},
}


@published(2014, "Krizhevsky 2014, arXiv:1404.5997", "001 L1292, 004 L426", torchvision=_TORCHVISION)
def AlexNet(
    input_shape: InputShape = (224, 224, 3), classes: Count = 1000, seed: Seed = None, name: str = "alexnet"
) -> Model:
    """AlexNet in one tower, as its author rearranged it and torchvision has it: no groups, no normalisation.

    Cost:    61,100,840 params, 714,188,480 MACs on 224x224 pixels
    Example: >>> AlexNet(input_shape=(64, 64, 3), classes=10).output_shape
             (None, 10)
    """
    layers: list[Layer] = [
        Conv2D(64, 11, strides=4, padding=2, activation="relu", name="conv1"),
        MaxPooling2D(3, strides=2),
        Conv2D(192, 5, padding=2, activation="relu", name="conv2"),
        MaxPooling2D(3, strides=2),
        Conv2D(384, 3, padding=1, activation="relu", name="conv3"),
        Conv2D(256, 3, padding=1, activation="relu", name="conv4"),
        Conv2D(256, 3, padding=1, activation="relu", name="conv5"),
        MaxPooling2D(3, strides=2),
    ]
    return chain(input_shape, [*layers, *classifier(classes)], name, seed)


@published(2012, "Krizhevsky, Sutskever & Hinton 2012, doi:10.1145/3065386", "003 L648, 004 L426")
def AlexNetTwoTower(
    input_shape: InputShape = (227, 227, 3), classes: Count = 1000, seed: Seed = None, name: str = "alexnet_two_tower"
) -> Model:
    """AlexNet as it was on two graphics cards: conv2, conv4 and conv5 see the maps of their own card only.

    The paper says 224x224 pixels; 227x227 is what its strides need to come out at 55x55.

    Cost:    60,965,224 params, 724,406,816 MACs on 227x227 pixels
    Example: >>> AlexNetTwoTower(input_shape=(67, 67, 3), classes=10).output_shape
             (None, 10)
    """
    layers: list[Layer] = [
        Conv2D(96, 11, strides=4, activation="relu", name="conv1"),
        LocalResponseNormalization(),
        MaxPooling2D(3, strides=2),
        Conv2D(256, 5, padding=2, groups=2, activation="relu", name="conv2"),
        LocalResponseNormalization(),
        MaxPooling2D(3, strides=2),
        Conv2D(384, 3, padding=1, activation="relu", name="conv3"),
        Conv2D(384, 3, padding=1, groups=2, activation="relu", name="conv4"),
        Conv2D(256, 3, padding=1, groups=2, activation="relu", name="conv5"),
        MaxPooling2D(3, strides=2),
    ]
    return chain(input_shape, [*layers, *classifier(classes)], name, seed)
