"""Penalties on the size of weights."""

from dataclasses import dataclass

import torch

from striate.regularizers.base import Regularizer
from striate.units import Factor

__all__ = ["L1", "L1L2", "L2"]


@dataclass(frozen=True)
class L1(Regularizer):
    """Keep weights few: those that are of little use become 0.

    penalty = l1 * sum |w|,  gradient l1 * sign(w), where 0 is taken at w = 0

    The lecture's lambda is l1.

    Shape:   any -> a number
    Args:    l1: factor of the sizes.
    Source:  Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x; lecture 001 L1205-1207
    Example: >>> import torch
             >>> L1(1.0).penalty(torch.tensor([3.0, -4.0]))
             tensor(7.)
    """

    l1: Factor = 0.01

    def penalty(self, weight: torch.Tensor) -> torch.Tensor:
        return self.l1 * weight.abs().sum()


@dataclass(frozen=True)
class L2(Regularizer):
    """Keep weights small.

    penalty = l2 * sum w**2,  gradient 2 * l2 * w

    The lecture's lambda is l2. Where a book writes 1/2 * lambda * w**2, with the gradient lambda * w, its lambda is
    2 * l2: taken as l2 it would count double.

    Shape:   any -> a number
    Args:    l2: factor of the squares.
    Source:  Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634; lecture 001 L1201-1203, lecture 003 L616
    Example: >>> import torch
             >>> L2(1.0).penalty(torch.tensor([3.0, -4.0]))
             tensor(25.)
    """

    l2: Factor = 0.01

    def penalty(self, weight: torch.Tensor) -> torch.Tensor:
        return self.l2 * weight.square().sum()


@dataclass(frozen=True)
class L1L2(Regularizer):
    """Keep weights small and few: the elastic net.

    penalty = l1 * sum |w| + l2 * sum w**2,  gradient l1 * sign(w) + 2 * l2 * w

    The lecture's lambda * sum of (beta * w**2 + |w|) is l1 = lambda, l2 = lambda * beta.

    Shape:   any -> a number
    Args:    l1: factor of the sizes.
             l2: factor of the squares.
    Source:  Zou & Hastie 2005, doi:10.1111/j.1467-9868.2005.00503.x; lecture 001 L1209-1213
    Example: >>> import torch
             >>> L1L2(l1=1.0, l2=1.0).penalty(torch.tensor([3.0, -4.0]))
             tensor(32.)
    """

    l1: Factor = 0.0
    l2: Factor = 0.0

    def penalty(self, weight: torch.Tensor) -> torch.Tensor:
        return self.l1 * weight.abs().sum() + self.l2 * weight.square().sum()
