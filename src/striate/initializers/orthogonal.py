"""Initializers whose units start at right angles to each other: no two see the same, and lengths are kept."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from striate.errors import ShapeError
from striate.initializers.base import Initializer
from striate.shape import Shape, elements
from striate.units import Positive, Real

__all__ = ["LSUV", "Orthogonal"]


def _require_matrix(name: str, shape: Shape) -> None:
    if len(shape) < 2:
        raise ShapeError(
            f"{name} cannot fill a weight of shape {shape}: only a matrix has rows at right angles",
            sum=f"{len(shape)} axes given, at least 2 needed: (outputs, inputs, *kernel)",
            fix='"zeros" for a bias',
        )


def _orthonormal(shape: Shape, generator: torch.Generator) -> torch.Tensor:
    """Q of a normal matrix A = QR, R's diagonal made positive: so are all orthonormal matrices equally likely."""
    rows, columns = shape[0], elements(shape[1:])
    normal = torch.empty(max(rows, columns), min(rows, columns)).normal_(generator=generator)
    q, r = torch.linalg.qr(normal)
    q *= torch.where(r.diagonal() < 0, -1.0, 1.0)
    return (q.T if rows < columns else q).reshape(shape).contiguous()


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Draw units at right angles to each other, all of one length, so that signals keep theirs through many layers.

    w w^T = gain**2 * 1  (w^T w where there are more outputs than connections into one)

    Shape:   (outputs, inputs, *kernel), taken as a matrix (outputs, inputs * kernel)
    Args:    gain: length of a unit's weights.
    Errors:  ShapeError for a weight of fewer than two axes.
    Source:  Saxe et al. 2014, arXiv:1312.6120
    Example: >>> import torch
             >>> w = Orthogonal().sample((3, 5), torch.Generator())
             >>> bool((w @ w.T - torch.eye(3)).abs().max() < 1e-6)
             True
    """

    aliases: ClassVar[tuple[str, ...]] = ("orthogonal_initializer",)

    gain: Real = 1.0

    def require(self, shape: Shape) -> None:
        _require_matrix("Orthogonal", shape)

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        self.require(shape)
        return self.gain * _orthonormal(shape, generator)


@dataclass(frozen=True)
class LSUV(Initializer):
    """Draw units at right angles, then let the first images decide their length: layer-sequential unit-variance.

    w orthonormal, then layer by layer  w <- w / sqrt(var(y))  until |var(y) - 1| < tolerance, where y is what the layer
    gives of the first batch, before its activation

    The second part happens as training begins (build.unit_variance); until then the weights are orthonormal.

    Shape:   (outputs, inputs, *kernel), taken as a matrix (outputs, inputs * kernel)
    Args:    tolerance: how far from 1 the variance may stay.
    Errors:  ShapeError for a weight of fewer than two axes.
    Source:  Mishkin & Matas 2016, arXiv:1511.06422
    Example: >>> import torch
             >>> w = LSUV().sample((3, 5), torch.Generator())
             >>> bool((w @ w.T - torch.eye(3)).abs().max() < 1e-6)
             True
    """

    tolerance: Positive = 0.1

    def require(self, shape: Shape) -> None:
        _require_matrix("LSUV", shape)

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        self.require(shape)
        return _orthonormal(shape, generator)
