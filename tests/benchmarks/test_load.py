"""What is kept beside a foreign program, by hand, and that the foreign program is there when it should be."""

import subprocess

import pytest

from benchmarks import load
from benchmarks.child import Outcome
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


def test_both_are_measured_quiet_and_beside_the_program_and_a_failure_is_told(monkeypatch):
    def stand_in(command, *_given):
        if "benchmarks.peers.torch_tuned" in command:
            return Outcome(None, "exit status 1: no torch")
        return Outcome({"epochs": [4.0 if "--foreign" in command else 2.0] * load.EPOCHS})

    monkeypatch.setattr(load, "run", stand_in)
    found = load.measure("lenet", 2, rounds=2, seconds=3.0)
    half = {"median": 0.5, "min": 0.5, "max": 0.5}
    assert found["share of the quiet speed kept"]["striate"]["there from the first epoch"] == half
    assert found["share of the quiet speed kept"]["torch-tuned"] == {}
    assert set(found["problems"]) == {"torch-tuned: exit status 1: no torch"} and not found["interrupted"]


def test_shares_of_the_rounds_before_an_interruption_are_kept(monkeypatch):
    outcomes = iter([Outcome({"epochs": [9.0, 2.0]}), Outcome({"epochs": [4.0] * 5}), Outcome({"epochs": [4.0] * 5})])

    def stand_in(*_given):
        for outcome in outcomes:
            return outcome
        raise KeyboardInterrupt

    monkeypatch.setattr(load, "run", stand_in)
    found = load.measure("lenet", 2, rounds=2, seconds=3.0)
    assert found["interrupted"] and found["share of the quiet speed kept"]["striate"]["woke up"]["median"] == 0.5
