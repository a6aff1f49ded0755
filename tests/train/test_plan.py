import json
import time

import pytest
import torch

from striate.errors import ArgumentError
from striate.train import Plan, choose_precision, cores, parse_plan


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path))
    return tmp_path


def clock(monkeypatch, cost):
    """Time that passes only where a step says so."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def trial(dtype):
        def step():
            now[0] += cost[dtype]

        return step

    return trial


def test_the_faster_precision_is_taken(monkeypatch):
    trial = clock(monkeypatch, {torch.float32: 0.02, torch.bfloat16: 0.01})
    plan = choose_precision(Plan(2), trial, "a network", steps=10_000)
    assert plan.precision == "bfloat16"
    assert plan.reason.startswith("bfloat16 2.00x float32")


def test_a_gain_below_a_twentieth_is_not_worth_the_rounding(monkeypatch):
    trial = clock(monkeypatch, {torch.float32: 0.0104, torch.bfloat16: 0.01})
    assert choose_precision(Plan(2), trial, "a network", steps=10_000).precision == "float32"


def test_the_timing_ends_after_its_budget(monkeypatch):
    spent = []
    base = clock(monkeypatch, {torch.float32: 0.5, torch.bfloat16: 0.5})

    def trial(dtype):
        step = base(dtype)

        def counted():
            spent.append(dtype)
            step()

        return counted

    choose_precision(Plan(2), trial, "a network", steps=1_000_000)
    assert len(spent) <= 4


def test_what_was_found_is_remembered_for_the_same_run_only(monkeypatch):
    first = choose_precision(Plan(2), clock(monkeypatch, {torch.float32: 2e-3, torch.bfloat16: 1e-3}), "net", 1000)
    slower = clock(monkeypatch, {torch.float32: 1e-3, torch.bfloat16: 2e-3})
    assert choose_precision(Plan(2), slower, "net", 1000).precision == first.precision == "bfloat16"
    assert choose_precision(Plan(2), slower, "another net", 1000).precision == "float32"
    assert choose_precision(Plan(1), slower, "net", 1000).precision == "float32"


def test_a_damaged_memory_is_measured_anew(monkeypatch, own_cache):
    trial = clock(monkeypatch, {torch.float32: 2e-3, torch.bfloat16: 1e-3})
    choose_precision(Plan(2), trial, "net", 1000)
    (kept,) = (own_cache / "plans").iterdir()
    kept.write_text("{")
    assert choose_precision(Plan(2), trial, "net", 1000).precision == "bfloat16"
    assert json.loads(kept.read_text())["precision"] == "bfloat16"


def test_a_plan_goes_through_its_table():
    plan = Plan(3, "bfloat16", rewrites=())
    again = parse_plan(plan.to_table())
    assert (again.threads, again.precision, again.rewrites) == (3, "bfloat16", ())


def test_exact_is_float32_and_auto_is_left_to_be_measured():
    assert parse_plan("exact").precision == "float32"
    assert parse_plan("auto") is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"precison": "float32"}, "did you mean 'precision'"),
        ({"precision": "float16"}, "plan.precision cannot be 'float16'"),
        ({"threads": 0}, "plan.threads cannot be 0"),
        ({"rewrites": ["magic"]}, "plan.rewrites cannot be"),
        ("fast", "plan cannot be 'fast'"),
    ],
)
def test_a_plan_that_cannot_be_is_told(table, said):
    with pytest.raises(ArgumentError) as caught:
        parse_plan(table)
    assert said in str(caught.value)


def test_the_thread_count_follows_omp_num_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert cores() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert cores() >= 1
