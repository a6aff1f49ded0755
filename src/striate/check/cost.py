"""What a node costs, folded from its declaration: weights and multiply-accumulates."""

from collections.abc import Iterator

from striate import catalog
from striate.layers.base import Layer, Weight
from striate.network import Node
from striate.shape import Shape, elements

__all__ = ["bricks", "macs", "params", "weights"]


def bricks(node: Node) -> Iterator[tuple[Layer, Shape]]:
    """What a node computes, in order, each brick with its input: the layer, and the activation that follows it.

    Example: >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> node = Network.sequential([Dense(3, activation="tanh", input_shape=(4,))]).nodes[-1]
             >>> [(type(layer).__name__, shape) for layer, shape in bricks(node)]
             [('Dense', (4,)), ('Tanh', (3,))]
    """
    layer = _meant(node.layer)
    yield layer, node.shapes[0]
    if layer.then is not None:
        yield _meant(layer.then), node.output


def _meant(layer: Layer) -> Layer:
    """The layer itself; of `Activation("relu")`, which has an activation and nothing before it, the ReLU."""
    while layer.activation is not None and layer.then is None:
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
    return [weight for layer, shape in bricks(node) for weight in layer.weights(shape).values()]


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


def macs(node: Node) -> int:
    """Multiply-accumulates of convolutions and matrix products for one image; padded taps count, biases do not.

    Example: >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> macs(Network.sequential([Dense(3, input_shape=(4,))]).nodes[-1])
             12
    """
    return sum(layer.macs(shape) for layer, shape in bricks(node))
