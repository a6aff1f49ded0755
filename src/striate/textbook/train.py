"""Training: the loop in which all the bricks come together (lecture 003 L158-184)."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from striate.textbook.activation import ReLU
from striate.textbook.brick import Array, Brick, Sequential, Weights
from striate.textbook.convolution import Conv2D
from striate.textbook.dense import Dense
from striate.textbook.initializers import glorot_uniform
from striate.textbook.losses import Loss
from striate.textbook.optimizers import Optimizer
from striate.textbook.pooling import MaxPooling2D
from striate.textbook.reshaping import Flatten

__all__ = ["fit", "small_convolutional_network"]


def fit(
    network: Brick,
    weights: Weights,
    loss: Loss,
    new_optimizer: Callable[[], Optimizer],
    x: Array,
    target: Array,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
) -> tuple[dict[str, Array], list[float]]:
    """Train by mini-batches: sample, forward, backward, update, many times over.

    w <- w - step(dE/dw), with E the mean loss of one mini-batch after the other

    The batches of an epoch differ in size by one at most: with a batch_size of three or more no single sample is
    ever left over, which batch normalisation could not use.

    Shape:   x (n, ...), target (n, ...) -> the trained weights, and the mean loss of each epoch
    Args:    weights: where training begins; they are left as they are.
             new_optimizer: makes one optimizer for each weight.
             epochs: how often the whole training data is gone through.
             batch_size: at most so many samples at a time.
             rng: the generator that shuffles.
    Source:  Robbins & Monro 1951, doi:10.1214/aoms/1177729586; lecture 001 L847-857, lecture 003 L158-184, L494.
    Example: a line through (0, 1) and (1, 3)
             >>> from striate.textbook import SGD, MeanSquaredError
             >>> x, y = np.array([[0.0], [1.0]]), np.array([[1.0], [3.0]])
             >>> weights, losses = fit(
             ...     Dense(), {"weight": np.zeros((1, 1)), "bias": np.zeros(1)}, MeanSquaredError(),
             ...     lambda: SGD(0.3), x, y, epochs=200, batch_size=2, rng=np.random.default_rng(0),
             ... )
             >>> weights["weight"].round(3).tolist(), weights["bias"].round(3).tolist()
             ([[2.0]], [1.0])
    """
    weights = dict(weights)
    optimizers: dict[str, Optimizer] = {}
    losses = []
    for _ in range(epochs):
        shuffled = rng.permutation(len(x))
        total = 0.0
        for batch in np.array_split(shuffled, math.ceil(len(x) / batch_size)):  # sample
            prediction = network.forward(x[batch], weights, training=True)  # forward
            total += loss.forward(prediction, target[batch]) * len(batch)
            _, gradients = network.backward(loss.backward())  # backward
            for name, gradient in gradients.items():  # update
                if name not in optimizers:
                    optimizers[name] = new_optimizer()
                weights[name] = optimizers[name].update(weights[name], gradient)
            weights.update(network.updated)  # the running averages of batch normalisation
        losses.append(total / len(x))
    return weights, losses


def small_convolutional_network(
    input_shape: Sequence[int], filters: int, classes: int, rng: np.random.Generator
) -> tuple[Sequential, dict[str, Array]]:
    """Build a convolution, a pooling and a dense brick, with weights to begin from.

    scores = Dense(Flatten(MaxPooling2D(ReLU(Conv2D(x)))))

    Shape:   maps (n, c, h, w) of input_shape (c, h, w) -> scores (n, classes)
    Args:    input_shape: (c, h, w).
             filters: 3x3 filters of the convolution.
             classes: scores that come out.
             rng: the generator that draws the weights.
    Source:  LeCun et al. 1989, doi:10.1162/neco.1989.1.4.541; lecture 000 L153-161.
    Example: >>> network, weights = small_convolutional_network((1, 8, 8), 4, 10, np.random.default_rng(0))
             >>> {name: w.shape for name, w in weights.items()}
             {'0.weight': (4, 1, 3, 3), '0.bias': (4,), '4.weight': (10, 64), '4.bias': (10,)}
             >>> network.forward(np.zeros((2, 1, 8, 8)), weights).shape
             (2, 10)
    """
    channels, high, wide = input_shape
    network = Sequential([Conv2D(padding="same"), ReLU(), MaxPooling2D(2), Flatten(), Dense()])
    weights = {
        "0.weight": glorot_uniform((filters, channels, 3, 3), rng),
        "0.bias": np.zeros(filters),
        "4.weight": glorot_uniform((classes, filters * (high // 2) * (wide // 2)), rng),
        "4.bias": np.zeros(classes),
    }
    return network, weights
