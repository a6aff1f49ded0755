"""A script that crashes, hangs or prints rubbish is an answer, and nothing of it stays behind."""

import argparse
import os
import time

import pytest

from benchmarks.child import at_least_one, on_cores, run


def script(text):
    return ["-c", text]


def test_the_last_line_are_the_figures():
    outcome = run(script("print('loading'); print('{\"images_per_second\": 5.0}')"))
    assert outcome.figures == {"images_per_second": 5.0} and not outcome.problem


def test_a_crash_is_told_by_its_last_words():
    outcome = run(script("raise ValueError('no such network')"))
    assert outcome.figures is None and outcome.problem == "exit status 1: ValueError: no such network"


def test_rubbish_is_no_figure():
    assert "printed no figures but 'done'" in run(script("print('done')")).problem
    assert "printed no figures but '3'" in run(script("print(3)")).problem
    assert "printed no figures" in run(script("pass")).problem


def test_a_speed_that_is_not_finite_is_no_figure():
    assert run(script("print('{\"images_per_second\": NaN}')")).problem == "images_per_second is nan"


def test_one_that_hangs_is_ended_with_its_children(tmp_path):
    note = tmp_path / "child"
    text = (
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
        "time.sleep(60)"
    )
    outcome = run(script(text), timeout=3)
    assert outcome.figures is None and outcome.problem == "no result after 3 s"
    assert not lives(int(note.read_text()))


def lives(pid):
    """Whether the process is more than an entry that nobody has asked for yet."""
    for _ in range(50):
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return False
        except OSError:
            return False
        time.sleep(0.1)
    return True


def test_memory_of_a_worker_is_counted_and_what_it_shares_is_not():
    text = (
        "import os, time\n"
        "shared = b'x' * 60_000_000\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    own = b'y' * 30_000_000\n"
        "    time.sleep(60)\n"
        "time.sleep(2)\n"
        "os.kill(child, 9)\n"
        "print('{\"MB\": 0}')"
    )
    figures = run(script(text)).figures
    assert figures is not None and 28 <= figures["MB"] <= 50  # 30 MB = 28.6 MiB, and what an interpreter touches


def test_children_inherit_the_cores_and_no_thread_counts(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    text = "import json, os; print(json.dumps({'cores': len(os.sched_getaffinity(0)), 'set': 'OMP_NUM_THREADS' in os.environ}))"
    before = os.sched_getaffinity(0)
    with on_cores(1):
        figures = run(script(text)).figures
    assert figures == {"cores": 1, "set": False} and os.sched_getaffinity(0) == before


@pytest.mark.parametrize("given", ["0", "-3", "2.5", "two"])
def test_what_is_no_number_of_cores_is_told_by_the_command_line(given):
    with pytest.raises(argparse.ArgumentTypeError, match="from 1 on"):
        at_least_one(given)
    assert at_least_one("3") == 3
