"""Batch normalisation: give every channel the mean and spread that the network chooses, not the data."""

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = ["BatchNormalization"]


class BatchNormalization(Brick):
    """Normalise each channel over the mini-batch, then scale and shift it by learned numbers.

    In training, over the m values of a channel (samples, and pixels of a map), with z the normalised x:
    mu = (1/m) sum x,  v = (1/m) sum (x - mu)^2,  z = (x - mu) / sqrt(v + eps),  y = gamma*z + beta

    dgamma = sum dy*z,  dbeta = sum dy,  and with dz = gamma*dy
    dx     = (dz - (1/m) sum dz - z * (1/m) sum dz*z) / sqrt(v + eps)

    Three paths lead from one x to the loss: by its own z, by mu, and by v. The second and third touch every z of
    the batch; they take away exactly the part of dz that a shift or a stretch of the whole channel would undo.

    In prediction mu and v are the running averages, constants: y = gamma*(x - mu)/sqrt(v + eps) + beta, and
    dx = dz / sqrt(v + eps). After a forward in training, `updated` holds the new running averages,
    momentum*old + (1 - momentum)*batch, with the unbiased variance m/(m-1) * v as torch keeps it.

    Shape:   x (n, c) or (n, c, ...), weight (gamma), bias (beta), running_mean and running_var (c,)
             -> that of x. Without weight or bias, gamma is 1 or beta 0.
    Args:    momentum: share of the old running average that is kept.
             epsilon: eps, under the root, for channels that hardly vary.
    Errors:  ValueError in training if a channel has one value only: it would be normalised to 0 whatever it is.
    Source:  Ioffe & Szegedy 2015, doi:10.48550/arXiv.1502.03167; lecture 001 L1228-1268, lecture 003 L618-626.
    Example: >>> brick = BatchNormalization(epsilon=0.0)
             >>> weights = {"running_mean": np.zeros(1), "running_var": np.ones(1)}
             >>> brick.forward(np.array([[1.0], [3.0]]), weights).tolist()
             [[-1.0], [1.0]]
             >>> {name: value.round(6).tolist() for name, value in brick.updated.items()}
             {'running_mean': [0.2], 'running_var': [1.1]}
             >>> brick.forward(np.array([[1.0], [3.0]]), weights, training=False).tolist()
             [[1.0], [3.0]]
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-3) -> None:
        self.momentum = momentum
        self.epsilon = epsilon

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.axes = (0, *range(2, x.ndim))  # all but the channels
        self.training = training
        self.updated = {}
        self.learned = [name for name in ("weight", "bias") if name in weights]
        self.gamma = self._per_channel(weights.get("weight", np.ones(x.shape[1])))
        beta = self._per_channel(weights.get("bias", np.zeros(x.shape[1])))
        if training:
            m = x.size // x.shape[1]
            if m < 2:
                raise ValueError("batch normalisation needs more than one value per channel in training")
            mean, variance = x.mean(axis=self.axes), x.var(axis=self.axes)  # (c,)
            for name, batch in (("running_mean", mean), ("running_var", variance * m / (m - 1))):
                if name in weights:
                    self.updated[name] = self.momentum * weights[name] + (1.0 - self.momentum) * batch
        else:
            mean, variance = weights["running_mean"], weights["running_var"]
        self.root = self._per_channel(np.sqrt(variance + self.epsilon))
        self.z = (x - self._per_channel(mean)) / self.root  # (n, c, ...)
        return self.gamma * self.z + beta

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        gradients = {"weight": np.sum(dy * self.z, axis=self.axes), "bias": np.sum(dy, axis=self.axes)}  # (c,)
        dz = self.gamma * dy
        if self.training:
            by_mean = dz.mean(axis=self.axes, keepdims=True)
            by_variance = self.z * np.mean(dz * self.z, axis=self.axes, keepdims=True)
            dz = dz - by_mean - by_variance
        return dz / self.root, {name: gradients[name] for name in self.learned}

    def _per_channel(self, v: Array) -> Array:
        return v.reshape(-1, *[1] * (len(self.axes) - 1))  # (c,) -> (c, 1, 1), against (n, c, h, w)
