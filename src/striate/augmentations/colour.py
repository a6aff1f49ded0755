"""Augmentations that change colours: light, contrast, saturation, hue. Each is linear, so several are one matrix."""

import math
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Strict

from striate.augmentations.base import LUMA, Colouring, Probability, Range, between, ends, recoloured
from striate.errors import ArgumentError, DataError
from striate.units import Factor, Real

__all__ = [
    "PCALighting",
    "RandomBrightness",
    "RandomColorJitter",
    "RandomContrast",
    "RandomGrayscale",
    "RandomHue",
    "RandomSaturation",
]

_YIQ = torch.tensor([LUMA, (0.596, -0.274, -0.322), (0.211, -0.523, 0.312)], dtype=torch.float64)
"""From red, green, blue to luma and two differences of colour, whose angle is the hue and whose length the chroma."""
_RGB = torch.linalg.inv(_YIQ)

Triple = Annotated[tuple[Real, Real, Real], Strict(False)]
"""A number for each of red, green and blue, or of the three main directions of colour."""


@dataclass(frozen=True)
class RandomBrightness(Colouring):
    """Add light to an image, or take it away.

    x' = x + a,    a uniform from -factor to factor

    Args:    factor: largest change, 1 being from black to white; or (lowest, highest), both from -1 to 1.
    Errors:  ArgumentError if the lowest is above the highest.
    Source:  Keras 3, keras.layers.RandomBrightness; lecture 001 L1282
    Example: >>> RandomBrightness((0.25, 0.25)).recolour(torch.tensor([[0.5]]), torch.zeros(1, 3))[0, 0].tolist()
             [1.0, 0.0, 0.0, 0.25]
    """

    factor: Probability | Range

    draws = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = ends(self.factor)
        if not -1 <= low <= high <= 1:
            raise ArgumentError(
                f"RandomBrightness: factor cannot be {self.factor}",
                sum=f"-1 <= {low:g} <= {high:g} <= 1 must hold",
                fix="(lowest, highest), or one number f for -f to f",
            )

    def recolour(self, draws: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        return _colours(draws, shift=between(draws, ends(self.factor)).expand(-1, 3))

    @classmethod
    def example(cls) -> "RandomBrightness":
        return cls(0.2)


@dataclass(frozen=True)
class RandomContrast(Colouring):
    """Take colours away from, or towards, the mean colour of the image.

    x' = m + c (x - m),    m the mean of each channel,    c uniform from 1 - factor to 1 + factor

    Args:    factor: largest change; or (lower, upper) for c from 1 - lower to 1 + upper, both from 0 to 1.
    Errors:  ArgumentError for a factor outside 0 to 1.
    Source:  Keras 3, keras.layers.RandomContrast; lecture 001 L1282
    Example: >>> RandomContrast(0.5).recolour(torch.tensor([[0.0]]), torch.ones(1, 3))[0, 0].tolist()
             [0.5, 0.0, 0.0, 0.5]
    """

    factor: Probability | Range

    draws = 1
    means = True

    def __post_init__(self) -> None:
        super().__post_init__()
        lower, upper = ends(self.factor, least=0.0)
        if not (0 <= lower <= 1 and 0 <= upper <= 1):
            raise ArgumentError(
                f"RandomContrast: factor cannot be {self.factor}",
                sum=f"contrast from 1 - {lower:g} to 1 + {upper:g}, both between 0 and 1",
                fix="(lower, upper), or one number f for both",
            )

    def recolour(self, draws: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        lower, upper = self.factor if isinstance(self.factor, tuple) else (self.factor, self.factor)
        contrast = between(draws, (1 - lower, 1 + upper))
        return _colours(draws, contrast.unsqueeze(2) * torch.eye(3, dtype=draws.dtype), (1 - contrast) * mean)

    @classmethod
    def example(cls) -> "RandomContrast":
        return cls(0.3)


@dataclass(frozen=True)
class RandomSaturation(Colouring):
    """Take colours away from, or towards, grey.

    x' = y + s (x - y),    y the luma of each pixel,    s = f/(1 - f),    f uniform from 0 to factor

    Args:    factor: largest f: 0 is grey, 1/2 changes nothing, towards 1 without bound; or (lowest, highest).
    Errors:  ArgumentError if the lowest is above the highest, or a factor is not from 0 to below 1.
    Source:  Keras 3, keras.layers.RandomSaturation; Haeberli 1993, graficaobscura.com/matrix; lecture 001 L1282
    Example: >>> RandomSaturation((0.5, 0.5)).recolour(torch.tensor([[0.3]]), torch.zeros(1, 3))[0, 0].tolist()
             [1.0, 0.0, 0.0, 0.0]
    """

    factor: Probability | Range

    draws = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_shares("factor")
        if ends(self.factor)[1] >= 1:
            raise ArgumentError(
                f"RandomSaturation: factor cannot be {self.factor}",
                sum="s = f/(1 - f) has no bound at f = 1",
                fix="factor=(0.3, 0.7)",
            )

    def recolour(self, draws: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        share = between(draws, ends(self.factor, least=0.0))
        return _colours(draws, _saturated(share / (1 - share)))

    @classmethod
    def example(cls) -> "RandomSaturation":
        return cls((0.3, 0.7))


@dataclass(frozen=True)
class RandomGrayscale(Colouring):
    """Take the colours from some images.

    x' = y with probability factor, else x,    y the luma of each pixel

    Args:    factor: the probability.
    Source:  Keras 3, keras.layers.RandomGrayscale
    Example: >>> RandomGrayscale(0.0).recolour(torch.tensor([[0.3]]), torch.zeros(1, 3))[0, 0].tolist()
             [1.0, 0.0, 0.0, 0.0]
    """

    factor: Probability = 0.5

    draws = 1

    def recolour(self, draws: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        return _colours(draws, _saturated((draws >= self.factor).to(draws.dtype)))


@dataclass(frozen=True)
class RandomHue(Colouring):
    """Turn all colours about grey, red towards green, green towards blue, or the other way.

    x' = T^-1 R(t pi f) T x,    T from (red, green, blue) to (y, i, q), R a turn of (i, q),    f uniform from 0 to factor,
    t 1 or -1

    Args:    factor: largest f: 1 is half a turn; or (lowest, highest), both from 0 to 1.
    Errors:  ArgumentError if the lowest is above the highest, or a factor is not from 0 to 1.
    Source:  Keras 3, keras.layers.RandomHue; Haeberli 1993, graficaobscura.com/matrix; lecture 001 L1282
    Example: >>> RandomHue(0.1).recolour(torch.zeros(1, 2), torch.zeros(1, 3))[0, 0].sum().round(decimals=6).item()
             1.0
    """

    factor: Probability | Range

    draws = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_shares("factor")

    def recolour(self, draws: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        way = torch.where(draws[:, 0] < 0.5, 1.0, -1.0)
        angle = math.pi * way * between(draws[:, 1], ends(self.factor, least=0.0))
        turn = draws.new_zeros(len(draws), 3, 3)
        turn[:, 0, 0] = 1
        turn[:, 1, 1] = turn[:, 2, 2] = angle.cos()
        turn[:, 1, 2] = angle.sin()  # (i, q) run from red to blue to green
        turn[:, 2, 1] = -angle.sin()
        return _colours(draws, _RGB.to(draws) @ turn @ _YIQ.to(draws))

    @classmethod
    def example(cls) -> "RandomHue":
        return cls(0.2)


@dataclass(frozen=True)
class RandomColorJitter(Colouring):
    """Change brightness, contrast, saturation and hue, one after the other.

    x' = H(S(C(B(x)))),    B, C, S, H those of RandomBrightness, RandomContrast, RandomSaturation and RandomHue

    Args:    brightness_factor, contrast_factor, saturation_factor, hue_factor: the factor of each; None leaves it out.
    Errors:  ArgumentError for a factor that one of them refuses.
    Source:  Keras 3, keras.layers.RandomColorJitter; lecture 001 L1282, lecture 003 L637
    Example: >>> RandomColorJitter(0.2, 0.2).recolour(torch.full((1, 5), 0.5), torch.zeros(1, 3))[0, 0].tolist()
             [1.0, 0.0, 0.0, 0.0]
    """

    brightness_factor: Probability | Range | None = None
    contrast_factor: Probability | Range | None = None
    saturation_factor: Probability | Range | None = None
    hue_factor: Probability | Range | None = None

    draws = 5
    means = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for part in self._parts():
            part.__post_init__()

    def _parts(self) -> list[Colouring]:
        made = (
            (RandomBrightness, self.brightness_factor),
            (RandomContrast, self.contrast_factor),
            (RandomSaturation, self.saturation_factor),
            (RandomHue, self.hue_factor),
        )
        return [kind(factor) for kind, factor in made if factor is not None]

    def recolour(self, draws: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        return recoloured(self._parts(), draws, mean)

    @classmethod
    def example(cls) -> "RandomColorJitter":
        return cls(0.2, 0.2, (0.3, 0.7), 0.1)


@dataclass(frozen=True)
class PCALighting(Colouring):
    """Change the light as it differs most among photographs: along the main directions of their colours.

    x' = x + P (a_1 l_1, a_2 l_2, a_3 l_3),    a_i ~ N(0, deviation^2),    one for all pixels of an image

    Args:    deviation: standard deviation of a.
             eigenvalues: l, of the directions; those of ImageNet by default.
             eigenvectors: P, one direction a column; those of ImageNet by default.
    Source:  Krizhevsky, Sutskever & Hinton 2012, "ImageNet classification with deep convolutional neural networks",
             section 4.1; numbers of github.com/facebookarchive/fb.resnet.torch, datasets/imagenet.lua
    Example: >>> PCALighting(0.0).recolour(torch.full((1, 4), 0.3), torch.zeros(1, 3))[0, 0].tolist()
             [1.0, 0.0, 0.0, 0.0]
    """

    deviation: Factor = 0.1
    eigenvalues: Triple = (0.2175, 0.0188, 0.0045)
    eigenvectors: Annotated[tuple[Triple, Triple, Triple], Strict(False)] = (
        (-0.5675, 0.7192, 0.4009),
        (-0.5808, -0.0045, -0.8140),
        (-0.5836, -0.6948, 0.4203),
    )

    draws = 4

    @classmethod
    def fit(cls, x: Any, deviation: float = 0.1) -> "PCALighting":
        """The lighting of these training images: eigenvalues and eigenvectors of the covariance of their pixels.

        Args:    x: images (n, h, w, 3), uint8, or float from 0 to 1. deviation: of the lighting.
        Errors:  DataError for images without three channels.
        """
        pixels = np.asarray(x)
        if pixels.ndim != 4 or pixels.shape[-1] != 3 or not pixels.size:
            raise DataError(
                f"PCALighting needs colour images (n, h, w, 3), these are {pixels.shape}",
                fix="RandomBrightness for grey images",
            )
        white = 255.0 if pixels.dtype == np.uint8 else 1.0
        # Summed image by image, so that a memory-mapped data set larger than memory can be measured.
        count, total, square = 0, np.zeros(3), np.zeros((3, 3))
        for image in pixels:
            colours = image.reshape(-1, 3) / white
            count, total, square = count + len(colours), total + colours.sum(0), square + colours.T @ colours
        values, vectors = np.linalg.eigh(square / count - np.outer(total, total) / count**2)
        columns = vectors[:, ::-1]  # the largest first
        return cls(deviation, tuple(values[::-1].clip(0).tolist()), tuple(map(tuple, columns.tolist())))

    def recolour(self, draws: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        # Box & Muller 1958, doi:10.1214/aoms/1177706645: two uniform numbers give two normal ones.
        length = (-2 * (1 - draws[:, 0::2]).log()).sqrt()
        angle = 2 * math.pi * draws[:, 1::2]
        normal = torch.cat([length * angle.cos(), length[:, :1] * angle[:, :1].sin()], 1)
        directions = draws.new_tensor(self.eigenvectors) * draws.new_tensor(self.eigenvalues)
        return _colours(draws, shift=self.deviation * normal @ directions.T)


def _saturated(saturation: torch.Tensor) -> torch.Tensor:
    """(n, 1) -> (n, 3, 3): from grey, at 0, on."""
    kept = saturation.unsqueeze(2)
    return kept * torch.eye(3, dtype=kept.dtype) + (1 - kept) * kept.new_tensor(LUMA)


def _colours(
    draws: torch.Tensor, matrix: torch.Tensor | None = None, shift: torch.Tensor | None = None
) -> torch.Tensor:
    """(n, 3, 4) from (red, green, blue, 1): x' = matrix x + shift."""
    count = len(draws)
    if matrix is None:
        matrix = torch.eye(3, dtype=draws.dtype).expand(count, 3, 3)
    if shift is None:
        shift = draws.new_zeros(count, 3)
    return torch.cat([matrix, shift.unsqueeze(2)], 2)
