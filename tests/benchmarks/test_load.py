"""What is kept beside a foreign program, by hand, and that the foreign program is there when it should be."""

import subprocess
import sys

import pytest

from benchmarks.load import kept
from benchmarks.task import Clock


def test_the_share_kept_is_of_median_epochs_after_the_program_woke_up():
    assert kept([9, 2, 2, 2], [9, 2, 2, 4, 4, 5], foreign=3) == 0.5
    assert kept([9, 2, 2, 2], [8, 8, 2], foreign=0) == 0.25


def test_the_foreign_program_is_there_from_its_epoch_to_the_last(monkeypatch):
    began = []
    start = subprocess.Popen

    def popen(*given, **named):
        began.append(start(*given, **named))
        return began[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(sys, "executable", sys.executable)
    clock = Clock(3, foreign=1)
    alive = []
    for _ in range(3):
        clock.begin()
        alive.append(bool(began) and began[0].poll() is None)
        clock.end()
    assert alive == [False, True, True] and began[0].poll() is not None and len(clock.seconds) == 3


def test_without_a_foreign_program_nothing_is_started(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *given: pytest.fail("started"))
    clock = Clock(1)
    clock.begin("logs")
    clock.end(0, logs={})
    assert clock.start is not None and clock.start > 0
