"""One training step: forward, loss, backward, update, or nothing of it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import nn

from striate.errors import NonFiniteError
from striate.loader import Batch
from striate.losses.base import Loss
from striate.regularizers.base import Regularizer

__all__ = ["Penalty", "Step", "penalised", "weighted_mean"]

Penalty = tuple[Regularizer, nn.Parameter]


def weighted_mean(values: torch.Tensor, weight: torch.Tensor | None) -> torch.Tensor:
    """The mean of `values` (n, ...), each sample times its weight, divided by how many there are (as Keras does)."""
    if weight is None:
        return values.mean()
    return (values * weight.reshape(-1, *[1] * (values.dim() - 1))).mean()


def penalised(value: torch.Tensor, penalties: Iterable[Penalty]) -> torch.Tensor:
    """A loss with what large weights cost added."""
    for regularizer, weight in penalties:
        value = value + regularizer.penalty(weight)
    return value


@dataclass
class Step:
    """Moves the weights by one batch; the loss of a batch is that before the move."""

    module: nn.Module
    """The network as it is trained: rewritten, giving scores."""
    loss: Loss
    optimizer: torch.optim.Optimizer
    penalties: Iterable[Penalty] = ()
    precision: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        self.penalties = tuple(self.penalties)
        self._weights = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        # Batch normalisation moves its statistics in the forward pass, before a loss can be found not to be finite.
        self._buffers = [buffer for buffer in self.module.buffers() if buffer.is_floating_point()]
        self._before = [buffer.clone() for buffer in self._buffers]

    def __call__(self, batch: Batch) -> tuple[float, torch.Tensor]:
        """The loss and the scores of the batch; the weights are moved unless the loss or a gradient is not finite.

        Errors: NonFiniteError, with weights, statistics and optimizer as they were before the step.
        """
        if self._buffers:
            torch._foreach_copy_(self._before, self._buffers)
        with torch.autocast("cpu", self.precision, enabled=self.precision != torch.float32):
            scores = self.module(batch.x)
        if scores.dtype == torch.bfloat16:
            scores = scores.float()
        value = weighted_mean(self.loss.values(scores, batch.y), batch.weight)
        value = penalised(value, self.penalties)
        number = value.item()
        if not math.isfinite(number):
            self._refuse(f"the loss is {number}")
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        if not self._can_be_applied():
            self._refuse("the loss is finite, its gradient is not")
        self.optimizer.step()
        return number, scores.detach()

    def _can_be_applied(self) -> bool:
        """Whether all gradients are finite: their norms say so in 25 us; only where one overflows, all are looked at."""
        gradients = [weight.grad for weight in self._weights if weight.grad is not None]
        norm = torch.stack(torch._foreach_norm(gradients)).sum().item()
        return math.isfinite(norm) or all(bool(torch.isfinite(each).all()) for each in gradients)

    def _refuse(self, what: str) -> NoReturn:
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._before)
        raise NonFiniteError(what)
