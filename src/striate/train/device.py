"""The machine: its cores, its settings, its name."""

import ctypes
import math
import os
import platform
import time
from functools import cache
from pathlib import Path

import torch

__all__ = ["Bystanders", "cores", "machine", "prepare"]

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


def _quota() -> float:
    """Cores that the container's limit leaves (cgroup v2, then v1), at least one."""
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
