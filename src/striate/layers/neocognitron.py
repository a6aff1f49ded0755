"""The cells of the neocognitron: S-cells, which learn a feature without a teacher, and C-cells, which blur its place."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.initializers.base import Initializer
from striate.layers.base import Layer, Weight, require_rank
from striate.shape import Padding, Pair, Shape, Window, axes, elements, sides
from striate.units import Count, Fraction, Positive

__all__ = ["CCells", "SCells"]

_LETTERS = "height, width, channels"
_SMALLEST = 1e-37
"""Below this a square is none; the root of 0 has no slope, and blank parts of an image would spoil gradients."""


@dataclass(frozen=True, eq=False)
class SCells(Layer):
    """Planes of S-cells: each fires where the map looks like the one feature that its plane has learned.

    y[k,i,j] = r * phi((1 + sum over c,u,v of a[k,c,u,v] * x[c,i+u-p,j+v-p]) / (1 + 2r/(1+r) * b[k] * s[i,j]) - 1)
    s[i,j] = sqrt(sum over c,u,v of n[u,v] * x[c,i+u-p,j+v-p]**2),  phi(z) = max(z, 0)

    What excites a cell is divided by what inhibits it, so that the likeness to a counts and contrast does not. No
    gradient changes a and b: they start small and at 0, and grow where a cell wins (`striate.zoo.self_organize`). n is
    fixed; it falls with the distance from the middle, and its sum over channels and places is 1.

    Shape:   (h, w, c) -> (h', w', planes),  h' = h + 2p - k + 1
    Cost:    planes*(c*k*k + 1) + k*k weights that no gradient trains;  (planes*c + 1)*k*k*h'*w' MACs
    Args:
        planes: how many features.
        kernel_size: sides of the area that a cell sees, pixels.
        padding: "valid" (none), "same" (as many cells as pixels), or pixels on each side.
        selectivity: r; the larger, the more alike map and feature must be.
        reinforcement: q, how much one victory adds to a and b.
        column: sides of the area in which cells of all planes compete.
        decay: what n has left of its strength one pixel further out.
    Errors:  ShapeError if the area exceeds the padded map.
    Source:  Fukushima 1980, doi:10.1007/BF00344251; lecture 004 L57
    Example: >>> SCells(24, padding="same").output((16, 16, 1))
             (16, 16, 24)
    """

    planes: Count
    kernel_size: Pair = 5
    padding: Padding = "valid"
    selectivity: Positive = 1.5
    reinforcement: Positive = 16.0
    column: Pair = 5
    decay: Fraction = 0.9

    def output(self, shape: Shape) -> Shape:
        return (*self.window(shape).outputs(shape[:-1], "SCells"), self.planes)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        kernel = axes(self.kernel_size, 2)
        fixed = _Near(self.decay, 1 / shape[-1])
        return {
            "excitation": Weight((self.planes, shape[-1], *kernel), _Weak(), trainable=False, keras=(2, 3, 1, 0)),
            "inhibition": Weight((self.planes,), catalog.get("initializers", "zeros"), trainable=False),
            "nearness": Weight(kernel, fixed, trainable=False),
        }

    def macs(self, shape: Shape) -> int:
        return (self.planes * shape[-1] + 1) * elements(axes(self.kernel_size, 2)) * elements(self.output(shape)[:-1])

    def window(self, shape: Shape) -> Window:
        require_rank(self, shape, 3, _LETTERS)
        return Window.of(axes(self.kernel_size, 2), (1, 1), self.padding, (1, 1), shape[:-1])

    def build(self, shape: Shape) -> nn.Module:
        return _SCells(self, shape)

    @classmethod
    def example(cls) -> Any:
        return cls(3, 3, input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class CCells(Layer):
    """Planes of C-cells: each fires where its feature was seen anywhere near, so that small shifts do not matter.

    y[k,i,j] = psi((1 + e[k,i,j]) / (1 + (1/K) * sum over m of e[m,i,j]) - 1),  psi(z) = max(z, 0) / (alpha + max(z, 0))
    e[k,i,j] = sum over u,v of d[u,v] * max(x[k,i*s+u-p,j*s+v-p], 0)

    A plane fires where it is more active than the K planes are on average, and saturates at 1. d is fixed: it falls with
    the distance from the middle, where it is 1. What is below 0 is no activity, and counts as 0.

    Shape:   (h, w, c) -> (h', w', c),  h' = floor((h + 2p - k)/s) + 1
    Cost:    k*k weights that are not trained;  c*k*k*h'*w' MACs
    Args:
        kernel_size: sides of the area that a cell sees, pixels.
        strides: steps from cell to cell, pixels.
        padding: "valid" (none), "same" (ceil(size/stride) comes out), or pixels on each side.
        saturation: alpha, the excess at which a cell is half active.
        decay: what d has left of its strength one pixel further out.
    Errors:  ShapeError if the area exceeds the padded map.
    Source:  Fukushima 1980, doi:10.1007/BF00344251; lecture 004 L57
    Example: >>> CCells(5, strides=2, padding=((3, 4), (3, 4))).output((16, 16, 24))
             (10, 10, 24)
    """

    kernel_size: Pair = 5
    strides: Pair = 1
    padding: Padding = "valid"
    saturation: Positive = 0.5
    decay: Fraction = 0.9

    def output(self, shape: Shape) -> Shape:
        return (*self.window(shape).outputs(shape[:-1], "CCells"), shape[-1])

    def weights(self, shape: Shape) -> dict[str, Weight]:
        return {"nearness": Weight(axes(self.kernel_size, 2), _Near(self.decay), trainable=False)}

    def macs(self, shape: Shape) -> int:
        return elements(axes(self.kernel_size, 2)) * elements(self.output(shape))

    def window(self, shape: Shape) -> Window:
        require_rank(self, shape, 3, _LETTERS)
        return Window.of(axes(self.kernel_size, 2), axes(self.strides, 2), self.padding, (1, 1), shape[:-1])

    def build(self, shape: Shape) -> nn.Module:
        return _CCells(self, shape)

    @classmethod
    def example(cls) -> Any:
        return cls(3, input_shape=(5, 6, 2))


class _Winners(NamedTuple):
    """The cells that won, one at most in a plane: their planes, and the places where they stand."""

    planes: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor


class _SCells(nn.Module):
    excitation: torch.Tensor
    inhibition: torch.Tensor
    nearness: torch.Tensor

    def __init__(self, layer: SCells, shape: Shape) -> None:
        super().__init__()
        self.layer, self.area = layer, layer.window(shape)
        self.shunt = 2 * layer.selectivity / (1 + layer.selectivity)
        for name, weight in layer.weights(shape).items():
            self.register_buffer(name, torch.empty(weight.shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(x, sides(self.area, x))
        excited = functional.conv2d(padded, self.excitation.to(x.dtype))  # (n, planes, h', w')
        squares = padded.square().sum(1, keepdim=True)  # (n, 1, h, w)
        spread = functional.conv2d(squares, self.nearness.to(x.dtype)[None, None]).clamp(min=_SMALLEST).sqrt()
        inhibited = self.shunt * self.inhibition.to(x.dtype)[:, None, None] * spread
        # (1 + e)/(1 + i) - 1 in a form that loses no digits
        return self.layer.selectivity * functional.relu(excited - inhibited) / (1 + inhibited)

    def representatives(self, y: torch.Tensor) -> _Winners:
        """The winners among the cells y (planes, h', w') of one image.

        In every column, an area of `column` cells in all planes, the most active cell is a candidate; of the candidates
        in a plane the most active one represents it. Planes without an active candidate have none.
        """
        column = [min(side, size) for side, size in zip(axes(self.layer.column, 2), y.shape[1:], strict=True)]
        strongest, plane = y.max(0)  # (h', w'): of the cells at a place, one can win
        _, place = functional.max_pool2d(strongest[None], column, stride=1, return_indices=True)
        candidate = torch.zeros_like(strongest).flatten()
        candidate[place.unique()] = 1
        won = torch.zeros_like(y).scatter_(0, plane[None], (strongest * candidate.view_as(strongest))[None])
        most, place = won.flatten(1).max(1)
        planes = most.nonzero().flatten()
        return _Winners(planes, place[planes] // y.shape[2], place[planes] % y.shape[2])

    @torch.no_grad()
    def reinforce(self, x: torch.Tensor) -> _Winners:
        """Show one image (1, c, h, w): what excites each winner is added to the synapses of its plane. The winners.

        a[k] += q * n * x around the winner,  b[k] += q/2 * s there
        """
        won = self.representatives(self.forward(x)[0])  # not self(x), whose hook may be what calls this
        rows, columns = self.area.kernel
        padded = functional.pad(x, sides(self.area, x))[0]
        windows = padded.unfold(1, rows, 1).unfold(2, columns, 1)[:, won.rows, won.columns]  # (c, winners, kh, kw)
        near = self.nearness * windows
        self.excitation[won.planes] += self.layer.reinforcement * near.movedim(1, 0)
        spread = (near * windows).sum((0, 2, 3)).sqrt()
        self.inhibition[won.planes] += self.layer.reinforcement / 2 * spread
        return won


class _CCells(nn.Module):
    nearness: torch.Tensor

    def __init__(self, layer: CCells, shape: Shape) -> None:
        super().__init__()
        self.layer, self.area, self.planes = layer, layer.window(shape), shape[-1]
        self.register_buffer("nearness", torch.empty(self.area.kernel))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(functional.relu(x), sides(self.area, x))
        kernels = self.nearness.to(x.dtype).expand(self.planes, 1, *self.area.kernel)
        excited = functional.conv2d(padded, kernels, stride=self.area.stride, groups=self.planes)
        inhibited = excited.mean(1, keepdim=True)
        excess = functional.relu(excited - inhibited) / (1 + inhibited)
        return excess / (self.layer.saturation + excess)


@dataclass(frozen=True)
class _Weak(Initializer, abstract=True):
    """Numbers from 0 to 0.0001: a cell that knows anything like what it sees shall win over one that knows nothing.

    The paper's are small too, but follow a rule and are not drawn: each plane prefers another direction a little.
    """

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return torch.empty(shape).uniform_(0, 1e-4, generator=generator)


@dataclass(frozen=True)
class _Near(Initializer, abstract=True):
    """decay ** distance from the middle of the kernel; with a `total`, divided so that this is the sum."""

    decay: float
    total: float | None = None

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        rows, columns = (torch.arange(size) - (size - 1) / 2 for size in shape)
        near = self.decay ** torch.hypot(rows[:, None], columns)
        return near if self.total is None else near * (self.total / near.sum())
