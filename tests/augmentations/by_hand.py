"""What an augmentation should do, pixel by pixel: slow, and plain to see."""

import numpy as np
import torch

from striate import textbook


def moved(image, matrix, fill_mode="constant"):
    """image (h, w, c) as its matrix (3, 3) says: each new pixel is taken from where it points, bilinearly."""
    return textbook.sampled(np.asarray(image, float), lambda i, j: (matrix @ np.array([i, j, 1]))[:2], fill_mode)


def placed(augmentation, image, *draws):
    """A grey image (nested lists) changed as these numbers decide, rounded to nine places."""
    pixels = np.array(image, float)[..., None]
    matrix = augmentation.place(torch.tensor([draws], dtype=torch.float64), *pixels.shape[:2])
    assert matrix.shape == (1, 3, 3)
    assert matrix[0, 2].tolist() == [0, 0, 1]
    out = moved(pixels, matrix[0].numpy(), augmentation.fill_mode or "constant")
    return out[..., 0].round(9).tolist()


def coloured(augmentation, pixel, *draws, mean=(0.0, 0.0, 0.0)):
    """A colour changed as these numbers decide, in an image of that mean colour, before it is clipped."""
    draws = torch.tensor([draws], dtype=torch.float64)
    matrix = augmentation.recolour(draws, torch.tensor([mean], dtype=torch.float64))
    assert matrix.shape == (1, 3, 4)
    assert matrix.dtype == torch.float64
    return (matrix[0].numpy() @ np.array([*pixel, 1.0])).round(9).tolist()
