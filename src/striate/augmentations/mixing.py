"""Augmentations that mix images, and their labels with them."""

import math
from dataclasses import dataclass

import torch

from striate.augmentations.base import Mixing
from striate.units import Positive

__all__ = ["MixUp"]


@dataclass(frozen=True)
class MixUp(Mixing):
    """Blend every image of a batch, and its label, with another one.

    x' = a x + (1 - a) x[partner],    y' = a y + (1 - a) y[partner],    a ~ Beta(alpha, alpha)

    a = 1/2 + c/2 * sqrt(q/(1 + q)),  q = (u^(-1/alpha) - 1) cos(2 pi v)^2, c the sign of cos(2 pi v), u and v uniform:
    two numbers, whatever alpha. The images of a batch, ordered by a third one, are each other's partners in a ring.

    Args:    alpha: small blends little, 1 makes all blends equally likely.
    Source:  Zhang et al. 2017, arXiv:1710.09412; Keras 3, keras.layers.MixUp;
             Beta from Student's t: Bailey 1994, doi:10.1090/S0025-5718-1994-1219702-8
    Example: >>> MixUp().partners(torch.tensor([[0.1, 0.5, 0.25], [0.9, 0.5, 0.25], [0.5, 0.5, 0.25]]))[0].tolist()
             [1, 2, 0]
    """

    alpha: Positive = 0.2

    draws = 3

    def partners(self, draws: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        order = draws[:, 0].argsort(stable=True)
        partner = torch.empty_like(order)
        partner[order] = order.roll(1)
        turn = (2 * math.pi * draws[:, 2]).cos()
        spread = (draws[:, 1] ** (-1 / self.alpha) - 1) * turn.square()
        # 1/(1 + 1/q) in place of q/(1 + q), which is not a number where q is beyond all numbers.
        return partner, 0.5 + 0.5 * turn.sign() / (1 + 1 / spread).sqrt()
