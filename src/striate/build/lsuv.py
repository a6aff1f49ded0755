"""First weights whose length the first images decide: layer-sequential unit-variance."""

import math
from collections.abc import Collection
from operator import attrgetter
from typing import Any

import torch
from torch import fx

from striate.errors import DataError
from striate.network import Network

__all__ = ["unit_variance"]

MOST_ROUNDS = 10
"""A layer that is linear in its weight needs one; what cannot reach 1 must come to an end."""


@torch.no_grad()
def unit_variance(
    module: fx.GraphModule, network: Network, images: tuple[torch.Tensor, ...], owners: Collection[str]
) -> dict[str, float]:
    """Scale, layer by layer, the weights that want it until what their layer gives has variance 1; the variances reached.

    w <- w / sqrt(var(y)) until |var(y) - 1| < tolerance, y before the activation, over images, positions and channels

    Which weights want it their initializers say (LSUV). Each layer sees what the scaled layers before it give, its
    activations included; normalisation goes by this batch, dropout and noise rest. Only weights are changed.

    Args:
        module: the built network.
        network: its declaration.
        images: the first batch, preprocessed, one tensor for each input.
        owners: names of the layers whose weights are still as they were drawn; others keep theirs.
    Errors:  DataError where a layer gives the same number everywhere, or one that is not finite.
    Source:  Mishkin & Matas 2016, arXiv:1511.06422, algorithm 1
    Example: >>> from striate.build import build
             >>> from striate.layers import Dense
             >>> network = Network.sequential([Dense(1, kernel_initializer="lsuv", input_shape=(1,))])
             >>> module = build(network)
             >>> unit_variance(module, network, (torch.tensor([[3.0], [-3.0]]),), ["dense"])
             {'dense': 1.0}
             >>> round(abs(module.dense.weight.item()), 6)
             0.333333
    """
    wanted = {}
    for node in network.layers:
        found = {name: weight.initializer.tolerance for name, weight in node.layer.weights(*node.shapes).items()}
        scaled = {name: tolerance for name, tolerance in found.items() if tolerance is not None}
        if scaled and node.owner in owners:
            brick = module.get_submodule(node.owner)
            wanted[node.owner] = [attrgetter(name)(brick) for name in scaled], min(scaled.values())
    if not wanted:
        return {}
    before = {name: buffer.clone() for name, buffer in module.named_buffers()}
    modes = {part: part.training for part in module.modules()}
    try:
        for part in module.modules():
            part.training = any(True for _ in part.buffers(recurse=False))  # statistics of this batch, nothing random
        scaling = _Scaling(module, wanted)
        scaling.run(*images)
    finally:
        for part, mode in modes.items():
            part.training = mode
        for name, buffer in module.named_buffers():
            buffer.copy_(before[name])
    return scaling.reached


class _Scaling(fx.Interpreter):
    """Runs the graph once, and stays at each layer that is wanted until its weights are scaled."""

    def __init__(self, module: fx.GraphModule, wanted: dict[str, tuple[list[torch.Tensor], float]]) -> None:
        super().__init__(module)
        self.wanted = wanted
        self.reached: dict[str, float] = {}

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        output = super().call_module(target, args, kwargs)
        if target not in self.wanted or target in self.reached:  # a shared layer is scaled where it is first used
            return output
        weights, tolerance = self.wanted[target]
        for _ in range(MOST_ROUNDS):
            variance = self._variance(target, output)
            if abs(variance - 1) < tolerance:
                break
            for weight in weights:  # several weights of one layer, multiplied one after another, share the factor
                weight.div_(variance ** (0.5 / len(weights)))
            output = super().call_module(target, args, kwargs)
        self.reached[target] = self._variance(target, output)
        return output

    def _variance(self, target: str, output: torch.Tensor) -> float:
        variance = output.var(correction=0).item()
        if not (0 < variance < math.inf):
            raise DataError(
                f"{target} cannot be scaled to a variance of 1 by the first batch",
                sum=f"the variance of what it gives of {len(output)} images is {variance:g}",
                fix='a larger batch of images that differ, or kernel_initializer="orthogonal"',
            )
        return variance
