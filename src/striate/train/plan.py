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
from striate.errors import ArgumentError, NonFiniteError, StorageError, nearest, printable
from striate.files import write_whole
from striate.store import home
from striate.train.device import Bystanders, cores, machine
from striate.units import counted

__all__ = ["Plan", "Trial", "choose", "parse_plan"]

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
ENGINES = ("torch",)
"""What can compute steps."""
LAYOUTS = ("channels_last",)
COMPILERS = ("none", "inductor", "cuda-graphs")
"""What may make fewer starts of the operations of a step, on a GPU: torch.compile, or a CUDA graph of all of them."""
ALWAYS = (
    ("layout", "channels_last", "1.6x, as convolutions read pixels with all their channels"),
    ("updates", "fused", "1.1x, one pass over the weights; two optimizers that torch has not fused take several"),
    ("memory", "kept between steps", "1.4x, no page is asked for twice"),
    ("denormals", "as 0", "1.1x, and nothing that small is learned from"),
)
"""What every run does, with what it gained where it was measured (docs/performance.md)."""

_NOT_COMPILED = "torch.compile takes 15 to 20 s to begin and gains nothing on a CPU"
_NOTES = (("processes", "several"), ("timing", "doubtful"))
"""What is said of a plan beside the reasons of its choices, where there is something to say."""
_WORTH = 1.05
"""How much faster bfloat16 has to be for its rounding to be taken."""
_AGREE = 0.05
"""How far apart the losses of a few steps may be in two precisions, as a share of the loss."""
_TIE = 0.95
"""Slices are taken if they are at least so fast, as a share: other programs slow them down far less than whole batches."""
_CROWDED = 0.2
"""The share of all cores that other programs keep busy from which on a timing is doubtful."""
_TRIED = 3e9
"""Multiply-accumulates that a step on trial may need for each thread, 0.1 s or so; of large networks a part of a batch is
tried."""
_COMPILING = 30.0
"""Seconds that torch.compile takes to begin, about."""
_BEGINNING = 0.05
"""The share of a run that may go by before it begins."""
_SHORT = 0.1
"""The share of a short run that timing may take, up to a second: less would be a guess."""
_FEWEST, _MOST = 3, 50
"""How often each plan is tried."""
_TURN = 3
"""Steps of a plan in a round, where they are short."""
_SLOW = 0.05
"""Seconds of a step from which on one has to do."""
_LONG = 0.3
"""Seconds of a round from which on one has to do."""


@dataclass(frozen=True)
class Plan:
    """The choices of a run. Two runs of one plan, seed and machine give the same bits.

    Example: >>> Plan(threads=2).line()
             'torch, 2 threads, float32, channels_last, 8 rewrites'
    """

    threads: int
    """Threads at work: within each operation, or on slices of the batch."""
    precision: str = "float32"
    """Of the training steps; weights, evaluation and prediction are float32 always."""
    engine: str = "torch"
    slices: int = 1
    """Parts of a batch that are computed side by side; their number decides the bits, that of the threads does not."""
    device: str = "cpu"
    """The kind of device."""
    compiler: str = "none"
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
        """The plan in one line; `table` has it whole."""
        why = {what: f" ({reason})" for what, reason in self.reasons}
        threads = counted(self.threads, "thread")
        if self.slices > 1:
            threads += f" on {self.slices} slices"
        parts = [
            self.engine if self.device == "cpu" else f"{self.engine} on {self.device}{why.get('device', '')}",
            *([why["processes"][2:-1]] if "processes" in why else []),
            *([] if self.device == "cpu" else [f"{_way(self)}{why.get('compiler', '')}"]),
            f"{threads}{why.get('threads', '')}",
            f"{self.precision}{why.get('precision', '')}",
            self.layout,
            f"{counted(len(self.rewrites), 'rewrite')}{why.get('', '')}{why.get('timing', '')}",
        ]
        return ", ".join(parts)

    def table(self) -> list[tuple[str, str, str]]:
        """Each choice, and why: what it is about, what was taken, the reason with its figure."""
        why = dict(self.reasons)
        default = why.get("", "as it is where nothing was measured")
        rewrites = [
            ("rewrite", name, ({**PREDICTION, **TRAINING}[name].__doc__ or name).splitlines()[0])
            for name in self.rewrites
        ]
        return [
            ("engine", self.engine, "the only one there is for this network"),
            ("device", self.device, why.get("device", "as it was said, or else the CPU")),
            ("compiler", self.compiler, why.get("compiler", _NOT_COMPILED if self.device == "cpu" else default)),
            ("threads", f"{self.threads}, slices {self.slices}", why.get("threads", default)),
            ("precision", self.precision, why.get("precision", default)),
            *((what, taken, why[what]) for what, taken in _NOTES if what in why),
            *rewrites,
            *ALWAYS,
        ]

    def to_table(self) -> dict[str, Any]:
        """The plan as a recipe holds it."""
        table = asdict(self)
        del table["reasons"]
        return table | {"rewrites": list(self.rewrites)}


