"""Layers of LeNet-5 as it was in 1998, which later networks replaced by simpler ones."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from annotated_types import MinLen
from pydantic import Strict
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.errors import ArgumentError, ShapeError
from striate.initializers.base import Initializer, InitializerLike
from striate.layers.base import Layer, LayerLike, Weight, require_rank
from striate.shape import EVERYTHING, Pair, Shape, Window, axes, elements
from striate.units import Index, Real

__all__ = ["RBF", "PartialConv2D", "ScaledTanh", "Subsampling2D"]

_LETTERS = "height, width, channels"
_Maps = Annotated[tuple[Index, ...], Strict(False), MinLen(1)]


@dataclass(frozen=True, eq=False)
class PartialConv2D(Layer):
    """Cross-correlate a map with kernels of which each sees the channels that a table gives it.

    y[f,i,j] = b[f] + sum over c in connections[f] and u,v of w[(f,c),u,v] * x[c, i+u, j+v]

    Filters that see different channels have to find different features.

    Shape:   (h, w, c) -> (h', w', filters),  h' = h - k + 1,  one filter for each row of the table
    Cost:    pairs*k*k + filters params, pairs = the entries of the table;  filters*c*k*k*h'*w' MACs, as the channels
             that a filter does not see are multiplied by zeros
    Args:
        connections: for each filter the numbers of the channels that it sees, from 0.
        kernel_size: sides of the kernel, pixels.
        activation: applied to the sum.
        use_bias: whether b is added.
        kernel_initializer: first values of w.
        bias_initializer: first values of b.
    Errors:  ShapeError if the kernel exceeds the map, or a filter sees a channel that is not there; ArgumentError if it
             sees one twice.
    Source:  LeCun et al. 1998, doi:10.1109/5.726791, table I
    Example: >>> layer = PartialConv2D(((0, 1), (1, 2), (0, 1, 2)), 5)
             >>> layer.output((14, 14, 3)), layer.weights((14, 14, 3))["weight"].shape
             ((10, 10, 3), (7, 5, 5))
    """

    linear = True

    connections: Annotated[tuple[_Maps, ...], Strict(False), MinLen(1)]
    kernel_size: Pair
    activation: LayerLike | None = None
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    bias_initializer: InitializerLike = "zeros"

    def __post_init__(self) -> None:
        super().__post_init__()
        for number, seen in enumerate(self.connections):
            if len(set(seen)) < len(seen):
                raise ArgumentError(
                    f"PartialConv2D: filter {number} sees a channel twice",
                    sum=f"connections[{number}] = {seen}",
                    fix="each channel once",
                )

    def output(self, shape: Shape) -> Shape:
        sizes = self.window(shape).outputs(shape[:-1], "PartialConv2D")
        for number, seen in enumerate(self.connections):
            if max(seen) >= shape[-1]:
                raise ShapeError(
                    f"PartialConv2D: filter {number} sees channel {max(seen)}, which is not there",
                    sum=f"connections[{number}] = {seen}, the map has channels 0 to {shape[-1] - 1}",
                    fix=f"a map of {max(map(max, self.connections)) + 1} channels, or another table",
                )
        return (*sizes, len(self.connections))

    def weights(self, shape: Shape) -> dict[str, Weight]:
        pairs = sum(map(len, self.connections))
        kernel = Weight((pairs, *axes(self.kernel_size, 2)), catalog.get("initializers", self.kernel_initializer))
        if not self.use_bias:
            return {"weight": kernel}
        bias = Weight((len(self.connections),), catalog.get("initializers", self.bias_initializer))
        return {"weight": kernel, "bias": bias}

    def macs(self, shape: Shape) -> int:
        return elements((*self.output(shape), *axes(self.kernel_size, 2), shape[-1]))

    def window(self, shape: Shape) -> Window:
        require_rank(self, shape, 3, _LETTERS)
        return Window.of(axes(self.kernel_size, 2), (1, 1), "valid", (1, 1), shape[:-1])

    def build(self, shape: Shape) -> nn.Module:
        self.output(shape)
        return _Partial(self.connections, axes(self.kernel_size, 2), shape[-1], self.use_bias)

    @classmethod
    def example(cls) -> Any:
        return cls(((0,), (1, 0)), 2, input_shape=(5, 6, 2))


class _Partial(nn.Module):
    """The kernels are put into a full one, zeros between them: one convolution is faster than many small ones."""

    def __init__(
        self, connections: tuple[tuple[int, ...], ...], kernel: tuple[int, ...], channels: int, bias: bool
    ) -> None:
        super().__init__()
        pairs = sum(map(len, connections))
        self.weight = nn.Parameter(torch.empty(pairs, *kernel))
        self.bias = nn.Parameter(torch.empty(len(connections))) if bias else None
        self.full = (len(connections), channels)
        numbers = iter(range(pairs))
        own = [{channel: next(numbers) for channel in seen} for seen in connections]
        self.rows = [each.get(channel, pairs) for each in own for channel in range(channels)]
        """Which kernel a filter has for a channel: the one behind the last, of zeros, for one it does not see."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernels = functional.pad(self.weight, (0, 0, 0, 0, 0, 1))[self.rows].unflatten(0, self.full)
        return functional.conv2d(x, kernels, self.bias)


