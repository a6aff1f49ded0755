"""ResNet: layers that learn what to add to what they are given. For photographs, and small ones for CIFAR."""

from collections.abc import Iterator

from striate.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    PaddedShortcut,
    ReLU,
    Symbol,
)
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, published

__all__ = ["ResNet18", "ResNet20", "ResNet32", "ResNet34", "ResNet44", "ResNet50", "ResNet56", "ResNet110"]

_SOURCE = "He, Zhang, Ren & Sun 2016, arXiv:1512.03385"
_CIFAR = f"{_SOURCE}, section 4.2"
_LECTURE = "002 L925"
_BASIC, _BOTTLENECK = (3, 3), (1, 3, 1)
"""Sizes of the kernels in a block."""


def _normalised(x: Symbol, filters: int, kernel_size: int, strides: int, conv: str, norm: str) -> Symbol:
    """A convolution, and batch normalisation in place of its bias; names and epsilon as in torchvision's files."""
    x = Conv2D(
        filters,
        kernel_size,
        strides,
        padding=kernel_size // 2,
        use_bias=False,
        kernel_initializer="he_normal",
        name=conv,
    )(x)
    return BatchNormalization(epsilon=1e-5, name=norm)(x)


def _branch(x: Symbol, name: str, kernels: tuple[int, ...], filters: int, strides: int) -> Symbol:
    """What a block learns: its convolutions one behind another, the last without ReLU.

    The stride is that of the first 3x3, which in a bottleneck is the second: torchvision's form, and more accurate.
    """
    first = kernels.index(3)
    for number, size in enumerate(kernels, start=1):
        last = number == len(kernels)
        wide = 4 * filters if last and kernels == _BOTTLENECK else filters
        step = strides if number - 1 == first else 1
        x = _normalised(x, wide, size, step, f"{name}_conv{number}", f"{name}_bn{number}")
        x = x if last else ReLU()(x)
    return x


def _resnet(
    kernels: tuple[int, ...],
    depths: tuple[int, ...],
    input_shape: tuple[int, ...],
    classes: int,
    seed: int | None,
    name: str,
) -> Model:
    """Four stages; where the map or its channels change, the shortcut is a 1x1 convolution (option B)."""
    image = Input(input_shape)
    x = ReLU()(_normalised(image, 64, 7, 2, "conv1", "bn1"))
    x = MaxPooling2D(3, strides=2, padding=1)(x)
    for stage, depth in enumerate(depths, start=1):
        for block in range(depth):
            strides, place = (2 if stage > 1 and block == 0 else 1), f"layer{stage}_{block}"
            y = _branch(x, place, kernels, 32 * 2**stage, strides)
            if x.shape != y.shape:
                x = _normalised(x, y.shape[-1], 1, strides, f"{place}_downsample_0", f"{place}_downsample_1")
            x = ReLU()(Add()(y, x))
    x = Dense(classes, "softmax", name="fc")(GlobalAveragePooling2D()(x))
    return Model(image, x, name, seed)