def parse_plan(value: Any, device: str | None = None) -> Plan | None:
    """A plan as a recipe or an argument gives it: "auto" or "measure" (None), "exact", a table, or a Plan.

    Args:   device: the kind of device that the run is on; left out, the plan says it.
    Errors: ArgumentError that names the key.
    Example: >>> parse_plan("exact").precision, parse_plan("auto")
             ('float32', None)
    """
    if value in (None, "auto", "measure"):
        return None
    if isinstance(value, Plan):
        return _suited(value, device)
    if value == "exact":
        return Plan(cores(), exact=True, device=device or "cpu", reasons=(("", "exact"),))
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
        "device": (lambda v: v in ("cpu", "cuda"), "cpu, cuda"),
        "compiler": (lambda v: v in COMPILERS, ", ".join(COMPILERS)),
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
    plan = Plan(value.get("threads", cores()), device=device or "cpu", reasons=(("", "as given"),))
    return _suited(replace(plan, **{**value, "rewrites": tuple(value.get("rewrites", plan.rewrites))}), device)


def _suited(plan: Plan, device: str | None) -> Plan:
    """A plan whose choices go together, and with the device of the run.

    Errors: ArgumentError.
    """
    if plan.device != (device or plan.device):
        raise ArgumentError(
            f"the plan was made for device={plan.device!r}, and the run is on {device!r}",
            sum="what is fast on the one may be slow or impossible on the other",
            fix=f'device="{plan.device}", or plan="auto"',
        )
    if plan.device == "cpu" and plan.compiler != "none":
        raise ArgumentError(f"plan.compiler cannot be {plan.compiler!r} on the CPU", sum=_NOT_COMPILED, fix='"none"')
    if plan.device != "cpu" and plan.slices > 1:
        raise ArgumentError(
            f"plan.slices cannot be {plan.slices} on {plan.device}", sum="a slice is a thread's, on the CPU", fix="1"
        )
    return plan


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
    the cores are used: in each operation, on slices of the batch, or all but one left idle; on a GPU whether its
    operations are started one by one, as a CUDA graph, or compiled, where the run is long enough for that. What was found
    is remembered for this machine and `key` (what the run computes), so that the same command gives the same plan again.

    Args:    plan: what is not chosen here, and the threads there are. trial: makes the steps. rows: images of a batch.
             macs: of an image. steps: of the run; the timing takes 2 % of it, or of a short one 10 % up to a second, and
             `budget` at most (beside the first step of each plan). sliceable: whether a batch may be cut. anew: whether what is
             remembered is passed over.
    """
    memory = _Memory(key, plan)
    known = None if anew else memory.read()
    if known is not None:
        return replace(plan, **known)
    others = Bystanders()
    enough = rows if plan.device != "cpu" else max(16, int(_TRIED * plan.threads / max(macs, 1)))
    race = _Race(trial, rows, min(rows, enough))
    first = race.time([plan], 0.0)
    whole = steps * first[plan] * rows / race.rows
    seconds = min(budget, max(0.02 * whole, min(_SHORT * whole, 1.0)))
    halves = [plan, replace(plan, precision="bfloat16")]
    times = race.time(halves, 0.5 * seconds)
    ratio = times[halves[0]] / times[halves[1]]
    agree, losses = race.agree(*halves)
    said = f"bfloat16 {1 / ratio:.2f}x the time of float32, losses {losses}; {race.rounds(halves)}"
    taken = halves[1] if ratio > _WORTH and agree else plan
    reasons = [("precision", said if agree else f"{said}: too far apart")]
    ways = _ways(taken, sliceable, whole * times[taken] / times[plan])
    if len(ways) > 1:
        times = race.time(ways, 0.5 * seconds)
        taken = _fastest(ways, times)
        others_were = [
            f"{_way(way)} failed ({race.failed[way]})"
            if way in race.failed
            else f"{_way(way)} {times[way] / times[taken]:.2f}x the time"
            for way in ways
            if way != taken
        ]
        what = "threads" if plan.device == "cpu" else "compiler"
        reasons.insert(0, (what, f"{', '.join(others_were)}; {race.rounds(ways)}"))
    if others.cores() > _CROWDED * (os.cpu_count() or 1):
        reasons.append(("timing", f'{others.line()} meanwhile: plan="measure" on a quiet machine measures anew'))
    taken = replace(taken, reasons=tuple(reasons))
    memory.write(taken)
    return taken


def _ways(plan: Plan, sliceable: bool, seconds: float) -> list[Plan]:
    """The ways to compute a batch, in a run of so many seconds."""
    count = plan.threads
    if plan.device != "cpu":
        long = seconds * _BEGINNING >= _COMPILING
        return [replace(plan, compiler=each) for each in COMPILERS if each != "inductor" or long]
    if count == 1:
        return [plan]
    slices = [replace(plan, slices=number) for number in (count, 2 * count)] if sliceable else []
    return [plan, *slices, replace(plan, threads=1)]


def _way(plan: Plan) -> str:
    """How a batch is computed, in two words."""
    if plan.device != "cpu":
        return {"none": "one by one", "inductor": "compiled", "cuda-graphs": "a CUDA graph"}[plan.compiler]
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
        self.failed: dict[Plan, str] = {}
        """What cannot be compiled or recorded, and why."""

    def time(self, plans: Sequence[Plan], seconds: float) -> dict[Plan, float]:
        """The shortest step of each plan, in seconds; rounds are added while they are expected to end in time."""
        for plan in plans:
            if plan not in self.steps:
                self._enter(plan)
        begin = time.perf_counter()
        for number in range(1, _MOST + 1):
            start = time.perf_counter()
            for plan in plans:
                if plan not in self.failed:
                    self._turn(plan)
            now = time.perf_counter()
            each = now - start
            if now - begin + each > seconds and (number >= _FEWEST or each > _LONG):
                break
        return {plan: math.inf if plan in self.failed else min(self.times[plan]) for plan in plans}

    def _enter(self, plan: Plan) -> None:
        """A plan joins: its first step compiles kernels and fills caches, and is not timed."""
        self.steps[plan] = self.trial(plan, self.rows)
        self.times[plan], self.losses[plan] = [], []
        try:
            self._step(plan)
        except RuntimeError as error:
            if plan.compiler == "none":
                raise
            self.failed[plan] = printable(str(error).partition("\n")[0])
        self.times[plan].clear()

    def _turn(self, plan: Plan) -> None:
        """A few steps of one plan: threads that the one before it had at work are awake for a while, and in the way."""
        for _ in range(_TURN):
            self._step(plan)
            if self.times[plan][-1] > _SLOW:
                break

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
        return (
            "best of "
            + counted(min(len(self.times[plan]) for plan in plans if plan not in self.failed), "step")
            + (f" of {self.rows} images" if self.rows < self.whole else "")
        )

    def agree(self, plan: Plan, other: Plan) -> tuple[bool, str]:
        """Whether the losses of the steps of two plans tell of the same training, and what they were at the last of them."""
        pairs = list(zip(self.losses[plan], self.losses[other], strict=False))
        mean, others = (sum(each) / len(pairs) for each in zip(*pairs, strict=True))
        close = math.isnan(mean) or abs(mean - others) <= _AGREE * max(abs(mean), abs(others))
        return close, f"{mean:.4g} and {others:.4g}"


class _Memory:
    """Plans found before, one small file for each machine and run, in the cache folder."""

    CHOSEN = ("threads", "precision", "slices", "compiler")

    def __init__(self, key: Any, plan: Plan) -> None:
        facts, self.device = machine(), plan.device
        where = [facts["cpu"], facts["capability"], facts["torch"], plan.to_table()]
        name = hashlib.sha256(json.dumps([key, where], sort_keys=True).encode()).hexdigest()[:32]
        self.path = home() / "plans" / f"{name}.json"

    def read(self) -> dict[str, Any] | None:
        try:
            known = json.loads(self.path.read_text())
            chosen = {choice: known[choice] for choice in self.CHOSEN}
            parse_plan(chosen, self.device)
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
