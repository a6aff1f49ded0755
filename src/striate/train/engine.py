"""Engines: what computes the gradient of a batch. The plan chooses one; the step uses it without knowing which."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import torch
from torch import fx, nn

from striate.build import share_statistics
from striate.loader import Batch
from striate.regularizers.base import Regularizer
from striate.train.device import cores, prepare
from striate.train.objective import Objective, outputs_of
from striate.train.plan import Plan

__all__ = ["Computed", "Engine", "Penalty", "Sliced", "Whole", "make_engine", "penalised"]

Penalty = tuple[Regularizer, nn.Parameter]


def penalised(value: torch.Tensor, penalties: Iterable[Penalty]) -> torch.Tensor:
    """A loss with what large weights cost added."""
    for regularizer, weight in penalties:
        value = value + regularizer.penalty(weight)
    return value


class Computed(NamedTuple):
    """What an engine found of a batch; the gradient of `value` is in the `.grad` of the weights."""

    value: torch.Tensor
    """The loss, penalties included."""
    losses: list[torch.Tensor]
    """That of each goal."""
    scores: tuple[torch.Tensor, ...]


class Engine(Protocol):
    """Computes the loss of a batch and its gradient."""

    @property
    def module(self) -> nn.Module:
        """The network as it is trained: rewritten, giving scores."""
        ...

    @property
    def objective(self) -> Objective:
        """What it makes small."""
        ...

    @property
    def apart(self) -> bool:
        """Whether threads of its own compute, while the one that calls it waits."""
        ...

    def __call__(self, batch: Batch) -> Computed: ...


def make_engine(
    plan: Plan, module: fx.GraphModule, objective: Objective, penalties: Iterable[Penalty], drawing: Sequence[str]
) -> "Whole | Sliced":
    """The engine that a plan names, for a rewritten network; `drawing` are its bricks that draw random numbers."""
    if plan.slices == 1:
        return Whole(module, objective, penalties, plan.dtype)
    return Sliced(module, objective, plan.slices, penalties, plan.dtype, drawing, min(plan.threads, cores()))


class Whole:
    """A batch at once, each operation spread over the threads that torch was given."""

    apart = False

    def __init__(
        self,
        module: nn.Module,
        objective: Objective,
        penalties: Iterable[Penalty] = (),
        precision: torch.dtype = torch.float32,
    ) -> None:
        self.module, self.objective, self.penalties, self.precision = module, objective, tuple(penalties), precision
        self.weights = [weight for weight in module.parameters() if weight.requires_grad]

    def __call__(self, batch: Batch) -> Computed:
        """The loss of a batch; its gradient replaces what the weights had."""
        found = self.forward(batch)
        for weight in self.weights:
            weight.grad = None
        found.value.backward()
        return Computed(
            found.value.detach(),
            [loss.detach() for loss in found.losses],
            tuple(score.detach() for score in found.scores),
        )

    def forward(self, batch: Batch) -> Computed:
        """The loss of a batch, with the graph its gradient is found by."""
        scores = _scores(self.module, batch, self.precision)
        losses = self.objective.losses(scores, batch)
        return Computed(penalised(self.objective.total(losses), self.penalties), losses, scores)


class Sliced:
    """A batch cut into a fixed number of slices, each computed by a thread of its own; gradients add up in their order.

    loss = sum over slices s of n_s/n * loss(s)

    So the bits depend on the number of slices alone: not on how many cores there are, nor on what else they do. No thread
    waits for another within a layer (batch normalisation, whose statistics are those of the whole batch, excepted), so a
    core that another program takes costs little more than its share.

    Args:    module: the rewritten network. slices: how many. drawing: names of bricks that draw random numbers; each
             slice draws from a stream of its own. workers: how many threads compute at a time; may be changed at any time.
    """

    apart = True

    def __init__(
        self,
        module: fx.GraphModule,
        objective: Objective,
        slices: int,
        penalties: Iterable[Penalty] = (),
        precision: torch.dtype = torch.float32,
        drawing: Sequence[str] = (),
        workers: int | None = None,
    ) -> None:
        self.objective, self.slices, self.penalties, self.precision = objective, slices, tuple(penalties), precision
        self.weights = [weight for weight in module.parameters() if weight.requires_grad]
        self._own = threading.local()
        self._draws = bool(drawing)
        self._meeting = _Meeting(slices, workers or slices)
        lock = threading.Lock()
        self.module = _with_bricks(module, {name: partial(_Drawing, self._own, lock) for name in drawing})
        # Not self: what its module held would keep the threads when nobody needs the engine any more.
        own, meeting = self._own, self._meeting
        share_statistics(self.module, lambda value: meeting.total(own.place, value), lambda: own.place == 0)
        self._threads = ThreadPoolExecutor(slices, "slice", prepare, (1,))

    @property
    def workers(self) -> int:
        """How many slices are computed at a time."""
        return self._meeting.workers

    @workers.setter
    def workers(self, value: int) -> None:
        self._meeting.workers = value

    def __call__(self, batch: Batch) -> Computed:
        """The loss of a batch; its gradient replaces what the weights had."""
        prepare(1)  # between epochs other work may have spread over all cores
        parts = _cut(batch, min(self.slices, len(batch)))
        seeds = torch.randint(2**62, (len(parts),)).tolist() if self._draws else [0] * len(parts)
        after = torch.default_generator.get_state() if self._draws else None
        self._meeting.begin(len(parts))
        jobs: list[Future[tuple[list[Any], Computed]]] = []
        try:
            for place, (part, seed) in enumerate(zip(parts, seeds, strict=True)):
                jobs.append(self._threads.submit(self._compute, place, part, len(part) / len(batch), seed))
            errors = [error for job in jobs if (error := job.exception()) is not None]
        except BaseException:  # a signal, or no thread to be had: those that began wait for nobody
            self._meeting.abort()
            raise
        if after is not None:  # wherever the slices left torch's stream
            torch.default_generator.set_state(after)
        for error in errors:  # one that was left waiting by another's failure is not the reason
            if not isinstance(error, threading.BrokenBarrierError):
                raise error
        found = [job.result() for job in jobs]
        gradients = _added([each for each, _ in found])
        for weight, gradient in zip(self.weights, gradients, strict=True):
            weight.grad = None if gradient is None else _laid_out_as(weight, gradient)
        computed = [each for _, each in found]
        losses = [_sum(values) for values in zip(*(each.losses for each in computed), strict=True)]
        scores = tuple(torch.cat(pieces) for pieces in zip(*(each.scores for each in computed), strict=True))
        return Computed(_sum([each.value for each in computed]), losses, scores)

    def _compute(self, place: int, part: Batch, share: float, seed: int) -> tuple[list[Any], Computed]:
        """The gradient of a slice, and what it adds to the loss."""
        self._own.place, self._own.state = place, seed
        with self._meeting.working():
            scores = _scores(self.module, part, self.precision)
            losses = [loss * share for loss in self.objective.losses(scores, part)]
            # What large weights cost is the same for every slice, and counted with the first.
            value = penalised(self.objective.total(losses), () if place else self.penalties)
            gradients = list(torch.autograd.grad(value, self.weights, allow_unused=True))
        return gradients, Computed(
            value.detach(), [loss.detach() for loss in losses], tuple(score.detach() for score in scores)
        )


class _Meeting:
    """Where the threads of the slices wait for each other, and for their turn."""

    def __init__(self, slices: int, workers: int) -> None:
        self._barriers = {count: threading.Barrier(count) for count in range(1, slices + 1)}
        self._parts: tuple[list[Any], list[Any]] = ([None] * slices, [None] * slices)
        self._turns = [0] * slices
        self._count = slices
        self._free, self.workers = threading.Condition(), workers
        self._working = 0

    def begin(self, count: int) -> None:
        """So many slices are computed next."""
        self._count, self._turns = count, [0] * len(self._turns)
        if self._barriers[count].broken:
            self._barriers[count].reset()

    def working(self) -> "_Turn":
        """A context in which one of the workers is taken."""
        return _Turn(self)

    def take(self) -> None:
        with self._free:
            self._free.wait_for(lambda: self._working < self.workers)
            self._working += 1

    def leave(self) -> None:
        with self._free:
            self._working -= 1
            self._free.notify()

    def abort(self) -> None:
        self._barriers[self._count].abort()

    def total(self, place: int, value: torch.Tensor) -> torch.Tensor:
        """The sum of a tensor over the slices, in their order; each of their threads gets it.

        Two lists take turns: who writes into one has met all others at the other, so nobody reads it any more.
        """
        parts = self._parts[self._turns[place] % 2]
        self._turns[place] += 1
        parts[place] = value
        self.leave()
        try:
            self._barriers[self._count].wait()
        finally:
            self.take()
        return _sum(parts[: self._count])


class _Turn:
    """One of the workers, taken for a while."""

    def __init__(self, meeting: _Meeting) -> None:
        self.meeting = meeting

    def __enter__(self) -> None:
        self.meeting.take()

    def __exit__(self, kind: Any, *_: Any) -> None:
        self.meeting.leave()
        if kind is not None:
            self.meeting.abort()


class _Drawing(nn.Module):
    """A brick that draws random numbers, for each slice from a stream of its own.

    torch has one stream for all threads: it is put to where the slice's own stands, and back in the hands of nobody else.
    """

    def __init__(self, own: threading.local, lock: threading.Lock, brick: nn.Module) -> None:
        super().__init__()
        self.own, self.lock, self.brick = own, lock, brick

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return self.brick(*values)
        with self.lock:
            if isinstance(self.own.state, int):
                torch.default_generator.manual_seed(self.own.state)
            else:
                torch.default_generator.set_state(self.own.state)
            drawn = self.brick(*values)
            self.own.state = torch.default_generator.get_state()
        return drawn


def _with_bricks(module: fx.GraphModule, changes: dict[str, Callable[[nn.Module], nn.Module]]) -> fx.GraphModule:
    """A module of the same graph and parameters, in which some bricks are replaced."""
    copied = fx.GraphModule(module, module.graph, "Slice")
    for name, change in changes.items():
        copied.set_submodule(name, change(module.get_submodule(name)))
    return copied


def _scores(module: nn.Module, batch: Batch, precision: torch.dtype) -> tuple[torch.Tensor, ...]:
    """What a network says of a batch, in float32 (or float64) whatever it was computed in."""
    if precision == torch.float32:
        return outputs_of(module, batch.x)
    with torch.autocast("cpu", precision):
        scores = outputs_of(module, batch.x)
    return tuple(score.float() for score in scores)


def _cut(batch: Batch, count: int) -> list[Batch]:
    """The batch in slices of sizes that differ by one at most."""
    ends = [len(batch) * place // count for place in range(count + 1)]
    return [batch.part(start, end) for start, end in pairwise(ends)]


def _added(parts: list[list[Any]]) -> list[Any]:
    """Lists of gradients added up, one after another; None where a weight has none.

    The first has all that the others have, and those of penalties.
    """
    total = parts[0]
    for part in parts[1:]:
        known = [place for place, each in enumerate(part) if each is not None]
        torch._foreach_add_([total[place] for place in known], [part[place] for place in known])
    return total


def _laid_out_as(weight: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """A gradient in the memory layout of its weight: fused updates go through both as they lie in memory.

    `backward` sees to that, `grad` does not.
    """
    return gradient if gradient.stride() == weight.stride() else torch.empty_like(weight).copy_(gradient)


def _sum(values: Sequence[torch.Tensor]) -> torch.Tensor:
    """Tensors added up in their order."""
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total
