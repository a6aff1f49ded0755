"""LeNet-5: as it is taught, and as it was in 1998."""

from striate.errors import ArgumentError
from striate.initializers import RandomUniform
from striate.layers import (
    RBF,
    AveragePooling2D,
    Conv2D,
    Dense,
    Flatten,
    Layer,
    PartialConv2D,
    ScaledTanh,
    Subsampling2D,
)
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, chain, published

__all__ = ["LeNet5", "LeNet5Original"]

_SOURCE = "LeCun, Bottou, Bengio & Haffner 1998, doi:10.1109/5.726791"
_LECTURE = "000 L92, 001 L759-766, 004 L421"


@published(1998, f"{_SOURCE}, simplified", _LECTURE)
def LeNet5(
    input_shape: InputShape = (32, 32, 1), classes: Count = 10, seed: Seed = None, name: str = "lenet5"
) -> Model:
    """LeNet-5 as it is taught: every map of C3 sees all of S2, averages without weights, a softmax at the end.

    Cost:    61,706 params, 416,520 MACs on 32x32 pixels
    Example: >>> LeNet5().count_params()
             61706
    """
    layers: list[Layer] = [
        Conv2D(6, 5, activation="tanh", name="C1"),
        AveragePooling2D(2, name="S2"),
        Conv2D(16, 5, activation="tanh", name="C3"),
        AveragePooling2D(2, name="S4"),
        Flatten(),
        Dense(120, "tanh", name="C5"),
        Dense(84, "tanh", name="F6"),
        Dense(classes, "softmax", name="output"),
    ]
    return chain(input_shape, layers, name, seed)


_C3 = (
    *((first % 6, (first + 1) % 6, (first + 2) % 6) for first in range(6)),
    *((first % 6, (first + 1) % 6, (first + 2) % 6, (first + 3) % 6) for first in range(6)),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)
"""Table I of the paper: three neighbours, four neighbours, two pairs, all."""
_CODES = "0123456789"


@published(1998, _SOURCE, _LECTURE)
def LeNet5Original(
    input_shape: InputShape = (32, 32, 1), classes: Count = 10, seed: Seed = None, name: str = "lenet5_original"
) -> Model:
    """LeNet-5 as in 1998: C3 by its table, trainable sub-sampling, scaled tanh, outputs by their distance to pictures.

    The outputs are negative squared distances to drawings of the digits, so the largest names the class. They are scores:
    a cross-entropy with from_logits=True learns from them, as the paper's own criterion (its equation 9) does.

    Cost:    60,000 params and 840 fixed codes on 32x32 pixels
    Errors:  ArgumentError for more classes than there are pictures of digits.
    Example: >>> LeNet5Original().check().params
             60000
    """
    if classes > len(_CODES):
        raise ArgumentError(
            f"LeNet5Original tells at most {len(_CODES)} classes apart",
            sum=f"{classes} classes, {len(_CODES)} pictures of digits to compare with",
            fix=f"classes={len(_CODES)}, or LeNet5",
        )
    squash = ScaledTanh()
    layers: list[Layer] = [
        Conv2D(6, 5, activation=squash, kernel_initializer=_fan_in(25 * input_shape[-1]), name="C1"),
        Subsampling2D(2, squash, _fan_in(4), name="S2"),
        PartialConv2D(_C3, 5, squash, kernel_initializer=_fan_in(25 * 4), name="C3"),
        Subsampling2D(2, squash, _fan_in(4), name="S4"),
        Conv2D(120, 5, activation=squash, kernel_initializer=_fan_in(25 * 16), name="C5"),
        Flatten(),
        Dense(84, squash, kernel_initializer=_fan_in(120), name="F6"),
        RBF(_CODES[:classes], name="output"),
    ]
    return chain(input_shape, layers, name, seed)


def _fan_in(connections: int) -> RandomUniform:
    """The first weights of the paper's appendix A, for units of so many connections."""
    return RandomUniform(-2.4 / connections, 2.4 / connections)
