"""Random networks, and what torch says of them on the meta device, where tensors have shapes and no numbers."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from striate import layers
from striate.check import Table
from striate.errors import ShapeError
from striate.layers import Layer
from striate.network import Network
from striate.shape import Shape, elements, to_border, to_inside

SIDES = {1: (6, 60), 2: (6, 28), 3: (5, 12)}
"""The smallest and largest side of an input, by its dimensions."""
ACTIVATIONS = ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "linear", "softmax")


def random_network(seed: int, most: int = 8) -> Network:
    """A chain of up to `most` layers that fit, of any kind, over one to three dimensions."""
    rng = random.Random(seed)
    dimensions = rng.choice((1, 2, 2, 3))
    shape = (*(rng.randint(*SIDES[dimensions]) for _ in range(dimensions)), rng.randint(1, 6))
    chain: list[Layer] = []
    network = Network.sequential([], shape)
    for _ in range(rng.randint(1, most)):
        layer = random_layer(rng, network.nodes[-1].output)
        try:
            grown = Network.sequential([*chain, layer], shape)
        except ShapeError:
            continue  # what does not fit is refused by declaration, and tested with each layer
        if elements(grown.nodes[-1].output) <= 50_000:
            chain, network = [*chain, layer], grown
    return network


def random_layer(rng: random.Random, shape: Shape) -> Layer:
    """A layer of any kind that may follow a map or vector of `shape`."""
    dimensions = len(shape) - 1
    kinds = ["dense", "normalization", "activation", "dropout", "reshape"]
    if dimensions:
        kinds += ["convolution"] * 5 + ["pooling"] * 3 + ["flatten", "global"]
    return LAYERS[rng.choice(kinds)](rng, shape)


def _convolution(rng: random.Random, shape: Shape) -> Layer:
    dimensions, channels = len(shape) - 1, shape[-1]
    groups = rng.choice([each for each in range(1, channels + 1) if channels % each == 0])
    return _of("Conv", dimensions)(
        groups * rng.randint(1, 4),
        _each(rng, dimensions, 1, 5),
        _each(rng, dimensions, 1, 3),
        rng.choice(["valid", "same", rng.randint(0, 3), tuple(rng.randint(0, 2) for _ in range(dimensions))]),
        _each(rng, dimensions, 1, 3),
        groups,
        rng.choice((None, *ACTIVATIONS)),
        rng.random() < 0.7,
        trainable=rng.random() < 0.8,
    )


def _pooling(rng: random.Random, shape: Shape) -> Layer:
    dimensions = len(shape) - 1
    size = _each(rng, dimensions, 1, 4)
    strides = rng.choice((None, _each(rng, dimensions, 1, 3)))
    return _of(rng.choice(("MaxPooling", "AveragePooling")), dimensions)(size, strides, rng.choice(("valid", "same")))


def _global(rng: random.Random, shape: Shape) -> Layer:
    return _of(rng.choice(("GlobalMaxPooling", "GlobalAveragePooling")), len(shape) - 1)()


def _reshape(rng: random.Random, shape: Shape) -> Layer:
    """The same numbers in another shape of one to four axes."""
    rest, sides = elements(shape), []
    for _ in range(rng.randint(0, 3)):
        sides.append(rng.choice([side for side in range(1, min(rest, 12) + 1) if rest % side == 0]))
        rest //= sides[-1]
    return layers.Reshape((*sides, rest))


LAYERS = {
    "convolution": _convolution,
    "pooling": _pooling,
    "global": _global,
    "reshape": _reshape,
    "flatten": lambda _rng, _shape: layers.Flatten(),
    "dense": lambda rng, _shape: layers.Dense(
        rng.randint(1, 9), rng.choice((None, *ACTIVATIONS)), rng.random() < 0.7, trainable=rng.random() < 0.8
    ),
    "normalization": lambda rng, _shape: layers.BatchNormalization(trainable=rng.random() < 0.8),
    "activation": lambda rng, _shape: layers.Activation(rng.choice(ACTIVATIONS)),
    "dropout": lambda _rng, _shape: layers.Dropout(0.5),
}


def _each(rng: random.Random, dimensions: int, least: int, most: int) -> int | tuple[int, ...]:
    """One number for all axes, or one for each."""
    one = rng.randint(least, most)
    return rng.choice((one, tuple(rng.randint(least, most) for _ in range(dimensions))))


def _of(kind: str, dimensions: int) -> Callable[..., Layer]:
    return getattr(layers, f"{kind}{dimensions}D")


@dataclass(frozen=True)
class Measured:
    """What torch says of one layer."""

    output: Shape
    params: int
    non_trainable: int
    macs: int


def measured(network: Network) -> Iterator[Measured]:
    """Each layer of a chain as torch has it: the shape of its tensors, its numbers, half its counted operations."""
    x = to_inside(torch.empty(1, *network.nodes[0].output, device="meta"))
    for node in network.layers:
        with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
            module = node.layer.build(node.shapes[0]).eval()
            x = module(x)
        trained = sum(weight.numel() for weight in module.parameters()) if node.layer.trainable else 0
        numbers = [*module.parameters(), *(each for each in module.buffers() if each.is_floating_point())]
        total = sum(each.numel() for each in numbers)
        yield Measured(tuple(to_border(x).shape[1:]), trained, total - trained, counter.get_total_flops() // 2)


def differences(network: Network) -> list[str]:
    """Where the table of a chain and torch disagree, in the first layer where they do."""
    for row, real in zip(Table.of(network).rows, measured(network), strict=True):
        found = [
            f"{row.name}: {aspect} {getattr(row, aspect)}, torch has {getattr(real, aspect)}"
            for aspect in ("output", "params", "non_trainable", "macs")
            if getattr(row, aspect) != getattr(real, aspect)
        ]
        if found:
            return found
    return []
