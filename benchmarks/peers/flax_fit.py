"""Flax NNX and optax: a compiled step over arrays in memory.

Source: flax.readthedocs.io, mnist_tutorial
"""

import jax
import numpy as np
import optax
from flax import nnx

from benchmarks.task import BATCH, RATE, parse, report


class LeNet(nnx.Module):
    def __init__(self, rngs):
        self.conv1 = nnx.Conv(1, 20, (5, 5), padding="VALID", rngs=rngs)
        self.conv2 = nnx.Conv(20, 40, (5, 5), padding="VALID", rngs=rngs)
        self.dense1 = nnx.Linear(640, 100, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.dense2 = nnx.Linear(100, 10, rngs=rngs)

    def __call__(self, x):
        x = nnx.max_pool(nnx.relu(self.conv1(x)), (2, 2), (2, 2))
        x = nnx.max_pool(nnx.relu(self.conv2(x)), (2, 2), (2, 2))
        x = nnx.relu(self.dense1(x.reshape(x.shape[0], -1)))
        return self.dense2(self.dropout(x))


class Normalised(nnx.Module):
    """A convolution and batch normalisation."""

    def __init__(self, before, width, size, stride, rngs):
        self.conv = nnx.Conv(before, width, (size, size), stride, use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(width, rngs=rngs)

    def __call__(self, x):
        return self.norm(self.conv(x))


class VGG(nnx.Module):
    def __init__(self, rngs):
        widths = ((3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256))
        self.convs = nnx.List([Normalised(before, width, 3, 1, rngs) for before, width in widths])
        self.dense = nnx.Linear(256, 10, rngs=rngs)

    def __call__(self, x):
        for number, conv in enumerate(self.convs):
            x = nnx.relu(conv(x))
            if number % 2:
                x = nnx.max_pool(x, (2, 2), (2, 2))
        return self.dense(x.mean((1, 2)))


class Residual(nnx.Module):
    def __init__(self, before, width, stride, rngs):
        self.conv1 = Normalised(before, width, 3, stride, rngs)
        self.conv2 = Normalised(width, width, 3, 1, rngs)
        self.shortcut = Normalised(before, width, 1, stride, rngs) if stride > 1 else None

    def __call__(self, x):
        y = self.conv2(nnx.relu(self.conv1(x)))
        return nnx.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class ResNet18(nnx.Module):
    def __init__(self, rngs):
        self.stem = Normalised(3, 64, 7, 2, rngs)
        blocks = [Residual(64, 64, 1, rngs), Residual(64, 64, 1, rngs)]
        for width in (128, 256, 512):
            blocks += [Residual(width // 2, width, 2, rngs), Residual(width, width, 1, rngs)]
        self.blocks = nnx.List(blocks)
        self.dense = nnx.Linear(512, 10, rngs=rngs)

    def __call__(self, x):
        x = nnx.max_pool(nnx.relu(self.stem(x)), (3, 3), (2, 2), "SAME")
        for block in self.blocks:
            x = block(x)
        return self.dense(x.mean((1, 2)))


class MLP(nnx.Module):
    def __init__(self, rngs):
        self.dense1, self.dense2 = nnx.Linear(784, 30, rngs=rngs), nnx.Linear(30, 10, rngs=rngs)

    def __call__(self, x):
        return self.dense2(nnx.sigmoid(self.dense1(x.reshape(x.shape[0], -1))))


task, clock = parse()
model = {"lenet": LeNet, "vgg": VGG, "resnet18": ResNet18, "mlp": MLP}[task.network](nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.adamw(RATE), wrt=nnx.Param)


@nnx.jit
def step(model, optimizer, x, y):
    def loss_of(model):
        return optax.softmax_cross_entropy_with_integer_labels(model(x), y).mean()

    loss, gradients = nnx.value_and_grad(loss_of)(model)
    optimizer.update(model, gradients)
    return loss


x, y = task.arrays()
draw = np.random.default_rng(0)
model.train()
for _ in range(task.epochs):
    clock.begin()
    order = draw.permutation(len(x))
    for start in range(0, len(x), BATCH):
        rows = order[start : start + BATCH]
        loss = step(model, optimizer, x[rows], y[rows])
    loss.block_until_ready()
    clock.end()
report(task, clock, sum(weight.size for weight in jax.tree.leaves(nnx.state(model, nnx.Param))))
