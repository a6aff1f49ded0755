"""Engines: what computes the gradient of a batch. The plan chooses one; the step uses it without knowing which."""

import copy
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial, reduce
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import torch
from torch import fx, nn

from striate.build import share_statistics
from striate.errors import DeclarationError
from striate.loader import Batch
from striate.regularizers.base import Regularizer
from striate.train.device import cores, prepare, stream_on
from striate.train.objective import Objective, outputs_of
from striate.train.plan import Plan

__all__ = [
    "Computed",
    "Engine",
    "Graphed",
    "Penalty",
    "Sliced",
    "Whole",
    "make_engine",
    "nothing",
    "penalised",
    "require_gradient",
]

Penalty = tuple[Regularizer, nn.Parameter]

_WARM = 3
"""Steps that a GPU takes before one is recorded."""


def penalised(value: torch.Tensor, penalties: Iterable[Penalty]) -> torch.Tensor:
    """A loss with what large weights cost added."""
    for regularizer, weight in penalties:
        value = value + regularizer.penalty(weight)
    return value


def require_gradient(value: torch.Tensor) -> None:
    """Refuse a loss that no weight in training can change.

    Errors:  DeclarationError.
    Example: >>> require_gradient(torch.ones((), requires_grad=True))
    """
    if not value.requires_grad:
        raise DeclarationError(
            "no weight that can be trained has a part in what is learned",
            sum="those that are trainable lead to outputs without a loss",
            fix="trainable=True on a layer of an output with a loss, or a loss for the other output",
        )


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

    def __call__(self, batch: Batch, meanwhile: Callable[[], Any] = ...) -> Computed:
        """The loss of a batch; its gradient replaces what the weights had.

        `meanwhile` is called where a GPU computes, and this thread would wait.
        """
        ...


def nothing() -> None:
    """What there is to be done meanwhile, where nobody says so."""


def make_engine(
    plan: Plan, module: fx.GraphModule, objective: Objective, penalties: Iterable[Penalty], drawing: Sequence[str]
) -> "Whole | Graphed | Sliced":
    """The engine that a plan names, for a rewritten network; `drawing` are its bricks that draw random numbers."""
    if plan.slices == 1:
        whole = Whole(module, objective, penalties, plan.dtype, compiled=plan.compiler == "inductor")
        return Graphed(whole) if plan.compiler == "cuda-graphs" else whole
    return Sliced(module, objective, plan.slices, penalties, plan.dtype, drawing, min(plan.threads, cores()))


class Whole:
    """A batch at once, each operation spread over the threads that torch was given, or over a GPU.

    Args:    module: the rewritten network. compiled: whether torch.compile turns its operations into few. Only batches of
             the size of the first one are computed so: another, the last of an epoch, is not worth compiling again.
    """

    def __init__(
        self,
        module: nn.Module,
        objective: Objective,
        penalties: Iterable[Penalty] = (),
        precision: torch.dtype = torch.float32,
        compiled: bool = False,
    ) -> None:
        self.module, self.objective, self.penalties, self.precision = module, objective, tuple(penalties), precision
        self._compiled: Any = torch.compile(module, dynamic=False) if compiled else None
        self._sizes: list[torch.Size] | None = None
        self.weights = [weight for weight in module.parameters() if weight.requires_grad]

    def __call__(self, batch: Batch, meanwhile: Callable[[], Any] = nothing) -> Computed:
        """The loss of a batch; its gradient replaces what the weights had."""
        found = self.forward(batch)
        for weight in self.weights:
            weight.grad = None
        require_gradient(found.value)
        found.value.backward()
        if found.value.is_cuda:  # which has been told what to do, and does it
            meanwhile()
        return Computed(
            found.value.detach(),
            [loss.detach() for loss in found.losses],
            tuple(score.detach() for score in found.scores),
        )

    def forward(self, batch: Batch) -> Computed:
        """The loss of a batch, with the graph its gradient is found by."""
        module = self.module
        if self._compiled is not None:
            sizes = _sizes(batch)
            self._sizes = self._sizes or sizes
            module = self._compiled if sizes == self._sizes else module
        scores = _scores(module, batch, self.precision)
        losses = self.objective.losses(scores, batch)
        return Computed(penalised(self.objective.total(losses), self.penalties), losses, scores)