@dataclass(frozen=True, eq=False)
class Subsampling2D(Layer):
    """Add up the pixels of each window, multiply the sum by a learned factor of the channel and add a learned bias.

    y[c,i,j] = b[c] + w[c] * sum over u,v of x[c, i*k+u, j*k+v]

    Shape:   (h, w, c) -> (h', w', c),  h' = floor(h/k)
    Cost:    2*c params;  0 MACs
    Args:
        pool_size: k, sides of the window, pixels.
        activation: applied to the sum.
        kernel_initializer: first values of w.
        bias_initializer: first values of b.
    Errors:  ShapeError if the window exceeds the map.
    Source:  LeCun et al. 1998, doi:10.1109/5.726791, section II.B (lecture 001 L765 leaves the learning out)
    Example: >>> Subsampling2D(2).output((28, 28, 6))
             (14, 14, 6)
    """

    linear = True

    pool_size: Pair = 2
    activation: LayerLike | None = None
    kernel_initializer: InitializerLike = "ones"
    bias_initializer: InitializerLike = "zeros"

    def output(self, shape: Shape) -> Shape:
        return (*self.window(shape).outputs(shape[:-1], "Subsampling2D"), shape[-1])

    def weights(self, shape: Shape) -> dict[str, Weight]:
        return {
            name: Weight(shape[-1:], catalog.get("initializers", initializer))
            for name, initializer in (("weight", self.kernel_initializer), ("bias", self.bias_initializer))
        }

    def window(self, shape: Shape) -> Window:
        require_rank(self, shape, 3, _LETTERS)
        sides = axes(self.pool_size, 2)
        return Window.of(sides, sides, "valid", (1, 1), shape[:-1])

    def build(self, shape: Shape) -> nn.Module:
        return _Subsampling(axes(self.pool_size, 2), shape[-1])

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 2))


class _Subsampling(nn.Module):
    def __init__(self, kernel: tuple[int, ...], channels: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # The mean times the area: torch can add up by itself (divisor_override), which its ONNX exporter loses.
        sums = functional.avg_pool2d(x, self.kernel) * elements(self.kernel)
        return self.weight[:, None, None] * sums + self.bias[:, None, None]


@dataclass(frozen=True, eq=False)
class ScaledTanh(Layer):
    """Squash numbers into (-a, a), so that 1 and -1 lie where the curve bends most: f(1) = 1, f(-1) = -1.

    y = a * tanh(s*x)

    Shape:   any -> the same
    Args:    amplitude: a.
             slope: s.
    Source:  LeCun et al. 1998, doi:10.1109/5.726791, equation 6 and appendix A
    Example: >>> ScaledTanh().output((28, 28, 6))
             (28, 28, 6)
    """

    amplitude: Real = 1.7159
    slope: Real = 2 / 3

    is_activation = True

    def build(self, shape: Shape) -> nn.Module:
        return _ScaledTanh(self.amplitude, self.slope)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 2))


