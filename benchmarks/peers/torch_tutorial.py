"""PyTorch as its tutorials teach it: a Dataset that transforms each image, a DataLoader with a worker.

Source: github.com/pytorch/examples, mnist/main.py
"""

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from benchmarks.peers.torch_networks import NETWORKS, count_weights
from benchmarks.task import BATCH, DEVIATION, MEAN, RATE, parse, report


class Images(Dataset):
    def __init__(self, pixels: np.ndarray, labels: np.ndarray) -> None:
        self.pixels, self.labels = pixels, labels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = torch.from_numpy(self.pixels[index]).permute(2, 0, 1).float().div(255)
        return image.sub_(float(MEAN)).div_(float(DEVIATION)), int(self.labels[index])


if __name__ == "__main__":
    task, clock = parse()
    loader = DataLoader(Images(*task.pixels()), batch_size=BATCH, shuffle=True, num_workers=1)
    network = NETWORKS[task.network]()
    optimizer = torch.optim.AdamW(network.parameters(), RATE)
    network.train()
    for _ in range(task.epochs):
        clock.begin()
        for number, (x, y) in enumerate(loader):
            optimizer.zero_grad()
            loss = functional.cross_entropy(network(x), y)
            loss.backward()
            optimizer.step()
            if number % 10 == 0:
                loss.item()  # the tutorial prints it
        clock.end()
    report(task, clock, count_weights(network), "1 worker")
