"""Penalties on the size of weights."""

from dataclasses import dataclass

import torch

from striate.regularizers.base import Regularizer
from striate.units import Factor

__all__ = ["L1", "L1L2", "L2"]


@dataclass(frozen=True)
class L1L2(Regularizer):
    """Keep weights small and few (the elastic net).

    penalty = l1 * sum |w| + l2 * sum w**2,  gradient l1*sign(w) + 2*l2*w

    Args:
        l1: factor of the absolute values.
        l2: factor of the squares. Books often write 1/2 * lambda * w**2: lambda is then twice l2.
    Source:  Zou & Hastie 2005, doi:10.1111/j.1467-9868.2005.00503.x; lecture 001 L1213
    Example: >>> import torch
             >>> L1L2(l1=1.0, l2=1.0).penalty(torch.tensor([3.0, -4.0]))
             tensor(32.)
    """

    l1: Factor = 0.0
    l2: Factor = 0.0

    def penalty(self, weight: torch.Tensor) -> torch.Tensor:
        return self.l1 * weight.abs().sum() + self.l2 * weight.square().sum()


@dataclass(frozen=True)
class L1(Regularizer):
    """Keep weights few.

    penalty = l1 * sum |w|,  gradient l1*sign(w)

    Args:    l1: factor.
    Source:  Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x; lecture 001 L1203-1213
    Example: >>> import torch
             >>> L1(1.0).penalty(torch.tensor([3.0, -4.0]))
             tensor(7.)
    """

    l1: Factor = 0.01

    def penalty(self, weight: torch.Tensor) -> torch.Tensor:
        return self.l1 * weight.abs().sum()


@dataclass(frozen=True)
class L2(Regularizer):
    """Keep weights small (weight decay).

    penalty = l2 * sum w**2,  gradient 2*l2*w

    Args:    l2: factor. Books often write 1/2 * lambda * w**2: lambda is then twice l2.
    Source:  Krogh & Hertz 1991; lecture 001 L1203, lecture 003 L616
    Example: >>> import torch
             >>> L2(1.0).penalty(torch.tensor([3.0, -4.0]))
             tensor(25.)
    """

    l2: Factor = 0.01

    def penalty(self, weight: torch.Tensor) -> torch.Tensor:
        return self.l2 * weight.square().sum()
