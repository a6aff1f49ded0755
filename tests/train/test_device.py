"""How many cores a run may use: hand sums over faked affinities, quotas and settings."""

import math
import os
import re
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from striate.errors import ArgumentError, TrainingError
from striate.train import device

V2 = "/sys/fs/cgroup/cpu.max"
V1 = {"quota": "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "period": "/sys/fs/cgroup/cpu/cpu.cfs_period_us"}


@pytest.fixture
def box(monkeypatch):
    """Make a machine of so many cores with these files, and nothing else below /sys."""
    real = Path.read_text

    def make(allowed, files=(), threads=None):
        files = dict(files)

        def read(path, *arguments, **named):
            if str(path) in files:
                return files[str(path)]
            if str(path).startswith("/sys/"):
                raise FileNotFoundError(path)
            return real(path, *arguments, **named)

        monkeypatch.setattr(Path, "read_text", read)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(allowed)), raising=False)
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        if threads is not None:
            monkeypatch.setenv("OMP_NUM_THREADS", threads)
        device._quota.cache_clear()

    yield make
    device._quota.cache_clear()


def test_without_a_limit_every_core_that_the_process_may_run_on_counts(box):
    box(6)
    assert device.cores() == 6


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("250000 100000\n", 2),
        ("50000 100000\n", 1),
        ("1600000 100000\n", 8),
        ("100000 50000\n", 2),
        ("", 8),
        ("nonsense\n", 8),
        ("many few\n", 8),
    ],
)
def test_a_quota_of_version_2_is_time_over_period(box, quota, cores):
    box(8, {V2: quota})
    assert device.cores() == cores


@pytest.mark.parametrize(
    ("quota", "period", "cores"),
    [("300000\n", "100000\n", 3), ("-1\n", "100000\n", 8), ("150000\n", "100000\n", 1), ("x", "100000", 8)],
)
def test_a_quota_of_version_1_is_read_where_there_is_none_of_version_2(box, quota, period, cores):
    box(8, {V1["quota"]: quota, V1["period"]: period})
    assert device.cores() == cores


def test_a_period_of_nothing_is_no_limit(box):
    box(8, {V2: "100000 0\n"})
    assert device.cores() == 8
    box(8, {V1["quota"]: "100000\n", V1["period"]: "0\n"})
    assert device.cores() == 8


@pytest.mark.parametrize(("threads", "cores"), [("1", 1), ("3", 3), ("16", 16), ("04", 4), (" 5 ", 5)])
def test_the_number_that_the_user_sets_goes_before_all_else(box, threads, cores):
    box(8, {V2: "200000 100000"}, threads)
    assert device.cores() == cores


@pytest.mark.parametrize("threads", ["", "0", "-2", "2.5", "many", "²", " "])
def test_a_setting_that_is_no_number_of_threads_is_passed_over(box, threads):
    box(4, threads=threads)
    assert device.cores() == 4


def test_a_list_of_numbers_sets_the_outermost(box):
    box(8, threads="2,4")
    assert device.cores() == 2


def test_where_affinity_is_unknown_all_cores_count(box, monkeypatch):
    box(4)
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert device.cores() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert device.cores() == 1


def test_a_run_is_given_its_threads_and_flushes_denormals():
    before = torch.get_num_threads()
    try:
        device.prepare(2)
        assert torch.get_num_threads() == 2
        assert float(torch.tensor([1e-40]) * 0.5) == 0
    finally:
        torch.set_num_threads(before)


def test_the_machine_is_described(box):
    device.machine.cache_clear()
    found = device.machine()
    assert found["cpu"]
    assert 2**28 < found["memory"] < math.inf
    assert re.fullmatch(r"3\.\d+\.\d+\S*", found["python"])
    assert found["cores"] == device.cores()


def test_a_machine_that_says_nothing_of_itself_is_described_as_far_as_it_goes(monkeypatch):
    def unreadable(_path):
        raise OSError

    monkeypatch.setattr(Path, "read_text", unreadable)
    device.machine.cache_clear()
    try:
        assert device.machine()["memory"] == 0
    finally:
        device.machine.cache_clear()


@pytest.fixture
def cards(monkeypatch):
    """Two cards that are not there."""
    for name, stand_in in {
        "is_available": lambda: True,
        "device_count": lambda: 2,
        "current_device": lambda: 0,
        "get_device_name": lambda index: f"Card {index}",
        "mem_get_info": lambda device: (8_000, 16_000),
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)


@pytest.mark.parametrize(("name", "index"), [("cuda", 0), ("cuda:0", 0), ("cuda:1", 1), (torch.device("cuda", 1), 1)])
def test_a_card_is_found_by_its_name(cards, name, index):
    assert device.find_device(name) == torch.device("cuda", index)


def test_a_card_that_is_not_there_is_told_with_those_that_are(cards):
    with pytest.raises(ArgumentError) as caught:
        device.find_device("cuda:2")
    assert str(caught.value) == (
        f'there is no device cuda:2\n  where : device="cuda:2"\n'
        f'  sum   : torch {torch.__version__} finds cuda:0 Card 0, cuda:1 Card 1\n  fix   : device="cuda"'
    )


def test_without_a_card_the_fix_is_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ArgumentError) as caught:
        device.find_device("cuda")
    assert caught.value.status == 2
    assert caught.value.fix.startswith('device="cpu"')


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:-1", "cuda1", "", None, 0, "cpu:0"])
def test_what_is_no_name_of_a_device_is_told(name):
    with pytest.raises(ArgumentError, match="device cannot be"):
        device.find_device(name)


def test_data_may_take_half_of_what_is_free(cards):
    assert device.room(torch.device("cuda", 0)) == 4_000
    assert device.room(device.CPU) == math.inf


def test_float32_is_not_rounded_for_the_run_and_the_settings_come_back(cards, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices, device_type: nullcontext())
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision, matmul.fp32_precision, cudnn.deterministic
    with device.using(torch.device("cuda", 0)):
        assert (cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision, matmul.fp32_precision) == ("ieee",) * 3
        assert cudnn.deterministic
    after = cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision, matmul.fp32_precision, cudnn.deterministic
    assert after == before


def test_a_memory_that_does_not_suffice_is_told(cards, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices, device_type: nullcontext())
    with pytest.raises(TrainingError) as caught, device.using(torch.device("cuda", 0)):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has ...")
    assert caught.value.what == "the memory of Card cuda:0 does not suffice"
    assert caught.value.sum == "CUDA out of memory. Tried to allocate 20.00 GiB"
    assert caught.value.fix == "a smaller batch_size"
