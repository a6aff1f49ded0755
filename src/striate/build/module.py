"""From the declared graph to a torch module, with its first weights."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import fx, nn

from striate.errors import ShapeError
from striate.layers.base import Layer, Weight
from striate.network import Network, Node
from striate.seed import stream

__all__ = ["build", "plain", "weights"]


def build(network: Network, seed: int = 0, given: Mapping[Layer, nn.Module] | None = None) -> fx.GraphModule:
    """The network as a torch module: float32, channels_last, weights drawn from `seed`.

    Layers in `given` keep the module, and with it the weights, that they have there.

    It takes the preprocessed images (n, c, h, w), one tensor for each input, and gives the outputs. Its state_dict has
    the keys `<layer name>.<weight>`.

    Example: >>> from striate.layers import Conv2D
             >>> list(build(Network.sequential([Conv2D(6, 5, input_shape=(8, 8, 1))])).state_dict())
             ['conv2d.weight', 'conv2d.bias']
    """
    root, graph = nn.Module(), fx.Graph()
    values: dict[str, fx.Node] = {}
    for node in network.nodes:
        if node.is_input:
            # Not the input's own name: fx would give a builtin's, such as input, another that input_1 has as well.
            values[node.name] = graph.placeholder(f"x{len(values) or ''}")
            continue
        if not hasattr(root, node.owner):
            known = (given or {}).get(node.layer)
            root.add_module(node.owner, _brick(node, seed) if known is None else known)
        elif not _shareable(network[node.owner], node):
            raise ShapeError(
                f"{node.owner} shares its weights between inputs that need weights of different shapes",
                sum=f"{', '.join(map(str, network[node.owner].shapes))} and {', '.join(map(str, node.shapes))}",
                fix="two layers, or equal shapes",
            )
        value = graph.call_module(node.owner, tuple(values[name] for name in node.inputs))
        if node.layer.then is not None:
            value = graph.call_module(f"{node.owner}.activation", (value,))
        values[node.name] = value
    outputs = tuple(values[name] for name in network.outputs)
    graph.output(outputs[0] if len(outputs) == 1 else outputs)
    return fx.GraphModule(root, graph, "Network")


def _shareable(first: Node, again: Node) -> bool:
    """Whether the weights of a layer's first use suit another use of it."""
    one, other = (
        {name: weight.shape for name, weight in node.layer.weights(*node.shapes).items()} for node in (first, again)
    )
    return one == other


@contextmanager
def _float32() -> Generator[None]:
    """The same first weights whatever type the user's own tensors have by default."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@_float32()
def _brick(node: Node, seed: int) -> nn.Module:
    """The module of one layer, its weights drawn by their initializers, each from a stream of its own."""
    layer, declared = node.layer, node.layer.weights(*node.shapes)
    with torch.device("meta"):  # torch's own first values are never wanted
        brick = layer.build(*node.shapes)
    found = {**dict(brick.named_parameters()), **dict(brick.named_buffers())}
    if missing := declared.keys() - found.keys():
        raise AssertionError(f"{type(layer).__name__} declares {', '.join(missing)}, and builds none")
    for name, tensor in found.items():
        weight = declared.get(name)
        if weight is None:
            _put(brick, name, torch.zeros(tensor.shape, dtype=tensor.dtype))
            continue
        try:
            value = weight.initializer.sample(weight.shape, stream(seed, "weights", node.owner, name))
        except ShapeError as error:
            raise error.at(f"{node.owner} = {layer!r}; {name} {weight.shape}") from None
        if tuple(tensor.shape) != weight.shape:
            raise AssertionError(f"{type(layer).__name__}.{name}: built {tuple(tensor.shape)}, declared {weight.shape}")
        value = value.contiguous(memory_format=torch.channels_last) if value.dim() == 4 else value
        _put(brick, name, value, weight.trainable and layer.trainable)
    if layer.then is not None:
        brick.add_module("activation", layer.then.build(node.output))
    return brick


def _put(brick: nn.Module, name: str, value: torch.Tensor, trainable: bool = False) -> None:
    """Give a weight, or a buffer, that is on no device its numbers. Module.to_empty would load sympy, for 0.3 s."""
    place, _, leaf = name.rpartition(".")
    part = brick.get_submodule(place)
    setattr(part, leaf, nn.Parameter(value, trainable) if isinstance(getattr(part, leaf), nn.Parameter) else value)


def weights(network: Network, trainable: bool | None = None) -> Iterator[tuple[str, Weight]]:
    """Each weight of a network by its key, in the order of the layers.

    Example: >>> from striate.layers import Conv2D
             >>> [key for key, _ in weights(Network.sequential([Conv2D(6, 5, input_shape=(8, 8, 1))]))]
             ['conv2d.weight', 'conv2d.bias']
    """
    for node in network.layers:
        for name, weight in node.layer.weights(*node.shapes).items():
            if trainable is None or trainable == (weight.trainable and node.layer.trainable):
                yield f"{node.owner}.{name}", weight


def plain(module: fx.GraphModule) -> fx.GraphModule:
    """The same network and the same parameters, made of torch's own modules and functions alone.

    It can be saved, loaded and run where striate is not installed.
    """
    return fx.GraphModule(module, fx.Tracer().trace(module), "Network")
