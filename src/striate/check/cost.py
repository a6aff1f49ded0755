"""What a node costs, folded from its declaration: weights and multiply-accumulates."""

from collections.abc import Iterator

from striate import catalog
from striate.errors import OpenSizeError
from striate.layers.base import Layer, Weight
from striate.network import Node
from striate.shape import Shape, elements

__all__ = ["bricks", "macs", "multiplies", "params", "weights"]


def bricks(node: Node) -> Iterator[tuple[Layer, tuple[Shape, ...]]]:
    """What a node computes, in order, each brick with what it takes: the layer, and the activation that follows it.

    Example: >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> node = Network.sequential([Dense(3, activation="tanh", input_shape=(4,))]).nodes[-1]
             >>> [(type(layer).__name__, shapes) for layer, shapes in bricks(node)]
             [('Dense', ((4,),)), ('Tanh', ((3,),))]
    """
    layer = _meant(node.layer)
    yield layer, node.shapes
    if layer.then is not None:
        yield _meant(layer.then), (node.output,)


def _meant(layer: Layer) -> Layer:
    """The layer itself; of `Activation("relu")`, which has an activation and nothing before it, the ReLU."""
    while layer.is_activation and layer.activation is not None:
        layer = catalog.get("layers", layer.activation)
    return layer


def weights(node: Node) -> list[Weight]:
    """The weights a node brings: none where it uses a layer again.

    Example: >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> [weight.shape for weight in weights(Network.sequential([Dense(3, input_shape=(4,))]).nodes[-1])]
             [(3, 4), (3,)]
    """
    if node.name != node.owner:
        return []
    return [weight for layer, shapes in bricks(node) for weight in layer.weights(*shapes).values()]


def params(node: Node) -> tuple[int, int]:
    """How many numbers training moves, and how many it leaves as they are.

    Example: >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> params(Network.sequential([Dense(3, input_shape=(4,), trainable=False)]).nodes[-1])
             (0, 15)
    """
    moved = kept = 0
    for weight in weights(node):
        if weight.trainable and node.layer.trainable:
            moved += elements(weight.shape)
        else:
            kept += elements(weight.shape)
    return moved, kept


def macs(node: Node) -> int | None:
    """Multiply-accumulates of convolutions and matrix products for one image; padded taps count, biases do not.

    None where they depend on a size that is left open.

    Example: >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> macs(Network.sequential([Dense(3, input_shape=(4,))]).nodes[-1])
             12
    """
    try:
        return sum(layer.macs(*shapes) for layer, shapes in bricks(node))
    except OpenSizeError:
        return None


def multiplies(layer: Layer, shapes: tuple[Shape, ...]) -> bool:
    """Whether a layer computes products of weights and values, however many.

    Example: >>> from striate.layers import Conv2D, ReLU
             >>> multiplies(Conv2D(3, 3), ((None, None, 1),)), multiplies(ReLU(), ((4, 4, 1),))
             (True, False)
    """
    try:
        return layer.macs(*shapes) > 0
    except OpenSizeError:
        return True