def _cifar(depth: int, input_shape: tuple[int, ...], classes: int, seed: int | None, name: str) -> Model:
    """Three stages of (depth - 2)/6 blocks; the shortcut is the map itself, zeros for new channels (option A)."""
    image = Input(input_shape)
    x = ReLU()(_normalised(image, 16, 3, 1, "conv1", "bn1"))
    for stage in (1, 2, 3):
        for block in range((depth - 2) // 6):
            strides = 2 if stage > 1 and block == 0 else 1
            y = _branch(x, f"layer{stage}_{block}", _BASIC, 8 * 2**stage, strides)
            x = x if x.shape == y.shape else PaddedShortcut(y.shape[-1], strides)(x)
            x = ReLU()(Add()(y, x))
    x = Dense(classes, "softmax", name="fc")(GlobalAveragePooling2D()(x))
    return Model(image, x, name, seed)


def _torchvision(kernels: tuple[int, ...], depths: tuple[int, ...]) -> dict[str, str]:
    """The names of the layers, with dots where torchvision has them."""

    def names() -> Iterator[str]:
        yield from ("conv1", "bn1")
        for stage, depth in enumerate(depths, start=1):
            for block in range(depth):
                place = f"layer{stage}.{block}"
                for number in range(1, len(kernels) + 1):
                    yield from (f"{place}.conv{number}", f"{place}.bn{number}")
                if block == 0 and (stage > 1 or kernels == _BOTTLENECK):
                    yield from (f"{place}.downsample.0", f"{place}.downsample.1")
        yield "fc"

    return {name.replace(".", "_"): name for name in names()}


@published(2015, _SOURCE, _LECTURE, torchvision=_torchvision(_BASIC, (2, 2, 2, 2)))
def ResNet18(
    input_shape: InputShape = (224, 224, 3), classes: Count = 1000, seed: Seed = None, name: str = "resnet18"
) -> Model:
    """Eight blocks of two 3x3 convolutions, each with a shortcut around it.

    Cost:    11,689,512 params, 1,814,073,344 MACs on 224x224 pixels
    Example: >>> ResNet18(classes=10).output_shape
             (None, 10)
    """
    return _resnet(_BASIC, (2, 2, 2, 2), input_shape, classes, seed, name)


@published(2015, _SOURCE, _LECTURE, torchvision=_torchvision(_BASIC, (3, 4, 6, 3)))
def ResNet34(
    input_shape: InputShape = (224, 224, 3), classes: Count = 1000, seed: Seed = None, name: str = "resnet34"
) -> Model:
    """Sixteen blocks of two 3x3 convolutions, each with a shortcut around it.

    Cost:    21,797,672 params, 3,663,761,408 MACs on 224x224 pixels
    Example: >>> ResNet34(classes=10).output_shape
             (None, 10)
    """
    return _resnet(_BASIC, (3, 4, 6, 3), input_shape, classes, seed, name)


@published(2015, _SOURCE, _LECTURE, torchvision=_torchvision(_BOTTLENECK, (3, 4, 6, 3)))
def ResNet50(
    input_shape: InputShape = (224, 224, 3), classes: Count = 1000, seed: Seed = None, name: str = "resnet50"
) -> Model:
    """Sixteen bottlenecks: 1x1 to fewer channels, 3x3 among those, 1x1 to four times as many.

    Cost:    25,557,032 params, 4,089,184,256 MACs on 224x224 pixels
    Example: >>> ResNet50(classes=10).output_shape
             (None, 10)
    """
    return _resnet(_BOTTLENECK, (3, 4, 6, 3), input_shape, classes, seed, name)


@published(2015, _CIFAR, _LECTURE)
def ResNet20(
    input_shape: InputShape = (32, 32, 3), classes: Count = 10, seed: Seed = None, name: str = "resnet20"
) -> Model:
    """20 layers for CIFAR, shortcuts without weights.

    Cost:    269,722 params on 32x32 pixels, the paper's 0.27 million
    Example: >>> ResNet20().count_params() - ResNet20().check().non_trainable
             269722
    """
    return _cifar(20, input_shape, classes, seed, name)


@published(2015, _CIFAR, _LECTURE)
def ResNet32(
    input_shape: InputShape = (32, 32, 3), classes: Count = 10, seed: Seed = None, name: str = "resnet32"
) -> Model:
    """32 layers for CIFAR, shortcuts without weights.

    Cost:    464,154 params on 32x32 pixels, the paper's 0.46 million
    Example: >>> ResNet32().count_params() - ResNet32().check().non_trainable
             464154
    """
    return _cifar(32, input_shape, classes, seed, name)


@published(2015, _CIFAR, _LECTURE)
def ResNet44(
    input_shape: InputShape = (32, 32, 3), classes: Count = 10, seed: Seed = None, name: str = "resnet44"
) -> Model:
    """44 layers for CIFAR, shortcuts without weights.

    Cost:    658,586 params on 32x32 pixels, the paper's 0.66 million
    Example: >>> ResNet44().count_params() - ResNet44().check().non_trainable
             658586
    """
    return _cifar(44, input_shape, classes, seed, name)


@published(2015, _CIFAR, _LECTURE)
def ResNet56(
    input_shape: InputShape = (32, 32, 3), classes: Count = 10, seed: Seed = None, name: str = "resnet56"
) -> Model:
    """56 layers for CIFAR, shortcuts without weights.

    Cost:    853,018 params on 32x32 pixels, the paper's 0.85 million
    Example: >>> ResNet56().count_params() - ResNet56().check().non_trainable
             853018
    """
    return _cifar(56, input_shape, classes, seed, name)


@published(2015, _CIFAR, _LECTURE)
def ResNet110(
    input_shape: InputShape = (32, 32, 3), classes: Count = 10, seed: Seed = None, name: str = "resnet110"
) -> Model:
    """110 layers for CIFAR, shortcuts without weights.

    Cost:    1,727,962 params on 32x32 pixels, the paper's 1.7 million
    Example: >>> ResNet110().count_params() - ResNet110().check().non_trainable
             1727962
    """
    return _cifar(110, input_shape, classes, seed, name)
