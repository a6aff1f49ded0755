"""fastai: a Learner over DataLoaders of tensors.

Source: docs.fast.ai/learner.html
"""

import torch
from fastai.callback.core import Callback
from fastai.callback.progress import ProgressCallback
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.optimizer import Adam
from torch.utils.data import TensorDataset

from benchmarks.peers.torch_networks import NETWORKS, count_weights
from benchmarks.task import BATCH, RATE, parse, report

task, clock = parse()


class Timed(Callback):
    def before_train(self) -> None:
        clock.begin()

    def after_train(self) -> None:
        clock.end()


x, y = (torch.from_numpy(each) for each in task.arrays("NCHW"))
images = TensorDataset(x, y)
loaders = DataLoaders(DataLoader(images, bs=BATCH, shuffle=True), DataLoader(TensorDataset(x[:1], y[:1]), bs=1))
# fastai's Adam decouples the weight decay: it is AdamW.
learner = Learner(loaders, NETWORKS[task.network](), torch.nn.CrossEntropyLoss(), opt_func=Adam, cbs=[Timed()])
learner.remove_cb(ProgressCallback)
with learner.no_logging():
    learner.fit(task.epochs, RATE, wd=0.01)
report(task, clock, count_weights(learner.model))
