"""Memory that is used again and again."""

import math
import threading
from typing import Any

import numpy as np

__all__ = ["Room"]


class Room(threading.local):
    """Memory for what is made of one image after another, of each thread its own.

    The system clears each fresh page before a program may use it; for an image of half a megabyte that takes as long as
    decoding it.

    Example: >>> room = Room()
             >>> room.array("pixels", (2, 2), np.uint8).base is room.array("pixels", (1, 3), np.uint8).base
             True
    """

    def __init__(self) -> None:
        self._kept: dict[str, np.ndarray] = {}

    def array(self, use: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """An array for this use, holding whatever the last one for it held, which it takes the place of."""
        needed = math.prod(shape) * np.dtype(dtype).itemsize
        if use not in self._kept or self._kept[use].nbytes < needed:
            self._kept[use] = np.empty(needed, np.uint8)
        return self._kept[use][:needed].view(dtype).reshape(shape)
