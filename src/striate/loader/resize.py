"""Resizing, one rule for training, prediction and export: bilinear, with the filter widened when shrinking."""

from functools import lru_cache

import numpy as np

__all__ = ["resize", "weights"]


@lru_cache(maxsize=4096)
def weights(before: int, after: int) -> np.ndarray:
    """(after, before) float32: what share of each old pixel a new one has, along one axis.

    share[i, j] ~ max(0, 1 - |j + 0.5 - (i + 0.5)*s| / max(s, 1)),  s = before/after, each row summing to 1

    Source:  the antialiased bilinear ("triangle") filter, as in torch's interpolate(antialias=True)
    Example: >>> weights(4, 2).tolist()
             [[0.4285714328289032, 0.4285714328289032, 0.1428571492433548, 0.0], [0.0, 0.1428571492433548, 0.4285714328289032, 0.4285714328289032]]
    """
    scale = before / after
    reach = max(scale, 1.0)
    centers = (np.arange(after) + 0.5) * scale
    share = np.maximum(0, 1 - np.abs(np.arange(before) + 0.5 - centers[:, None]) / reach)
    return (share / share.sum(1, keepdims=True)).astype(np.float32)


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A uint8 image (h, w, c) in another size: two matrix products in float32, rounded.

    Shape:   (h, w, c) -> (height, width, c)
    Example: >>> resize(np.full((4, 6, 1), 7, np.uint8), 2, 3)[..., 0].tolist()
             [[7, 7, 7], [7, 7, 7]]
    """
    if image.shape[:2] == (height, width):
        return image
    rows = np.tensordot(weights(image.shape[0], height), image.astype(np.float32), (1, 0))  # (height, w, c)
    both = np.tensordot(rows, weights(image.shape[1], width), (1, 1)).transpose(0, 2, 1)  # (height, width, c)
    return np.clip(np.rint(both), 0, 255).astype(np.uint8)
