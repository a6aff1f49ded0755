"""Plain PyTorch tuned by hand: what an expert writes for one network on one machine.

Tensors in memory, channels_last, pooling before ReLU, bfloat16 where the processor computes it and the matrices are large
enough to gain by it, fused AdamW, memory kept by glibc, denormals flushed.
"""

import ctypes
from pathlib import Path

import torch
from torch.nn import functional

from benchmarks.peers.torch_networks import NETWORKS, count_weights, pool_first
from benchmarks.task import BATCH, RATE, parse, report

task, clock = parse()
libc = ctypes.CDLL(None)
for option, value in ((-3, 1 << 30), (-1, (1 << 31) - 1), (-2, 64 << 20)):  # mmap threshold, trim threshold, top pad
    libc.mallopt(option, value)
torch.set_flush_denormal(True)
bfloat16 = task.network != "mlp" and "_bf16" in Path("/proc/cpuinfo").read_text()

network = pool_first(NETWORKS[task.network]()).to(memory_format=torch.channels_last)  # ty: ignore[no-matching-overload]
x, y = (torch.from_numpy(each) for each in task.arrays("NCHW"))
x = x.contiguous(memory_format=torch.channels_last)
optimizer = torch.optim.AdamW(network.parameters(), RATE, fused=True)
network.train()
for _ in range(task.epochs):
    clock.begin()
    order = torch.randperm(len(x))
    for start in range(0, len(x), BATCH):
        rows = order[start : start + BATCH]
        images = x[rows]
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = functional.cross_entropy(network(images), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    clock.end()
report(task, clock, count_weights(network), f"{torch.get_num_threads()} threads, {'bf16' if bfloat16 else 'fp32'}")
