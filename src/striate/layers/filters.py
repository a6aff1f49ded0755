"""Filters of image processing: kernels from the book, not learned."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional

from striate.initializers.base import Initializer
from striate.layers.base import Layer, Weight, require_rank
from striate.shape import Padding, Pair, Shape, Window, axes, elements, sides

__all__ = ["FixedFilter2D"]

KERNELS: dict[str, tuple[tuple[float, ...], ...]] = {
    "blur": ((1 / 9, 1 / 9, 1 / 9), (1 / 9, 1 / 9, 1 / 9), (1 / 9, 1 / 9, 1 / 9)),
    "gaussian_blur": ((0, 1 / 8, 0), (1 / 8, 4 / 8, 1 / 8), (0, 1 / 8, 0)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "intensified_sharpen": ((-1, -1, -1), (-1, 9, -1), (-1, -1, -1)),
    "edge": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
    "sobel_x": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "sobel_y": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "vertical_line": ((-1, 1, -1), (-1, 1, -1), (-1, 1, -1)),
    "horizontal_line": ((-1, -1, -1), (1, 1, 1), (-1, -1, -1)),
    "corner": ((-1, -1, -1), (-1, 1, 1), (-1, 1, 1)),
}
"""Rows from top to bottom, as they are laid on the map."""


@dataclass(frozen=True)
class _Printed(Initializer, abstract=True):
    """The numbers of a kernel as they stand in the table."""

    kernel: str

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return torch.tensor(KERNELS[self.kernel], dtype=torch.float32)


@dataclass(frozen=True, eq=False)
class FixedFilter2D(Layer):
    """Lay a kernel of image processing on each channel of a map; training does not change it.

    y[c,i,j] = sum over u,v of w[u,v] * x[c, i*s+u-p, j*s+v-p]

    The kernels are those of lecture 002, laid on the map as they are printed there, that is, not turned round: sobel_x
    is positive where the map gets brighter to the right, sobel_y where it does downwards, corner where it is bright
    to the right and below. The smoothing kernels are divided by their sums, 9 and 8, without which they would brighten
    the image; sharpening and embossing add up to 1 as they stand, edge and Sobel to 0. The detectors of lines and
    corners add up to -3, -3 and -1 as printed: they say no to an even patch. Of edge and emboss the lecture shows
    images only; these are the eight-neighbour Laplacian, which intensified_sharpen adds to the image, and the usual
    relief lit from above left.

    Shape:   (h, w, c) -> (h', w', c),  h' = floor((h + 2p - 3)/s) + 1
    Cost:    0 params, 9 more that are not trained;  9*c*h'*w' MACs
    Args:
        kernel: "blur", "gaussian_blur", "sharpen", "intensified_sharpen", "edge", "emboss", "sobel_x", "sobel_y",
            "vertical_line", "horizontal_line" or "corner".
        strides: steps of the window, pixels.
        padding: "valid" (none), "same" (ceil(size/stride) comes out), or pixels, as Conv2D takes them.
    Errors:  ShapeError if the kernel exceeds the padded map.
    Source:  lecture 002 L398-507; Sobel's operator: Sobel 2014, doi:10.13140/RG.2.1.1912.4965; emboss:
             docs.aspose.com/imaging/net/developer-guide/manipulating-images/kernel-filters/emboss-filter
    Example: >>> FixedFilter2D("sobel_x").output((28, 28, 3))
             (26, 26, 3)
    """

    linear = True

    kernel: Literal[
        "blur",
        "gaussian_blur",
        "sharpen",
        "intensified_sharpen",
        "edge",
        "emboss",
        "sobel_x",
        "sobel_y",
        "vertical_line",
        "horizontal_line",
        "corner",
    ]
    strides: Pair = 1
    padding: Padding = "valid"

    def output(self, shape: Shape) -> Shape:
        return (*self.window(shape).outputs(shape[:-1], type(self).__name__), shape[-1])

    def weights(self, shape: Shape) -> dict[str, Weight]:
        return {"kernel": Weight((3, 3), _Printed(self.kernel), trainable=False)}

    def macs(self, shape: Shape) -> int:
        return 9 * elements(self.output(shape))

    def window(self, shape: Shape) -> Window:
        require_rank(self, shape, 3, "height, width, channels")
        return Window.of((3, 3), axes(self.strides, 2), self.padding, (1, 1), shape[:-1])

    def build(self, shape: Shape) -> nn.Module:
        return _EachChannel(self.window(shape), shape[-1])

    @classmethod
    def example(cls) -> Any:
        return cls("sobel_x", input_shape=(5, 6, 2))


class _EachChannel(nn.Module):
    """One kernel for every channel of a map."""

    kernel: torch.Tensor

    def __init__(self, window: Window, channels: int) -> None:
        super().__init__()
        self.window, self.channels = window, channels
        self.register_buffer("kernel", torch.zeros(window.kernel))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernels = self.kernel.to(x.dtype).expand(self.channels, 1, *self.window.kernel)
        padded = functional.pad(x, sides(self.window, x))
        return functional.conv2d(padded, kernels, stride=self.window.stride, groups=self.channels)
