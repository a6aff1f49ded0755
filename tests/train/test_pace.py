"""What a run does when its images a second fall: windows of steps with rates made up by hand."""

import pytest
import torch

from striate.train import Pace, Sliced
from striate.train import pace as pace_room


class Fake(Sliced):
    """An engine of so many workers, with nothing to compute."""

    def __init__(self, workers):
        self._count = workers

    workers = property(lambda self: self._count, lambda self, value: setattr(self, "_count", value))


@pytest.fixture(autouse=True)
def other_programs(monkeypatch):
    monkeypatch.setattr(pace_room.Bystanders, "cores", lambda self: 1.0)


def run(engine, rates):
    """Windows of these rates (numbers, or functions of the workers); what was said, and the workers after each."""
    said, workers = [], []
    pace = Pace(engine, said.append)
    for rate in rates:
        pace.note(int(rate(engine) if callable(rate) else rate), 1.0)
        workers.append(getattr(engine, "workers", None))
    return said, workers


def test_a_steady_run_is_left_alone():
    said, workers = run(Fake(4), [1000, 990, 1010, 1000, 700, 1000])
    assert not said
    assert set(workers) == {4}


def test_one_slow_window_is_chance():
    said, workers = run(Fake(4), [1000, 1000, 300, 1000, 300, 1000])
    assert not said
    assert set(workers) == {4}


def test_fewer_workers_are_kept_where_they_help():
    crowded = {4: 400, 3: 750}
    said, workers = run(Fake(4), [1000, 1000, *[lambda engine: crowded[engine.workers]] * 4])
    assert workers == [4, 4, 4, 3, 3, 3]
    assert said[0].startswith("400 images a second, 1,000 before: other programs kept 1.0 of")
    assert said[1] == "3 workers of 4 now: 750 instead of 400 images a second"


def test_fewer_workers_are_taken_back_where_they_do_not_help():
    crowded = {2: 600, 1: 500}
    said, workers = run(Fake(2), [1100, 1100, *[lambda engine: crowded[engine.workers]] * 6])
    assert workers == [2, 2, 2, 1, 2, 2, 2, 2]
    assert len(said) == 1


def test_all_workers_are_back_when_the_others_are_gone():
    crowded = {4: 400, 3: 750}
    quiet = {4: 1000, 3: 800}
    rates = [1000, 1000, *[lambda engine: crowded[engine.workers]] * 4, *[lambda engine: quiet[engine.workers]] * 24]
    said, workers = run(Fake(4), rates)
    assert workers[5] == 3
    assert workers[-1] == 4
    assert said[-1] == "1,000 images a second again"
    assert said[-2] == "4 workers of 4 now: 1,000 instead of 800 images a second"


def test_a_batch_computed_whole_keeps_its_threads_and_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    said, _ = run(object(), [1000, 1000, 100, 100, 100, 100])
    assert len(said) == 1
    assert "plan = { threads = 1 }" in said[0]


@pytest.mark.parametrize("engine", [object(), Fake(1)], ids=["whole batches", "slices"])
def test_a_run_of_one_thread_is_not_told_to_take_one(monkeypatch, engine):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    said, _ = run(engine, [1000, 1000, 100, 100])
    assert len(said) == 1
    assert "plan" not in said[0]


def test_short_steps_are_gathered_into_windows():
    said = []
    pace = Pace(Fake(4), said.append)
    for images in [*[10] * 100, *[1] * 300]:
        pace.note(images, 0.01)
    assert len(said) == 1
    assert "100 images a second, 1,000 before" in said[0]


def test_how_busy_others_are_is_counted_from_the_system_and_is_not_this_process(monkeypatch):
    """Hand sum: 4 s pass, all programs took 10 s of the cores, this one 3 of them: (10 - 3) / 4 cores."""
    from striate.train import device

    monkeypatch.undo()
    clock = iter([100.0, 104.0])
    mine = iter([20.0, 23.0])
    ticks = device.os.sysconf("SC_CLK_TCK")
    # user, nice, system, idle, iowait, irq, softirq, steal
    lines = iter([[50, 0, 10, 900, 30, 0, 0, 0], [55, 1, 12, 905, 31, 0, 1, 1]])
    monkeypatch.setattr(device.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(device.time, "process_time", lambda: next(mine))
    text = lambda _: "cpu  " + " ".join(str(part * ticks) for part in next(lines)) + " 0 0\ncpu0 1 2 3\n"  # noqa: E731
    monkeypatch.setattr(device.Path, "read_text", text)
    assert device.Bystanders().cores() == pytest.approx((10 - 3) / 4)


def test_a_system_that_does_not_say_has_no_others(monkeypatch):
    from striate.train import device

    monkeypatch.undo()

    def unreadable(_path):
        raise OSError

    monkeypatch.setattr(device.Path, "read_text", unreadable)
    assert device.Bystanders().cores() == 0
    assert device.Bystanders().line() == "the machine itself was slower"
