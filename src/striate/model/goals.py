"""From what compile is given, for one output or several, to what each output is to learn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from striate import catalog
from striate.check import bricks
from striate.errors import ArgumentError
from striate.losses import Loss
from striate.metrics import Metric, resolve
from striate.model.arguments import concept, is_factor, is_number, metric_names
from striate.model.samples import each_of
from striate.network import Network
from striate.train import Goal, Objective

__all__ = ["Compiled", "from_table"]


@dataclass(frozen=True)
class Compiled:
    """Losses, metrics and weights of the losses, for each output by its name.

    Where a network does not know its shape yet it has one output, whose name is not known either: the empty one.
    """

    losses: dict[str, Loss | None]
    metrics: dict[str, tuple[Metric, ...]]
    loss_weights: dict[str, float]

    @classmethod
    def of(cls, outputs: Sequence[str], loss: Any, metrics: Any, loss_weights: Any) -> "Compiled":
        """What the arguments of compile mean.

        One loss is meant for every output; a list or table says one for each, None where nothing is to be learned.
        Errors:  ArgumentError, UnknownNameError.
        """
        if len(outputs) == 1 and isinstance(loss, list | tuple) and len(loss) == 1:
            (loss,) = loss
        shared = len(outputs) > 1 and isinstance(loss, str | Loss)
        given = each_of(loss, outputs, "loss", optional=True, shared=shared)
        losses = {
            name: None if each is None else concept(Loss, each, "loss")
            for name, each in zip(outputs, given, strict=True)
        }
        if len(outputs) > 1 and not any(losses.values()) and loss is not None:
            raise ArgumentError("loss leaves every output out", fix=f"loss={{{outputs[0]!r}: ...}}")
        weights = dict(zip(outputs, each_of(loss_weights, outputs, "loss_weights", optional=True), strict=True))
        return cls(
            losses,
            {name: _metrics(each, losses[name]) for name, each in _of_metrics(metrics, outputs).items()},
            {name: _weight(each, name) for name, each in weights.items()},
        )

    @property
    def minimised(self) -> bool:
        """Whether there is a loss."""
        return any(loss is not None for loss in self.losses.values())

    def renamed(self, outputs: Sequence[str]) -> "Compiled":
        """The same for outputs whose names are known now."""
        old = tuple(self.losses)
        return Compiled(
            {name: self.losses[known] for name, known in zip(outputs, old, strict=True)},
            {name: self.metrics[known] for name, known in zip(outputs, old, strict=True)},
            {name: self.loss_weights[known] for name, known in zip(outputs, old, strict=True)},
        )

    def objective(self, network: Network) -> Objective:
        """What training makes small."""
        several = len(network.outputs) > 1
        goals = []
        for name in network.outputs:
            loss = self.losses[name]
            goals.append(
                None
                if loss is None
                else Goal(
                    name if several else "",
                    loss,
                    self.metrics[name],
                    self.loss_weights[name],
                    _drops_head(network, name, loss),
                )
            )
        return Objective(tuple(goals))

    def to_table(self) -> dict[str, Any]:
        """As model.json holds it; of one output as it always was."""
        if len(self.losses) == 1:
            (loss,), (metrics,), (weight,) = self.losses.values(), self.metrics.values(), self.loss_weights.values()
            table = {"loss": catalog.describe(loss), "metrics": [catalog.describe(metric) for metric in metrics]}
            return table if weight == 1 else table | {"loss_weights": weight}
        return {
            "loss": {name: catalog.describe(loss) for name, loss in self.losses.items()},
            "metrics": {name: [catalog.describe(each) for each in found] for name, found in self.metrics.items()},
            "loss_weights": self.loss_weights,
        }


def from_table(table: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """The arguments of compile that `to_table` wrote: loss, metrics, loss_weights."""
    loss, metrics = table["loss"], table["metrics"]
    if isinstance(metrics, list):
        return _loss(loss), [catalog.from_table("metrics", each) for each in metrics], table.get("loss_weights")
    return (
        {name: _loss(each) for name, each in loss.items()},
        {name: [catalog.from_table("metrics", each) for each in found] for name, found in metrics.items()},
        table["loss_weights"],
    )


def _loss(table: Any) -> Any:
    return None if table is None else catalog.from_table("losses", table)


def _of_metrics(given: Any, outputs: Sequence[str]) -> dict[str, list[Any]]:
    """The metrics of each output. A list of one output is its own, or in a list; of several it holds one for each."""
    if len(outputs) == 1 and not isinstance(given, Mapping):
        if isinstance(given, list | tuple) and len(given) == 1 and isinstance(given[0], list | tuple):
            (given,) = given
        return {outputs[0]: _listed(given)}
    shared = isinstance(given, str | Metric)  # one metric for all, as one loss is
    each = each_of(given, outputs, "metrics", optional=True, shared=shared)
    return {name: _listed(found) for name, found in zip(outputs, each, strict=True)}


def _listed(given: Any) -> list[Any]:
    return [given] if isinstance(given, str | Metric) else list(given or [])


def _metrics(given: Sequence[Any], loss: Loss | None) -> tuple[Metric, ...]:
    chosen = [resolve(each, loss) if isinstance(each, str) else concept(Metric, each, "metrics") for each in given]
    metric_names([metric.name for metric in chosen])
    return tuple(chosen)


def _weight(given: Any, name: str) -> float:
    if given is None:
        return 1.0
    if not is_number(given) and all(
        isinstance(each, str | Metric) for each in (given if isinstance(given, list | tuple) else [given])
    ):
        raise ArgumentError(
            "compile takes loss_weights before metrics, as Keras does",
            sum=f"loss_weights={given!r}",
            fix=f"metrics={given!r}",
        )
    if not is_factor(given):
        raise ArgumentError(
            f"loss_weights of {name or 'the output'} cannot be {given!r}",
            sum="weights must be numbers >= 0",
            fix="loss_weights=1.0, or larger for what matters more",
        )
    return float(given)


def _drops_head(network: Network, name: str, loss: Loss) -> bool:
    """Whether the last activation of an output is the head of its loss: then training takes the scores before it.

    A head that something follows (a Reshape, a pooling of probabilities) stays: the loss takes what comes out.
    """
    if loss.head is None or getattr(loss, "from_logits", False):
        return False
    *_, (last, _) = bricks(network[name])
    return type(last).__name__ == loss.head
