"""Several processes train as one does: their parts of a batch add up to it, and so do gradients and metrics."""

import csv
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from striate.build import build, rewrite, share_statistics
from striate.datasets import digits
from striate.errors import ArgumentError, DataError, LostError, NonFiniteError, StriateError
from striate.layers import BatchNormalization, Conv2D, Dense, Flatten, GlobalAveragePooling2D, ReLU
from striate.loader import Batches, Preprocessing
from striate.losses import SparseCategoricalCrossentropy
from striate.metrics import SparseCategoricalAccuracy
from striate.model import Sequential
from striate.network import Network
from striate.optimizers import SGD, VSGD
from striate.recipe import job
from striate.recipe.grammar import Recipe
from striate.regularizers import L2
from striate.report import wilson
from striate.train import Distributed, Goal, Group, Objective, Step, Whole, cores, joined
from tests.threads import side_by_side

SOURCE = Path(__file__).parents[2] / "src"


class Threads(Group):
    """A group whose processes are threads of this one: what they would send they lay down for each other."""

    @classmethod
    def each(cls, world, work):
        """What `work(group)` gives in each of `world` threads."""
        barrier, places = threading.Barrier(world, timeout=30), [None] * world

        def run(rank):
            group = cls(rank, world)
            object.__setattr__(group, "barrier", barrier)
            object.__setattr__(group, "places", places)
            return work(group)

        return side_by_side(world, run, barrier)

    def gather(self, value):
        self.places[self.rank] = value
        self.barrier.wait()
        found = list(self.places)
        self.barrier.wait()
        return found

    def total(self, tensor):
        found = self.gather(tensor.clone())
        return tensor.copy_(sum(found[1:], found[0]))


def network(*more):
    layers = [Conv2D(4, 3, input_shape=(6, 6, 2)), BatchNormalization(), ReLU(), *more]
    return Network.sequential([*layers, GlobalAveragePooling2D(), Dense(3, kernel_regularizer=L2(0.1))])


def data(count=37, dtype=torch.float64):
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(count, 6, 6, 2, generator=generator)
    y = torch.randint(3, (count,), generator=generator)
    return x, y, Preprocessing.fit(x.numpy()), dtype


def batches(given, size, group=None):
    x, y, way, _ = given
    place = () if group is None else (group.rank, group.world)
    return Batches((x,), (y,), (way,), size, 3, True, None, None, *place)


OBJECTIVE = Objective((Goal("", SparseCategoricalCrossentropy(from_logits=True), (SparseCategoricalAccuracy(),)),))


def trained(given, size, steps, group=None, shared=True):
    """The gradients of the first step, and the losses, weights and statistics after `steps`."""
    declared = network()
    module = build(declared, 1).to(given[3])
    engine = Whole(rewrite(module), OBJECTIVE, [(L2(0.1), module.dense.weight)])
    if group is not None:
        if shared:
            share_statistics(engine.module, group.total)
        engine = Distributed(engine, group, shared)
    engine.module.train()
    step = Step(engine, SGD(0.1, momentum=0.9).build(module.parameters(), 0.1))
    losses, first = [], None
    found = (batch for epoch in range(steps) for batch in batches(given, size, group).epoch(epoch))
    for _, batch in zip(range(steps), found, strict=False):
        batch = replace(batch, x=tuple(x.to(given[3]) for x in batch.x))
        losses.append(step(batch).loss)
        first = first or [weight.grad.clone() for weight in module.parameters()]
    return first, losses, {key: value.clone() for key, value in module.state_dict().items()}


@pytest.mark.parametrize(("world", "size"), [(2, 8), (2, 9), (3, 8), (4, 6), (5, 4)])
def test_twenty_steps_in_float64_are_those_of_one_process(world, size):
    given = data()  # the last batch of an epoch is smaller: with 5 processes some have no image of it
    _, losses, weights = trained(given, size, 20)
    for _, theirs, found in Threads.each(world, lambda group: trained(given, size, 20, group)):
        assert theirs == pytest.approx(losses, abs=1e-9)
        torch.testing.assert_close(found, weights, rtol=0, atol=1e-9)


@pytest.mark.parametrize("world", [2, 3])
def test_the_gradients_of_the_first_step_in_float32_are_those_of_one_process(world):
    given = data(dtype=torch.float32)
    alone, *_ = trained(given, 16, 1)
    largest = max(gradient.abs().max() for gradient in alone)
    for found, *_ in Threads.each(world, lambda group: trained(given, 16, 1, group)):
        for one, other in zip(found, alone, strict=True):
            assert (one - other).abs().max() <= 1e-5 * largest


