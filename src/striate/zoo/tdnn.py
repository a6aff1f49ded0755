"""The time-delay neural network: a convolution along time, before the word was used for networks."""

from striate.layers import Conv1D, GlobalAveragePooling1D
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, chain, published

__all__ = ["TDNN"]


@published(1989, "Waibel, Hanazawa, Hinton, Shikano & Lang 1989, doi:10.1109/29.21701", "004 L58")
def TDNN(input_shape: InputShape = (15, 16), classes: Count = 3, seed: Seed = None, name: str = "tdnn") -> Model:
    """Tell "b", "d" and "g" apart in 15 frames of 16 spectral coefficients, wherever in them the sound begins.

    Eight units see 3 frames each, one unit a class sees 5 of theirs; what it finds at any time is averaged with equal
    weights. The paper trains it by the squared error of one-hot labels.

    Shape:   (frames, coefficients) -> (classes,)
    Cost:    515 params, 6,072 MACs on 15 frames of 16 coefficients
    Example: >>> TDNN().count_params()
             515
    """
    layers = [Conv1D(8, 3, activation="sigmoid"), Conv1D(classes, 5, activation="sigmoid"), GlobalAveragePooling1D()]
    return chain(input_shape, layers, name, seed)
