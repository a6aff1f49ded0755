"""A convolution seen as what it is: the product with one large matrix, most of it zeros, its numbers repeated."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from striate.errors import ArgumentError, DataError, DeclarationError, ShapeError
from striate.layers.base import Weight
from striate.shape import Shape, elements, shape_text, to_border, to_inside
from striate.units import count_text

__all__ = ["Toeplitz", "toeplitz"]

LARGEST = 10_000_000
"""Entries of a matrix: 20 kernels of 5x5 on 28x28 pixels have 9 million, in 72 megabytes."""
SHOWN = 64
"""Rows and columns that a picture shows."""


@dataclass(frozen=True, repr=False, eq=False)
class Toeplitz:
    """A layer as the matrix it multiplies by: y = M x + b, with x and y read row by row, the channels of a pixel together.

    M[o,i] = w[weight_of[o,i]], or 0 where weight_of[o,i] = -1

    A fully connected layer may have any number in any place. Here most places hold 0 (an output sees its window alone),
    and the rest share few numbers (the same kernel at every place). Along a diagonal one number repeats, as in the
    matrices of Toeplitz.

    Args:
        name: of the layer.
        input_shape: (h, w, c) of what comes in.
        output_shape: (h', w', c') of what comes out, before the activation.
        matrix: M, float64, a row for each output and a column for each input.
        weight_of: for each entry of M the number of its weight, counted through the weight in torch's layout, or -1.
        bias: b, one number for each output.
    Source:  lecture 004 L160-171
    Example: >>> from striate.layers import Conv1D
             >>> from striate.model import Sequential
             >>> model = Sequential([Conv1D(1, 2, input_shape=(3, 1))])
             >>> seen = toeplitz(model.get_layer("conv1d"))
             >>> seen.weight_of.tolist(), seen.equal.tolist()
             ([[0, 1, -1], [-1, 0, 1]], [2, 2])
    """

    name: str
    input_shape: Shape
    output_shape: Shape
    matrix: NDArray[np.float64]
    weight_of: NDArray[np.int64]
    bias: NDArray[np.float64]
    weights: int
    """How many numbers the weight holds."""
    module: nn.Module
    """The layer itself, in double precision, with the same weights."""

    @property
    def equal(self) -> NDArray[np.int64]:
        """How many entries of the matrix each weight is."""
        return np.bincount(self.weight_of[self.weight_of >= 0], minlength=self.weights)

    @property
    def zeros(self) -> float:
        """The share of entries that no weight reaches: 0 whatever is learned."""
        return float(np.mean(self.weight_of < 0))

    def proof(self, x: Any) -> float:
        """The largest difference between the product with the matrix and what the layer itself makes of images.

        Both are computed in double precision.

        Args:    x: images (n, h, w, c), as they stand before the layer.
        Errors:  DataError for images of another shape.
        """
        images = np.asarray(x, dtype=np.float64)
        if images.shape[1:] != self.input_shape or not len(images):
            raise DataError(
                f"{self.name} takes images of {shape_text(self.input_shape)}",
                sum=f"the array is {images.shape}, (n, {', '.join(map(str, self.input_shape))}) is needed",
                fix="images[None] for one alone",
            )
        product = images.reshape(len(images), -1) @ self.matrix.T + self.bias
        layer = _answer(self.module, torch.from_numpy(images))
        return float(np.max(np.abs(product - layer)))

    def text(self) -> str:
        """The figures in words."""
        rows, columns = self.matrix.shape
        shared = self.equal
        few, many = int(shared.min()), int(shared.max())
        uses = f"{count_text(few)}" if few == many else f"{count_text(few)} to {count_text(many)}"
        return (
            f"{self.name} as a matrix: {count_text(rows)} outputs x {count_text(columns)} inputs = "
            f"{count_text(rows * columns)} entries\n"
            f"  zeros : {self.zeros:.1%} of them, {count_text(int(np.sum(self.weight_of < 0)))}\n"
            f"  equal : the other {count_text(int(shared.sum()))} are {count_text(self.weights)} weights, "
            f"each in {uses} places\n"
            f"  dense : a fully connected layer would learn {count_text(rows * columns)} numbers instead"
        )

    def __repr__(self) -> str:
        return self.text()

    def svg(self) -> str:
        """The matrix as a picture: a square for each entry, one colour for each weight, white for zeros.

        Of a large matrix its upper left corner is drawn.
        """
        part = self.weight_of[:SHOWN, :SHOWN]
        rows, columns = part.shape
        cut = "" if part.shape == self.weight_of.shape else f", its first {rows} rows and {columns} columns"
        label = f"{self.name} as a matrix of {shape_text(self.matrix.shape)}{cut}"
        squares = []
        for number in np.unique(part[part >= 0]):
            path = "".join(f"M{j} {i}h1v1h-1z" for i, j in np.argwhere(part == number))
            # The golden angle sets neighbours in number far apart in hue.
            hue, light = round(number * 137.508) % 360, 40 + 12 * (number % 3)
            squares.append(f'<path d="{path}" fill="hsl({hue} 65% {light}%)"><title>weight {number}</title></path>')
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns} {rows}" width="{8 * columns}" role="img" '
            f'aria-label="{label}"><title>{label}</title>'
            f'<rect width="{columns}" height="{rows}" fill="white" stroke="gray" stroke-width=".1"/>'
            f"{''.join(squares)}</svg>"
        )

    def _repr_html_(self) -> str:
        return f"<figure>{self.svg()}<figcaption><pre>{self.text()}</pre></figcaption></figure>"


def toeplitz(layer: Any) -> Toeplitz:
    """A layer of a model as the matrix it is, with the weights that it has now.

    Nothing here knows a layer by name: a module like the layer's is given the numbers 1, 2, 3, ... for weights and an
    image of one bright pixel after another, so that what comes out says which weight that pixel meets on its way.

    Args:    layer: as `model.get_layer(name)` gives it: any convolution, transposed, depthwise, locally connected, Dense.
    Errors:  ArgumentError for a layer that is no product with its weight; ShapeError for a matrix too large to hold.
    Source:  lecture 004 L160-171
    Example: >>> from striate.layers import Conv2D
             >>> from striate.model import Sequential
             >>> seen = toeplitz(Sequential([Conv2D(1, 3, input_shape=(5, 5, 1))]).get_layer("conv2d"))
             >>> seen.matrix.shape, seen.proof(np.ones((1, 5, 5, 1))) < 1e-12
             ((9, 25), True)
    """
    declared, shape = layer.declaration, tuple(layer.input_shape[1:])
    held = {name: tensor.detach().cpu().double() for name, tensor in layer.weights.items()}
    known = declared.weights(shape) if held and declared.takes == (1, 1) else {}
    names = [name for name in known if name != "bias"]
    if len(names) != 1:
        raise _no_matrix(layer, f"its weights are {', '.join(held) or 'none'}")
    out = declared.output(shape)
    rows, columns = elements(out), elements(shape)
    if rows * columns > LARGEST:
        raise ShapeError(
            f"{layer.name} is too large to be looked at as a matrix",
            sum=f"{shape_text(out)} = {count_text(rows)} outputs x {shape_text(shape)} = {count_text(columns)} inputs: "
            f"{count_text(rows * columns)} entries, {count_text(8 * rows * columns)} bytes",
            fix="the same layer in a model of a smaller input_shape",
        )
    (name,) = names
    count = elements(known[name].shape)
    numbers = torch.arange(1, count + 1, dtype=torch.float64).reshape(known[name].shape)
    blank = {other: torch.zeros_like(value) for other, value in held.items()}
    first = _columns(_filled(declared, shape, known, {**blank, name: numbers}), shape)
    weight_of = np.rint(first).astype(np.int64) - 1
    # Where each entry is one weight or none, any other numbers are found in the same places.
    other = torch.from_numpy(np.random.default_rng(0).standard_normal(count)).reshape(numbers.shape)
    again = _columns(_filled(declared, shape, known, {**blank, name: other}), shape)
    if not ((weight_of >= -1) & (weight_of < count)).all() or not np.allclose(again, _placed(other, weight_of)):
        raise _no_matrix(layer, f"what comes out is no sum of pixels times single numbers of its {name}")
    module = _filled(declared, shape, known, held)
    bias = _answer(module, torch.zeros(1, *shape, dtype=torch.float64))[0]
    seen = Toeplitz(layer.name, shape, out, _placed(held[name], weight_of), weight_of, bias, count, module)
    # What looks things up, or bends, can be a matrix for pixels 0 and 1 alone.
    if seen.proof(np.random.default_rng(0).random((1, *shape))) > 1e-9 * max(1.0, np.linalg.norm(seen.matrix, np.inf)):
        raise _no_matrix(layer, "of pixels between 0 and 1 it makes something else than the matrix")
    return seen


def _no_matrix(layer: Any, sum: str) -> DeclarationError:
    return ArgumentError(
        f"{layer.name}, a {type(layer.declaration).__name__}, is no product with a matrix of its weights",
        sum=sum,
        fix="a convolution, a transposed, depthwise or locally connected one, or Dense",
    )


def _filled(declared: Any, shape: Shape, known: dict[str, Weight], values: dict[str, torch.Tensor]) -> nn.Module:
    """The layer's own module, in double precision, with these numbers in it."""
    module = declared.build(shape).double().eval()
    module.load_state_dict({name: values[name] for name in known})
    return module


def _columns(module: nn.Module, shape: Shape) -> NDArray[np.float64]:
    """What the module makes of each pixel alone, as the columns of a matrix."""
    pixels = torch.eye(elements(shape), dtype=torch.float64).reshape(-1, *shape)
    return np.concatenate([_answer(module, part) for part in pixels.split(256)]).T


def _answer(module: nn.Module, images: torch.Tensor) -> NDArray[np.float64]:
    """What the module makes of images (n, h, w, c), as rows."""
    with torch.no_grad():
        return to_border(module(to_inside(images))).reshape(len(images), -1).numpy()


def _placed(values: torch.Tensor, weight_of: NDArray[np.int64]) -> NDArray[np.float64]:
    """The numbers of a weight in their places; -1 finds the 0 that stands behind the last."""
    return np.append(values.numpy().ravel(), 0.0)[weight_of]
