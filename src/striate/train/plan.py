"""How a run is computed: everything that changes its speed, decided before the first step and written down."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from striate.build import RULES
from striate.errors import ArgumentError, StorageError, nearest
from striate.files import write_whole
from striate.train.device import cores, machine

__all__ = ["Plan", "choose_precision", "parse_plan"]

ALWAYS = "fused updates, memory kept, denormals as 0"
"""What every run does, as nothing speaks against it; updates are fused where torch has them so (all but two rules)."""
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Plan:
    """The choices of a run. Two runs of one plan, seed and machine give the same bits.

    Example: >>> Plan(threads=2).line()
             'torch, 2 threads, float32, channels_last, rewrites: pool-before-activation, ..., denormals as 0'
    """

    threads: int
    precision: str = "float32"
    """Of the training steps; weights, evaluation and prediction are float32 always."""
    engine: str = "torch"
    layout: str = "channels_last"
    rewrites: tuple[str, ...] = RULES
    reason: str = ""
    """What decided the precision, with its figures."""

    @property
    def dtype(self) -> torch.dtype:
        """The precision as torch names it."""
        return PRECISIONS[self.precision]

    def line(self) -> str:
        """The plan in one line."""
        rewrites = f", rewrites: {', '.join(self.rewrites)}" if self.rewrites else ""
        reason = f" ({self.reason})" if self.reason else ""
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{self.engine}, {threads}, {self.precision}{reason}, {self.layout}{rewrites}, {ALWAYS}"

    def to_table(self) -> dict[str, Any]:
        """The plan as a recipe holds it."""
        table = asdict(self)
        del table["reason"]
        return table | {"rewrites": list(self.rewrites)}


def parse_plan(value: Any) -> Plan | None:
    """A plan as a recipe or an argument gives it: "auto" (None: to be measured), "exact", a table, or a Plan.

    Errors: ArgumentError that names the key.
    Example: >>> parse_plan("exact").precision, parse_plan("auto")
             ('float32', None)
    """
    if value is None or value == "auto" or isinstance(value, Plan):
        return value if isinstance(value, Plan) else None
    if value == "exact":
        return Plan(cores(), reason="exact")
    if not isinstance(value, dict):
        raise ArgumentError(
            f"plan cannot be {value!r}", fix='"auto", "exact" or a table such as { precision = "float32" }'
        )
    allowed: dict[str, Callable[[Any], bool]] = {
        "threads": lambda v: type(v) is int and 1 <= v <= 4096,
        "precision": lambda v: v in PRECISIONS,
        "engine": lambda v: v == "torch",
        "layout": lambda v: v == "channels_last",
        "rewrites": lambda v: isinstance(v, list | tuple) and all(rule in RULES for rule in v),
    }
    for key, given in value.items():
        if key not in allowed:
            close = nearest(str(key), allowed)
            fix = f"did you mean {close!r}?" if close else ""
            raise ArgumentError(f"plan has no key {key!r}", sum=f"known: {', '.join(allowed)}", fix=fix)
        if not allowed[key](given):
            known = {"precision": ", ".join(PRECISIONS), "rewrites": ", ".join(RULES), "threads": "1 to 4096"}
            raise ArgumentError(f"plan.{key} cannot be {given!r}", fix=f"known: {known.get(key, 'leave it out')}")
    plan = Plan(value.get("threads", cores()), reason="as recorded")
    return replace(plan, **{**value, "rewrites": tuple(value.get("rewrites", plan.rewrites))})


def choose_precision(
    plan: Plan, trial: Callable[[torch.dtype], Callable[[], Any]], key: Any, steps: int, budget: float = 2.0
) -> Plan:
    """Time whole steps in float32 and bfloat16, in turn, and take bfloat16 where it is faster by a twentieth.

    `trial(dtype)` makes a step on a copy of the network. What was found is remembered for this machine and `key`
    (what the run computes), so that the same command gives the same plan again. The timing ends after `budget`
    seconds or 2 % of the run (`steps`), whichever is less, but takes one round at least.
    """
    memory = _Memory(key, plan)
    known = memory.read()
    if known is not None:
        return replace(plan, precision=known["precision"], reason=known["reason"] + ", remembered")
    makers = {name: trial(dtype) for name, dtype in PRECISIONS.items()}
    times: dict[str, list[float]] = {name: [] for name in makers}
    begin = time.perf_counter()
    for step in makers.values():  # the first step of each compiles kernels and fills caches
        step()
    spent = time.perf_counter() - begin
    while True:
        for name, step in makers.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
        spent = time.perf_counter() - begin
        rounds = len(times["float32"])
        whole = steps * min(times["float32"])
        if rounds >= 20 or spent >= min(budget, max(0.02 * whole, 0.05)):
            break
    best = {name: min(found) for name, found in times.items()}
    ratio = best["float32"] / best["bfloat16"]
    precision = "bfloat16" if ratio > 1.05 else "float32"
    reason = f"bfloat16 {ratio:.2f}x float32 over {rounds} step{'s' if rounds > 1 else ''}"
    memory.write({"precision": precision, "reason": reason})
    return replace(plan, precision=precision, reason=reason)


class _Memory:
    """Plans found before, one small file for each machine and run, in the cache folder."""

    def __init__(self, key: Any, plan: Plan) -> None:
        facts = machine()
        where = [facts["cpu"], facts["capability"], facts["torch"], plan.threads]
        name = hashlib.sha256(json.dumps([key, where], sort_keys=True).encode()).hexdigest()[:32]
        root = os.environ.get("STRIATE_DATA") or Path.home() / ".cache" / "striate"
        self.path = Path(root) / "plans" / f"{name}.json"

    def read(self) -> dict[str, str] | None:
        try:
            known = json.loads(self.path.read_text())
            return known if known["precision"] in PRECISIONS and isinstance(known["reason"], str) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, found: dict[str, str]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, json.dumps(found).encode())
        except (OSError, StorageError):
            pass  # a cache that cannot be written only costs the timing again