def test_the_comparison_sees_statistics_that_are_not_shared():
    given = data()
    _, losses, _ = trained(given, 8, 20)
    _, theirs, _ = Threads.each(2, lambda group: trained(given, 8, 20, group, shared=False))[0]
    assert max(abs(one - other) for one, other in zip(losses, theirs, strict=True)) > 1e-4


def test_without_shared_statistics_all_processes_have_the_same_averages_and_weights():
    found = Threads.each(3, lambda group: trained(data(), 8, 10, group, shared=False))
    for _, _, state in found[1:]:
        torch.testing.assert_close(state, found[0][2], rtol=0, atol=0)


def test_the_parts_of_all_processes_are_the_batch():
    given = data()
    for epoch in range(2):
        whole = [batch.rows for batch in batches(given, 8).epoch(epoch)]
        parts = [[batch.rows for batch in batches(given, 8, Group(rank, 3)).epoch(epoch)] for rank in range(3)]
        for rows, *found in zip(whole, *parts, strict=True):
            assert torch.equal(torch.cat(found), rows)
        assert sorted(torch.cat([rows for each in parts for rows in each]).tolist()) == list(range(37))


def test_a_signal_to_one_process_ends_the_step_of_all():
    def work(group):
        module = build(network(), 1)
        engine = Distributed(Whole(rewrite(module), OBJECTIVE), group)
        first, second, *_ = batches(data(), 8, group).epoch(0)
        engine(first)
        before = engine.agreed
        engine.wish = (signal.SIGTERM, False) if group.rank == 1 else (0, False)
        engine(second)
        return before, engine.agreed

    assert Threads.each(2, work) == [((0, False), (signal.SIGTERM, False))] * 2


LAYERS = (BatchNormalization(), ReLU(), GlobalAveragePooling2D(), Dense(3, activation="softmax"))


def fitted(group, plan="exact", optimizer="SGD", spoilt=None):
    """The history of a model that was fitted in a group, its evaluation, and the line of its plan."""
    x, y, _, _ = data(60)
    if spoilt is not None:
        x[spoilt] = 1e38
    held = (x[:15].numpy(), y[:15].numpy())
    model = Sequential([Conv2D(4, 3, input_shape=(6, 6, 2)), *LAYERS], seed=2)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model._group = group
    history = model.fit(x.numpy(), y.numpy(), 8, 3, 0, validation_data=held, plan=plan)
    kept = {key: value for key, value in history.history.items() if key not in ("seconds", "images_per_second")}
    return kept, model.evaluate(x.numpy(), y.numpy(), return_dict=True), model.plan.line()


def test_fit_and_evaluate_give_the_numbers_of_all_images():
    alone, score, _ = fitted(Group())
    for found, theirs, line in Threads.each(2, fitted):
        assert "2 processes, batch statistics of all of them" in line
        for key, values in alone.items():
            assert found[key] == pytest.approx(values, rel=1e-4), key
        assert theirs == pytest.approx(score, rel=1e-4)


def test_the_plan_of_the_first_process_is_that_of_all_and_says_whose_statistics(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path))
    (one, _, line), (other, _, its_line) = Threads.each(2, lambda group: fitted(group, plan="auto"))
    assert one == other
    assert "2 processes, batch statistics of each its own" in line
    assert line == its_line


@pytest.mark.slow
def test_with_statistics_of_its_own_part_each_the_accuracy_stays_within_its_interval():
    (x, y), (held, answers) = digits.load_data()

    def accuracy(group):
        layers = [Conv2D(8, 3, input_shape=(8, 8, 1)), BatchNormalization(), ReLU(), Flatten()]
        model = Sequential([*layers, Dense(10, activation="softmax")], seed=1)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model._group = group
        model.fit(x, y, 32, 3, 0, plan={"threads": 1})
        return model.evaluate(held, answers, return_dict=True)["accuracy"]

    low, high = wilson(round(accuracy(Group()) * len(held)), len(held))
    one, other = Threads.each(2, accuracy)
    assert one == other
    assert low <= one <= high


def test_an_optimizer_that_looks_twice_is_refused():
    with pytest.raises(ArgumentError, match="VSGD looks at each batch twice"):
        fitted(Group(0, 2), optimizer=VSGD())


