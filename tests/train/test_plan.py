import json
import math
import time
from dataclasses import replace

import pytest

from striate.errors import ArgumentError, NonFiniteError
from striate.train import Plan, choose, cores, parse_plan
from striate.train import plan as plan_room


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path))
    monkeypatch.setattr(plan_room.Bystanders, "cores", lambda self: 0.0)
    return tmp_path


def clock(monkeypatch, cost, losses=lambda plan: 2.3):
    """Time that passes only where a step says so; `cost(plan)` seconds for each."""
    now, taken = [0.0], []
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def trial(plan, rows):
        def step():
            now[0] += cost(plan) * rows / 128
            taken.append((plan, rows))
            return losses(plan)

        return step

    trial.taken = taken
    return trial


def chosen(trial, threads=1, key="a network", macs=1, steps=10_000, **more):
    return choose(Plan(threads), trial, key, 128, macs, steps, **more)


def by_precision(single, half):
    return lambda plan: single if plan.precision == "float32" else half


def by_way(whole, two, four, one):
    """Seconds of a step of two threads: whole batches, 2 slices, 4 slices, one thread."""
    times = {(2, 1): whole, (2, 2): two, (2, 4): four, (1, 1): one}
    return lambda plan: times[plan.threads, plan.slices]


def test_the_faster_precision_is_taken(monkeypatch):
    plan = chosen(clock(monkeypatch, by_precision(0.02, 0.01)))
    assert plan.precision == "bfloat16"
    assert dict(plan.reasons)["precision"].startswith("bfloat16 0.50x the time of float32, losses")
    assert "losses 2.3 and 2.3" in plan.line()


def test_a_gain_below_a_twentieth_is_not_worth_the_rounding(monkeypatch):
    assert chosen(clock(monkeypatch, by_precision(0.0104, 0.01))).precision == "float32"


@pytest.mark.parametrize("lost", [2.6, math.nan])
def test_bfloat16_is_not_taken_where_it_learns_something_else(monkeypatch, lost):
    plan = chosen(clock(monkeypatch, by_precision(0.02, 0.01), by_precision(2.3, lost)))
    assert plan.precision == "float32"
    assert "too far apart" in dict(plan.reasons)["precision"]


def test_losses_that_are_infinite_in_both_precisions_are_left_to_the_run(monkeypatch):
    def broken(plan):
        raise NonFiniteError("the loss is inf")

    assert chosen(clock(monkeypatch, by_precision(0.02, 0.01), broken)).precision == "bfloat16"


@pytest.mark.parametrize(
    ("times", "threads", "slices"),
    [
        ((10, 20, 20, 20), 2, 1),
        ((20, 10, 20, 20), 2, 2),
        ((20, 20, 10, 20), 2, 4),
        ((20, 20, 20, 10), 1, 1),
        ((100, 102, 110, 190), 2, 2),  # as good as: the one that other programs hurt least
        ((100, 101, 102, 190), 2, 4),
        ((100, 106, 106, 190), 2, 1),
    ],
)
def test_the_cores_are_used_in_the_fastest_way(monkeypatch, times, threads, slices):
    plan = chosen(clock(monkeypatch, by_way(*(each / 1000 for each in times))), threads=2)
    assert (plan.threads, plan.slices) == (threads, slices)


def test_a_batch_that_must_not_be_cut_is_not(monkeypatch):
    trial = clock(monkeypatch, by_way(0.02, 0.01, 0.01, 0.04))
    assert chosen(trial, threads=2, sliceable=False).slices == 1
    assert all(plan.slices == 1 for plan, _ in trial.taken)


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [(100, 0.1), (500, 0.5), (2_000, 1.0), (5_000, 1.0), (8_000, 1.6), (10_000, 2.0), (10_000_000, 2.0)],
)
def test_the_timing_takes_a_fiftieth_of_the_run_and_of_a_short_one_a_tenth(monkeypatch, steps, seconds):
    """Steps of 1/100 s; what is not counted: the first of each of five plans, and three looks at what a step costs."""
    trial = clock(monkeypatch, by_way(0.01, 0.01, 0.01, 0.01))
    chosen(trial, threads=2, steps=steps)
    spent = (len(trial.taken) - 5 - 9) * 0.01
    least = (9 * 0.02, 9 * 0.04)  # three rounds of two precisions and of four ways, each of three steps
    assert spent <= sum(max(seconds / 2, part) for part in least) + 1e-9
    assert spent > 0.8 * seconds


