"""Locally connected layers: windows as a convolution has them, but a kernel of its own at every place."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.initializers.base import Initializer, InitializerLike
from striate.layers.base import Layer, LayerLike, Weight, require_rank, stated
from striate.regularizers.base import RegularizerLike
from striate.shape import Padding, Pair, Shape, Single, Sizes, Window, axes, elements, sides, to_border, to_inside
from striate.units import Count

__all__ = ["LocallyConnected1D", "LocallyConnected2D"]


@dataclass(frozen=True)
class _AtEachPlace(Initializer, abstract=True):
    """The kernels of each place as those of a convolution begin: places do not count as connections."""

    of: Initializer
    places: int
    """How many axes of the weight are places."""

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        kernels = [self.of.sample(shape[self.places :], generator) for _ in range(elements(shape[: self.places]))]
        return torch.stack(kernels).reshape(shape)


@dataclass(frozen=True, eq=False)
class _LocallyConnected(Layer, abstract=True):
    """What locally connected layers of one and two dimensions share.

    Args:
        filters: how many kernels each place has, which is how many channels come out.
        kernel_size: sides of the kernels, pixels.
        strides: steps of the window, pixels.
        padding: "valid" (none), "same" (ceil(size/stride) comes out), or pixels, as Conv2D takes them.
        activation: applied to the sum.
        use_bias: whether b is added; every filter has one at every place.
        kernel_initializer: first values of w; those of each place begin as the kernels of a convolution do.
        bias_initializer: first values of b.
        kernel_regularizer: penalty on w.
        bias_regularizer: penalty on b.
    Errors:  ShapeError if the kernel exceeds the padded map, or the size of the map is left open.
    """

    linear = True

    dimensions: ClassVar[int]
    letters: ClassVar[str]

    filters: Count
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "valid"
    activation: LayerLike | None = None
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    bias_initializer: InitializerLike = "zeros"
    kernel_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None

    def output(self, shape: Shape) -> Shape:
        window = self.window(shape)
        elements(shape)  # there must be a kernel for every place
        return (*window.outputs(shape[:-1], type(self).__name__), self.filters)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        places, count = self.output(shape)[:-1], self.dimensions
        kernel = axes(self.kernel_size, count)
        found = {
            "weight": Weight(
                (*places, self.filters, shape[-1], *kernel),
                _AtEachPlace(catalog.get("initializers", self.kernel_initializer), count),
                regularizer=catalog.get("regularizers", self.kernel_regularizer),
                keras=(*range(count), *range(count + 2, 2 * count + 2), count + 1, count),
                keras_shape=(elements(places), elements(kernel) * shape[-1], self.filters),
            )
        }
        if self.use_bias:
            found["bias"] = stated(self, "bias", (*places, self.filters))
        return found

    def macs(self, shape: Shape) -> int:
        return elements(self.weights(shape)["weight"].shape)

    def window(self, shape: Shape) -> Window:
        require_rank(self, shape, self.dimensions + 1, self.letters)
        kernel, stride = (axes(value, self.dimensions) for value in (self.kernel_size, self.strides))
        return Window.of(kernel, stride, self.padding, (1,) * self.dimensions, shape[:-1])

    def build(self, shape: Shape) -> nn.Module:
        return _Unshared(self.window(shape), {name: weight.shape for name, weight in self.weights(shape).items()})

    @classmethod
    def example(cls) -> Any:
        return cls(3, 2, input_shape=(*(5, 6)[: cls.dimensions], 2))


class _Unshared(nn.Module):
    """The windows of a map (n, c, ...), each times the kernels of its place."""

    def __init__(self, window: Window, shapes: dict[str, Shape]) -> None:
        super().__init__()
        self.window = window
        self.weight = nn.Parameter(torch.zeros(shapes["weight"]))
        self.bias = nn.Parameter(torch.zeros(shapes["bias"])) if "bias" in shapes else None
        self.places = shapes["weight"][: len(window.kernel)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = to_border(functional.pad(x, sides(self.window, x)))  # (n, h, w, c)
        for axis, (k, s) in enumerate(zip(self.window.kernel, self.window.stride, strict=True), 1):
            seen = seen.unfold(axis, k, s)  # at the end (n, h', w', c, kh, kw)
        count = len(self.places)
        # One matrix product for each place: (p, n, c*kh*kw) times (p, c*kh*kw, f).
        rows = seen.flatten(1 + count).flatten(1, count).transpose(0, 1)
        products = torch.bmm(rows, self.weight.flatten(1 + count).flatten(0, count - 1).transpose(1, 2))
        y = products.transpose(0, 1).contiguous().unflatten(1, self.places)  # (n, h', w', f)
        return to_inside(y if self.bias is None else y + self.bias)


@dataclass(frozen=True, eq=False)
class LocallyConnected1D(_LocallyConnected):
    """Cross-correlate a sequence with kernels that differ from place to place.

    y[f,i] = b[i,f] + sum over c,u of w[i,f,c,u] * x[c, i*s+u-p]

    Shape:   (l, c) -> (l', filters),  l' = floor((l + 2p - k)/s) + 1
    Cost:    l'*filters*c*k + l'*filters params;  l'*filters*c*k MACs
    Source:  LeCun 1989, yann.lecun.com/exdb/publis/pdf/lecun-89.pdf; lecture 001 L426-429
    Example: >>> LocallyConnected1D(6, 5).output((32, 1))
             (28, 6)
    """

    dimensions, letters = 1, "length, channels"
    kernel_size: Single
    strides: Single = 1


@dataclass(frozen=True, eq=False)
class LocallyConnected2D(_LocallyConnected):
    """Cross-correlate a map with kernels that differ from place to place: local receptive fields, unshared.

    y[f,i,j] = b[i,j,f] + sum over c,u,v of w[i,j,f,c,u,v] * x[c, i*s+u-p, j*s+v-p]

    Right where what is to be seen depends on the place, as in faces that all stand alike. The bias is not shared
    either: there is one for each filter at each place, as Keras 2 had it (Keras 3 has no such layer).

    Shape:   (h, w, c) -> (h', w', filters),  h' = floor((h + 2p - k)/s) + 1
    Cost:    h'*w'*filters*c*k*k + h'*w'*filters params;  h'*w'*filters*c*k*k MACs
    Source:  Taigman et al. 2014, doi:10.1109/CVPR.2014.220; lecture 001 L426-429
    Example: >>> LocallyConnected2D(16, 9).output((71, 71, 16))
             (63, 63, 16)
    """

    dimensions, letters = 2, "height, width, channels"
    kernel_size: Pair
    strides: Pair = 1
