"""Memory that is used again and again."""

import threading

import numpy as np

from striate.loader.room import Room


def test_memory_is_made_once_and_grows():
    room = Room()
    first = room.array("pixels", (4, 6, 3), np.uint8)
    assert first.shape == (4, 6, 3)
    assert first.dtype == np.uint8
    assert np.shares_memory(first, room.array("pixels", (2, 9), np.float32))
    larger = room.array("pixels", (100,), np.float32)
    assert not np.shares_memory(first, larger)
    assert np.shares_memory(larger, room.array("pixels", (4, 6, 3), np.uint8))


def test_each_use_and_each_thread_has_its_own():
    room, found = Room(), []
    mine = room.array("rows", (5,), np.float32)
    assert not np.shares_memory(mine, room.array("columns", (5,), np.float32))
    other = threading.Thread(target=lambda: found.append(room.array("rows", (5,), np.float32)))
    other.start()
    other.join()
    assert not np.shares_memory(mine, found[0])
