"""The fastest convolution of this machine: the bound that training speeds are a share of.

    python -m benchmarks.peak

The best of a few 3x3 convolutions by oneDNN (through torch; forward, channels_last), in float32 and bfloat16.
"""

import json
import time

import torch
from torch.nn import functional

SHAPES = ((64, 64, 32), (128, 128, 16), (256, 256, 8), (256, 256, 16))
"""Channels before, channels after, side of the map."""
BATCH = 64


def gflops(dtype: torch.dtype, before: int, after: int, side: int, seconds: float = 0.2) -> float:
    """Of the fastest of many calls within `seconds`."""
    x = torch.randn(BATCH, before, side, side).to(dtype).contiguous(memory_format=torch.channels_last)
    w = torch.randn(after, before, 3, 3).to(dtype).contiguous(memory_format=torch.channels_last)
    best = float("inf")
    functional.conv2d(x, w, padding=1)  # compiles the kernel
    end = time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        functional.conv2d(x, w, padding=1)
        best = min(best, time.perf_counter() - begin)
    return 2 * BATCH * before * after * 9 * side * side / best / 1e9


def main() -> None:
    torch.set_flush_denormal(True)
    with torch.inference_mode():
        peaks = {
            str(dtype).removeprefix("torch."): round(max(gflops(dtype, *shape) for shape in SHAPES), 1)
            for dtype in (torch.float32, torch.bfloat16)
        }
    print(json.dumps(peaks | {"threads": torch.get_num_threads()}))


if __name__ == "__main__":
    main()
