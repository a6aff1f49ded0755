"""PyTorch Lightning: a LightningModule, a Trainer and a DataLoader over tensors; files and progress switched off.

Source: lightning.ai/docs/pytorch/stable/starter/introduction.html
"""

import logging
import warnings

import lightning
import torch
from lightning.pytorch.callbacks import LambdaCallback
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.peers.torch_networks import NETWORKS, count_weights
from benchmarks.task import BATCH, RATE, parse, report

warnings.filterwarnings("ignore")  # it advises worker processes, which tensors in memory do not need
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Classifier(lightning.LightningModule):
    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def training_step(self, batch: list[torch.Tensor], _number: int) -> torch.Tensor:
        x, y = batch
        return functional.cross_entropy(self.network(x), y)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), RATE)


task, clock = parse()
x, y = (torch.from_numpy(each) for each in task.arrays("NCHW"))
model = Classifier(NETWORKS[task.network]())
trainer = lightning.Trainer(
    max_epochs=task.epochs,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
    callbacks=[LambdaCallback(on_train_epoch_start=clock.begin, on_train_epoch_end=clock.end)],
)
trainer.fit(model, DataLoader(TensorDataset(x, y), batch_size=BATCH, shuffle=True))
report(task, clock, count_weights(model))