def test_a_loss_that_is_not_finite_ends_all_with_the_same_words():
    def work(group):
        with pytest.raises(NonFiniteError) as caught:
            fitted(group, spoilt=23)
        return str(caught.value), group.shares(caught.value)

    alone, shared = work(Group())
    assert "the images reach 1e+38" in alone, "whoever has that image"
    assert not shared
    assert Threads.each(2, work) == [(alone, True)] * 2


def test_an_error_of_one_process_is_raised_in_all():
    def work(group):
        try:
            with group.together():
                if group.rank == 1:
                    raise DataError("no images", fix="some")
        except StriateError as error:
            return str(error), error.status, group.shares(error)

    (here, status, shared), (there, _, _) = Threads.each(2, work)
    assert here == "no images\n  where : process 1 of 2\n  fix   : some"
    assert (status, shared) == (2, True)
    assert there == "no images\n  fix   : some"


def test_a_process_that_torchrun_did_not_start_joins_nobody(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    with joined() as group:
        assert (group.leads, group.world) == (True, 1)
        assert not torch.distributed.is_initialized()


RECIPE = """
format = 1
[data]
{data}
[model]
layers = [
    {{ type = "Conv2D", filters = 6, kernel_size = [3, 3], use_bias = false }},
    {{ type = "BatchNormalization" }},
    {{ type = "ReLU" }},
    {{ type = "GlobalAveragePooling2D" }},
    {{ type = "Dense", units = 10, activation = "softmax" }},
]
[train]
loss = "sparse_categorical_crossentropy"
optimizer = {{ type = "SGD", learning_rate = 0.1 }}
metrics = ["accuracy"]
batch_size = 33
epochs = {epochs}
plan = "exact"
callbacks = [{{ type = "CSVLogger", filename = "mine.csv" }}]
"""


def written(folder, epochs=2, data='name = "digits"'):
    (folder / "recipe.toml").write_text(RECIPE.format(data=data, epochs=epochs))
    return ["-m", "striate", "train", "recipe.toml"]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def started(folder, command, **environment):
    """A Python process of its own, in `folder`, that finds striate where these tests do."""
    known = {key: value for key, value in os.environ.items() if key not in ("RANK", "WORLD_SIZE", "MASTER_ADDR")}
    known |= {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1", "STRIATE_DATA": str(folder / "cache"), **environment}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *command], cwd=folder, env=known, **pipes)


def ended(process, seconds=120):
    """Status, output and messages."""
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        process.kill()
    return process.returncode, out, err


def by_hand(folder, command, world=2):
    """Processes as torchrun starts them, without its own."""
    place = {"WORLD_SIZE": str(world), "LOCAL_WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1"}
    place["MASTER_PORT"] = free_port()
    return [started(folder, command, RANK=str(rank), LOCAL_RANK=str(rank), **place) for rank in range(world)]


def metrics_of(run):
    rows = csv.DictReader((run / "metrics.csv").read_text().splitlines())
    return [{key: float(row[key]) for key in ("loss", "accuracy", "val_loss", "val_accuracy")} for row in rows]


TALK = """
import torch
from striate.train import cores, joined
with joined() as group:
    sums = group.total(torch.full((3,), group.rank + 1.0, dtype=torch.float64))
    print(group.rank, group.leads, sums.tolist(), group.gather("ab"[group.rank]), group.first(group.rank))
    print(group.local_rank, group.local_world, cores())
"""


def test_two_processes_add_and_gather_and_share_the_cores(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    half = max(cores() // 2, 1)
    results = [ended(each) for each in by_hand(tmp_path, ["-c", TALK])]
    assert [out for _, out, _ in results] == [
        f"0 True [3.0, 3.0, 3.0] ['a', 'b'] 0\n0 2 {half}\n",
        f"1 False [3.0, 3.0, 3.0] ['a', 'b'] 0\n1 2 {half}\n",
    ], results


@pytest.mark.slow
def test_two_processes_write_one_run_that_is_as_that_of_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    processes = by_hand(tmp_path, [*written(tmp_path), "--out", "two"])
    job.run(
        Recipe.from_text((tmp_path / "recipe.toml").read_text()), tmp_path / "one", say=lambda line: None, verbose=0
    )
    (status, out, err), (other_status, other_out, other_err) = [ended(each) for each in processes]
    assert (status, other_status) == (0, 0), err + other_err
    assert "plan: torch, 2 processes, batch statistics of all of them" in out
    assert (other_out, other_err) == ("", ""), "one speaks"
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == sorted(
        path.name for path in (tmp_path / "one").iterdir()
    )
    for ours, theirs in zip(metrics_of(tmp_path / "two"), metrics_of(tmp_path / "one"), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)


def torchrun(*more):
    return ["-m", "torch.distributed.run", *more]


@pytest.mark.slow
def test_torchrun_trains_with_two_processes_that_share_a_cache_of_images(tmp_path):
    draw = np.random.default_rng(0)
    for name in ("dark", "light"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(60):
            pixels = draw.integers(0, 128, (16, 16), np.uint8) + (128 if name == "light" else 0)
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "images" / name / f"{number}.png")
    command = written(tmp_path, 4, 'path = "images"')
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("units = 10", "units = 2"))
    status, out, err = ended(started(tmp_path, torchrun("--nproc-per-node", "2", *command)))
    assert status == 0, err
    assert out.count("epoch 4/4") == 1
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["recipe-1"]
    assert len(list((tmp_path / "cache" / "folders").glob("*.u8"))) == 1
    summary = json.loads((tmp_path / "runs" / "recipe-1" / "summary.json").read_text())
    assert summary["test"]["accuracy"] == 1


@pytest.mark.slow
def test_two_agents_that_meet_on_the_loopback_train_as_one_process(tmp_path):
    command = [*written(tmp_path), "--out", "two"]
    meeting = ["--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-id", "7"]
    meeting += ["--rdzv-endpoint", f"127.0.0.1:{free_port()}", "--local-addr", "127.0.0.1"]
    agents = [started(tmp_path, torchrun(*meeting, *command)) for _ in range(2)]
    alone = started(tmp_path, [*command[:-1], "one"])
    results = [ended(each, 240) for each in (*agents, alone)]
    assert [status for status, _, _ in results] == [0, 0, 0], results
    assert sorted("run     two" in out for _, out, _ in results[:2]) == [False, True]
    for ours, theirs in zip(metrics_of(tmp_path / "two"), metrics_of(tmp_path / "one"), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)


@pytest.mark.slow
def test_a_refused_recipe_ends_all_with_status_2_and_is_told_once(tmp_path):
    command = written(tmp_path)
    recipe = tmp_path / "recipe.toml"
    text = recipe.read_text().replace("[model]\n", "[model]\ninput = [8, 8, 1]\n")  # or the data would decide
    recipe.write_text(text.replace("units = 10", "units = 9"))
    results = [ended(each) for each in by_hand(tmp_path, command)]
    assert [status for status, _, _ in results] == [2, 2]
    assert [err.count("the network has 9 outputs, the data has 10 classes") for _, _, err in results] == [1, 0]
    assert not (tmp_path / "runs").exists()


def in_training(run, seconds=90):
    """Wait until the first epoch is written."""
    until = time.monotonic() + seconds
    while not (run / "metrics.csv").exists():
        assert time.monotonic() < until, "it never began"
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_one_ends_all_at_one_step_and_keeps_what_was_learned(tmp_path, asked):
    processes = by_hand(tmp_path, [*written(tmp_path, 10_000), "--out", "run"])
    in_training(tmp_path / "run")
    processes[1].send_signal(asked)
    results = [ended(each) for each in processes]
    assert [status for status, _, _ in results] == [128 + asked] * 2, results
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["interrupted"]
    assert summary["epochs"] == len(metrics_of(tmp_path / "run"))
    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.slow
def test_a_process_that_dies_leaves_nobody_waiting(tmp_path):
    processes = by_hand(tmp_path, [*written(tmp_path, 10_000), "--out", "run"])
    in_training(tmp_path / "run")
    processes[1].kill()
    status, _, err = ended(processes[0], 60)
    ended(processes[1])
    assert status == LostError.status
    assert "LostError: another process of the run has ended" in err
    assert (tmp_path / "run" / "weights.safetensors").exists()


def commands():
    """The commands of the page, as lists of words."""
    page = (Path(__file__).parents[2] / "docs" / "several-machines.md").read_text(encoding="utf-8")
    return [shlex.split(line) for line in re.findall(r"```sh\n(.*?)\n```", page)]


def test_the_commands_of_the_page_are_two():
    assert [words[0] for words in commands()] == ["torchrun", "torchrun"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
def test_a_command_of_the_page_trains(tmp_path, number):
    written(tmp_path, 1)
    _, *words = commands()[number]
    place = f"127.0.0.1:{free_port()}"
    words = [place if word == "first:29500" else word for word in words]
    agents = [started(tmp_path, torchrun(*words)) for _ in range(1 + words.count("--nnodes"))]
    results = [ended(each, 240) for each in agents]
    assert [status for status, _, _ in results] == [0] * len(agents), results
    assert (tmp_path / "run" / "report.html").exists()
