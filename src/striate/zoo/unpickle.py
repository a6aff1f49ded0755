"""Turns a file that torch.save wrote into safetensors. It is run as a process of its own, with little memory.

A pickle says what is to be made of it, and may ask for more memory than there is, or for code to be run. The first ends
this process alone; the second torch refuses (weights_only). It imports nothing of striate.
"""

import json
import pickle
import resource
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

__all__ = ["convert", "main"]

SECONDS = 600


def convert(source: str, target: str) -> None:
    """Write the tensors of `source` to `target`, as float32.

    Errors: ValueError for a file that holds anything but tensors by name.
    """
    try:
        state = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        lines = [line for line in str(error).splitlines() if "nsupported" in line or "GLOBAL" in line]
        raise ValueError("it asks for more than tensors, and nothing of it was run", *lines[:1]) from None
    save_file({name: _plain(name, value) for name, value in _named(state).items()}, target)


def _named(state: Any) -> dict[str, Any]:
    if not isinstance(state, dict) or not state:
        raise ValueError("it holds no table of tensors", f"a {type(state).__name__}")
    return state


def _plain(name: Any, value: Any) -> torch.Tensor:
    if not isinstance(name, str) or not isinstance(value, torch.Tensor) or value.layout != torch.strided:
        raise ValueError("it holds other things than tensors by name", f"{name!r}: a {type(value).__name__}")
    value = value.detach()
    return (value.float() if value.is_floating_point() else value).contiguous().clone()


def main(source: str, target: str, memory: int) -> int:
    """Convert within so many bytes beyond what this process has now; what went wrong is printed as JSON."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        convert(source, target)
    except ValueError as error:
        said = [str(part) for part in error.args]
    except (MemoryError, RecursionError):
        return 1
    except Exception as error:  # noqa: BLE001  (foreign bytes fail in more ways than can be listed)
        if "memory" in str(error):
            return 1
        said = ["it is cut short, damaged, or was not written by torch.save", f"{type(error).__name__}: {error}"]
    else:
        return 0
    print(json.dumps(said))  # noqa: T201  (it is what the parent reads)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
