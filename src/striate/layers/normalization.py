"""Normalisation: every channel gets the mean and spread that the network chooses, not those of the data."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.errors import ShapeError
from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, Weight, stated
from striate.regularizers.base import RegularizerLike
from striate.shape import EVERYTHING, Shape, Window, elements, is_open, to_border, to_inside
from striate.units import Count, Fraction, Positive

__all__ = [
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "UnitNormalization",
]

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

    linear = True

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
        averages = {"running_mean": self.moving_mean_initializer, "running_var": self.moving_variance_initializer}
        return _gamma_and_beta(self, shape) | {
            name: Weight(shape[-1:], catalog.get("initializers", initializer), trainable=False)
            for name, initializer in averages.items()
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


def _gamma_and_beta(layer: Any, shape: Shape) -> dict[str, Weight]:
    """The scale and the shift of each channel, where the layer has them."""
    rows = (("weight", layer.scale, "gamma"), ("bias", layer.center, "beta"))
    return {name: stated(layer, argument, shape[-1:]) for name, there, argument in rows if there}


class _Frozen(nn.BatchNorm1d):
    """Batch normalisation by the running averages, whatever the mode; for inputs of any rank."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # ty: ignore[lost-keyword-for-regular-parameter]
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )


@dataclass(frozen=True, eq=False)
class LayerNormalization(Layer):
    """Normalise the channels of each position, then scale and shift each channel by learned numbers.

    y = gamma * (x - mean) / sqrt(var + eps) + beta

    Mean and var are those of the c numbers at one position of one image: batches do not matter, and training and
    prediction do the same. GroupNormalization(1) takes them over the whole map.

    Shape:   (c,) or (h, w, c) -> the same
    Cost:    2*c params (gamma, beta);  0 MACs
    Args:
        epsilon: eps, for channels that hardly vary.
        center: whether beta is added.
        scale: whether gamma is multiplied.
        beta_initializer: first values of beta.
        gamma_initializer: first values of gamma.
        beta_regularizer: penalty on beta.
        gamma_regularizer: penalty on gamma.
    Errors:  ShapeError for a single channel: whatever it is, it would be normalised to 0.
    Source:  Ba, Kiros & Hinton 2016, arXiv:1607.06450
    Example: >>> list(LayerNormalization().weights((24, 24, 20)))
             ['weight', 'bias']
    """

    epsilon: Positive = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: InitializerLike = "zeros"
    gamma_initializer: InitializerLike = "ones"
    beta_regularizer: RegularizerLike | None = None
    gamma_regularizer: RegularizerLike | None = None

    def output(self, shape: Shape) -> Shape:
        _require_spread(self, f"{shape} has {shape[-1]} channel", shape[-1])
        return shape

    def weights(self, shape: Shape) -> dict[str, Weight]:
        return _gamma_and_beta(self, shape)

    def build(self, shape: Shape) -> nn.Module:
        self.output(shape)
        return _ByPosition(shape[-1], self.epsilon, self.scale, self.center)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 4))


FEW = 8
"""Numbers below which torch's fused layer_norm, four times as fast, loses more digits than arithmetic must."""


def _standard(x: torch.Tensor, over: tuple[int, ...], eps: float) -> torch.Tensor:
    """x with mean 0 and variance 1 over these axes.

    Written out: the backward pass of torch's fused layer_norm loses twice as many digits where two numbers are
    compared, and that of group_norm crashes in channels_last memory on an input without gradient.
    """
    apart = x - x.mean(over, keepdim=True)
    return apart * torch.rsqrt(apart.square().mean(over, keepdim=True) + eps)


class _Scaled(nn.Module):
    """What follows: gamma and beta of each channel, where there are any."""

    def __init__(self, channels: int, scale: bool, center: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels)) if scale else None
        self.bias = nn.Parameter(torch.empty(channels)) if center else None

    def scaled(self, z: torch.Tensor) -> torch.Tensor:
        """(n, ..., c), scaled and shifted."""
        z = z if self.weight is None else z * self.weight
        return z if self.bias is None else z + self.bias


class _ByPosition(_Scaled):
    def __init__(self, channels: int, eps: float, scale: bool, center: bool) -> None:
        super().__init__(channels, scale, center)
        self.channels, self.eps = channels, eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = to_border(x)
        if self.channels < FEW:
            return to_inside(self.scaled(_standard(x, (-1,), self.eps)))
        return to_inside(functional.layer_norm(x, (self.channels,), self.weight, self.bias, self.eps))


def _require_spread(layer: Layer, sum: str, numbers: int) -> None:
    if numbers < 2:
        raise ShapeError(
            f"{type(layer).__name__} would normalise single numbers, which are then 0 whatever they were",
            sum=f"{sum}: a mean and a spread need 2 numbers at least",
            fix="BatchNormalization(), which compares the images of a batch",
        )


