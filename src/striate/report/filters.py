"""First-layer filters as blocks: the patterns that the network looks for first."""

import numpy as np

__all__ = ["MOST_FILTERS", "filter_blocks"]

MOST_FILTERS = 96


def filter_blocks(filters: np.ndarray, limit: int = MOST_FILTERS) -> list[np.ndarray]:
    """(kh, kw, c, f) weights as pictures on one scale for all: a weight of 0 is mid-grey, positive light, negative dark.

    grey = 127.5 + 127.5 * w / max|w|

    Three input channels give colour; any other number is averaged to grey. A (k, c, f) kernel of sequences is one row.

    Source:  lecture 000 L96-99 (which has it the other way round: there white is negative)
    Example: >>> filter_blocks(np.array([-1.0, 0.0, 2.0]).reshape(1, 3, 1, 1))[0]
             array([[ 64, 128, 255]], dtype=uint8)
    """
    weights = np.nan_to_num(filters.astype(np.float64))
    weights = weights[np.newaxis] if weights.ndim == 3 else weights
    if weights.ndim != 4 or not weights.size:
        return []
    if weights.shape[2] != 3:
        weights = weights.mean(axis=2)
    grey = np.round(127.5 + 127.5 * weights / (np.abs(weights).max() or 1)).astype(np.uint8)
    return [np.ascontiguousarray(grey[..., i]) for i in range(min(grey.shape[-1], limit))]
