"""Convolutions of small maps, several of them at once."""

from typing import cast

import torch
from torch import nn
from torch.nn import functional

from striate.shape import to_border, to_inside

__all__ = ["SmallMaps", "side_by_side"]

_TILES: bool = getattr(torch.cpu, "get_capabilities", dict)().get("amx_bf16", False)
"""Whether this processor multiplies matrices of bfloat16 in tiles (AMX), as Intel's since Sapphire Rapids do."""
_NARROW = 8
"""Pixels in a row of maps that are small for tiles."""
_ROW = 64
"""Pixels that a row is to have."""
_WORTH = 256
"""Channels in times channels out, for each pixel of a square map, from which on laying maps out anew pays in tiles."""
_SMALLEST, _HEAVY = 3, 256 * 512
"""In float32, on any processor: pixels in a row of what comes out, and channels in times channels out."""


class SmallMaps(nn.Module):
    """A convolution that takes several small maps for a wide one, where that is faster.

    oneDNN computes a convolution row by row, and fetches all weights for each. The gradient of the weights it computes as
    products over the pixels of a row: with tiles of 32 numbers a row of 4 pixels is an eighth of the work that is done. Rows
    of several images, side by side, fill them. The sums are the same, in another order.

    Args:    layer: the convolution, whose parameters are shared.
    Shape:   (n, c, h, w) -> (n, filters, h', w'), as the layer says
    Example: >>> SmallMaps(nn.Conv2d(128, 256, 3))(torch.zeros(2, 128, 4, 4)).shape
             torch.Size([2, 256, 2, 2])
    """

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.layer = layer
        self.padding = cast("tuple[int, ...]", layer.padding)  # no word: those do not suit

    @staticmethod
    def suits(layer: nn.Module) -> bool:
        """Whether a layer can be computed so, and this processor gains by it where its maps are small."""
        return (
            type(layer) is nn.Conv2d
            and layer.groups == 1
            and layer.dilation == (1, 1)
            and isinstance(layer.padding, tuple)
            and layer.padding_mode == "zeros"
            and layer.in_channels * layer.out_channels >= (_WORTH if _TILES else _HEAVY)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        layer = self.layer
        if x.device.type != "cpu" or not len(x) or not self._gains(x.shape[-1]):
            return layer(x)
        return side_by_side(x, layer.weight, layer.bias, layer.stride, self.padding)

    def _gains(self, width: int) -> bool:
        """Whether maps with rows of so many pixels are small enough."""
        layer = self.layer
        channels = layer.in_channels * layer.out_channels
        if torch.is_autocast_enabled("cpu"):
            halves = torch.get_autocast_dtype("cpu") == torch.bfloat16
            return _TILES and halves and width <= _NARROW and channels >= _WORTH * width * width
        return (
            channels >= _HEAVY and _outputs(width, layer.kernel_size[1], layer.stride[1], self.padding[1]) <= _SMALLEST
        )


def side_by_side(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
) -> torch.Tensor:
    """The convolution of maps that lie in rows, as many as divide the batch, with zeros between them.

    With kernels of one pixel nothing lies between pixels that belong together: the product of two matrices.

    Shape:   (n, c, h, w), (filters, c, kh, kw), (filters,) -> (n, filters, h', w')
    Example: >>> x, w = torch.ones(4, 1, 3, 3), torch.ones(1, 1, 3, 3)
             >>> side_by_side(x, w, None, (1, 1), (1, 1))[3, 0, 0].tolist()
             [4.0, 6.0, 4.0]
    """
    if weight.shape[2:] == (1, 1) and (*stride, *padding) == (1, 1, 0, 0):
        return to_inside(functional.linear(to_border(x), weight.flatten(1), bias))
    count, width, step, side = 1, x.shape[3], stride[1], padding[1]
    pitch = -(-(width + side) // step) * step  # from a map to the next: its zeros, and whole steps of the kernel
    while count * pitch < _ROW and len(x) % (2 * count) == 0:
        count *= 2
    if count == 1:
        return functional.conv2d(x, weight, bias, stride, padding)
    maps = to_border(x).unflatten(0, (-1, count)).transpose(1, 2)  # (n/count, h, count, w, c)
    rows = functional.pad(maps, (0, 0, 0, pitch - width)).flatten(2, 3)
    y = to_border(functional.conv2d(to_inside(rows), weight, bias, stride, padding))
    apart = y.unfold(2, _outputs(width, weight.shape[3], step, side), pitch // step)[:, :, :count]
    return to_inside(apart.permute(0, 2, 1, 4, 3).flatten(0, 1))  # from (n/count, h', count, filters, w')


def _outputs(width: int, kernel: int, stride: int, padding: int) -> int:
    """Pixels in a row of what comes out."""
    return (width + 2 * padding - kernel) // stride + 1
