"""Several processes that train one network: each has a part of every batch, their gradients are added up."""

import os
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch
from torch import nn

from striate.errors import LostError, NonFiniteError, StriateError
from striate.loader import Batch, parts_of
from striate.train.device import cores
from striate.train.engine import Computed, Engine, nothing

__all__ = ["ALONE", "Distributed", "Group", "joined"]

PATIENCE = timedelta(minutes=30)
"""How long a process waits for another that does not answer; one that has ended is noticed at once."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Group:
    """The processes of a run, as torchrun started them; of a process by itself a group of one, which never waits.

    Everything here is done by all of them, in the same order.

    Example: >>> Group().leads, Group().gather("a")
             (True, ['a'])
    """

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    """Which of those on this machine it is."""
    local_world: int = 1
    """How many of them share this machine."""
    agreed: list[StriateError] = field(default_factory=list, init=False)
    """The errors that `together` raised in all processes."""

    @property
    def leads(self) -> bool:
        """Whether this is the one process that prints and writes."""
        return self.rank == 0

    def total(self, tensor: torch.Tensor) -> torch.Tensor:
        """The sum over the processes, in the place of what was given; the same bits in all of them."""
        if self.world > 1:
            with _answered():
                torch.distributed.all_reduce(tensor)
        return tensor

    def gather(self, value: Any) -> list[Any]:
        """What each process gives, by rank."""
        found = [value] * self.world
        if self.world > 1:
            with _answered():
                torch.distributed.all_gather_object(found, value)
        return found

    def first(self, value: Any) -> Any:
        """What the first process gives."""
        return self.gather(value if self.leads else None)[0]

    def equalise(self, module: nn.Module) -> None:
        """Give a network the weights and statistics that it has in the first process."""
        if self.world > 1:
            for tensor in module.state_dict().values():  # detached
                tensor.copy_(
                    self.total(tensor.contiguous().clone() if self.leads else torch.zeros(tensor.shape).to(tensor))
                )

    @contextmanager
    def together(self) -> Generator[None]:
        """Work that all processes finish, or none: the error of one is raised in all of them."""
        if self.world == 1:
            yield
            return
        own: StriateError | None = None
        try:
            yield
        except StriateError as error:
            own = error
        parts = None if own is None else (own.what, own.where, own.sum, own.fix, own.status)
        for rank, said in enumerate(self.gather(parts)):
            if said is not None:
                what, where, total, fix, status = said
                if own is None:
                    own = StriateError(what, where=where, sum=total, fix=fix).at(f"process {rank} of {self.world}")
                    own.status = status
                self.agreed.append(own)
                raise own

    def ending(self) -> None:
        """Hear signals no more: the run ends already, and torchrun sends on what its processes were sent anyway.

        It also ends the others as soon as one has ended, and these are about to end by themselves.
        """
        if self.world > 1:
            for each in SIGNALS:
                signal.signal(each, signal.SIG_IGN)

    def shares(self, error: StriateError) -> bool:
        """Whether all processes ended with this error: one of them is to tell it."""
        return self.world > 1 and (error in self.agreed or isinstance(error, NonFiniteError))


ALONE = Group()
"""A process by itself."""


@contextmanager
def joined() -> Generator[Group]:
    """The group that torchrun started this process in, or that of a process by itself.

    The cores of the machine are divided among its processes. Where torchrun says OMP_NUM_THREADS=1 nobody did: it is what
    it says when it is told nothing.
    """
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= set(os.environ) or os.environ["WORLD_SIZE"] == "1":
        yield Group()
        return
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    group = Group(rank, world, int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    if group.local_world > 1 and os.environ.get("OMP_NUM_THREADS", "1") == "1":
        os.environ.pop("OMP_NUM_THREADS", None)
        os.environ["OMP_NUM_THREADS"] = str(max(cores() // group.local_world, 1))
    with _answered():
        torch.distributed.init_process_group(_backend(), timeout=PATIENCE)
    try:
        yield group
    finally:
        group.ending()
        torch.distributed.destroy_process_group()


def _backend() -> str:
    """What carries the sums: gloo between processors, NCCL between graphics cards."""
    return "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"


@contextmanager
def _answered() -> Generator[None]:
    """A process that is gone is told in plain words."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, StriateError):
            raise
        raise LostError(
            "another process of the run has ended, or does not answer",
            sum=str(error).partition("\n")[0][:200],
            fix="look at what it said; after that, the same command",
        ) from None


