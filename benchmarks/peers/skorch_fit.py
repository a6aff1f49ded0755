"""skorch: a NeuralNetClassifier fitted on arrays.

Source: skorch.readthedocs.io, quickstart
"""

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback

from benchmarks.peers.torch_networks import NETWORKS, count_weights
from benchmarks.task import BATCH, RATE, parse, report

task, clock = parse()


class Timed(Callback):
    def on_epoch_begin(self, net, **_named) -> None:
        clock.begin()

    def on_epoch_end(self, net, **_named) -> None:
        clock.end()


classifier = NeuralNetClassifier(
    NETWORKS[task.network](),
    criterion=torch.nn.CrossEntropyLoss,
    optimizer=torch.optim.AdamW,
    lr=RATE,
    batch_size=BATCH,
    max_epochs=task.epochs,
    iterator_train__shuffle=True,
    train_split=None,
    verbose=0,
    callbacks=[Timed()],
)
classifier.fit(*task.arrays("NCHW"))
report(task, clock, count_weights(classifier.module_))
