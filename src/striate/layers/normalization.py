"""Normalisation: every channel gets the mean and spread that the network chooses, not those of the data."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.errors import ShapeError
from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, Weight
from striate.regularizers.base import RegularizerLike
from striate.shape import Shape
from striate.units import Fraction, Positive

__all__ = ["BatchNormalization"]

_BY_RANK = {1: nn.BatchNorm1d, 2: nn.BatchNorm1d, 3: nn.BatchNorm2d, 4: nn.BatchNorm3d}


@dataclass(frozen=True, eq=False)
class BatchNormalization(Layer):
    """Normalise each channel over the mini-batch, then scale and shift it by learned numbers.

    y = gamma * (x - mean) / sqrt(var + eps) + beta

    In training mean and var are those of the batch, over samples and positions; in prediction they are running
    averages, old <- momentum * old + (1 - momentum) * new, with the unbiased var. With trainable=False the averages
    are used, and kept as they are, in training too.

    Shape:   (c,), (l, c), (h, w, c) or (d, h, w, c) -> the same
    Cost:    2*c params (gamma, beta), 2*c more that are not trained (the averages);  0 MACs
    Args:
        momentum: share of the old average that is kept.
        epsilon: eps, for channels that hardly vary.
        center: whether beta is added.
        scale: whether gamma is multiplied.
        beta_initializer: first values of beta.
        gamma_initializer: first values of gamma.
        moving_mean_initializer: first values of the average of the mean.
        moving_variance_initializer: first values of the average of var.
        beta_regularizer: penalty on beta.
        gamma_regularizer: penalty on gamma.
    Errors:  ShapeError for more than three axes beside the channels.
    Source:  Ioffe & Szegedy 2015, arXiv:1502.03167; lecture 001 L1228-1268, lecture 003 L618-626
    Example: >>> list(BatchNormalization().weights((24, 24, 20)))
             ['weight', 'bias', 'running_mean', 'running_var']
    """

    momentum: Fraction = 0.9
    epsilon: Positive = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: InitializerLike = "zeros"
    gamma_initializer: InitializerLike = "ones"
    moving_mean_initializer: InitializerLike = "zeros"
    moving_variance_initializer: InitializerLike = "ones"
    beta_regularizer: RegularizerLike | None = None
    gamma_regularizer: RegularizerLike | None = None

    def output(self, shape: Shape) -> Shape:
        if len(shape) not in _BY_RANK:
            raise ShapeError(
                f"BatchNormalization takes 1 to 4 axes, the channels last; it was given {shape}",
                sum=f"{len(shape)} axes given",
                fix="Reshape(...) to fewer axes before it",
            )
        return shape

    def weights(self, shape: Shape) -> dict[str, Weight]:
        rows = (
            ("weight", self.scale, self.gamma_initializer, self.gamma_regularizer, True),
            ("bias", self.center, self.beta_initializer, self.beta_regularizer, True),
            ("running_mean", True, self.moving_mean_initializer, None, False),
            ("running_var", True, self.moving_variance_initializer, None, False),
        )
        return {
            name: Weight(
                shape[-1:],
                catalog.get("initializers", initializer),
                trainable=trainable,
                regularizer=catalog.get("regularizers", regularizer),
            )
            for name, there, initializer, regularizer, trainable in rows
            if there
        }

    def build(self, shape: Shape) -> nn.Module:
        self.output(shape)
        module = _BY_RANK[len(shape)] if self.trainable else _Frozen
        built = module(shape[-1], eps=self.epsilon, momentum=1 - self.momentum)
        if not self.scale:
            built.weight = None  # ty: ignore[invalid-assignment]
        if not self.center:
            built.bias = None  # ty: ignore[invalid-assignment]
        built.num_batches_tracked = None  # a counter for momentum=None alone; it would be one more key to carry
        return built

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 2))


class _Frozen(nn.BatchNorm1d):
    """Batch normalisation by the running averages, whatever the mode; for inputs of any rank."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # ty: ignore[lost-keyword-for-regular-parameter]
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )
