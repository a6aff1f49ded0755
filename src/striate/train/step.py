"""One training step: loss and gradient from an engine, then the update, or nothing of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, NoReturn, cast

import torch

from striate.errors import NonFiniteError
from striate.loader import Batch
from striate.train.device import Reading, stream_on
from striate.train.engine import Computed, Engine, Whole, nothing

__all__ = ["Step", "Taken"]


class Taken(NamedTuple):
    """A step that was taken: the loss before it, that of each output, and the scores."""

    loss: float
    losses: list[float]
    scores: tuple[torch.Tensor, ...]


@dataclass
class Step:
    """Moves the weights by one batch; the loss of a batch is that before the move."""

    engine: Engine
    optimizer: torch.optim.Optimizer

    def __post_init__(self) -> None:
        self._weights = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        # Batch normalisation moves its statistics in the forward pass, before a loss can be found not to be finite.
        self._buffers = [buffer for buffer in self.engine.module.buffers() if buffer.is_floating_point()]
        self._before = [buffer.clone() for buffer in self._buffers]
        self._reevaluates = getattr(self.optimizer, "reevaluates", False)
        self._stream = stream_on(self._weights[0].device)

    def __call__(self, batch: Batch, meanwhile: Callable[[], Any] = nothing) -> Taken:
        """The loss and the scores of the batch; the weights are moved unless the loss or a gradient is not finite.

        While a GPU computes them, `meanwhile` is called.

        Errors: NonFiniteError, with weights, statistics and optimizer as they were before the step.
        """
        if self._buffers:
            torch._foreach_copy_(self._before, self._buffers)
        drawn = self._stream.get_state() if self._reevaluates else None
        found = self.engine(batch, meanwhile)
        number, each = self._require_finite(found)
        if drawn is None:
            self.optimizer.step()
        else:
            kept = [buffer.clone() for buffer in self._buffers]
            self.optimizer.step(cast("Any", partial(self._again, batch, drawn)))
            if kept:  # only now: a graph of gradients would miss what it was computed with
                torch._foreach_copy_(self._buffers, kept)
        return Taken(number, each, found.scores)

    def _again(self, batch: Batch, drawn: torch.Tensor, create_graph: bool = False) -> torch.Tensor:
        """For optimizers that look twice: the loss of the same batch at the weights as they are now, and its gradient.

        The same numbers are dropped as before.
        """
        assert isinstance(self.engine, Whole)  # the plan gives these optimizers no other
        after = self._stream.get_state()
        self._stream.set_state(drawn)
        with torch.enable_grad():
            value = self.engine.forward(batch).value
            gradients = torch.autograd.grad(value, self._weights, create_graph=create_graph, allow_unused=True)
            for weight, gradient in zip(self._weights, gradients, strict=True):
                weight.grad = gradient
        self._stream.set_state(after)
        return value

    def _require_finite(self, found: Computed) -> tuple[float, list[float]]:
        """The losses as numbers. The norms of the gradients tell in 25 us; only where one overflows, all are looked at."""
        gradients = [weight.grad for weight in self._weights if weight.grad is not None]
        norm = torch.stack(torch._foreach_norm(gradients)).sum().to(found.value)
        several = [loss.to(found.value) for loss in found.losses] if len(found.losses) > 1 else []
        reading = Reading(torch.stack([found.value, norm, *several]))
        number, size, *each = reading.numbers()
        if not math.isfinite(number):
            self._refuse(f"the loss is {number}")
        if not math.isfinite(size) and not all(bool(torch.isfinite(each).all()) for each in gradients):
            self._refuse("the loss is finite, its gradient is not")
        return number, each or [number]

    def _refuse(self, what: str) -> NoReturn:
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._before)
        raise NonFiniteError(what)
