"""The machine: its cores and GPUs, its settings, its name."""

import ctypes
import math
import os
import platform
import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch

from striate.errors import ArgumentError, TrainingError

__all__ = [
    "CPU",
    "Bystanders",
    "Reading",
    "card",
    "cores",
    "find_device",
    "kind_of_device",
    "machine",
    "memory_of",
    "prepare",
    "room",
    "stream_on",
    "using",
]

CPU = torch.device("cpu")

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # mallopt(3)


def cores() -> int:
    """How many cores this process may keep busy: affinity and container quota, or OMP_NUM_THREADS where set.

    Example: >>> cores() >= 1
             True
    """
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()  # OpenMP takes a number for each level
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(math.floor(min(allowed, _quota())), 1)


@cache
def _quota() -> float:
    """Cores that the container's limit leaves (cgroup v2, then v1), at least one; looked up once: it is three files."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()[:2]
        if quota != "max":
            return max(int(quota) / int(period), 1)
    except (OSError, ValueError, ZeroDivisionError):
        pass
    try:
        quota, period = (int(Path(f"/sys/fs/cgroup/cpu/cpu.cfs_{k}_us").read_text()) for k in ("quota", "period"))
        if quota > 0:
            return max(quota / period, 1)
    except (OSError, ValueError, ZeroDivisionError):
        pass
    return math.inf


@cache
def _keep_memory() -> None:
    """Let glibc keep freed blocks: a step frees and takes the same megabytes again, and each mmap costs page faults."""
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        libc.mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
        libc.mallopt(_M_TOP_PAD, 64 << 20)
    except (OSError, AttributeError):  # another C library: its own ways are kept
        pass


def kind_of_device(name: object) -> str:
    """What kind of device a name means, wherever there is one: "cpu" or "cuda".

    Errors:  ArgumentError for what is no name of a device.
    Example: >>> kind_of_device("cuda:1")
             'cuda'
    """
    found = re.fullmatch(r"(cpu|cuda)|(cuda):\d+", str(name))
    if not found:
        raise ArgumentError(
            f"device cannot be {name!r}",
            sum='"cpu"; "cuda", an NVIDIA card (or an AMD one, with torch for ROCm); "cuda:1", the second of them',
            fix='device="cuda"',
        )
    return found[1] or found[2]


def find_device(name: object) -> torch.device:
    """The device of a name: "cpu", "cuda" or "cuda:1".

    Errors:  ArgumentError for what is no name of a device, and for one that is not there.
    Example: >>> find_device("cpu")
             device(type='cpu')
    """
    if kind_of_device(name) == "cpu":
        return CPU
    wanted = torch.device(str(name))
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if (wanted.index or 0) < count:
        return torch.device("cuda", torch.cuda.current_device() if wanted.index is None else wanted.index)
    there = ", ".join(f"cuda:{index} {torch.cuda.get_device_name(index)}" for index in range(count))
    none = (
        "this torch was built without CUDA"
        if torch.version.cuda is torch.version.hip is None
        else "torch finds no card, or no driver of it"
    )
    raise ArgumentError(
        f"there is no device {name}",
        where=f'device="{name}"',
        sum=f"torch {torch.__version__} finds {there}" if there else f"torch {torch.__version__}: {none}",
        fix='device="cuda"' if there else 'device="cpu", or torch for CUDA: pytorch.org/get-started',
    )


def card(device: torch.device) -> str:
    """The name of a GPU; of the CPU nothing.

    Example: >>> card(CPU)
             ''
    """
    return torch.cuda.get_device_name(device) if device.type == "cuda" else ""


def memory_of(device: torch.device) -> int:
    """Bytes of the memory of a device; 0 where they are not known.

    Example: >>> memory_of(CPU) == machine()["memory"]
             True
    """
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return int(machine()["memory"])


_SHARE = 0.5
"""Of the free memory of a GPU, what data may take; the rest is for weights and activations."""


def room(device: torch.device) -> float:
    """How many bytes of data may lie on a device at once: half of what is free there, and on the CPU any number.

    Example: >>> room(CPU)
             inf
    """
    return _SHARE * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else math.inf


def stream_on(device: torch.device) -> torch.Generator:
    """torch's own stream of random numbers on a device, which dropout and noise draw from there.

    Example: >>> stream_on(CPU) is torch.default_generator
             True
    """
    return torch.cuda.default_generators[device.index] if device.type == "cuda" else torch.default_generator


@contextmanager
def using(device: torch.device) -> Generator[None]:
    """Compute on a device: float32 is float32 there (no TF32), the same run gives the same bits as far as cuDNN can.

    The stream of random numbers of a GPU goes on afterwards as if nothing was drawn.

    Errors:  TrainingError where the memory of a GPU does not suffice.
    Source:  docs.pytorch.org/docs/stable/notes/cuda.html, TensorFloat-32; notes/randomness.html
    Example: >>> with using(CPU):
             ...     found = torch.ones(1)
    """
    if device.type != "cuda":
        yield
        return
    with torch.cuda.device(device), torch.random.fork_rng([device], device_type="cuda"), _to_the_bit():
        try:
            yield
        except torch.OutOfMemoryError as error:
            raise TrainingError(
                f"the memory of {card(device)} does not suffice",
                sum=". ".join(str(error).split(". ")[:2]),
                fix="a smaller batch_size",
            ) from None


@contextmanager
def _to_the_bit() -> Generator[None]:
    """Matrix products and convolutions in full float32, and by algorithms that give the same bits each time."""
    cudnn = torch.backends.cudnn
    switches = [*_roundings(), (cudnn, "deterministic", True)]
    before = [getattr(owner, name) for owner, name, _ in switches]
    try:
        for owner, name, value in switches:
            setattr(owner, name, value)
        yield
    finally:
        for (owner, name, _), value in zip(switches, before, strict=True):
            setattr(owner, name, value)


def _roundings() -> list[tuple[Any, str, Any]]:
    """What lets torch round float32 to TF32, with the values at which it does not; torch 2.9 has other names for it."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    if not hasattr(cudnn, "conv"):
        return [(matmul, "allow_tf32", False), (cudnn, "allow_tf32", False)]
    return [(each, "fp32_precision", "ieee") for each in (matmul, cudnn.conv, cudnn.rnn)]


