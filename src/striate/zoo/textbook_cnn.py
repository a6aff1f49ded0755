"""The convolutional network that the lectures build up step by step."""

from typing import Annotated

from annotated_types import MinLen
from pydantic import Strict

from striate.layers import Conv2D, Dense, Flatten, MaxPooling2D
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, chain, published

__all__ = ["TextbookCNN"]

_Filters = Annotated[tuple[Count, ...], Strict(False), MinLen(1)]


@published(2015, "Nielsen 2015, neuralnetworksanddeeplearning.com, chapter 6", "000 L54-161")
def TextbookCNN(
    input_shape: InputShape = (28, 28, 1),
    classes: Count = 10,
    filters: _Filters = (20,),
    seed: Seed = None,
    name: str = "textbook_cnn",
) -> Model:
    """Feature maps by a 5x5 field, each halved by max-pooling, and a layer of outputs.

    filters=(20, 40) is the network with a second convolution.

    Cost:    29,330 params, 316,800 MACs on 28x28 pixels; with filters=(20, 40) 26,970 params
    Args:    filters: feature maps of each convolution.
    Example: >>> TextbookCNN().count_params(), TextbookCNN(filters=(20, 40)).count_params()
             (29330, 26970)
    """
    maps = [layer for count in filters for layer in (Conv2D(count, 5, activation="sigmoid"), MaxPooling2D(2))]
    return chain(input_shape, [*maps, Flatten(), Dense(classes, "softmax")], name, seed)