class Graphed:
    """Batches of the size of the first one as a CUDA graph: a step is recorded once, and then started as a whole.

    Between the operations of a small network a GPU would wait for Python. Forward and backward pass are recorded. Other
    batches are computed as `whole` does. What is recorded reads and writes the same memory each time: batches are
    copied there, scores away from there, and weights and statistics have to stay where they are.

    Source:  docs.pytorch.org/docs/stable/notes/cuda.html, CUDA Graphs, whole-network capture
    """

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self._batch: Batch | None = None

    @property
    def module(self) -> nn.Module:
        """The network as it is trained."""
        return self.whole.module

    @property
    def objective(self) -> Objective:
        """What it makes small."""
        return self.whole.objective

    def __call__(self, batch: Batch, meanwhile: Callable[[], Any] = nothing) -> Computed:
        """The loss of a batch; its gradient replaces what the weights had."""
        if self._batch is None:
            self._record(batch)
        assert self._batch is not None
        if _sizes(batch) != _sizes(self._batch):
            return self.whole(batch, meanwhile)
        for own, given in zip(self._batch.tensors(), batch.tensors(), strict=True):
            own.copy_(given)
        self._graph.replay()
        for weight, gradient in zip(self.whole.weights, self._gradients, strict=True):
            weight.grad = gradient
        scores = tuple(score.clone() for score in self._found.scores)
        meanwhile()
        return self._found._replace(scores=scores)

    def _record(self, batch: Batch) -> None:
        """Record a step on memory of its own; statistics and the stream of random numbers stay as they were."""
        device, buffers = batch.x[0].device, list(self.module.buffers())
        stream = stream_on(device)
        own, drawn, before = copy.deepcopy(batch), stream.get_state(), [buffer.clone() for buffer in buffers]
        here, beside = torch.cuda.current_stream(device), torch.cuda.Stream(device)
        beside.wait_stream(here)
        with torch.cuda.stream(beside):
            for _ in range(_WARM):  # libraries choose kernels and take memory, which cannot be recorded
                self.whole(own)
            with _waiting_refused():
                self.whole(own)
        here.wait_stream(beside)
        for weight in self.whole.weights:
            weight.grad = None
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.stream(beside), torch.cuda.graph(self._graph, stream=beside):
            self._found = self.whole(own)
        self._gradients = [weight.grad for weight in self.whole.weights]
        self._batch = own
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)
        stream.set_state(drawn)


@contextmanager
def _waiting_refused() -> Generator[None]:
    """Operations that wait for a GPU are errors: they cannot be recorded, and torch does not get over a try."""
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that not all of them are noticed
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


class Sliced:
    """A batch cut into a fixed number of slices, each computed by a thread of its own; gradients add up in their order.

    loss = sum over slices s of n_s/n * loss(s)

    So the bits depend on the number of slices alone: not on how many cores there are, nor on what else they do. No thread
    waits for another within a layer (batch normalisation, whose statistics are those of the whole batch, excepted), so a
    core that another program takes costs little more than its share.

    Args:    module: the rewritten network. slices: how many. drawing: names of bricks that draw random numbers; each
             slice draws from a stream of its own. workers: how many threads compute at a time; may be changed at any time.
    """

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

    def __call__(self, batch: Batch, meanwhile: Callable[[], Any] = nothing) -> Computed:
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
        losses = [reduce(torch.add, values) for values in zip(*(each.losses for each in computed), strict=True)]
        scores = tuple(torch.cat(pieces) for pieces in zip(*(each.scores for each in computed), strict=True))
        return Computed(reduce(torch.add, [each.value for each in computed]), losses, scores)

    def _compute(self, place: int, part: Batch, share: float, seed: int) -> tuple[list[Any], Computed]:
        """The gradient of a slice, and what it adds to the loss."""
        self._own.place, self._own.state = place, seed
        with self._meeting.working():
            scores = _scores(self.module, part, self.precision)
            losses = [loss * share for loss in self.objective.losses(scores, part)]
            # What large weights cost is the same for every slice, and counted with the first.
            value = penalised(self.objective.total(losses), () if place else self.penalties)
            require_gradient(value)
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
        return reduce(torch.add, parts[: self._count])


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
    with torch.autocast(batch.x[0].device.type, precision):
        scores = outputs_of(module, batch.x)
    return tuple(score.float() for score in scores)


def _sizes(batch: Batch) -> list[torch.Size]:
    """The sizes of all that a step computes with."""
    return [each.shape for each in batch.tensors()]


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
