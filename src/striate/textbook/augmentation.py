"""Augmentation: more images than there are, from changes that leave their labels true (lecture 001 L1273-1288).

Each rule takes one image (h, w, c), pixels from black, 0, to white, 1, and the numbers that were drawn for it, uniform
in 0..1; so what comes out is decided by what goes in. Rules of place say where the pixel that comes out at (i, j) is
taken from, both counted from the centre of the image; what lies between pixels is interpolated bilinearly.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from striate.textbook.brick import Array

__all__ = [
    "LensDistortion",
    "MixUp",
    "PCALighting",
    "RandomBrightness",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomGrayscale",
    "RandomHue",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSaturation",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "luma",
    "sampled",
]

Factor = float | tuple[float, float]
"""One number f, for -f to f (or 0 to f), or a lowest and a highest one."""
Draws = Sequence[float]
"""Numbers uniform in 0..1."""


def sampled(image: Array, source: Callable[[float, float], tuple[float, float]], fill_mode: str = "constant") -> Array:
    """Take every pixel from where `source` says, from the four pixels around it by nearness.

    y[i,j] = sum over the four of (1 - |a - row|)(1 - |b - column|) x[row, column],    (a, b) = source(i, j)

    Shape:   (h, w, c) -> the same
    Args:    source: from (row, column) of the new pixel to that of its source, counted from the centre.
             fill_mode: what lies outside: "constant" (black), "nearest" (the edge) or "reflect" (the mirror image).
    Source:  Wolberg 1990, "Digital Image Warping", ISBN 978-0-8186-8944-4, section 6.2.
    Example: shifted by half a pixel
             >>> sampled(np.array([[[2.0], [4.0]]]), lambda i, j: (i, j - 0.5)).ravel().tolist()
             [1.0, 3.0]
    """
    height, width, _ = image.shape
    y = np.zeros(image.shape)
    for i in range(height):
        for j in range(width):
            a, b = source(i - (height - 1) / 2, j - (width - 1) / 2)
            # A place within a billionth of a pixel is that pixel: else what is black outside would shine through.
            a, b = round(a + (height - 1) / 2, 9), round(b + (width - 1) / 2, 9)
            for row in (math.floor(a), math.floor(a) + 1):
                for column in (math.floor(b), math.floor(b) + 1):
                    share = (1 - abs(a - row)) * (1 - abs(b - column))
                    inside = _inside(row, height, fill_mode), _inside(column, width, fill_mode)
                    if share > 0 and None not in inside:
                        y[i, j] += share * image[inside]
    return y


def _inside(place: int, size: int, fill_mode: str) -> int | None:
    """The pixel that is shown at a place of an axis; None is black."""
    if fill_mode == "nearest":
        return min(max(place, 0), size - 1)
    if fill_mode == "reflect":
        return min(place % (2 * size), 2 * size - 1 - place % (2 * size))
    return place if 0 <= place < size else None


def _between(draw: float, factor: Factor, least: float | None = None) -> float:
    """The number that was drawn, from the range that a factor means."""
    low, high = factor if isinstance(factor, tuple) else (-factor if least is None else least, factor)
    return low + draw * (high - low)


def _whole(draw: float, low: int, high: int) -> int:
    """A whole number from low to high, each as likely."""
    return math.floor(draw * (high - low + 1)) + low


class _Rule:
    """A change of one image."""

    def forward(self, x: Array, draws: Draws) -> Array:
        """The image as these numbers decide."""
        raise NotImplementedError


class RandomFlip(_Rule):
    """Mirror an image, each way with probability 1/2.

    y[i,j] = x[i, -j]  (horizontal),  x[-i, j]  (vertical)

    Shape:   (h, w, c) -> the same
    Args:    mode: "horizontal", "vertical" or "horizontal_and_vertical".
             alternating: whether each epoch does the opposite of the one before; the draws are those of the first.
    Source:  lecture 001 L1273; alternating: Jordan 2024, arXiv:2404.00498, section 3.6.
    Example: >>> image = np.array([[[1.0], [2.0]]])
             >>> RandomFlip("horizontal").forward(image, [0.9, 0.1]).ravel().tolist()
             [2.0, 1.0]
             >>> RandomFlip("horizontal", alternating=True).forward(image, [0.9, 0.1], epoch=1).ravel().tolist()
             [1.0, 2.0]
    """

    def __init__(self, mode: str = "horizontal_and_vertical", alternating: bool = False) -> None:
        self.mode, self.alternating = mode, alternating

    def forward(self, x: Array, draws: Draws, epoch: int = 0) -> Array:
        opposite = self.alternating and epoch % 2 == 1
        if (draws[0] < 0.5) != opposite and "vertical" in self.mode.split("_and_"):
            x = x[::-1]
        if (draws[1] < 0.5) != opposite and "horizontal" in self.mode.split("_and_"):
            x = x[:, ::-1]
        return x


class RandomTranslation(_Rule):
    """Shift an image by whole pixels, up to a share of its height and width.

    y[i,j] = x[i-a, j-b],    a one of the whole numbers of the range times h, b of the range times w

    Shape:   (h, w, c) -> the same
    Source:  lecture 001 L1288.
    Example: to the right by half the width
             >>> shift = RandomTranslation(0.0, (0.5, 0.5))
             >>> shift.forward(np.array([[[1.0], [2.0]]]), [0.5, 0.5]).ravel().tolist()
             [0.0, 1.0]
    """

    def __init__(self, height_factor: Factor, width_factor: Factor, fill_mode: str = "constant") -> None:
        self.factors, self.fill_mode = (height_factor, width_factor), fill_mode

    def forward(self, x: Array, draws: Draws) -> Array:
        a, b = (
            _whole(draw, *(self._pixels(_between(end, factor) * size) for end in (0, 1)))
            for draw, factor, size in zip(draws, self.factors, x.shape, strict=False)
        )
        return sampled(x, lambda i, j: (i - a, j - b), self.fill_mode)

    @staticmethod
    def _pixels(shift: float) -> int:
        """To whole pixels, halves outwards."""
        return int(math.copysign(math.floor(abs(shift) + 0.5), shift))


class RandomCrop(_Rule):
    """Pad an image on all sides and crop it back to its size, anywhere.

    y[i,j] = x[i-a, j-b],    a and b whole numbers from -padding to padding

    Shape:   (h, w, c) -> the same
    Source:  He et al. 2016, arXiv:1512.03385, section 4.2; lecture 001 L1278.
    Example: >>> RandomCrop(1).forward(np.array([[[1.0], [2.0]]]), [0.5, 0.9]).ravel().tolist()
             [0.0, 1.0]
    """

    def __init__(self, padding: int = 4, fill_mode: str = "constant") -> None:
        self.padding, self.fill_mode = padding, fill_mode

    def forward(self, x: Array, draws: Draws) -> Array:
        a, b = (_whole(draw, -self.padding, self.padding) for draw in draws)
        return sampled(x, lambda i, j: (i - a, j - b), self.fill_mode)


class RandomRotation(_Rule):
    """Turn an image about its centre.

    y[i,j] = x[i cos(a) + j sin(a), -i sin(a) + j cos(a)],    a = 2 pi f, anticlockwise

    Shape:   (h, w, c) -> the same
    Source:  lecture 001 L1288.
    Example: a quarter turn
             >>> RandomRotation((0.25, 0.25)).forward(np.array([[[1.0], [2.0]], [[3.0], [4.0]]]), [0.0])[..., 0].tolist()
             [[2.0, 4.0], [1.0, 3.0]]
    """

    def __init__(self, factor: Factor, fill_mode: str = "constant") -> None:
        self.factor, self.fill_mode = factor, fill_mode

    def forward(self, x: Array, draws: Draws) -> Array:
        angle = 2 * math.pi * _between(draws[0], self.factor)
        cos, sin = math.cos(angle), math.sin(angle)
        return sampled(x, lambda i, j: (i * cos + j * sin, j * cos - i * sin), self.fill_mode)


class RandomZoom(_Rule):
    """Change the scale of an image about its centre; with a factor for the width it is stretched.

    y[i,j] = x[i (1 + a), j (1 + b)]

    Shape:   (h, w, c) -> the same
    Source:  lecture 001 L1278 and L1288.
    Example: to half the size
             >>> RandomZoom((1.0, 1.0)).forward(np.arange(4.0).reshape(1, 4, 1), [0.5, 0.5]).ravel().tolist()
             [0.0, 0.5, 2.5, 0.0]
    """

    def __init__(self, height_factor: Factor, width_factor: Factor | None = None, fill_mode: str = "constant") -> None:
        self.height_factor, self.width_factor, self.fill_mode = height_factor, width_factor, fill_mode

    def forward(self, x: Array, draws: Draws) -> Array:
        down = 1 + _between(draws[0], self.height_factor)
        across = down if self.width_factor is None else 1 + _between(draws[1], self.width_factor)
        return sampled(x, lambda i, j: (i * down, j * across), self.fill_mode)


class RandomShear(_Rule):
    """Slant an image about its centre.

    y[i,j] = x[i + t b j, j + t a i],    t = 1 or -1, drawn first

    Shape:   (h, w, c) -> the same
    Source:  lecture 001 L1288.
    Example: >>> image = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])[..., None]
             >>> RandomShear((1.0, 1.0)).forward(image, [0.0, 0.5, 0.5])[..., 0].tolist()
             [[0.0, 1.0, 2.0], [4.0, 5.0, 6.0], [8.0, 9.0, 0.0]]
    """

    def __init__(self, x_factor: Factor = 0.0, y_factor: Factor = 0.0, fill_mode: str = "constant") -> None:
        self.x_factor, self.y_factor, self.fill_mode = x_factor, y_factor, fill_mode

    def forward(self, x: Array, draws: Draws) -> Array:
        way = 1 if draws[0] < 0.5 else -1
        a = way * _between(draws[1], self.x_factor, 0.0)
        b = way * _between(draws[2], self.y_factor, 0.0)
        return sampled(x, lambda i, j: (i + b * j, j + a * i), self.fill_mode)


class RandomResizedCrop(_Rule):
    """Take a part of an image, of any proportions and at any place, and stretch it to the size of the whole.

    y[i,j] = x[a + i p, b + j q],    p h and q w the sides of the part, as far as they fit: p h q w = s h w, q w = r p h

    Shape:   (h, w, c) -> the same
    Source:  Szegedy et al. 2015, arXiv:1409.4842, section 6; lecture 001 L1278.
    Example: the upper left quarter
             >>> crop = RandomResizedCrop((0.25, 0.25), (1.0, 1.0))
             >>> crop.forward(np.arange(9.0).reshape(3, 3, 1), [0.5, 0.5, 0.0, 0.0])[..., 0].tolist()
             [[0.0, 0.5, 1.0], [1.5, 2.0, 2.5], [3.0, 3.5, 4.0]]
    """

    def __init__(self, scale: tuple[float, float] = (0.08, 1.0), ratio: tuple[float, float] = (3 / 4, 4 / 3)) -> None:
        self.scale, self.ratio = scale, ratio

    def forward(self, x: Array, draws: Draws) -> Array:
        height, width, _ = x.shape
        area = _between(draws[0], self.scale) * height * width
        ratio = self.ratio[0] * (self.ratio[1] / self.ratio[0]) ** draws[1]
        down = min(math.sqrt(area / ratio), height) / height
        across = min(math.sqrt(area * ratio), width) / width
        # The outermost pixels of the part are taken from inside the image.
        a = (draws[2] - 0.5) * (height - 1) * (1 - down)
        b = (draws[3] - 0.5) * (width - 1) * (1 - across)
        return sampled(x, lambda i, j: (a + i * down, b + j * across))


class LensDistortion(_Rule):
    """Bend an image as a lens does.

    y[p] = x[p (1 + k r^2)],    r = |p| / |corner|

    For k below 0, r (1 + k r^2) turns back at r^2 = -1/(3k); from there on r^2 counts as that.

    Shape:   (h, w, c) -> the same
    Source:  Brown 1966, "Decentering distortion of lenses", Photogrammetric Engineering 32(3), its first radial term;
             lecture 001 L1288.
    Example: half way to the corner, 1 + 0.6/4; at it, 1.6
             >>> lens = LensDistortion((0.6, 0.6), "nearest")
             >>> lens.forward(np.arange(4.0).reshape(1, 4, 1), [0.5]).round(3).ravel().tolist()
             [0.0, 0.982, 2.018, 3.0]
    """

    def __init__(self, factor: Factor, fill_mode: str = "constant") -> None:
        self.factor, self.fill_mode = factor, fill_mode

    def forward(self, x: Array, draws: Draws) -> Array:
        k = _between(draws[0], self.factor)
        corner = math.hypot(x.shape[0] / 2, x.shape[1] / 2)

        def source(i: float, j: float) -> tuple[float, float]:
            r = math.hypot(i, j) / corner
            if k < 0:
                r = min(r, math.sqrt(-1 / (3 * k)))
            return i * (1 + k * r**2), j * (1 + k * r**2)

        return sampled(x, source, self.fill_mode)


def luma(x: Array) -> Array:
    """How bright a colour looks, as grey.

    y = 0.299 red + 0.587 green + 0.114 blue

    Shape:   (..., 3) -> (..., 1)
    Source:  ITU-R BT.601, section 2.5.1.
    Example: >>> luma(np.array([0.0, 1.0, 0.0])).tolist()
             [0.587]
    """
    return x @ np.array([[0.299], [0.587], [0.114]])


class _Colouring(_Rule):
    """What changes colours: the image in three channels, changed, clipped to 0..1; grey stays grey."""

    def forward(self, x: Array, draws: Draws) -> Array:
        if x.shape[2] == 1:
            return np.clip(luma(self.recolour(np.repeat(x, 3, 2), draws)), 0, 1)
        return np.clip(self.recolour(x, draws), 0, 1)

    def recolour(self, x: Array, draws: Draws) -> Array:
        """The image in three channels as these numbers decide, before it is clipped."""
        raise NotImplementedError


class RandomBrightness(_Colouring):
    """Add light to an image, or take it away.

    y = x + a

    Shape:   (h, w, c) -> the same
    Source:  lecture 001 L1282.
    Example: >>> RandomBrightness((0.5, 0.5)).forward(np.array([[[0.25], [0.75]]]), [0.0]).ravel().round(9).tolist()
             [0.75, 1.0]
    """

    def __init__(self, factor: Factor) -> None:
        self.factor = factor

    def recolour(self, x: Array, draws: Draws) -> Array:
        return x + _between(draws[0], self.factor)


class RandomContrast(_Colouring):
    """Take colours away from, or towards, the mean colour of the image.

    y = m + c (x - m),    m the mean of each channel

    Shape:   (h, w, c) -> the same
    Args:    factor: f for c from 1 - f to 1 + f; or (lower, upper) for 1 - lower to 1 + upper.
    Source:  lecture 001 L1282.
    Example: half the contrast
             >>> RandomContrast(0.5).forward(np.array([[[0.25], [0.75]]]), [0.0]).ravel().round(9).tolist()
             [0.375, 0.625]
    """

    def __init__(self, factor: Factor) -> None:
        self.lower, self.upper = factor if isinstance(factor, tuple) else (factor, factor)

    def recolour(self, x: Array, draws: Draws) -> Array:
        contrast = _between(draws[0], (1 - self.lower, 1 + self.upper))
        mean = x.mean((0, 1))
        return mean + contrast * (x - mean)


class RandomSaturation(_Colouring):
    """Take colours away from, or towards, grey.

    y = g + s (x - g),    g the luma of each pixel,    s = f/(1 - f)

    Shape:   (h, w, c) -> the same
    Source:  Haeberli 1993, graficaobscura.com/matrix; lecture 001 L1282.
    Example: without colour
             >>> RandomSaturation((0.0, 0.0)).forward(np.array([[[1.0, 0.0, 0.0]]]), [0.5]).ravel().tolist()
             [0.299, 0.299, 0.299]
    """

    def __init__(self, factor: Factor) -> None:
        self.factor = factor

    def recolour(self, x: Array, draws: Draws) -> Array:
        share = _between(draws[0], self.factor, 0.0)
        return luma(x) + share / (1 - share) * (x - luma(x))


class RandomGrayscale(_Colouring):
    """Take the colours from some images.

    y = the luma of each pixel with probability factor, else x

    Shape:   (h, w, c) -> the same
    Source:  ITU-R BT.601, section 2.5.1.
    Example: >>> RandomGrayscale(0.5).forward(np.array([[[1.0, 0.0, 0.0]]]), [0.4]).ravel().tolist()
             [0.299, 0.299, 0.299]
    """

    def __init__(self, factor: float = 0.5) -> None:
        self.factor = factor

    def recolour(self, x: Array, draws: Draws) -> Array:
        return luma(x) + np.zeros(3) if draws[0] < self.factor else x


class RandomHue(_Colouring):
    """Turn all colours about grey: red towards green, green towards blue, or the other way.

    (Y, I + iQ) -> (Y, (I + iQ) e^(-i t pi f)),    t = 1 or -1, drawn first

    Shape:   (h, w, c) -> the same
    Source:  Haeberli 1993, graficaobscura.com/matrix; lecture 001 L1282.
    Example: a third of a turn: red is now green, as far as that can be as bright
             >>> hue = RandomHue((2 / 3, 2 / 3))
             >>> hue.forward(np.array([[[0.6, 0.3, 0.3]]]), [0.0, 0.5]).argmax()
             np.int64(1)
    """

    def __init__(self, factor: Factor) -> None:
        self.factor = factor

    def recolour(self, x: Array, draws: Draws) -> Array:
        way = 1 if draws[0] < 0.5 else -1
        angle = way * math.pi * _between(draws[1], self.factor, 0.0)
        to_yiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
        y, i, q = np.moveaxis(x @ to_yiq.T, 2, 0)
        turned = (i + 1j * q) * np.exp(-1j * angle)
        return np.linalg.solve(to_yiq, np.stack([y, turned.real, turned.imag], 2)[..., None])[..., 0]


class RandomColorJitter(_Colouring):
    """Change brightness, contrast, saturation and hue, one after the other.

    y = hue(saturation(contrast(brightness(x))))

    Shape:   (h, w, c) -> the same
    Source:  lecture 001 L1282, lecture 003 L637.
    Example: >>> jitter = RandomColorJitter(brightness_factor=0.5, contrast_factor=0.5)
             >>> jitter.forward(np.array([[[0.25], [0.75]]]), [0.75, 0.0, 0.0, 0.0, 0.0]).ravel().round(9).tolist()
             [0.625, 0.875]
    """

    def __init__(
        self,
        brightness_factor: Factor | None = None,
        contrast_factor: Factor | None = None,
        saturation_factor: Factor | None = None,
        hue_factor: Factor | None = None,
    ) -> None:
        self.factors = (brightness_factor, contrast_factor, saturation_factor, hue_factor)

    def recolour(self, x: Array, draws: Draws) -> Array:
        first = 0
        rules = ((RandomBrightness, 1), (RandomContrast, 1), (RandomSaturation, 1), (RandomHue, 2))
        for (rule, count), factor in zip(rules, self.factors, strict=True):
            if factor is not None:
                x = rule(factor).recolour(x, draws[first : first + count])
                first += count
        return x


class PCALighting(_Colouring):
    """Change the light as it differs most among photographs: along the main directions of their colours.

    y = x + sum over i of a_i l_i p_i,    a_i ~ N(0, deviation^2),    l_i and p_i eigenvalues and eigenvectors

    Normal numbers come in pairs from uniform ones: sqrt(-2 ln(1-u)) cos(2 pi v), and the same with sin.

    Shape:   (h, w, c) -> the same
    Source:  Krizhevsky, Sutskever & Hinton 2012, section 4.1; Box & Muller 1958, doi:10.1214/aoms/1177706645.
    Example: >>> light = PCALighting(1.0, (1.0, 0.0, 0.0), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
             >>> light.forward(np.zeros((1, 1, 3)), [1 - math.exp(-0.125), 0.0, 0.0, 0.0]).ravel().round(9).tolist()
             [0.5, 0.0, 0.0]
    """

    def __init__(
        self,
        deviation: float = 0.1,
        eigenvalues: Sequence[float] = (0.2175, 0.0188, 0.0045),
        eigenvectors: Sequence[Sequence[float]] = (
            (-0.5675, 0.7192, 0.4009),
            (-0.5808, -0.0045, -0.8140),
            (-0.5836, -0.6948, 0.4203),
        ),
    ) -> None:
        self.deviation, self.eigenvalues, self.eigenvectors = deviation, eigenvalues, np.array(eigenvectors)

    def recolour(self, x: Array, draws: Draws) -> Array:
        u, v, w, z = draws
        near, far = math.sqrt(-2 * math.log(1 - u)), math.sqrt(-2 * math.log(1 - w))
        normal = near * math.cos(2 * math.pi * v), far * math.cos(2 * math.pi * z), near * math.sin(2 * math.pi * v)
        for number, value, vector in zip(normal, self.eigenvalues, self.eigenvectors.T, strict=True):
            x = x + self.deviation * number * value * vector
        return x


class RandomErasing(_Rule):
    """Erase a rectangle, anywhere inside the image (cutout).

    y[i,j] = fill_value where the centre of the pixel lies in it, else x[i,j];    sides h sqrt(s) and w sqrt(t)

    Shape:   (h, w, c) -> the same
    Source:  Zhong et al. 2017, arXiv:1708.04896; DeVries & Taylor 2017, arXiv:1708.04552.
    Example: >>> hole = RandomErasing(scale=(0.25, 0.25))
             >>> hole.forward(np.ones((4, 4, 1)), [0.5, 0.5, 0.0, 0.5, 0.0])[..., 0].tolist()[1]
             [1.0, 0.0, 0.0, 1.0]
             >>> hole.forward(np.ones((4, 4, 1)), [0.5, 0.5, 0.0, 0.5, 0.0])[..., 0].tolist()[2]
             [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, factor: float = 1.0, scale: tuple[float, float] = (0.02, 0.33), fill_value: float = 0.0) -> None:
        self.factor, self.scale, self.fill_value = factor, scale, fill_value

    def forward(self, x: Array, draws: Draws) -> Array:
        y = x.copy()
        if draws[4] < self.factor:
            height, width = (
                size * math.sqrt(_between(draw, self.scale)) for draw, size in zip(draws[:2], x.shape[:2], strict=True)
            )
            top, left = draws[2] * (x.shape[0] - height), draws[3] * (x.shape[1] - width)
            for i in range(x.shape[0]):
                for j in range(x.shape[1]):
                    if top <= i + 0.5 < top + height and left <= j + 0.5 < left + width:
                        y[i, j] = self.fill_value
        return y


class MixUp:
    """Blend every image of a batch, and its label, with another one.

    y = a x + (1 - a) x[partner],    a ~ Beta(alpha, alpha)

    If T has Student's t distribution with 2 alpha degrees of freedom, then a = 1/2 + T / (2 sqrt(2 alpha + T^2)).

    Shape:   (n, h, w, c) -> the same
    Source:  Zhang et al. 2017, arXiv:1710.09412; Bailey 1994, doi:10.1090/S0025-5718-1994-1219702-8.
    Example: two images, each with the other
             >>> mixed = MixUp(1.0).forward(np.array([[[[0.0]]], [[[1.0]]]]), [[0.3, 0.25, 0.0], [0.6, 0.25, 0.0]])
             >>> mixed.ravel().round(3).tolist()
             [0.067, 0.933]
    """

    def __init__(self, alpha: float = 0.2) -> None:
        self.alpha = alpha

    def forward(self, x: Array, draws: Sequence[Draws]) -> Array:
        """Of a batch, with three numbers an image; they decide its place in the ring, then its share."""
        ring = np.argsort([each[0] for each in draws])
        y = np.empty_like(x)
        for place, image in enumerate(ring):
            share = self.share(*draws[image][1:])
            y[image] = share * x[image] + (1 - share) * x[ring[place - 1]]
        return y

    def share(self, u: float, v: float) -> float:
        """What an image keeps of itself."""
        t = math.sqrt(2 * self.alpha * (u ** (-1 / self.alpha) - 1)) * math.cos(2 * math.pi * v)
        return 0.5 + t / (2 * math.sqrt(2 * self.alpha + t * t))
