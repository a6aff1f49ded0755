"""A built network taken apart: every brick with what goes in, so that it can be run alone."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import torch
from torch import fx, nn
from torch.func import functional_call

from striate.check import bricks
from striate.layers.base import Layer
from striate.network import Network
from striate.seed import derive

__all__ = ["Part", "run", "take_apart"]

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Part:
    """One brick in one place: a layer, or the activation that follows a layer."""

    name: str
    """`conv2d`, `conv2d.activation`; a layer used again is `dense:2`."""
    layer: Layer
    module: nn.Module
    key: str
    """What its weights' names begin with, shared by all uses of a layer."""
    takes: tuple[str, ...]
    """The values that go in, by the name of the part or input that gives them."""
    state: int
    """Where its random numbers begin, so that a mask is the same each time."""

    def weights(self) -> Tensors:
        """Copies of what training may move, by the name in the module."""
        return {name: each.detach().clone() for name, each in self.module.named_parameters()}

    def averages(self) -> Tensors:
        """Copies of what the forward pass itself moves or reads."""
        return {name: each.clone() for name, each in self.module.named_buffers()}

    def __call__(self, x: Sequence[torch.Tensor], weights: Tensors, averages: Tensors | None = None) -> torch.Tensor:
        """What it gives in training; the module's own numbers stay as they are, `averages` are moved."""
        torch.default_generator.manual_seed(self.state)
        own = self.averages() if averages is None else averages
        return functional_call(self.module, {**weights, **own}, tuple(x))


def take_apart(network: Network, module: fx.GraphModule, seed: int) -> tuple[list[Part], dict[str, str]]:
    """The bricks of a network in the order in which they are run, and by which part each node's value is given.

    Example: >>> from striate.build import build
             >>> from striate.layers import Dense
             >>> network = Network.sequential([Dense(3, activation="tanh", input_shape=(4,))])
             >>> found, ends = take_apart(network, build(network), 0)
             >>> [part.name for part in found], ends
             (['dense', 'dense.activation'], {'input': 'input', 'dense': 'dense.activation'})
    """
    found: list[Part] = []
    ends: dict[str, str] = {}
    for node in network.nodes:
        ends[node.name] = node.name
        takes = tuple(ends[name] for name in node.inputs)
        if node.is_input:
            continue
        for key, (layer, _) in zip((node.owner, f"{node.owner}.activation"), bricks(node), strict=False):
            name = node.name + key.removeprefix(node.owner)
            state = derive(seed, "proof", name)
            found.append(Part(name, layer, _alone(module.get_submodule(key), layer), key, takes, state))
            takes, ends[node.name] = (name,), name
    return found, ends


def _alone(module: nn.Module, layer: Layer) -> nn.Module:
    """The layer's own module, without the activation that `build` puts into it for its name alone."""
    if layer.then is not None:
        module = copy(module)
        module._modules = {name: each for name, each in module._modules.items() if name != "activation"}
    return module


def run(found: Sequence[Part], images: Mapping[str, torch.Tensor], weights: Mapping[str, Tensors]) -> Tensors:
    """The value of every part, from the network's inputs and the weights by the key of their part."""
    values = dict(images)
    for part in found:
        values[part.name] = part([values[name] for name in part.takes], weights[part.key])
    return values
