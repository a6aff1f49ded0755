"""Plain PyTorch, the tensors in memory, nothing tuned."""

import torch
from torch.nn import functional

from benchmarks.peers.torch_networks import NETWORKS, count_weights
from benchmarks.task import BATCH, RATE, parse, report

task, clock = parse()
network = NETWORKS[task.network]()
x, y = (torch.from_numpy(each) for each in task.arrays("NCHW"))
optimizer = torch.optim.AdamW(network.parameters(), RATE)
network.train()
for _ in range(task.epochs):
    clock.begin()
    order = torch.randperm(len(x))
    for start in range(0, len(x), BATCH):
        rows = order[start : start + BATCH]
        loss = functional.cross_entropy(network(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    clock.end()
report(task, clock, count_weights(network))