class _ScaledTanh(nn.Module):
    def __init__(self, amplitude: float, slope: float) -> None:
        super().__init__()
        self.amplitude, self.slope = amplitude, slope

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.amplitude * torch.tanh(self.slope * x)


@dataclass(frozen=True, eq=False)
class RBF(Layer):
    """Compare a vector with the picture of each character: the nearer, the larger, and 0 for the picture itself.

    y[k] = -sum over i of (x[i] - p[k,i])**2,  p = +1 where the character is drawn, -1 elsewhere

    The pictures are fixed, 7 pixels wide and 12 high. The paper's units give the squared distance; here it is negative,
    so that the largest output names the class, as everywhere else.

    Shape:   (84,) -> (characters,)
    Cost:    84*characters weights that are not trained;  0 MACs
    Args:    characters: those of the classes, in their order; digits are there.
    Errors:  ArgumentError for a character without a picture; ShapeError for another number of features.
    Source:  LeCun et al. 1998, doi:10.1109/5.726791, section II.B and figure 3
    Example: >>> RBF().output((84,))
             (10,)
    """

    characters: Annotated[str, MinLen(1)] = "0123456789"

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = [letter for letter in self.characters if letter not in _GLYPHS]
        if unknown:
            raise ArgumentError(
                f"RBF has no picture of {unknown[0]!r}", sum=f"known: {''.join(_GLYPHS)}", fix="some of these"
            )

    def output(self, shape: Shape) -> Shape:
        require_rank(self, shape, 1, "features")
        if shape[0] != _WIDE * _HIGH:
            raise ShapeError(
                f"RBF compares with pictures of {_WIDE * _HIGH} pixels, it was given {shape[0]} features",
                sum=f"{_WIDE} wide * {_HIGH} high = {_WIDE * _HIGH}",
                fix=f"Dense({_WIDE * _HIGH}) before it",
            )
        return (len(self.characters),)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        return {"pictures": Weight((*self.output(shape), *shape), _Drawn(self.characters), trainable=False)}

    def window(self, shape: Shape) -> Window:
        return EVERYTHING

    def build(self, shape: Shape) -> nn.Module:
        return _NegativeDistance((*self.output(shape), *shape))

    @classmethod
    def example(cls) -> Any:
        return cls("12", input_shape=(_WIDE * _HIGH,))


class _NegativeDistance(nn.Module):
    pictures: torch.Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.register_buffer("pictures", torch.empty(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return -(x[:, None] - self.pictures).square().sum(2)


@dataclass(frozen=True)
class _Drawn(Initializer, abstract=True):
    """The pictures of characters, a row each: +1 where one is drawn, -1 elsewhere."""

    characters: str

    aliases: ClassVar[tuple[str, ...]] = ()

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        drawn = [[1.0 if pixel == "#" else -1.0 for pixel in _GLYPHS[letter]] for letter in self.characters]
        return torch.tensor(drawn)


_WIDE, _HIGH = 7, 12
_DIGITS = """
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
..###.. ...##.. .#####. ####### ....##. ####### ..####. ####### .#####. .#####.
.##.##. ..###.. ##...## .....## ...###. ##..... .##.... ##...## ##...## ##...##
##...## .####.. .....## ....##. ..####. ##..... ##..... .....## ##...## ##...##
##...## ...##.. ....##. ...##.. .##.##. ######. ######. ....##. .##.##. ##...##
##...## ...##.. ...##.. ..####. ##..##. .....## ##...## ....##. ..###.. ##...##
##...## ...##.. ..##... .....## ##..##. .....## ##...## ...##.. .##.##. .######
##...## ...##.. .##.... .....## ####### .....## ##...## ...##.. ##...## .....##
.##.##. ...##.. ##..... ##...## ....##. ##...## ##...## ..##... ##...## ....##.
..###.. .###### ####### .#####. ....##. .#####. .#####. ..##... .#####. .####..
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
"""
_GLYPHS = {str(digit): "".join(line.split()[digit] for line in _DIGITS.strip().splitlines()) for digit in range(10)}
"""Drawn after figure 3 of the paper, row by row."""
