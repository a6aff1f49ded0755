"""Preprocessing: what happens to pixels before the network sees them. It belongs to the model and is saved with it."""

import os
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, Self

import numpy as np
import torch
from pydantic import AllowInfNan, Strict, TypeAdapter, ValidationError

from striate.errors import DataError, StorageError, printable
from striate.loader.decode import decode_file, to_channels
from striate.loader.resize import resize
from striate.loader.transfer import sent
from striate.shape import Size, elements, shape_text, to_inside
from striate.units import Positive, Real

__all__ = ["Preprocessing"]

_CHUNK = 1 << 22
"""Numbers looked at together, so that a memory-mapped data set larger than memory can be measured."""

_Finite = Annotated[Real, AllowInfNan(False)]
_FinitePositive = Annotated[Positive, AllowInfNan(False)]


@dataclass(frozen=True)
class Preprocessing:
    """From images as people have them to what the network gets.

    y = (x / scale - mean) / std,    by channel; then (n, h, w, c) is seen as (n, c, h, w)

    Training, evaluate, predict and every exported form of the model use the same one.

    Args:
        input_shape: (h, w, c) of the images.
        dtype: of the images it was fitted on, and takes; int64 for numbers of words, which are left as they are.
        scale: divisor: 255 for uint8, 1 for float32.
        mean: of each channel, after scaling.
        std: standard deviation of each channel, after scaling; 1 for a channel that never changes.
    Errors:  StorageError from from_json, for a table that is none of these.
    Source:  LeCun, Bottou, Orr & Mueller 1998, "Efficient BackProp", doi:10.1007/3-540-49430-8_2; lecture 001 L1287-1296
    Example: >>> p = Preprocessing.fit(np.array([[[[0], [255]]]], np.uint8), standardise=True)
             >>> p.mean, p.std, p.tensor(torch.tensor([[[[0], [255]]]], dtype=torch.uint8)).tolist()
             ((0.5,), (0.5,), [[[[-1.0, 1.0]]]])
    """

    input_shape: Size
    dtype: Literal["uint8", "float32", "int64"]
    scale: _FinitePositive
    mean: Annotated[tuple[_Finite, ...], Strict(False)]
    std: Annotated[tuple[_FinitePositive, ...], Strict(False)]

    @classmethod
    def fit(cls, x: np.ndarray, standardise: bool = False) -> Self:
        """The preprocessing that these training images ask for.

        uint8 is divided by 255, float is taken as it is. With `standardise`, every channel gets mean 0 and standard
        deviation 1 over these images (a channel that never changes is only centred).

        Args: x: images (n, h, w, c), in memory or memory-mapped. standardise: see above.
        """
        channels, whole = x.shape[-1], x.dtype == np.uint8
        scale = 255.0 if whole else 1.0
        mean, std = np.zeros(channels), np.ones(channels)
        if standardise and x.dtype != np.int64:
            centre, spread = _spread_of_bytes(x) if whole else _spread(x)
            mean = centre / scale
            # What rounding alone leaves of a channel that never changes is no spread.
            std = np.where(spread > 1e-6 * np.abs(centre), spread / scale, 1.0)
        shape = tuple(int(size) for size in x.shape[1:])
        return cls(shape, _dtype(x.dtype), scale, tuple(mean.tolist()), tuple(std.tolist()))

    def check(self, batch: torch.Tensor) -> None:
        """Require images of the type that the model was fitted on.

        Errors:  DataError that names the fix.
        """
        given = _dtype(batch.numpy().dtype)
        if given != self.dtype:
            fixes = {
                "uint8": "images from 0 to 255: x.astype('uint8'), after x * 255 if they reach from 0 to 1",
                "float32": "scale them as the training images were, for example x.astype('float32') / 255",
                "int64": "numbers of words: x.astype('int64')",
            }
            raise DataError(
                f"the model was fitted on {self.dtype} images, these are {given}",
                sum="uint8 is divided by 255, float is taken as it is: they mean different brightness",
                fix=fixes[self.dtype],
            )

    def tensor(self, batch: torch.Tensor) -> torch.Tensor:
        """Images (n, h, w, c) as the network takes them: float32 (n, c, h, w), a view of channels_last memory.

        The given tensor is left as it is.
        """
        if self.dtype == "int64":
            return to_inside(batch)
        factors, shifts = self._steps
        if self._uniform:
            return to_inside(_affine(batch, factors[0], shifts[0]))
        # Tiled to whole rows: three numbers at a time would be eight times slower.
        row = elements(batch.shape[-2:]) if batch.dim() > 3 else batch.shape[-1]
        factor, shift = (sent(torch.tensor(each).repeat(row // len(each)), batch.device) for each in (factors, shifts))
        return to_inside(_affine(batch.reshape(-1, row), factor, shift).view(batch.shape))

    @cached_property
    def _steps(self) -> tuple[list[float], list[float]]:
        """The factor and the shift of each channel."""
        factors = [1 / (self.scale * std) for std in self.std]
        return factors, [-mean / std for mean, std in zip(self.mean, self.std, strict=True)]

    @cached_property
    def _uniform(self) -> bool:
        """Whether all channels are scaled and shifted alike."""
        return len({*zip(*self._steps, strict=True)}) == 1

    def load_image(self, path: str | os.PathLike[str]) -> np.ndarray:
        """An image file as the model takes it: decoded, its channels adapted, resized; uint8 (h, w, c).

        Errors:  DataError that says why the file cannot be used.
        """
        if self.dtype != "uint8" or len(self.input_shape) != 3 or self.input_shape[-1] not in (1, 3):
            raise DataError(
                f"the model was fitted on {shape_text(self.input_shape)} {self.dtype} arrays, not on image files",
                fix="predict from arrays made as those were",
            )
        height, width, channels = self.input_shape
        return resize(to_channels(decode_file(path), channels), (height, width))

    def to_json(self) -> dict[str, Any]:
        """The table a model file holds."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, table: Any) -> "Preprocessing":
        """The preprocessing that a model file holds.

        Errors:  StorageError if the table is damaged.
        """
        try:
            found = _ADAPTER.validate_python(table)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise StorageError(f"the model's preprocessing is damaged: {printable(place)}: {first['msg']}") from None
        if not found.input_shape[-1:] == (len(found.mean),) == (len(found.std),):
            raise StorageError(
                "the model's preprocessing is damaged",
                sum=f"{len(found.mean)} means, {len(found.std)} deviations, images of {found.input_shape}",
            )
        return found


def _dtype(given: np.dtype) -> Literal["uint8", "float32", "int64"]:
    """The kind of pixels, or of numbers of words, of an array that check_arrays or check_indices has looked at."""
    if given == np.uint8:
        return "uint8"
    return "int64" if given == np.int64 else "float32"


_ADAPTER = TypeAdapter(Preprocessing)


def _affine(x: torch.Tensor, factor: torch.Tensor | float, shift: torch.Tensor | float) -> torch.Tensor:
    """x * factor + shift in float32, in new memory."""
    y = x.to(torch.float32, copy=True)
    if not (isinstance(factor, float) and factor == 1.0):
        y.mul_(factor)
    return y if isinstance(shift, float) and shift == 0.0 else y.add_(shift)


def _spread_of_bytes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel over all images, looked at once: sums of bytes are whole numbers.

    deviation^2 = (n*sum of squares - (sum)^2) / n^2,    exact until the last division
    """
    channels, size = x.shape[-1], elements(x.shape[1:])
    total, squares = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    each = min(max(_CHUNK // size, 1), 1 << 16)  # so many squares of 255 stay below 2^32
    for begin in range(0, len(x), each):
        rows = x[begin : begin + each].reshape(-1, size)
        total += rows.sum(0, dtype=np.uint32)
        square = rows.astype(np.uint16)
        np.multiply(square, square, out=square)
        squares += square.sum(0, dtype=np.uint32)
    count = len(x) * size // channels
    sums, powers = ([int(each) for each in part.reshape(-1, channels).sum(0)] for part in (total, squares))
    variances = [(count * power - sum**2) / count**2 for sum, power in zip(sums, powers, strict=True)]
    return np.array(sums) / count, np.sqrt(variances)


def _spread(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `_spread_of_bytes`, of fractions: twice through all images, as a difference of sums would lose digits."""
    centre = _means(x)
    return centre, np.sqrt(_means(x, centre))


def _means(x: np.ndarray, around: np.ndarray | None = None) -> np.ndarray:
    """The mean of each channel over all images, or of its squared distance from `around`; float64, chunk by chunk."""
    channels = x.shape[-1]
    size = elements(x.shape[1:])
    centre = None if around is None else np.tile(around, size // channels)
    total = np.zeros(size)
    each = max(_CHUNK // size, 1)
    for begin in range(0, len(x), each):
        rows = x[begin : begin + each].reshape(-1, size)
        if centre is None:
            total += rows.sum(0, dtype=np.float64)
        else:
            distance = rows - centre
            total += np.einsum("nk,nk->k", distance, distance)
    return total.reshape(-1, channels).sum(0) / (len(x) * size // channels)
