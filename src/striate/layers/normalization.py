"""Normalisation: keep the numbers that flow through a network in a good range."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, Weight
from striate.regularizers.base import RegularizerLike
from striate.shape import Shape
from striate.units import Fraction, Positive

__all__ = ["BatchNormalization"]


@dataclass(frozen=True, eq=False)
class BatchNormalization(Layer):
    """Subtract the mean of the batch and divide by its deviation, channel by channel; then scale and shift.

    y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    In training the statistics are those of the batch (over n, h, w), in prediction their running means, which move
    by running = momentum*running + (1 - momentum)*batch (the batch's variance unbiased, as torch keeps it). With
    trainable=False it is in prediction's mode always.

    Shape:   any (..., c) -> the same
    Cost:    2*c params, 2*c more that training does not move
    Args:
        momentum: share of the old running statistics (0.9; Keras 0.99 is too slow for short runs).
        epsilon: added to the variance.
        center: whether beta is added.
        scale: whether gamma multiplies.
        beta_initializer: first values of beta.
        gamma_initializer: first values of gamma.
        beta_regularizer: penalty on beta.
        gamma_regularizer: penalty on gamma.
    Source:  Ioffe & Szegedy 2015, arXiv:1502.03167; lecture 001 L1228-1268
    Example: >>> list(BatchNormalization().weights((28, 28, 20)))
             ['weight', 'bias', 'running_mean', 'running_var']
    """

    momentum: Fraction = 0.9
    epsilon: Positive = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: InitializerLike = "zeros"
    gamma_initializer: InitializerLike = "ones"
    beta_regularizer: RegularizerLike | None = None
    gamma_regularizer: RegularizerLike | None = None

    def weights(self, shape: Shape) -> dict[str, Weight]:
        size = shape[-1:]
        found = {}
        if self.scale:
            gamma = catalog.get("initializers", self.gamma_initializer)
            found["weight"] = Weight(size, gamma, regularizer=catalog.get("regularizers", self.gamma_regularizer))
        if self.center:
            beta = catalog.get("initializers", self.beta_initializer)
            found["bias"] = Weight(size, beta, regularizer=catalog.get("regularizers", self.beta_regularizer))
        found["running_mean"] = Weight(size, catalog.get("initializers", "zeros"), trainable=False)
        found["running_var"] = Weight(size, catalog.get("initializers", "ones"), trainable=False)
        return found

    def build(self, shape: Shape) -> nn.Module:
        size, momentum = shape[-1], 1 - self.momentum
        if self.trainable and self.center and self.scale:
            module = (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[len(shape) - 1]
            return module(size, self.epsilon, momentum)
        return _PartialBatchNorm(size, self.epsilon, momentum, self.scale, self.center, frozen=not self.trainable)

    @classmethod
    def example(cls) -> "BatchNormalization":
        return cls(input_shape=(5, 6, 2))


class _PartialBatchNorm(nn.Module):
    """Batch normalisation with only one of gamma and beta, or frozen: torch's own has both or none."""

    weight: nn.Parameter | None
    bias: nn.Parameter | None
    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, size: int, epsilon: float, momentum: float, scale: bool, center: bool, frozen: bool) -> None:
        super().__init__()
        self.epsilon, self.momentum, self.frozen = epsilon, momentum, frozen
        self.register_parameter("weight", nn.Parameter(torch.ones(size)) if scale else None)
        self.register_parameter("bias", nn.Parameter(torch.zeros(size)) if center else None)
        self.register_buffer("running_mean", torch.zeros(size))
        self.register_buffer("running_var", torch.ones(size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch = self.training and not self.frozen
        statistics = self.running_mean, self.running_var
        return functional.batch_norm(x, *statistics, self.weight, self.bias, batch, self.momentum, self.epsilon)
