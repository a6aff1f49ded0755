"""Sums small enough to do by hand."""

from typing import Any

import numpy as np
import torch

from striate.layers.base import Layer
from striate.shape import to_border, to_inside
from tests.contracts.layer_trials import apply, built


def compute(layer: Layer, images: Any, training: bool = False, **weights: Any) -> list[Any]:
    """What a layer makes of images (n, ..., c), with weights in torch's layout; (n, ..., c) again."""
    x = torch.tensor(images, dtype=torch.float64)
    shape = tuple(x.shape[1:])
    given = {name: np.array(value, dtype=float) for name, value in weights.items()}
    module = built(layer, shape, given).train(training)
    with torch.no_grad():
        return to_border(apply(layer, shape, module, to_inside(x))).tolist()


def grey(rows: Any) -> list[Any]:
    """Rows of numbers as one image of one channel."""
    return [[[[value] for value in row] for row in rows]]


def rows(images: list[Any]) -> list[Any]:
    """One image of one channel as rows of numbers."""
    return [[pixel[0] for pixel in row] for row in images[0]]
