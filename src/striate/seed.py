"""One seed for everything that is drawn: weights, order of images, augmentation, dropout.

Every use draws from a stream of its own, named by what it is for, so that adding one use never shifts
the numbers of another: `stream(seed, "weights", "conv2d", "weight")`.
"""

import hashlib
import operator
import random
from typing import Any

import numpy as np
import torch

from striate.errors import ArgumentError, printable

__all__ = ["derive", "next_seed", "require_seed", "set_random_seed", "stream"]

_current = 0
_drawn = 0


def derive(seed: int, *purpose: object) -> int:
    """A 63-bit seed for one purpose, the same on every machine.

    Example: >>> derive(0, "weights") == derive(0, "weights"), derive(0, "weights") == derive(1, "weights")
             (True, False)
    """
    text = repr((int(seed), *map(str, purpose))).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1


def stream(seed: int, *purpose: object) -> torch.Generator:
    """A torch generator on the CPU for one purpose.

    Example: >>> stream(0, "order", 3).initial_seed() == derive(0, "order", 3)
             True
    """
    return torch.Generator().manual_seed(derive(seed, *purpose))


def require_seed(value: Any) -> int:
    """A seed as a whole number that every generator takes.

    Errors:  ArgumentError for what is none.
    Example: >>> require_seed(7)
             7
    """
    try:
        seed = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        seed = -1
    if not 0 <= seed < 2**63:
        raise ArgumentError(
            f"seed={printable(repr(value), 60)} cannot be used",
            sum="a seed is a whole number from 0 to 2**63 - 1",
            fix="seed=0",
        )
    return seed


def set_random_seed(seed: int) -> None:
    """Fix every random choice made from here on (striate's, torch's, NumPy's and Python's).

    Errors:  ArgumentError for what is no seed; nothing is changed then.
    Example: >>> set_random_seed(7)
             >>> first = next_seed()
             >>> set_random_seed(7)
             >>> next_seed() == first
             True
    """
    global _current, _drawn
    _current, _drawn = require_seed(seed), 0
    random.seed(_current)
    np.random.seed(_current % 2**32)
    torch.manual_seed(_current)


def next_seed() -> int:
    """A seed for something that was given none: another one each time, the same sequence after `set_random_seed`.

    Example: >>> next_seed() == next_seed()
             False
    """
    global _drawn
    _drawn += 1
    return derive(_current, "next", _drawn) % 2**31
