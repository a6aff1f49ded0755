"""One training step: forward, loss, backward, update, or nothing of it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, NoReturn, cast

import torch
from torch import nn

from striate.errors import NonFiniteError
from striate.loader import Batch
from striate.regularizers.base import Regularizer
from striate.train.objective import Objective, outputs_of

__all__ = ["Penalty", "Step", "Taken", "penalised"]

Penalty = tuple[Regularizer, nn.Parameter]


def penalised(value: torch.Tensor, penalties: Iterable[Penalty]) -> torch.Tensor:
    """A loss with what large weights cost added."""
    for regularizer, weight in penalties:
        value = value + regularizer.penalty(weight)
    return value


class Taken(NamedTuple):
    """A step that was taken: the loss before it, that of each output, and the scores."""

    loss: float
    losses: list[float]
    scores: tuple[torch.Tensor, ...]


@dataclass
class Step:
    """Moves the weights by one batch; the loss of a batch is that before the move."""

    module: nn.Module
    """The network as it is trained: rewritten, giving scores."""
    objective: Objective
    optimizer: torch.optim.Optimizer
    penalties: Iterable[Penalty] = ()
    precision: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        self.penalties = tuple(self.penalties)
        self._weights = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        # Batch normalisation moves its statistics in the forward pass, before a loss can be found not to be finite.
        self._buffers = [buffer for buffer in self.module.buffers() if buffer.is_floating_point()]
        self._before = [buffer.clone() for buffer in self._buffers]
        self._reevaluates = getattr(self.optimizer, "reevaluates", False)

    def __call__(self, batch: Batch) -> Taken:
        """The loss and the scores of the batch; the weights are moved unless the loss or a gradient is not finite.

        Errors: NonFiniteError, with weights, statistics and optimizer as they were before the step.
        """
        if self._buffers:
            torch._foreach_copy_(self._before, self._buffers)
        drawn = torch.get_rng_state() if self._reevaluates else None
        value, losses, scores = self._forward(batch)
        number = value.item()
        if not math.isfinite(number):
            self._refuse(f"the loss is {number}")
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        if not self._can_be_applied():
            self._refuse("the loss is finite, its gradient is not")
        if drawn is None:
            self.optimizer.step()
        else:
            kept = [buffer.clone() for buffer in self._buffers]
            self.optimizer.step(cast("Any", partial(self._again, batch, drawn)))
            if kept:  # only now: a graph of gradients would miss what it was computed with
                torch._foreach_copy_(self._buffers, kept)
        each = [number] if len(losses) == 1 else [loss.item() for loss in losses]
        return Taken(number, each, tuple(score.detach() for score in scores))

    def _forward(self, batch: Batch) -> tuple[torch.Tensor, list[torch.Tensor], tuple[torch.Tensor, ...]]:
        """The loss with what large weights cost, the losses of the outputs, the scores."""
        with torch.autocast("cpu", self.precision, enabled=self.precision != torch.float32):
            scores = outputs_of(self.module, batch.x)
        if self.precision != torch.float32:
            scores = tuple(score.float() for score in scores)
        losses = self.objective.losses(scores, batch)
        return penalised(self.objective.total(losses), self.penalties), losses, scores

    def _again(self, batch: Batch, drawn: torch.Tensor, create_graph: bool = False) -> torch.Tensor:
        """For optimizers that look twice: the loss of the same batch at the weights as they are now, and its gradient.

        The same numbers are dropped as before.
        """
        after = torch.get_rng_state()
        torch.set_rng_state(drawn)
        with torch.enable_grad():
            value, _, _ = self._forward(batch)
            gradients = torch.autograd.grad(value, self._weights, create_graph=create_graph, allow_unused=True)
            for weight, gradient in zip(self._weights, gradients, strict=True):
                weight.grad = gradient
        torch.set_rng_state(after)
        return value

    def _can_be_applied(self) -> bool:
        """Whether all gradients are finite: their norms say so in 25 us; only where one overflows, all are looked at."""
        gradients = [weight.grad for weight in self._weights if weight.grad is not None]
        norm = torch.stack(torch._foreach_norm(gradients)).sum().item()
        return math.isfinite(norm) or all(bool(torch.isfinite(each).all()) for each in gradients)

    def _refuse(self, what: str) -> NoReturn:
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._before)
        raise NonFiniteError(what)
