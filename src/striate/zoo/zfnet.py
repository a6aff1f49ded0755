"""ZFNet: AlexNet looked into and mended."""

from striate.layers import Conv2D, Layer, LocalResponseNormalization, MaxPooling2D
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, chain, published
from striate.zoo.classifier import classifier

__all__ = ["ZFNet"]


@published(2014, "Zeiler & Fergus 2014, doi:10.1007/978-3-319-10590-1_53", "004 L433")
def ZFNet(
    input_shape: InputShape = (224, 224, 3), classes: Count = 1000, seed: Seed = None, name: str = "zfnet"
) -> Model:
    """AlexNet with a smaller first field and a shorter first stride, found by looking at what its maps answer to.

    Cost:    62,357,608 params, 1,168,032,896 MACs on 224x224 pixels
    Example: >>> ZFNet(input_shape=(96, 96, 3), classes=10).output_shape
             (None, 10)
    """
    layers: list[Layer] = [
        Conv2D(96, 7, strides=2, padding=1, activation="relu", name="conv1"),
        MaxPooling2D(3, strides=2, padding=1),
        LocalResponseNormalization(),
        Conv2D(256, 5, strides=2, activation="relu", name="conv2"),
        MaxPooling2D(3, strides=2, padding=1),
        LocalResponseNormalization(),
        Conv2D(384, 3, padding=1, activation="relu", name="conv3"),
        Conv2D(384, 3, padding=1, activation="relu", name="conv4"),
        Conv2D(256, 3, padding=1, activation="relu", name="conv5"),
        MaxPooling2D(3, strides=2),
    ]
    return chain(input_shape, [*layers, *classifier(classes)], name, seed)
