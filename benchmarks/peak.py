"""The fastest convolution of this machine: the bound that training speeds are a share of.

    python -m benchmarks.peak [cuda]

The best of a few 3x3 convolutions by oneDNN, or by cuDNN (through torch; forward, channels_last), in float32 and
bfloat16.
"""

import json
import sys
import time
from typing import Any

import torch
from torch.nn import functional

SHAPES = ((64, 64, 32), (128, 128, 16), (256, 256, 8), (256, 256, 16))
"""Channels before, channels after, side of the map."""
BATCH = {"cpu": 64, "cuda": 1024}


def gflops(device: str, dtype: torch.dtype, before: int, after: int, side: int, seconds: float = 0.2) -> float:
    """Of the fastest of many calls within `seconds`."""
    where: dict[str, Any] = {"device": device, "dtype": dtype, "memory_format": torch.channels_last}
    x = torch.randn(BATCH[device], before, side, side).to(**where)
    w = torch.randn(after, before, 3, 3).to(**where)
    best = float("inf")
    functional.conv2d(x, w, padding=1)  # compiles the kernel
    end = time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        functional.conv2d(x, w, padding=1)
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begin)
    return 2 * BATCH[device] * before * after * 9 * side * side / best / 1e9


def main() -> None:
    device = "cuda" if sys.argv[1:] == ["cuda"] else "cpu"
    torch.set_flush_denormal(True)
    torch.backends.cudnn.benchmark = True
    with torch.inference_mode():
        peaks = {
            str(dtype).removeprefix("torch."): round(max(gflops(device, dtype, *shape) for shape in SHAPES), 1)
            for dtype in (torch.float32, torch.bfloat16)
        }
    print(json.dumps(peaks | {"threads": torch.get_num_threads()}))


if __name__ == "__main__":
    main()
