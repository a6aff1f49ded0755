"""Scaling by known numbers, so that what goes into a network is of the size that it likes."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Self

import torch
from pydantic import Strict
from torch import nn

from striate.errors import ShapeError
from striate.initializers.base import Given
from striate.layers.base import Layer, Weight
from striate.shape import Shape, as_tensor, to_border, to_inside
from striate.units import Factor, Real

__all__ = ["Normalization", "Rescaling"]

_Means = Real | Annotated[tuple[Real, ...], Strict(False)]
_Variances = Factor | Annotated[tuple[Factor, ...], Strict(False)]

SMALLEST = 1e-7
"""Keras' least deviation to divide by: a channel that never varies becomes 0."""


@dataclass(frozen=True, eq=False)
class Rescaling(Layer):
    """Stretch all numbers, then shift them.

    y = scale * x + offset

    Images of bytes reach a network divided by 255 already, so Rescaling(2, -1) makes them -1 to 1.

    Shape:   any -> the same
    Args:
        scale: what is multiplied by.
        offset: what is added then.
    Source:  Keras 3, keras.layers.Rescaling; lecture 003 L486-494
    Example: >>> Rescaling(2.0, -1.0).output((28, 28, 1))
             (28, 28, 1)
    """

    linear = True

    scale: Real
    offset: Real = 0.0

    def build(self, shape: Shape) -> nn.Module:
        return _Stretched(self.scale, self.offset)

    @classmethod
    def example(cls) -> Any:
        return cls(2.0, -1.0, input_shape=(5, 6, 2))


class _Stretched(nn.Module):
    def __init__(self, scale: float, offset: float) -> None:
        super().__init__()
        self.scale, self.offset = scale, offset

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scale * x + self.offset


@dataclass(frozen=True, eq=False)
class Normalization(Layer):
    """Subtract a mean that was measured on the data, and divide by its deviation, channel by channel.

    y = (x - mean) / max(sqrt(variance), 1e-7);  inverted y = mean + x * max(sqrt(variance), 1e-7)

    Shape:   any -> the same
    Cost:    2*c numbers that are not trained (mean, deviation);  0 MACs
    Args:
        mean: of each channel, or one number for all; `Normalization.adapted(x)` measures it.
        variance: of each channel, or one number for all.
        invert: whether it is undone: from normalised numbers to those of the data.
    Errors:  ShapeError for as many means or variances as there are no channels.
    Source:  Keras 3, keras.layers.Normalization; LeCun et al. 1998, doi:10.1007/3-540-49430-8_2; lecture 003 L486-494
    Example: >>> Normalization.adapted([[1.0, 10.0], [3.0, 30.0]])
             Normalization(mean=(2.0, 20.0), variance=(1.0, 100.0))
    """

    linear = True

    mean: _Means
    variance: _Variances
    invert: bool = False

    @classmethod
    def adapted(cls, x: Any, **arguments: Any) -> Self:
        """The layer with the means and variances of some data: Keras' `adapt`, of a layer that is a declaration.

        Images of bytes are measured as a network gets them, divided by 255.

        Args:    x: (n, ..., c). arguments: others of the layer, such as its name.
        Errors:  DataError for what is no array of numbers.
        Source:  Keras 3, keras.layers.Normalization.adapt
        """
        tensor = as_tensor(x, "data")
        numbers = tensor.double() / (255 if tensor.dtype == torch.uint8 else 1)
        over = tuple(range(numbers.dim() - 1))
        variance, mean = torch.var_mean(numbers, over, correction=0)
        return cls(tuple(mean.tolist()), tuple(variance.tolist()), **arguments)

    def output(self, shape: Shape) -> Shape:
        for name in ("mean", "variance"):
            given = getattr(self, name)
            if isinstance(given, tuple) and len(given) != shape[-1]:
                raise ShapeError(
                    f"Normalization has a {name} for each of {len(given)} channels, it was given {shape}",
                    sum=f"{len(given)} numbers, {shape[-1]} channels",
                    fix="Normalization.adapted(x) with the data of this network, or one number for all channels",
                )
        return shape

    def weights(self, shape: Shape) -> dict[str, Weight]:
        variances = self.variance if isinstance(self.variance, tuple) else (self.variance,)
        deviations = tuple(max(math.sqrt(variance), SMALLEST) for variance in variances)
        given = {"mean": self.mean, "deviation": deviations}
        return {name: Weight(shape[-1:], Given(numbers), trainable=False) for name, numbers in given.items()}

    def build(self, shape: Shape) -> nn.Module:
        self.output(shape)
        return (_Denormalized if self.invert else _Normalized)(shape[-1])

    @classmethod
    def example(cls) -> Any:
        return cls((1.0, -2.0), (4.0, 0.25), input_shape=(5, 6, 2))


class _Normalized(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.zeros(channels))
        self.deviation = nn.Buffer(torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return to_inside((to_border(x) - self.mean) / self.deviation)


class _Denormalized(_Normalized):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return to_inside(to_border(x) * self.deviation + self.mean)
