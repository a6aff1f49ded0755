"""What the steps of a model are computed with: the network for training, its engine, its plan."""

import copy
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import fx, nn

from striate import catalog
from striate.build import rewrite, share_statistics, weights
from striate.check import FLOAT32, Table
from striate.errors import ArgumentError, DeclarationError
from striate.loader import Batches
from striate.network import Network, network_table
from striate.optimizers import Optimizer
from striate.train import (
    CPU,
    Distributed,
    Engine,
    Group,
    Objective,
    Penalty,
    Plan,
    Step,
    Trial,
    card,
    choose,
    cores,
    make_engine,
    parse_plan,
    prepare,
    stream_on,
)
from striate.units import bytes_text

__all__ = ["Computing", "objective_of"]


def objective_of(on_scores: Objective, rules: Collection[str]) -> Objective:
    """The objective as the rules of a plan have it: from scores, or from the answers as declared."""
    return on_scores if "cross-entropy-on-logits" in rules else on_scores.declared


@dataclass(frozen=True)
class Computing:
    """A compiled network on its way into steps.

    Args:
        network: the declaration.
        built: its module, which keeps the weights.
        objective: what is made small, from scores where a loss takes in the activation before it.
        optimizer: moves the weights.
        seed: of the model.
        group: the processes that train together.
    """

    network: Network
    built: fx.GraphModule
    objective: Objective
    optimizer: Optimizer
    seed: int
    group: Group

    def decide(self, plan: Any, batches: Batches, steps: int, table: Table, compiled: Any) -> Plan:
        """The plan of a run of so many steps: as given, or measured on copies of the network.

        Args:    table: what the network costs, for images of this size. compiled: loss, metrics and their weights: part of
                 what a plan is remembered by.
        Errors:  ArgumentError for a plan that cannot be.
        """
        device, group = batches.device, self.group
        chosen = parse_plan(plan, device.type)
        if chosen is None and not group.leads:
            chosen = group.first(None)
            chosen = replace(chosen, threads=min(chosen.threads, cores()))
        elif chosen is None:
            chosen = self._chosen(batches, steps, table, compiled, anew=plan == "measure")
            group.first(chosen)
        if group.world > 1:
            said = f"{group.world} processes, batch statistics of {'all of them' if chosen.exact else 'each its own'}"
            slices = 1 if chosen.exact else chosen.slices
            chosen = replace(chosen, slices=slices, reasons=(*chosen.reasons, ("processes", said)))
        if device != CPU:
            where = "on it" if batches.resident else "in the machine's memory"
            said = f"{card(device)}, {bytes_text(batches.bytes)} of data {where}"
            chosen = replace(chosen, reasons=(*chosen.reasons, ("device", said)))
        return chosen

    def _chosen(self, batches: Batches, steps: int, table: Table, compiled: Any, anew: bool) -> Plan:
        """The plan that is fastest, or was found so before."""
        plan = Plan(cores(), device=batches.device.type)
        prepare(plan.threads)
        if self._reevaluates:  # curvature is found in float32, from a whole batch, by gradients of gradients
            return plan
        rows = max(min(batches.size, batches.samples) // self.group.world, 1)
        key = [network_table(self.network), compiled, catalog.describe(self.optimizer), rows, card(batches.device)]
        # Each slice has gradients of its own: they are to stay small beside what a batch leaves behind.
        gradients = 2 * plan.threads * FLOAT32 * table.params
        sliceable = gradients <= rows * (table.bytes or 0) // 2
        return choose(plan, self._trials(batches), key, rows, table.macs or 0, steps, sliceable, anew=anew)

    def _trials(self, batches: Batches) -> Trial:
        """Makes steps of plans, on weights of their own: one copy for each precision."""
        batch = batches.batch(torch.arange(min(batches.size, batches.samples)), 0)
        copies: dict[str, tuple[fx.GraphModule, torch.optim.Optimizer]] = {}

        def trial(plan: Plan, rows: int) -> Callable[[], float]:
            if plan.precision not in copies:
                copied = copy.deepcopy(self.built).to(batches.device)
                copies[plan.precision] = self._rewritten(copied, plan).train(), self.updater(copied)
            module, updater = copies[plan.precision]
            step, part = Step(self.engine(module, plan), updater), batch.part(0, rows)

            def timed() -> float:
                prepare(plan.threads)
                stream_on(batches.device).manual_seed(self.seed)  # what is dropped is the same in all plans
                loss = step(part).loss
                if batches.device != CPU:
                    torch.cuda.synchronize()
                return loss

            return timed

        return trial

    def require_one_look(self, plan: Plan | None) -> None:
        """Refuse an optimizer that needs the gradient of a gradient where a batch is cut, or what it does is recorded.

        Errors:  ArgumentError.
        """
        processes, name = self.group.world, type(self.optimizer).__name__
        plain = plan is None or (plan.slices == 1 and plan.compiler == "none")
        if (processes == 1 and plain) or not self._reevaluates:
            return
        if processes > 1:
            raise ArgumentError(
                f"{name} looks at each batch twice, and several processes share one",
                sum=f"{processes} processes, each with a part of every batch",
                fix='optimizer="adam", or one process',
            )
        assert plan is not None
        raise ArgumentError(
            f"{name} looks at each batch twice, and at all of it, which this plan cannot",
            sum=f"slices = {plan.slices}, compiler = {plan.compiler!r}",
            fix='slices = 1 and compiler = "none", or plan="auto"',
        )

    @property
    def _reevaluates(self) -> bool:
        """Whether the optimizer looks at each batch twice."""
        return getattr(self.optimizer.build([nn.Parameter(torch.zeros(1))], 1.0), "reevaluates", False)

    def training(self, plan: Plan) -> fx.GraphModule:
        """The network for training, rewritten; of processes that are to be exact with statistics of all of them."""
        module = self._rewritten(self.built, plan)
        if plan.exact and self.group.world > 1:
            share_statistics(module, self.group.total)
        return module

    def _rewritten(self, module: fx.GraphModule, plan: Plan) -> fx.GraphModule:
        """The network, or a copy, for training."""
        penalised = [key for key, weight in weights(self.network, trainable=True) if weight.regularizer is not None]
        return rewrite(module, plan.rewrites, objective_of(self.objective, plan.rewrites).heads, penalised)

    def engine(self, module: fx.GraphModule, plan: Plan) -> Engine:
        """What computes the steps of a plan on a rewritten network, the model's own or a copy."""
        drawing = [node.owner for node in self.network.layers if node.layer.draws]
        return make_engine(plan, module, objective_of(self.objective, plan.rewrites), self.penalties(module), drawing)

    def shared_engine(self, module: fx.GraphModule, plan: Plan) -> Engine:
        """The same; where several processes train together, each computes its part."""
        engine = self.engine(module, plan)
        return engine if self.group.world == 1 else Distributed(engine, self.group, plan.exact)

    def penalties(self, module: nn.Module) -> list[Penalty]:
        """Each regularizer with the weight of a built network that it keeps small."""
        return [
            (weight.regularizer, module.get_parameter(key))
            for key, weight in weights(self.network, trainable=True)
            if weight.regularizer is not None
        ]

    def updater(self, module: fx.GraphModule) -> torch.optim.Optimizer:
        """What moves the weights of a built network, at the optimizer's own rate.

        Errors:  DeclarationError if there are none to be moved.
        """
        return self.optimizer.build(self._groups(module), self.optimizer.base_rate)

    def _groups(self, module: fx.GraphModule) -> list[Any]:
        """The weights that training moves; in groups, where layers have rates of their own."""
        groups: dict[float, list[nn.Parameter]] = {}
        for node in self.network.layers:
            for weight in module.get_submodule(node.owner).parameters():
                if weight.requires_grad:
                    groups.setdefault(node.layer.learning_rate_factor, []).append(weight)
        if not groups:
            raise DeclarationError("no weight of the network can be trained", fix="trainable=True on some layer")
        if list(groups) == [1.0]:
            return groups[1.0]
        return [{"params": weights, "multiplier": factor} for factor, weights in groups.items()]
