"""How a run is computed: everything that changes its speed, decided before the first step and written down."""

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from striate.build import PREDICTION, RULES, TRAINING
from striate.errors import ArgumentError, NonFiniteError, StorageError, nearest
from striate.files import write_whole
from striate.store import home
from striate.train.device import Bystanders, cores, machine
from striate.units import counted

__all__ = ["Plan", "Trial", "choose", "parse_plan"]

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
ENGINES = ("torch",)
"""What can compute steps."""
LAYOUTS = ("channels_last",)
ALWAYS = (
    ("layout", "channels_last", "1.6x, as convolutions read pixels with all their channels"),
    ("updates", "fused", "1.1x, one pass over the weights; two optimizers that torch has not fused take several"),
    ("memory", "kept between steps", "1.4x, no page is asked for twice"),
    ("denormals", "as 0", "1.1x, and nothing that small is learned from"),
    ("compiler", "none", "torch.compile takes 15 to 20 s to begin and gains nothing on a CPU"),
)
"""What every run does, with what it gained where it was measured (docs/performance.md)."""

_WORTH = 1.05
"""How much faster bfloat16 has to be for its rounding to be taken."""
_AGREE = 0.05
"""How far apart the losses of a few steps may be in two precisions, as a share of the loss."""
_TIE = 0.97
"""Slices are taken if they are at least so fast as whole batches: they suffer less from other programs."""
_CROWDED = 0.2
"""The share of all cores that other programs keep busy from which on a timing is doubtful."""
_TRIED = 6e9
"""Multiply-accumulates that a step on trial may need for each thread, 0.1 to 0.3 s; of large networks a part of a batch
is tried."""
_LEAST = 0.3
"""Seconds of timing below which a choice would be a guess."""


@dataclass(frozen=True)
class Plan:
    """The choices of a run. Two runs of one plan, seed and machine give the same bits.

    Example: >>> Plan(threads=2).line()
             'torch, 2 threads, float32, channels_last, rewrites: pool-before-activation, ..., denormals as 0'
    """

    threads: int
    """Threads at work: within each operation, or on slices of the batch."""
    precision: str = "float32"
    """Of the training steps; weights, evaluation and prediction are float32 always."""
    engine: str = "torch"
    slices: int = 1
    """Parts of a batch that are computed side by side; their number decides the bits, that of the threads does not."""
    layout: str = "channels_last"
    rewrites: tuple[str, ...] = RULES
    exact: bool = False
    """Whether statistics of batches are those of the whole batch also where processes share it."""
    reasons: tuple[tuple[str, str], ...] = ()
    """What decided, with the figures, by choice."""

    @property
    def dtype(self) -> torch.dtype:
        """The precision as torch names it."""
        return PRECISIONS[self.precision]

    def line(self) -> str:
        """The plan in one line."""
        why = {what: f" ({reason})" for what, reason in self.reasons}
        threads = counted(self.threads, "thread")
        if self.slices > 1:
            threads += f" on {self.slices} slices"
        rewrites = f", rewrites: {', '.join(self.rewrites)}" if self.rewrites else ""
        whole = f" ({why.pop('')[2:-1]})" if "" in why else ""
        processes = f", {why['processes'][2:-1]}" if "processes" in why else ""
        return (
            f"{self.engine}{processes}, {threads}{why.get('threads', '')}, {self.precision}{why.get('precision', '')}, "
            f"{self.layout}{rewrites}, fused updates, memory kept, denormals as 0{whole}"
        )

    def table(self) -> list[tuple[str, str, str]]:
        """Each choice, and why: what it is about, what was taken, the reason with its figure."""
        why = dict(self.reasons)
        default = why.get("", "as it is where nothing was measured")
        rewrites = [
            ("rewrite", name, ({**PREDICTION, **TRAINING}[name].__doc__ or name).splitlines()[0])
            for name in self.rewrites
        ]
        return [
            ("engine", self.engine, why.get("engine", "the only one there is for this network")),
            ("threads", f"{self.threads}, slices {self.slices}", why.get("threads", default)),
            ("precision", self.precision, why.get("precision", default)),
            *rewrites,
            *ALWAYS,
        ]

    def to_table(self) -> dict[str, Any]:
        """The plan as a recipe holds it."""
        table = asdict(self)
        del table["reasons"]
        return table | {"rewrites": list(self.rewrites)}