def test_every_plan_takes_a_step_however_long_it_is(monkeypatch):
    trial = clock(monkeypatch, by_way(9, 9, 9, 9))
    chosen(trial, threads=2)
    assert {(plan.precision, plan.slices, plan.threads) for plan, _ in trial.taken} == {
        ("float32", 1, 2),
        ("bfloat16", 1, 2),
        ("float32", 2, 2),
        ("float32", 4, 2),
        ("float32", 1, 1),
    }


def test_of_large_networks_part_of_a_batch_is_tried(monkeypatch):
    trial = clock(monkeypatch, by_precision(1.0, 0.5))
    plan = chosen(trial, macs=150_000_000)
    assert {rows for _, rows in trial.taken} == {20}  # 3e9 / 150e6
    assert "of 20 images" in dict(plan.reasons)["precision"]


def test_what_was_found_is_remembered_for_the_same_run_only(monkeypatch):
    first = chosen(clock(monkeypatch, by_precision(2e-3, 1e-3)), key="net")
    slower = clock(monkeypatch, by_precision(1e-3, 2e-3))
    again = chosen(slower, key="net")
    assert again.precision == first.precision == "bfloat16"
    assert "remembered" in again.line()
    assert chosen(slower, key="another net").precision == "float32"
    assert chosen(slower, key="net", threads=2).precision == "float32"


def test_plans_are_remembered_where_the_data_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STRIATE_DATA", "~/kept")
    monkeypatch.chdir(tmp_path)
    chosen(clock(monkeypatch, by_precision(0.02, 0.01)))
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / "kept" / "plans"]


def test_a_plan_found_beside_other_programs_says_so_and_can_be_measured_anew(monkeypatch):
    monkeypatch.setattr(plan_room.Bystanders, "cores", lambda self: 100.0)
    plan = chosen(clock(monkeypatch, by_precision(2e-3, 1e-3)))
    assert plan.line().count("other programs kept 100.0 of") == 1
    assert [what for what, _, why in plan.table() if "other programs" in why] == ["timing"]
    slower = clock(monkeypatch, by_precision(1e-3, 2e-3))
    assert chosen(slower).precision == "bfloat16"
    assert chosen(slower, anew=True).precision == "float32"
    assert chosen(clock(monkeypatch, by_precision(2e-3, 1e-3))).precision == "float32"


@pytest.mark.parametrize("damage", ["{", "[]", '{"precision": "float8", "threads": 1, "slices": 1, "reasons": []}'])
def test_a_damaged_memory_is_measured_anew(monkeypatch, own_cache, damage):
    trial = clock(monkeypatch, by_precision(2e-3, 1e-3))
    chosen(trial)
    (kept,) = (own_cache / "plans").iterdir()
    kept.write_text(damage)
    assert chosen(trial).precision == "bfloat16"
    assert json.loads(kept.read_text())["precision"] == "bfloat16"


def test_every_choice_has_its_reason(monkeypatch):
    plan = chosen(clock(monkeypatch, by_way(0.02, 0.01, 0.015, 0.04)), threads=2)
    table = {what: (taken, reason) for what, taken, reason in plan.table()}
    assert table["threads"] == (
        "2, slices 2",
        "whole batches 2.00x the time, 4 slices 1.50x the time, one thread 4.00x the time; best of 9 steps",
    )  # of 85 ms in turn, for half of 2 s
    assert all(taken and reason for taken, reason in table.values())
    assert {"engine", "threads", "precision", "layout", "rewrite", "updates", "memory", "denormals", "compiler"} <= {
        *table
    }


def test_a_plan_goes_through_its_table():
    plan = Plan(3, "bfloat16", slices=6, rewrites=(), exact=True, reasons=(("threads", "measured"),))
    again = parse_plan(plan.to_table())
    assert again == replace(plan, reasons=again.reasons)


def test_exact_is_float32_and_auto_is_left_to_be_measured():
    assert parse_plan("exact").precision == "float32"
    assert parse_plan("auto") is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"precison": "float32"}, "did you mean 'precision'"),
        ({"precision": "float16"}, "plan.precision cannot be 'float16'"),
        ({"threads": 0}, "plan.threads cannot be 0"),
        ({"slices": 0}, "plan.slices cannot be 0"),
        ({"slices": True}, "plan.slices cannot be True"),
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


