"""What an augmentation should do, pixel by pixel: slow, and plain to see."""

import math

import numpy as np
import torch

INNER = {
    "constant": lambda place, size: place if 0 <= place < size else None,
    "nearest": lambda place, size: min(max(place, 0), size - 1),
    "reflect": lambda place, size: min(place % (2 * size), 2 * size - 1 - place % (2 * size)),
}
"""The pixel that is shown at a place of an axis; None is black."""


def moved(image, matrix, fill_mode="constant"):
    """image (h, w, c) as its matrix (3, 3) says: each new pixel is taken from where it points, bilinearly."""
    height, width, _ = image.shape
    inner = INNER[fill_mode]
    out = np.zeros(image.shape)
    for i in range(height):
        for j in range(width):
            centre = (height - 1) / 2, (width - 1) / 2
            down, across, _ = matrix @ np.array([i - centre[0], j - centre[1], 1])
            down, across = round(down + centre[0], 9), round(across + centre[1], 9)
            for row in (math.floor(down), math.floor(down) + 1):
                for column in (math.floor(across), math.floor(across) + 1):
                    share = (1 - abs(down - row)) * (1 - abs(across - column))
                    places = inner(row, height), inner(column, width)
                    if share and None not in places:
                        out[i, j] += share * image[places]
    return out


def placed(augmentation, image, *draws):
    """A grey image (nested lists) changed as these numbers decide, rounded to nine places."""
    pixels = np.array(image, float)[..., None]
    matrix = augmentation.place(torch.tensor([draws], dtype=torch.float64), *pixels.shape[:2])
    assert matrix.shape == (1, 3, 3)
    assert matrix[0, 2].tolist() == [0, 0, 1]
    out = moved(pixels, matrix[0].numpy(), augmentation.fill_mode or "constant")
    return out[..., 0].round(9).tolist()