def parse_plan(value: Any) -> Plan | None:
    """A plan as a recipe or an argument gives it: "auto" or "measure" (None), "exact", a table, or a Plan.

    Errors: ArgumentError that names the key.
    Example: >>> parse_plan("exact").precision, parse_plan("auto")
             ('float32', None)
    """
    if value in (None, "auto", "measure") or isinstance(value, Plan):
        return value if isinstance(value, Plan) else None
    if value == "exact":
        return Plan(cores(), exact=True, reasons=(("", "exact"),))
    if not isinstance(value, dict):
        raise ArgumentError(
            f"plan cannot be {value!r}", fix='"auto", "measure", "exact" or a table such as { precision = "float32" }'
        )
    counts = "1 to 4096"
    allowed: dict[str, tuple[Callable[[Any], bool], str]] = {
        "threads": (lambda v: type(v) is int and 1 <= v <= 4096, counts),
        "precision": (lambda v: v in PRECISIONS, ", ".join(PRECISIONS)),
        "engine": (lambda v: v in ENGINES, ", ".join(ENGINES)),
        "slices": (lambda v: type(v) is int and 1 <= v <= 4096, counts),
        "layout": (lambda v: v in LAYOUTS, ", ".join(LAYOUTS)),
        "rewrites": (lambda v: isinstance(v, list | tuple) and all(rule in RULES for rule in v), ", ".join(RULES)),
        "exact": (lambda v: type(v) is bool, "true, false"),
    }
    for key, given in value.items():
        if key not in allowed:
            close = nearest(str(key), allowed)
            fix = f"did you mean {close!r}?" if close else ""
            raise ArgumentError(f"plan has no key {key!r}", sum=f"known: {', '.join(allowed)}", fix=fix)
        suits, known = allowed[key]
        if not suits(given):
            raise ArgumentError(f"plan.{key} cannot be {given!r}", fix=f"known: {known}")
    plan = Plan(value.get("threads", cores()), reasons=(("", "as recorded"),))
    return replace(plan, **{**value, "rewrites": tuple(value.get("rewrites", plan.rewrites))})


Trial = Callable[[Plan, int], Callable[[], float]]
"""Makes a step of a plan, on so many images and weights of its own, always the same; it gives the loss before it."""


def choose(
    plan: Plan,
    trial: Trial,
    key: Any,
    rows: int,
    macs: int,
    steps: int,
    sliceable: bool = True,
    budget: float = 2.0,
    anew: bool = False,
) -> Plan:
    """Time whole steps of several plans, in turn, and take the fastest.

    First the precision: bfloat16 is taken where it is faster by a twentieth and the losses of these steps agree. Then how
    the cores are used: in each operation, on slices of the batch, or all but one left idle. What was found is remembered
    for this machine and `key` (what the run computes), so that the same command gives the same plan again.

    Args:    plan: what is not chosen here, and the threads there are. trial: makes the steps. rows: images of a batch.
             macs: of an image. steps: of the run; the timing takes 2 % of it, but 0.3 s at least and `budget` at most
             (beside the first step of each plan). sliceable: whether a batch may be cut. anew: whether what is
             remembered is passed over.
    """
    memory = _Memory(key, plan)
    known = None if anew else memory.read()
    if known is not None:
        return replace(plan, **known)
    others = Bystanders()
    race = _Race(trial, rows, min(rows, max(16, int(_TRIED * plan.threads / max(macs, 1)))))
    first = race.time([plan], 0.0)
    whole = steps * first[plan] * rows / race.rows
    seconds = min(budget, max(_LEAST, 0.02 * whole))
    halves = [plan, replace(plan, precision="bfloat16")]
    times = race.time(halves, 0.5 * seconds)
    ratio = times[halves[0]] / times[halves[1]]
    agree, losses = race.agree(*halves)
    said = f"bfloat16 {ratio:.2f}x float32 over {race.rounds(halves)}, losses {losses}"
    taken = halves[1] if ratio > _WORTH and agree else plan
    reasons = [("precision", said if agree else f"{said}: too far apart")]
    ways = _ways(taken, sliceable)
    if len(ways) > 1:
        times = race.time(ways, 0.5 * seconds)
        taken = _fastest(ways, times)
        slower = ", ".join(f"{times[way] / times[taken]:.2f}x {_way(way)}" for way in ways if way != taken)
        reasons.insert(0, ("threads", f"{slower}, over {race.rounds(ways)}"))
    if others.cores() > _CROWDED * (os.cpu_count() or 1):
        reasons.append(("", f'{others.line()} meanwhile: plan="measure" on a quiet machine measures anew'))
    taken = replace(taken, reasons=tuple(reasons))
    memory.write(taken)
    return taken


