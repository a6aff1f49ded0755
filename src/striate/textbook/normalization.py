"""Batch normalisation: give every channel the mean and spread that the network chooses, not the data."""

import numpy as np

from striate.textbook.brick import Array, Brick, Weights

__all__ = [
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "UnitNormalization",
]


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


class GroupNormalization(Brick):
    """Normalise groups of channels over the whole map of each sample, then scale and shift by learned numbers.

    z = (x - mu) / sqrt(v + eps),    y = gamma*z + beta,    mu and v over the m numbers of a group in one sample

    dgamma = sum dy*z,  dbeta = sum dy (over samples and positions), and with dz = gamma*dy
    dx     = (dz - (1/m) sum dz - z * (1/m) sum dz*z) / sqrt(v + eps)

    The rule is that of batch normalisation in training; the numbers that are averaged are others.

    Shape:   x (n, c) or (n, c, ...), weight (gamma) and bias (beta) (c,) or none -> that of x
    Args:    groups: into how many the channels are cut; -1 for one for each channel.
             epsilon: eps, under the root, for groups that hardly vary.
    Source:  Wu & He 2018, doi:10.48550/arXiv.1803.08494.
    Example: >>> GroupNormalization(2, epsilon=0.0).forward(np.array([[1.0, 3.0, 10.0, 30.0]]), {}).tolist()
             [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(self, groups: int = 32, epsilon: float = 1e-3) -> None:
        self.groups, self.epsilon = groups, epsilon

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        channels = x.shape[1]
        grouped = self._grouped(x)
        apart = grouped - self._mean(grouped)
        self.root = np.sqrt(self._mean(apart**2) + self.epsilon)
        self.z = (apart / self.root).reshape(x.shape)
        self.learned = [name for name in ("weight", "bias") if name in weights]
        self.gamma = weights.get("weight", np.ones(channels)).reshape(-1, *[1] * (x.ndim - 2))
        return self.gamma * self.z + weights.get("bias", np.zeros(channels)).reshape(self.gamma.shape)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        axes = (0, *range(2, dy.ndim))
        gradients = {"weight": np.sum(dy * self.z, axis=axes), "bias": np.sum(dy, axis=axes)}  # (c,)
        dz, z = self._grouped(self.gamma * dy), self._grouped(self.z)
        dx = (dz - self._mean(dz) - z * self._mean(dz * z)) / self.root
        return dx.reshape(dy.shape), {name: gradients[name] for name in self.learned}

    def _grouped(self, x: Array) -> Array:
        groups = x.shape[1] if self.groups == -1 else self.groups
        return x.reshape(len(x), groups, -1)  # (n, groups, channels of the group * positions)

    def _mean(self, x: Array) -> Array:
        return x.mean(axis=2, keepdims=True)


class LayerNormalization(GroupNormalization):
    """Normalise the channels of each position, then scale and shift each channel by learned numbers.

    z = (x - mu) / sqrt(v + eps),    y = gamma*z + beta,    mu and v over the c channels of one position

    Every position is a sample of its own, all channels are one group: the rules are those of GroupNormalization.

    Shape:   x (n, c) or (n, c, ...), weight (gamma) and bias (beta) (c,) or none -> that of x
    Args:    epsilon: eps, under the root, for channels that hardly vary.
    Source:  Ba, Kiros & Hinton 2016, doi:10.48550/arXiv.1607.06450.
    Example: >>> LayerNormalization(epsilon=0.0).forward(np.array([[1.0, 3.0]]), {}).tolist()
             [[-1.0, 1.0]]
    """

    def __init__(self, epsilon: float = 1e-3) -> None:
        super().__init__(1, epsilon)

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        last = np.moveaxis(x, 1, -1)  # (n, h, w, c)
        y = super().forward(last.reshape(-1, x.shape[1]), weights, training)
        return np.moveaxis(y.reshape(last.shape), -1, 1)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        last = np.moveaxis(dy, 1, -1)
        dx, gradients = super().backward(last.reshape(-1, dy.shape[1]))
        return np.moveaxis(dx.reshape(last.shape), -1, 1), gradients


class RMSNormalization(Brick):
    """Divide the channels of each position by the root of their mean square, then scale each by a learned number.

    r = sqrt((1/c) sum x^2 + eps),  z = x / r,  y = gamma*z,    dgamma = sum dy*z, and with dz = gamma*dy
    dx = (dz - z * (1/c) sum dz*z) / r

    Shape:   x (n, c) or (n, c, ...), weight (gamma) (c,) -> that of x
    Args:    epsilon: eps, under the root, for channels near 0.
    Source:  Zhang & Sennrich 2019, doi:10.48550/arXiv.1910.07467.
    Example: >>> RMSNormalization(epsilon=0.0).forward(np.array([[1.0, -7.0]]), {"weight": np.ones(2)}).tolist()
             [[0.2, -1.4]]
    """

    def __init__(self, epsilon: float = 1e-6) -> None:
        self.epsilon = epsilon

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.root = np.sqrt(np.mean(x**2, axis=1, keepdims=True) + self.epsilon)  # (n, 1, ...)
        self.z = x / self.root
        self.gamma = weights["weight"].reshape(-1, *[1] * (x.ndim - 2))
        return self.gamma * self.z

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dz = self.gamma * dy
        dx = (dz - self.z * np.mean(dz * self.z, axis=1, keepdims=True)) / self.root
        return dx, {"weight": np.sum(dy * self.z, axis=(0, *range(2, dy.ndim)))}


class UnitNormalization(Brick):
    """Divide the channels of each position by their length.

    y = x / r,  r = sqrt(sum x^2),    dx = (dy - y * sum dy*y) / r;  where r < 1e-12: r = 1e-12, dx = dy / r

    Shape:   x (n, c) or (n, c, ...) -> the same
    Source:  Keras 3, keras.layers.UnitNormalization.
    Example: >>> UnitNormalization().forward(np.array([[3.0, 4.0]]), {}).tolist()
             [[0.6, 0.8]]
    """

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        length = np.sqrt(np.sum(x**2, axis=1, keepdims=True))
        self.long = length > 1e-12
        self.length = np.maximum(length, 1e-12)
        self.y = x / self.length
        return self.y

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        along = self.y * np.sum(dy * self.y, axis=1, keepdims=True)
        return (dy - np.where(self.long, along, 0.0)) / self.length, {}
