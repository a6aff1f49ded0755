"""Convolutional networks: you define, striate does the rest.

    import striate

    model = striate.Sequential([
        striate.layers.Conv2D(20, 5, activation="relu", input_shape=(28, 28, 1)),
        striate.layers.MaxPooling2D(2),
        striate.layers.Flatten(),
        striate.layers.Dense(10, activation="softmax"),
    ])

Names are Keras 3's where Keras has one. Each is loaded when it is first used, so that importing striate is instant;
`__init__.pyi` beside this file tells editors and type checkers where each of them lives.
"""

import gc
from importlib import import_module
from typing import Any

from striate.version import __version__

_NAMES = {
    "Sequential": "striate.models",
    "Model": "striate.models",
    "load_model": "striate.models",
    "Input": "striate.layers.input",
    "set_random_seed": "striate.seed",
    "Finding": "striate.finding",
    "prove": "striate.proof",
}
"""Where the names live that are not rooms."""

_ROOMS = (
    "layers",
    "models",
    "losses",
    "optimizers",
    "metrics",
    "callbacks",
    "initializers",
    "regularizers",
    "schedules",
    "datasets",
    "loader",
    "augmentations",
    "zoo",
    "check",
    "textbook",
    "utils",
    "errors",
)

__all__ = ["__version__", *_NAMES, *_ROOMS]  # noqa: PLE0604  (strings, all of them)


def __getattr__(name: str) -> Any:
    # Some hundred thousand objects come and stay: looking for garbage among them, again and again, takes half a second.
    collects = gc.isenabled()
    gc.disable()
    try:
        value = _found(name)
    finally:
        if collects:
            gc.enable()
    globals()[name] = value
    return value


def _found(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    if name in _ROOMS:
        return import_module(f"striate.{name}")
    raise AttributeError(f"module 'striate' has no attribute {name!r}", name=name, obj=import_module("striate"))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