def _ways(plan: Plan, sliceable: bool) -> list[Plan]:
    """The ways to use the cores of a plan."""
    count = plan.threads
    if count == 1:
        return [plan]
    slices = [replace(plan, slices=number) for number in (count, 2 * count)] if sliceable else []
    return [plan, *slices, replace(plan, threads=1)]


def _way(plan: Plan) -> str:
    """How the cores are used, in two words."""
    if plan.slices > 1:
        return f"{plan.slices} slices"
    return "one thread" if plan.threads == 1 else "whole batches"


def _fastest(ways: Sequence[Plan], times: dict[Plan, float]) -> Plan:
    """The fastest; of those that are as fast the one that other programs slow down least."""
    best = min(ways, key=lambda way: times[way])
    return max((way for way in ways if times[best] / times[way] >= _TIE), key=lambda way: (way.slices, -way.threads))


class _Race:
    """Steps of several plans, timed in turn."""

    def __init__(self, trial: Trial, whole: int, rows: int) -> None:
        self.trial, self.whole, self.rows = trial, whole, rows
        self.steps: dict[Plan, Callable[[], float]] = {}
        self.times: dict[Plan, list[float]] = {}
        self.losses: dict[Plan, list[float]] = {}

    def time(self, plans: Sequence[Plan], seconds: float) -> dict[Plan, float]:
        """The shortest step of each plan, in seconds; rounds are added while they are expected to end in time."""
        begin, longest, rounds = time.perf_counter(), 0.0, 0
        for plan in plans:
            if plan not in self.steps:
                self._enter(plan)
        while True:
            start = time.perf_counter()
            for plan in plans:
                self._step(plan)
            now = time.perf_counter()
            longest, rounds = max(longest, now - start), rounds + 1
            if now - begin + longest > seconds or rounds == 50:
                break
        return {plan: min(self.times[plan]) for plan in plans}

    def _enter(self, plan: Plan) -> None:
        """A plan joins: its first step compiles kernels and fills caches, and is not timed."""
        self.steps[plan] = self.trial(plan, self.rows)
        self.times[plan], self.losses[plan] = [], []
        self._step(plan)
        self.times[plan].clear()

    def _step(self, plan: Plan) -> None:
        start = time.perf_counter()
        try:
            loss = self.steps[plan]()
        except NonFiniteError:  # the run itself meets it, and says where and why
            loss = math.nan
        self.times[plan].append(time.perf_counter() - start)
        self.losses[plan].append(loss)

    def rounds(self, plans: Sequence[Plan]) -> str:
        """How many steps of each plan were timed, at least."""
        return counted(min(len(self.times[plan]) for plan in plans), "step") + (
            f" of {self.rows} images" if self.rows < self.whole else ""
        )

    def agree(self, plan: Plan, other: Plan) -> tuple[bool, str]:
        """Whether the losses of the steps of two plans tell of the same training, and what they were at the last of them."""
        pairs = list(zip(self.losses[plan], self.losses[other], strict=False))
        mean, others = (sum(each) / len(pairs) for each in zip(*pairs, strict=True))
        close = math.isnan(mean) or abs(mean - others) <= _AGREE * max(abs(mean), abs(others))
        return close, f"{mean:.4g} and {others:.4g}"


class _Memory:
    """Plans found before, one small file for each machine and run, in the cache folder."""

    CHOSEN = ("threads", "precision", "slices")

    def __init__(self, key: Any, plan: Plan) -> None:
        facts = machine()
        where = [facts["cpu"], facts["capability"], facts["torch"], plan.to_table()]
        name = hashlib.sha256(json.dumps([key, where], sort_keys=True).encode()).hexdigest()[:32]
        self.path = home() / "plans" / f"{name}.json"

    def read(self) -> dict[str, Any] | None:
        try:
            known = json.loads(self.path.read_text())
            chosen = {choice: known[choice] for choice in self.CHOSEN}
            parse_plan(chosen)
            return chosen | {"reasons": tuple((str(what), f"{why}, remembered") for what, why in known["reasons"])}
        except (OSError, ValueError, KeyError, TypeError, ArgumentError):
            return None

    def write(self, found: Plan) -> None:
        table = {choice: getattr(found, choice) for choice in self.CHOSEN} | {"reasons": found.reasons}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, json.dumps(table).encode())
        except (OSError, StorageError):
            pass  # a cache that cannot be written only costs the timing again
