"""Data files damaged by chance are read, or refused in words: nothing else ever happens."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from striate.datasets import read_idx
from striate.loader.decode import MOST_PIXELS
from tests.datasets.fuzz import FORMATS, NUMBERS, read_damaged

LIMIT = 14 * MOST_PIXELS
"""Bytes: the largest image that is decoded, with four bytes a pixel, thrice, and what is small beside it."""


def in_a_child(folder, count, formats):
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # a crash or a full memory ends the child alone
        return pool.submit(read_damaged, folder, count, formats, most=4 << 30).result(timeout=600)


@pytest.mark.slow
def test_5000_damaged_files_are_read_or_refused(tmp_path):
    outcome = in_a_child(tmp_path, 5_000, FORMATS)
    assert outcome.escaped == []
    assert outcome.count.total() == 5_000
    for what in ("read", "refused"):
        assert {name for name, became in outcome.count if became == what} == set(FORMATS)
    assert outcome.memory < LIMIT
    assert outcome.seconds < 120


def greedy(path):
    return np.ones((int.from_bytes(path.read_bytes()[4:8], "big") & 0xFFFFFFF) * 2, np.uint8)


@pytest.mark.slow
def test_a_reader_that_takes_memory_for_what_a_header_claims_is_noticed(tmp_path):
    assert in_a_child(tmp_path, 300, {"greedy": (NUMBERS, greedy)}).memory > LIMIT


def careless(path):
    return np.frombuffer(path.read_bytes(), ">u1")[16:].reshape(5, 6, 7)


def test_a_reader_that_raises_what_is_no_message_is_noticed(tmp_path):
    outcome = read_damaged(tmp_path, 100, {"idx": (NUMBERS, read_idx), "careless": (NUMBERS, careless)})
    assert outcome.escaped
    assert all(each.startswith("careless") and "ValueError" in each for each in outcome.escaped)
