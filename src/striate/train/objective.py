"""What training makes small: the losses of a network's outputs, weighted and added up, and what is measured beside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import nn

from striate.loader import Batch
from striate.losses.base import Loss
from striate.metrics.base import Meter, Metric

__all__ = ["Gauge", "Goal", "Objective", "outputs_of", "weighted"]


def weighted(values: torch.Tensor, weight: torch.Tensor | None) -> torch.Tensor:
    """`values` (n, ...), each sample times its weight. Their mean divides by how many there are (as in Keras)."""
    return values if weight is None else values * _spread(weight, values)


def _spread(weight: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """One number for each sample, or for each of its positions, beside `values` (n, ...)."""
    return weight.reshape(*weight.shape, *[1] * (values.dim() - weight.dim()))


def outputs_of(module: nn.Module, images: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """What a network gives for each of its outputs; of one output its module gives the tensor itself."""
    said = module(*images)
    return said if isinstance(said, tuple) else (said,)


@dataclass(frozen=True)
class Goal:
    """What one output is to learn."""

    name: str
    """Of the output, in logs; empty where the network has but one."""
    loss: Loss
    metrics: tuple[Metric, ...] = ()
    weight: float = 1.0
    """What a unit of its loss counts in the sum of all."""
    drops_head: bool = False
    """Whether training takes the scores before the last activation: the loss and it belong together."""

    @property
    def trained(self) -> Loss:
        """The loss as training computes it: from the scores where the head is dropped."""
        return self.loss.on_logits() if self.drops_head else self.loss

    def answer(self, scores: torch.Tensor) -> torch.Tensor:
        """Predictions from the scores that training works with."""
        return self.loss.prediction(scores) if self.drops_head else scores

    def key(self, what: str) -> str:
        """The name of a number of this output in the logs."""
        return f"{self.name}_{what}" if self.name else what


@dataclass(frozen=True)
class Objective:
    """The goals of all outputs, in their order; None for an output that nothing is learned from.

    loss = sum over outputs of weight * mean over samples of the output's loss
    """

    goals: tuple[Goal | None, ...]

    @cached_property
    def _trained(self) -> list[Loss | None]:
        """The losses as training computes them."""
        return [None if goal is None else goal.trained for goal in self.goals]

    @property
    def known(self) -> list[Goal]:
        """The goals that there are."""
        return [goal for goal in self.goals if goal is not None]

    @property
    def heads(self) -> tuple[str | None, ...]:
        """For each output the activation that training leaves out, if it does."""
        return tuple(goal.loss.head if goal is not None and goal.drops_head else None for goal in self.goals)

    @property
    def declared(self) -> "Objective":
        """The same, from the answers as declared: no activation is left out."""
        return Objective(tuple(goal and replace(goal, drops_head=False) for goal in self.goals))

    def losses(self, scores: Sequence[torch.Tensor], batch: Batch) -> list[torch.Tensor]:
        """The loss of each goal over a batch, without its weight."""
        found = []
        for place, loss in enumerate(self._trained):
            if loss is not None:
                weight = None if batch.weight is None else batch.weight[place]
                values = weighted(loss.values(scores[place], batch.y[place]), weight)
                if batch.mix is not None:  # each label counts what it counts in its own image
                    partners, share = batch.mix
                    other = loss.values(scores[place], partners.y[place])
                    other = weighted(other, None if partners.weight is None else partners.weight[place])
                    values = torch.lerp(other, values, _spread(share, values).to(values.dtype))
                found.append(values.mean())
        return found

    def total(self, losses: Sequence[torch.Tensor]) -> torch.Tensor:
        """The weighted sum."""
        weighted = [
            value if goal.weight == 1 else value * goal.weight for goal, value in zip(self.known, losses, strict=True)
        ]
        whole = weighted[0]
        for value in weighted[1:]:
            whole = whole + value
        return whole

    def gauge(self) -> "Gauge":
        """New meters for the losses and metrics of all goals."""
        return Gauge(self)


class Gauge:
    """Gathers the losses of the outputs, where there are several, and all metrics over batches."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.meters: list[tuple[int, Goal, list[Meter]]] = [
            (place, goal, [metric.meter() for metric in goal.metrics])
            for place, goal in enumerate(objective.goals)
            if goal is not None
        ]
        self.several = len(objective.goals) > 1
        self.totals, self.count = [0.0] * len(self.meters), 0

    def update(self, losses: Sequence[float], scores: Sequence[torch.Tensor], batch: Batch) -> None:
        """Add a batch; predictions are computed only if a metric needs more than their order."""
        self.count += len(batch)
        for number, (place, goal, meters) in enumerate(self.meters):
            if self.several:
                self.totals[number] += losses[number] * len(batch)
            if meters:
                order_only = all(meter.metric.order_only for meter in meters)
                prediction = scores[place] if order_only else goal.answer(scores[place])
                for meter in meters:
                    meter.update(prediction, batch.y[place])

    def gathered(self) -> Any:
        """What was gathered, as numbers and tensors that can be sent to another process."""
        return self.totals, self.count, [[meter.gathered() for meter in meters] for _, _, meters in self.meters]

    def joined(self, parts: Iterable[Any]) -> "Gauge":
        """A gauge of what several have gathered, each of other samples."""
        whole = self.objective.gauge()
        for totals, count, gathered in parts:
            whole.totals = [ours + theirs for ours, theirs in zip(whole.totals, totals, strict=True)]
            whole.count += count
            for (_, _, meters), states in zip(whole.meters, gathered, strict=True):
                for meter, state in zip(meters, states, strict=True):
                    meter.add(state)
        return whole

    def logs(self) -> dict[str, float]:
        """What was gathered, by name: of several outputs each one's loss first, then the metrics."""
        found: dict[str, float] = {}
        if self.several:
            found |= {
                goal.key("loss"): total / max(self.count, 1)
                for (_, goal, _), total in zip(self.meters, self.totals, strict=True)
            }
        return found | {
            goal.key(meter.metric.name): meter.result() for _, goal, meters in self.meters for meter in meters
        }
