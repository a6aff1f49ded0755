"""Plain PyTorch tuned by hand for a graphics card. MODE is eager, compile or graphs.

The images wait on the card; channels_last, bfloat16, fused AdamW, pooling before ReLU. `compile` compiles the network,
`graphs` records a whole step once and replays it.

Source: docs.pytorch.org, "Performance Tuning Guide"; torch.cuda.CUDAGraph
"""

import os

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.peers.torch_networks import NETWORKS, count_weights, pool_first
from benchmarks.task import BATCH, RATE, parse, report

mode = os.environ["MODE"]
task, clock = parse()
torch.backends.cudnn.benchmark = True
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
network = pool_first(NETWORKS[task.network]()).to("cuda", memory_format=torch.channels_last)  # ty: ignore[no-matching-overload]
x, y = (torch.from_numpy(each).to("cuda") for each in task.arrays("NCHW"))
x = x.contiguous(memory_format=torch.channels_last)
optimizer = torch.optim.AdamW(network.parameters(), RATE, fused=True, capturable=mode == "graphs")
forward = torch.compile(network) if mode == "compile" else network
network.train()


def step(images: Tensor, labels: Tensor) -> None:
    with torch.autocast("cuda", torch.bfloat16):
        loss = functional.cross_entropy(forward(images), labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


images, labels = x[:BATCH].clone(memory_format=torch.preserve_format), y[:BATCH].clone()
graph = torch.cuda.CUDAGraph()
if mode == "graphs":
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # what is recorded has to have run before, on another stream
        for _ in range(3):
            step(images, labels)
    torch.cuda.current_stream().wait_stream(aside)
    with torch.cuda.graph(graph):
        step(images, labels)

for _ in range(task.epochs):
    clock.begin()
    order = torch.randperm(len(x), device="cuda")
    for start in range(0, len(x), BATCH):
        rows = order[start : start + BATCH]
        if mode == "graphs":
            images.copy_(x[rows])
            labels.copy_(y[rows])
            graph.replay()
        else:
            step(x[rows], y[rows])
    torch.cuda.synchronize()
    clock.end()
report(task, clock, count_weights(network), mode)