class Distributed:
    """An engine whose batches are shared by the processes of a group; each has a part, and an engine for it.

    loss = mean over processes of factor * loss of the part,  factor = rows of the part * parts / rows of the batch

    Gradients, losses, running averages and whether to stop travel in one sum. Where statistics are shared a process
    without rows of its own computes all the same, as the others wait for its nothing.

    Args:    engine: computes the part. group: the processes. shared: whether batch normalisation takes the statistics of
             all parts.
    """

    def __init__(self, engine: Engine, group: Group, shared: bool = False) -> None:
        self.engine, self.group, self.shared = engine, group, shared
        self.module, self.objective = engine.module, engine.objective
        self.wish: tuple[int, bool] = (0, False)
        """The signal this process was sent, or 0, and whether it was told to stop."""
        self.agreed: tuple[int, bool] = (0, False)
        """The same for all processes, as of the last step."""
        self._weights = [weight for weight in engine.module.parameters() if weight.requires_grad]
        self._buffers = [buffer for buffer in engine.module.buffers() if buffer.is_floating_point()]
        kept = [*self._weights, *self._buffers]
        numbers = [1 + len(engine.objective.known), len(self._weights), len(SIGNALS) + 1]
        self._flat = self._weights[0].new_zeros(sum(each.numel() for each in kept) + sum(numbers)).detach()
        self._views = _views(self._flat, kept)
        *_, self._losses, self._given, self._wishes = self._flat.split([len(self._flat) - sum(numbers), *numbers])
        self._means = self._flat[: len(self._flat) - sum(numbers[1:])]
        """All but what is counted: gradients, running averages, losses."""

    def __call__(self, batch: Batch, meanwhile: Callable[[], Any] = nothing) -> Computed:
        """The loss of the whole batch, and its gradient; the scores are those of this process's part."""
        rows, whole = len(batch), batch.whole or len(batch)
        parts = parts_of(whole, self.group.world)
        found = None
        if rows or self.shared:
            found = self.engine(batch if rows * parts == whole else batch.weighed(rows * parts / whole), meanwhile)
        self._flat.zero_()
        if rows and found is not None:
            self._lay_down(found)
        signum, told = self.wish
        self._wishes.copy_(torch.tensor([*(signum == each for each in SIGNALS), told]))
        self.group.total(self._flat)
        *asked, stops = self._wishes.tolist()
        self.agreed = next((int(each) for each, count in zip(SIGNALS, asked, strict=True) if count), 0), stops > 0
        self._means.div_(parts)
        for weight, view, count in zip(self._weights, self._views, self._given.tolist(), strict=False):
            weight.grad = view if count else None
        torch._foreach_copy_(self._buffers, self._views[len(self._weights) :])
        value, *losses = self._losses.clone()
        return Computed(value, losses, found.scores if rows and found is not None else ())

    def _lay_down(self, found: Computed) -> None:
        """Put what this process has found where the sum is made."""
        sources = [*(weight.grad for weight in self._weights), *self._buffers]
        known = [(view, source) for view, source in zip(self._views, sources, strict=True) if source is not None]
        torch._foreach_copy_([view for view, _ in known], [source for _, source in known])
        self._losses.copy_(torch.stack([found.value, *found.losses]))
        self._given.copy_(torch.tensor([weight.grad is not None for weight in self._weights]))


def _views(flat: torch.Tensor, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Stretches of a flat tensor, one after another, each shaped and laid out as one of `tensors`."""
    found, start = [], 0
    for tensor in tensors:
        found.append(flat.as_strided(tensor.size(), tensor.stride(), start))
        start += tensor.numel()
    return found
