"""Asking a network: rewritten for prediction, batch by batch, nothing random, nothing learned."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from striate.build import Affine, Rewritten, rewrite_for_prediction
from striate.callbacks import Callback, tell
from striate.check import Table
from striate.errors import ArgumentError
from striate.loader import Batches, Preprocessing
from striate.network import Network
from striate.shape import is_open, to_border, to_inside
from striate.train import Evaluation, outputs_of

__all__ = [
    "BATCH",
    "Answering",
    "Mirrored",
    "Rewriting",
    "evaluate",
    "evaluating",
    "require_croppable",
    "require_mirrorable",
]

BATCH = 256
"""Images asked about together where nobody says how many, and their maps leave room."""
_ROOM = 1 << 30
"""Bytes that the maps of all layers may take together."""
FEW = 8
"""Of fewer images the answers are there before all weights could be looked through for changes."""
_FOLDING = ("batch-norm-folded", "normalisation-folded")


@contextmanager
def evaluating(module: nn.Module) -> Generator[None]:
    """Nothing random and no statistics in here; afterwards every brick is as it was: a callback may ask while it learns."""
    learning = [brick for brick in module.modules() if brick.training]
    for brick in learning:
        brick.training = False
    try:
        yield
    finally:
        for brick in learning:
            brick.training = True


@dataclass
class Answering:
    """A network that takes images as people have them."""

    module: nn.Module
    ways: Sequence[Preprocessing | None]
    """What is done to each input before `module` sees it; None: nothing."""
    device: torch.device
    """Where it computes."""

    def __call__(self, batches: Sequence[Sequence[torch.Tensor]], heard: Sequence[Callback] = ()) -> list[np.ndarray]:
        """What it says, for each of its outputs, of batches of images (n, h, w, c) for each of its inputs."""
        parts = []
        tell(heard, "on_predict_begin", {})
        with torch.inference_mode():
            for step, batch in enumerate(batches):
                tell(heard, "on_predict_batch_begin", step, {})
                pairs = zip(self.ways, batch, strict=True)
                images = [to_inside(each) if way is None else way.tensor(each) for way, each in pairs]
                said = outputs_of(self.module, [image.to(self.device) for image in images])
                parts.append([output.cpu() for output in said])
                tell(heard, "on_predict_batch_end", step, {})
        tell(heard, "on_predict_end", {})
        return [to_border(torch.cat(pieces)).contiguous().numpy() for pieces in zip(*parts, strict=True)]


class Mirrored(nn.Module):
    """The mean of what a network says of images (n, c, h, w) and of their mirror images, for each of its outputs.

    p(x) = (f(x) + f(x')) / 2,    x'[i,j] = x[i, width - 1 - j]
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        both = outputs_of(self.network, images), outputs_of(self.network, [image.flip(-1) for image in images])
        return tuple((said + mirrored) / 2 for said, mirrored in zip(*both, strict=True))


@dataclass
class Rewriting:
    """The rewritten networks of a model from one call to the next, made anew where weights have changed."""

    _kept: dict[Any, tuple[Any, Rewritten, Answering]] = field(default_factory=dict)
    _together: tuple[Network | None, int] = (None, BATCH)

    def together(self, network: Network) -> int:
        """How many images are asked about together: fewer than BATCH where a network's maps are large."""
        if self._together[0] is not network:
            self._together = network, min(BATCH, max(FEW, _ROOM // max(Table.of(network).bytes or 1, 1)))
        return self._together[1]

    def for_answers(
        self,
        built: fx.GraphModule,
        device: torch.device,
        rules: Sequence[str],
        ways: tuple[Preprocessing, ...],
        images: int,
    ) -> Answering:
        """The network for a prediction of so many images."""
        return self._of(built, device, tuple(rule for rule in rules if images >= FEW or rule not in _FOLDING), ways, ())

    def for_loss(
        self, built: fx.GraphModule, device: torch.device, rules: tuple[str, ...], heads: tuple[str | None, ...]
    ) -> nn.Module:
        """The network for an evaluation: images come preprocessed, and scores come out where the loss takes those."""
        return self._of(built, device, rules, (), heads).module

    def _of(
        self,
        built: fx.GraphModule,
        device: torch.device,
        rules: tuple[str, ...],
        ways: tuple[Preprocessing, ...],
        heads: Any,
    ) -> Answering:
        made_of, found, answering = self._kept.get((rules, heads), (None, None, None))
        if found is None or answering is None or made_of != (built, ways, device) or not found.holds:
            found = rewrite_for_prediction(built, rules, heads, [_affine(way) for way in ways])
            rest = [_rest(*each) for each in zip(ways, found.remains, strict=True)]
            answering = Answering(found.module, rest, device)
            self._kept[rules, heads] = (built, ways, device), found, answering
        return answering


def _affine(way: Preprocessing) -> Affine | None:
    """What preprocessing does to each channel; None to pixels or numbers of words that it leaves as they are."""
    mean, std = (torch.tensor(each, dtype=torch.float64) for each in (way.mean, way.std))
    found = Affine(1 / (way.scale * std), -mean / std)
    return None if way.dtype == "int64" or _is_identity(found) else found


def _is_identity(affine: Affine) -> bool:
    return bool((affine.factor == 1).all() and (affine.shift == 0).all())


def _rest(way: Preprocessing, affine: Affine | None) -> Preprocessing | None:
    """The preprocessing that does what remains; None where float32 pixels, or numbers of words, stay as they are."""
    if way.dtype != "uint8" and (affine is None or _is_identity(affine)):
        return None
    if affine is None:
        return way
    std = 1 / affine.factor
    return replace(way, scale=1.0, std=tuple(std.tolist()), mean=tuple((-affine.shift * std).tolist()))


def evaluate(evaluation: Evaluation, batches: Batches, heard: Sequence[Callback]) -> dict[str, float]:
    """Loss and metrics over batches, of which callbacks are told."""

    def told(step: int, logs: dict[str, float]) -> None:
        tell(heard, "on_test_batch_end", step, logs)
        if step + 1 < len(batches):
            tell(heard, "on_test_batch_begin", step + 1, {})

    tell(heard, "on_test_begin", {})
    tell(heard, "on_test_batch_begin", 0, {})
    logs = evaluation(batches, told)
    tell(heard, "on_test_end", logs)
    return logs


def require_mirrorable(network: Network) -> None:
    """Refuse mirror images where inputs are none, or outputs are maps, which would be mirrored too.

    Errors:  ArgumentError.
    Example: >>> from striate.layers import Conv2D, Flatten
             >>> require_mirrorable(Network.sequential([Conv2D(6, 5, input_shape=(8, 8, 1)), Flatten()]))
    """
    inputs = [network[name].output for name in network.inputs]
    outputs = [network[name].output for name in network.outputs]
    if any(len(shape) != 3 for shape in inputs) or any(len(shape) != 1 for shape in outputs):
        raise ArgumentError(
            "crops=2 needs a network of images whose answers are no maps",
            sum=f"inputs {', '.join(map(str, inputs))}; outputs {', '.join(map(str, outputs))}",
            fix="crops=1",
        )


def require_croppable(network: Network) -> None:
    """Refuse ten crops where there is no one size that they are of, or several answers.

    Errors:  ArgumentError.
    Example: >>> from striate.layers import Conv2D
             >>> require_croppable(Network.sequential([Conv2D(6, 5, input_shape=(8, 8, 1))]))
    """
    shapes = [network[name].output for name in network.inputs]
    if len(shapes) > 1 or len(network.outputs) > 1 or len(shapes[0]) != 3 or is_open(shapes[0]):
        raise ArgumentError(
            "crops=10 needs a network of one input of known height and width, and of one output",
            sum=f"inputs {', '.join(map(str, shapes))}; outputs {', '.join(network.outputs)}",
            fix="loader.ten_crop(images, size), and predict of these",
        )