class Reading:
    """Numbers on their way from where they are computed. What a GPU is told afterwards is not waited for.

    Example: >>> Reading(torch.tensor([1.0, 2.0])).numbers()
             [1.0, 2.0]
    """

    def __init__(self, numbers: torch.Tensor) -> None:
        self._arrived = None
        self._numbers = numbers.to("cpu", non_blocking=True)  # into pinned memory
        if numbers.is_cuda:
            self._arrived = torch.cuda.Event()
            self._arrived.record(torch.cuda.current_stream(numbers.device))

    def numbers(self) -> list[float]:
        """The numbers, once they are there."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._numbers.tolist()


def prepare(threads: int) -> None:
    """Set what a run needs of the process: thread count, denormals to zero, memory kept between steps."""
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    _keep_memory()


class Bystanders:
    """How many cores other programs keep busy, from the moment this was made.

    Example: >>> Bystanders().cores() >= 0
             True
    """

    def __init__(self) -> None:
        self._begin = self._clocks()

    @staticmethod
    def _clocks() -> tuple[float, float]:
        """Seconds by the clock, and seconds of all cores that were not this process's; those that cannot be known are 0."""
        now = time.perf_counter()
        try:
            # user, nice, system, idle, iowait, irq, softirq, steal: proc(5)
            parts = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
            busy = (sum(parts) - parts[3] - parts[4]) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            return now, 0.0
        return now, busy - time.process_time()

    def cores(self) -> float:
        """Cores in the mean; 0 where the system does not say."""
        now, others = self._clocks()
        return max(others - self._begin[1], 0.0) / max(now - self._begin[0], 1e-3)

    def line(self) -> str:
        """The same in words."""
        found = self.cores()
        if found < 0.2:
            return "the machine itself was slower"
        return f"other programs kept {found:.1f} of {os.cpu_count()} cores busy"


@cache
def machine() -> dict[str, str | int]:
    """What the run was made on.

    Example: >>> machine()["torch"] == torch.__version__
             True
    """
    name = platform.processor() or platform.machine()
    memory = 0
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        pass
    return {
        "cpu": name,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "cores": cores(),
        "memory": memory,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
