"""From images as they are kept to numbers as the network wants them; it belongs to the model and is saved with it."""

import os
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch

from striate.errors import DataError, StorageError
from striate.loader.decode import decode_file, to_channels
from striate.loader.resize import resize
from striate.shape import Shape

__all__ = ["Preprocessing"]

CHUNK = 64 << 20
"""Bytes of images looked at at a time, so that memory-mapped data larger than memory can be measured."""


@dataclass(frozen=True)
class Preprocessing:
    """Scale images and, if asked for, make each channel's mean 0 and deviation 1.

    y = (x / scale - mean) / std

    Args:
        input_shape: (h, w, c) of an image.
        dtype: "uint8" or "float32", what the images are kept as.
        scale: divisor: 255 for uint8, 1 for float.
        mean: of each channel after scaling.
        std: standard deviation of each channel after scaling; 1 for a channel that never changes.
    Example: >>> made = Preprocessing.fit(np.array([[[[0]], [[255]]]], np.uint8), standardise=True)
             >>> made.mean, made.std
             ((0.5,), (0.5,))
    """

    input_shape: Shape
    dtype: str
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    _factor: torch.Tensor = field(init=False, repr=False, compare=False)
    _shift: torch.Tensor | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # y = x*factor + shift, in one pass over the numbers
        factor = 1 / (self.scale * np.asarray(self.std, np.float64))
        shift = -np.asarray(self.mean, np.float64) / np.asarray(self.std, np.float64)
        plain = len(set(factor)) == 1 and not shift.any()
        object.__setattr__(self, "_factor", torch.tensor(factor[:1] if plain else factor, dtype=torch.float32))
        object.__setattr__(self, "_shift", None if plain else torch.tensor(shift, dtype=torch.float32))

    @classmethod
    def fit(cls, x: np.ndarray, standardise: bool = False) -> Self:
        """The preprocessing for images like these (n, h, w, c): their type, and their channels' mean and deviation."""
        whole = x.dtype == np.uint8
        scale, channels = (255.0 if whole else 1.0), x.shape[-1]
        mean, std = (0.0,) * channels, (1.0,) * channels
        if standardise:
            count, total, squares = 0, np.zeros(channels), np.zeros(channels)
            rows = max(CHUNK // max(x[:1].nbytes, 1), 1)
            for start in range(0, len(x), rows):
                part = np.asarray(x[start : start + rows]).reshape(-1, channels)
                if whole:  # exact: 256 values, counted
                    levels = np.arange(256)
                    counts = np.stack([np.bincount(part[:, c], minlength=256) for c in range(channels)])
                    total += counts @ levels
                    squares += counts @ levels**2
                else:
                    total += part.sum(0, dtype=np.float64)
                    squares += np.square(part, dtype=np.float64).sum(0)
                count += len(part)
            center = total / count
            spread = np.sqrt(np.maximum(squares / count - center**2, 0))
            mean = tuple(float(m) for m in center / scale)
            std = tuple(float(s) if s > 1e-12 * scale else 1.0 for s in spread / scale)
        return cls(tuple(x.shape[1:]), "uint8" if whole else "float32", scale, mean, std)

    def tensor(self, images: torch.Tensor) -> torch.Tensor:
        """Images (n, h, w, c) as float32 (n, c, h, w) in channels_last memory."""
        scaled = images.to(torch.float32, copy=True).mul_(self._factor)
        if self._shift is not None:
            scaled.add_(self._shift)
        return scaled.movedim(-1, 1)

    def check(self, images: torch.Tensor) -> None:
        """Refuse images of another kind than those the model was fitted on.

        Errors: DataError that names the fix.
        """
        given = str(images.dtype).removeprefix("torch.")
        if (given == "uint8") != (self.dtype == "uint8"):
            fix = "(x * 255).round().astype('uint8')" if self.dtype == "uint8" else "x.astype('float32') / 255"
            raise DataError(
                f"the model was fitted on {self.dtype} images, these are {given}",
                sum=f"{self.dtype} images are divided by {self.scale:g} first",
                fix=f"{fix}, if that is how the training images were made",
            )

    def load_image(self, path: str | os.PathLike[str]) -> np.ndarray:
        """An image file as the model takes it: decoded and resized exactly as training images are.

        Errors: DataError with the reason where it cannot be decoded, or the model takes no uint8 images.
        """
        if self.dtype != "uint8" or len(self.input_shape) != 3:
            raise DataError(f"this model was fitted on {self.dtype} arrays of {self.input_shape}, not on image files")
        height, width, channels = self.input_shape
        return resize(to_channels(decode_file(path), channels), (height, width))

    def to_json(self) -> dict[str, Any]:
        """The preprocessing as model.json holds it."""
        return {
            "input_shape": list(self.input_shape),
            "dtype": self.dtype,
            "scale": self.scale,
            "mean": list(self.mean),
            "std": list(self.std),
        }

    @classmethod
    def from_json(cls, table: dict[str, Any]) -> Self:
        """The preprocessing that `to_json` wrote.

        Errors: StorageError for a table that is none.
        """
        made = cls(
            tuple(int(size) for size in table["input_shape"]),
            str(table["dtype"]),
            float(table["scale"]),
            tuple(float(value) for value in table["mean"]),
            tuple(float(value) for value in table["std"]),
        )
        finite = (
            np.isfinite([made.scale, *made.mean, *made.std]).all() and made.scale > 0 and min(made.std, default=1) > 0
        )
        if (
            made.dtype not in ("uint8", "float32")
            or not len(made.mean) == len(made.std) == made.input_shape[-1]
            or not finite
        ):
            raise StorageError("its preprocessing is none that striate wrote")
        return made