@dataclass(frozen=True, eq=False)
class GroupNormalization(Layer):
    """Normalise groups of channels over the whole map of each image, then scale and shift by learned numbers.

    y = gamma * (x - mean) / sqrt(var + eps) + beta

    Mean and var are those of a group's c/groups channels at all positions of one image: batches do not matter, and
    training and prediction do the same. One group is layer normalisation of the whole map; groups=-1, as many as
    there are channels, is instance normalisation.

    Shape:   (c,) or (h, w, c) -> the same
    Cost:    2*c params (gamma, beta);  0 MACs
    Args:
        groups: how many; -1 for one for each channel.
        epsilon: eps, for groups that hardly vary.
        center: whether beta is added.
        scale: whether gamma is multiplied.
        beta_initializer: first values of beta.
        gamma_initializer: first values of gamma.
        beta_regularizer: penalty on beta.
        gamma_regularizer: penalty on gamma.
    Errors:  ShapeError where the groups do not divide the channels, or each holds a single number.
    Source:  Wu & He 2018, arXiv:1803.08494; of single channels Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022
    Example: >>> GroupNormalization(4).output((24, 24, 20))
             (24, 24, 20)
    """

    groups: Count | Literal[-1] = 32
    epsilon: Positive = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: InitializerLike = "zeros"
    gamma_initializer: InitializerLike = "ones"
    beta_regularizer: RegularizerLike | None = None
    gamma_regularizer: RegularizerLike | None = None

    def output(self, shape: Shape) -> Shape:
        *positions, channels = shape
        groups = channels if self.groups == -1 else self.groups
        if channels % groups:
            most = max(number for number in range(1, min(groups, channels) + 1) if channels % number == 0)
            raise ShapeError(
                f"GroupNormalization cannot make {groups} equal groups of {channels} channels",
                sum=f"{channels} mod {groups} = {channels % groups}, must be 0",
                fix=f"groups={most}, or another number that divides {channels}",
            )
        each = channels // groups
        if not is_open(positions):
            _require_spread(self, f"{shape} has {each} channel in each of {groups} groups", each * elements(positions))
        return shape

    def weights(self, shape: Shape) -> dict[str, Weight]:
        return _gamma_and_beta(self, shape)

    def window(self, shape: Shape) -> Window | None:
        return EVERYTHING

    def build(self, shape: Shape) -> nn.Module:
        self.output(shape)
        groups = shape[-1] if self.groups == -1 else self.groups
        return _ByGroup(len(shape), groups, shape[-1], self.epsilon, self.scale, self.center)

    @classmethod
    def example(cls) -> Any:
        return cls(2, input_shape=(5, 6, 4))


class _ByGroup(_Scaled):
    def __init__(self, axes: int, groups: int, channels: int, eps: float, scale: bool, center: bool) -> None:
        super().__init__(channels, scale, center)
        self.each, self.eps = (groups, channels // groups), eps
        self.over = tuple(range(2, axes + 2))  # of (n, groups, channels of the group, ...)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = _standard(x.unflatten(1, self.each), self.over, self.eps).flatten(1, 2)
        return to_inside(self.scaled(to_border(z)))


@dataclass(frozen=True, eq=False)
class RMSNormalization(Layer):
    """Divide the channels of each position by the root of their mean square, then scale each by a learned number.

    y = gamma * x / sqrt(mean of x^2 + eps)

    Layer normalisation without its mean: as good in many networks, and cheaper.

    Shape:   (c,) or (h, w, c) -> the same
    Cost:    c params (gamma);  0 MACs
    Args:    epsilon: eps, for channels near 0.
    Source:  Zhang & Sennrich 2019, arXiv:1910.07467
    Example: >>> RMSNormalization().output((24, 24, 20))
             (24, 24, 20)
    """

    epsilon: Positive = 1e-6

    def weights(self, shape: Shape) -> dict[str, Weight]:
        return {"weight": Weight(shape[-1:], catalog.get("initializers", "ones"))}

    def build(self, shape: Shape) -> nn.Module:
        return _RootMeanSquare(shape[-1], self.epsilon)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 4))


class _RootMeanSquare(nn.Module):
    def __init__(self, channels: int, eps: float) -> None:
        super().__init__()
        self.channels, self.eps = (channels,), eps
        self.weight = nn.Parameter(torch.empty(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # torch fuses it, and does not warn, where both have one type: under bfloat16 the weight would stay float32.
        return to_inside(functional.rms_norm(to_border(x), self.channels, self.weight.type_as(x), self.eps))


@dataclass(frozen=True, eq=False)
class UnitNormalization(Layer):
    """Divide the channels of each position by their length: vectors that are compared by their angle.

    y = x / max(|x|, 1e-12)

    Shape:   (c,) or (h, w, c) -> the same
    Source:  Keras 3, keras.layers.UnitNormalization
    Example: >>> UnitNormalization().output((64,))
             (64,)
    """

    def build(self, shape: Shape) -> nn.Module:
        return _UnitLength()

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 3))


class _UnitLength(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return to_inside(functional.normalize(to_border(x), dim=-1, eps=1e-12))
