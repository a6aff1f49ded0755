"""Time and machine: how long it took, where, and with what."""

from collections.abc import Mapping
from typing import Any

from striate.report.text import compact
from striate.units import bytes_text, seconds_text

__all__ = ["facts", "headline"]

TIMES = {"seconds_train": "Training", "seconds_total": "Everything before this report"}
RUN = {
    "images_per_second": "Images per second",
    "threads": "Threads",
    "precision": "Precision in training",
    "plan": "Plan",
    "seed": "Seed",
}
MACHINE = {
    "cpu": "Processor",
    "capability": "Instructions",
    "cores": "Cores",
    "memory": "Memory",
    "system": "System",
    "python": "Python",
    "torch": "PyTorch",
    "striate": "striate",
}


def facts(summary: Mapping[str, Any], machine: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, value) of all that is known; facts of the machine that have no name here keep their own.

    Example: >>> facts({"seconds_train": 75.0, "threads": 2}, {"cpu": "Epyc", "memory": 8_000_000_000, "gpu": "none"})
             [('Training', '1 min 15 s'), ('Threads', '2'), ('Processor', 'Epyc'), ('Memory', '8.0 GB'), ('gpu', 'none')]
    """
    found = [(name, seconds_text(summary[key])) for key, name in TIMES.items() if summary.get(key) is not None]
    found += [(name, _text(summary[key])) for key, name in RUN.items() if summary.get(key) is not None]
    machine = {**machine, "memory": bytes_text(machine["memory"]) if machine.get("memory") else None}
    known = [(name, machine[key]) for key, name in MACHINE.items() if key in machine]
    more = [(key, value) for key, value in machine.items() if key not in MACHINE]
    return found + [(name, _text(value)) for name, value in known + more if value is not None]


def headline(summary: Mapping[str, Any], network: Mapping[str, Any], epochs: int) -> list[tuple[str, str]]:
    """The few figures under the verdict: (value, what).

    Example: >>> headline({"seconds_train": 75.0, "params": 61706}, {}, 3)
             [('62k', 'parameters'), ('3', 'epochs'), ('1 min 15 s', 'of training')]
    """
    found = []
    for key, name in (("params", "parameters"), ("macs", "MACs per image")):
        count = summary.get(key, network.get(key))
        if count is not None:
            found.append((compact(count), name))
    epochs = epochs or summary.get("epochs") or 0
    if epochs:
        found.append((f"{epochs:,}", "epoch" if epochs == 1 else "epochs"))
    if summary.get("seconds_train") is not None:
        found.append((seconds_text(summary["seconds_train"]), "of training"))
    return found


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"