def by_compiler(single, graph, compiled):
    times = {"none": single, "cuda-graphs": graph, "inductor": compiled}

    def cost(plan):
        if isinstance(times[plan.compiler], Exception):
            raise times[plan.compiler]
        return times[plan.compiler]

    return cost


def on_a_card(trial, steps=10_000, **more):
    return choose(Plan(2, device="cuda", **more), trial, "a network", 128, 10**9, steps)


@pytest.mark.parametrize(
    ("times", "compiler"),
    [
        ((0.02, 0.01, 0.001), "cuda-graphs"),
        ((0.01, 0.02, 0.001), "none"),
        ((0.0101, 0.01, 0.001), "none"),  # as good as: what is simplest
    ],
)
def test_on_a_card_single_operations_and_graphs_are_timed(monkeypatch, times, compiler):
    trial = clock(monkeypatch, by_compiler(*times))
    plan = on_a_card(trial)
    assert (plan.device, plan.compiler, plan.slices, plan.threads) == ("cuda", compiler, 1, 2)
    assert {each.compiler for each, _ in trial.taken} == {"none", "cuda-graphs"}
    assert {rows for _, rows in trial.taken} == {128}  # however large the network


@pytest.mark.parametrize(("steps", "tried"), [(59_000, False), (61_000, True)])
def test_compiling_is_tried_where_it_takes_a_twentieth_of_the_run_at_most(monkeypatch, steps, tried):
    """Steps of 0.01 s: 30 s are 5 % of 600 s."""
    trial = clock(monkeypatch, by_compiler(0.01, 0.01, 0.005))
    plan = on_a_card(trial, steps)
    assert ("inductor" in {each.compiler for each, _ in trial.taken}) == tried
    assert plan.compiler == ("inductor" if tried else "none")


def test_what_cannot_be_recorded_is_left_out_with_the_reason(monkeypatch):
    plan = on_a_card(clock(monkeypatch, by_compiler(0.01, RuntimeError("it waits\nfor the card"), 1.0)))
    assert plan.compiler == "none"
    assert "a CUDA graph failed (it waits); best of" in dict(plan.reasons)["compiler"]


def test_a_step_that_fails_by_itself_is_an_error(monkeypatch):
    with pytest.raises(RuntimeError, match="broken"):
        on_a_card(clock(monkeypatch, by_compiler(RuntimeError("broken"), 1.0, 1.0)))


def test_the_choice_of_a_card_is_remembered_and_said(monkeypatch):
    first = on_a_card(clock(monkeypatch, by_compiler(0.02, 0.01, 1.0)))
    again = on_a_card(clock(monkeypatch, by_compiler(0.01, 0.02, 1.0)))
    assert again.compiler == first.compiler == "cuda-graphs"
    assert "torch on cuda, a CUDA graph (one by one 2.00x the time" in first.line()
    table = {what: (taken, reason) for what, taken, reason in first.table()}
    assert table["device"][0] == "cuda"
    assert table["compiler"][0] == "cuda-graphs"
    assert parse_plan(first.to_table(), "cuda") == replace(first, reasons=(("", "as given"),))


def test_a_plan_without_a_device_takes_that_of_the_run():
    assert parse_plan({"precision": "bfloat16"}, "cuda").device == "cuda"
    assert parse_plan("exact", "cuda").device == "cuda"
    assert parse_plan({"device": "cuda"}).device == "cuda"


@pytest.mark.parametrize(
    ("table", "device", "said"),
    [
        ({"device": "cuda"}, "cpu", "the plan was made for device='cuda', and the run is on 'cpu'"),
        (Plan(1), "cuda", "the plan was made for device='cpu', and the run is on 'cuda'"),
        ({"compiler": "inductor"}, "cpu", "plan.compiler cannot be 'inductor' on the CPU"),
        ({"slices": 2}, "cuda", "plan.slices cannot be 2 on cuda"),
        ({"device": "tpu"}, None, "plan.device cannot be 'tpu'"),
        ({"compiler": "gcc"}, "cuda", "plan.compiler cannot be 'gcc'"),
    ],
)
def test_a_plan_that_does_not_suit_the_device_is_told(table, device, said):
    with pytest.raises(ArgumentError) as caught:
        parse_plan(table, device)
    assert said in str(caught.value)
    assert caught.value.fix
