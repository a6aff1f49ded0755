"""Numbers to prove a network with, where nobody gives any."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from striate.errors import DataError
from striate.losses.base import Loss
from striate.model.samples import Side
from striate.shape import Shape, to_inside

__all__ = ["IMAGES", "closed", "random_images", "random_labels"]

IMAGES = 3
"""How many are drawn. Of two, batch normalisation of vectors makes 1 and -1, whatever they are."""
OPEN = 32
"""What a size that is left open is taken to be."""


def closed(shape: Shape) -> Shape:
    """A shape whose open sizes are chosen.

    Example: >>> closed((None, None, 3))
             (32, 32, 3)
    """
    return tuple(OPEN if size is None else size for size in shape)


def random_images(side: Side, rng: np.random.Generator) -> torch.Tensor:
    """N(0, 1) for an input of images, float64 (n, c, ...); numbers of words for one that takes those."""
    shape = (IMAGES, *(side.shape or ()))
    if side.limit is not None:
        return to_inside(torch.from_numpy(rng.integers(0, side.limit, shape)))
    return to_inside(torch.from_numpy(rng.standard_normal(shape)))


def random_labels(loss: Loss, output: Shape, rng: np.random.Generator, count: int = IMAGES) -> torch.Tensor:
    """Labels that the loss takes, as its `values` takes them.

    Quantities are N(0, 1), or counts where the loss refuses those.
    """
    shape = (count, *output)
    kinds: Mapping[str, Any] = {
        "class numbers": lambda: rng.integers(0, output[-1], shape[:-1]),
        "distributions": lambda: rng.dirichlet(np.ones(output[-1]), shape[:-1]),
        "yes or no": lambda: rng.integers(0, 2, shape) * 1.0,
        "signs": lambda: rng.integers(0, 2, shape) * 2.0 - 1.0,
        "quantities": lambda: rng.standard_normal(shape),
    }
    try:
        return loss.target(torch.from_numpy(kinds[loss.labels]()), output)
    except DataError:
        return loss.target(torch.from_numpy(rng.poisson(2.0, shape) * 1.0), output)
