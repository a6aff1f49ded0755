"""A layer on trial: variants of its declaration, shapes that it takes, what torch and what the textbook make of it.

Nothing here knows a layer by name: what can be varied is read from the kinds of the arguments, so that a new layer is
tried with no edit.
"""

import dataclasses
import inspect
import typing
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from striate import textbook
from striate.errors import ShapeError
from striate.layers.base import Layer, LayerLike, Weight
from striate.shape import Padding, Pair, Shape, Single, Triple, elements, to_border, to_inside
from tests.contracts.declarations import shelf_members
from tests.parity import BOUND, agree

LAYERS: dict[str, Any] = dict(shelf_members("layers"))
SHAPES = ((4,), (5, 2), (5, 6, 2), (5, 6, 4, 2))
"""A vector, a sequence, a map and a volume."""
LAYOUTS = ("contiguous", "channels_last", "batch of one")

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Trial:
    """A layer, and a shape that it takes."""

    layer: Layer
    shape: Shape

    def __str__(self) -> str:
        return f"{self.layer!r} of {self.shape}"


def trials() -> list[Trial]:
    """Every layer with its example and its variants, and the example with every shape that it takes."""
    found = []
    for concept in LAYERS.values():
        found += [Trial(layer, own_shape(layer)) for layer in variants(concept)]
        example = concept.example()
        found += [Trial(example, shape) for shape in SHAPES if shape != own_shape(example) and fits(example, shape)]
    return found


def examples() -> list[Trial]:
    """Every layer with its example alone."""
    return [Trial(example, own_shape(example)) for example in (concept.example() for concept in LAYERS.values())]


def own_shape(layer: Layer) -> Shape:
    """The shape an example says that it takes."""
    assert layer.input_shape is not None, f"{type(layer).__name__}.example() has no input_shape"
    return layer.input_shape


def fits(layer: Layer, shape: Shape) -> bool:
    """Whether the layer takes the shape."""
    try:
        layer.output(shape)
    except ShapeError:
        return False
    return True


def variants(concept: Any) -> Iterator[Layer]:
    """The example, and the example with one argument changed."""
    example = concept.example()
    yield example
    hints = typing.get_type_hints(concept, include_extras=True)
    for field in dataclasses.fields(concept):
        if field.name == "trainable" and not example.weights(own_shape(example)):
            continue
        for value in _others(hints[field.name], getattr(example, field.name)):
            changed = replace(example, **{field.name: value})
            if fits(changed, own_shape(changed)):
                yield changed


def _others(hint: Any, value: Any) -> list[Any]:
    """What else an argument of this kind may be."""
    if hint is bool:
        return [not value]
    if hint == Padding:
        return ["same", 1]
    if hint == LayerLike | None:
        return ["tanh"]
    if hint in [kind | none for kind in (Single, Pair, Triple) for none in (kind, None)]:
        return [1 if value is None else value + 1]
    return []


def inputs(shape: Shape, layout: str, rng: np.random.Generator) -> torch.Tensor:
    """Random images (n, c, ...) in a layout."""
    count = 1 if layout == "batch of one" else 2
    x = torch.from_numpy(rng.standard_normal((count, shape[-1], *shape[:-1])))
    return x if layout == "contiguous" else to_inside(to_border(x).contiguous())


def values(weights: Mapping[str, Weight], rng: np.random.Generator) -> Arrays:
    """Random numbers for weights; positive ones for averages, among which are variances."""
    drawn = {name: rng.standard_normal(weight.shape) for name, weight in weights.items()}
    return {name: value if weights[name].trainable else 0.5 + np.abs(value) for name, value in drawn.items()}


def built(layer: Layer, shape: Shape, given: Arrays, dtype: torch.dtype = torch.float64) -> nn.Module:
    """The layer's module with these numbers in it."""
    module = layer.build(shape).to(dtype)
    with torch.no_grad():
        for name, value in given.items():
            getattr(module, name).copy_(torch.from_numpy(value))
    return module


def apply(layer: Layer, shape: Shape, module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """What the module makes of x, the activation that follows the layer included."""
    y = module(x)
    return y if layer.then is None else layer.then.build(layer.output(shape))(y)


def by_torch(trial: Trial, x: torch.Tensor, given: Arrays, cotangent: np.ndarray, training: bool) -> Arrays:
    """The output, the gradient of the input and of each weight, and the averages after it."""
    layer, shape = trial.layer, trial.shape
    module = built(layer, shape, given, x.dtype).train(training)
    torch.manual_seed(0)  # of dropout
    x = x.detach().requires_grad_()
    y = apply(layer, shape, module, x)
    learned = {name: getattr(module, name) for name, weight in layer.weights(shape).items() if weight.trainable}
    gradients = torch.autograd.grad(y, [x, *learned.values()], torch.from_numpy(cotangent).to(x.dtype))
    found = {"y": y, **dict(zip(["dx", *(f"d{name}" for name in learned)], gradients, strict=True))}
    found |= {name: getattr(module, name) for name in given if name not in learned}
    return {name: tensor.detach().numpy() for name, tensor in found.items()}


def page(layer: Layer) -> Any:
    """The brick of the same name in the textbook, with the arguments that it takes."""
    brick = getattr(textbook, type(layer).__name__)
    return brick(**{name: getattr(layer, name) for name in inspect.signature(brick).parameters if hasattr(layer, name)})


def by_textbook(
    trial: Trial, x: np.ndarray, given: Arrays, cotangent: np.ndarray, training: bool, y: np.ndarray
) -> Arrays:
    """The same as the textbook has it. What is drawn (the mask of dropout) is read from torch's output `y`."""
    layer = trial.layer
    averages = [name for name, weight in layer.weights(trial.shape).items() if not weight.trainable]
    # A layer that keeps averages and is not to be trained uses them in training too, as Keras has it.
    training = training and (layer.trainable or not averages)
    brick = page(layer)
    if hasattr(brick, "mask"):
        brick.mask = y != 0
    found = brick.forward(x, given, training)
    if layer.then is not None:
        follower = page(layer.then)
        found = follower.forward(found, {}, training)
        cotangent, _ = follower.backward(cotangent)
    dx, gradients = brick.backward(cotangent)
    moved = {name: brick.updated.get(name, given[name]) for name in averages}
    return {"y": found, "dx": dx, **{f"d{name}": gradient for name, gradient in gradients.items()}, **moved}


def differences(found: Arrays, reference: Arrays, bound: float = BOUND) -> list[str]:
    """What only one of them has, or is further apart than bound * max(1, max |reference|)."""
    shared = found.keys() & reference.keys()
    return sorted(found.keys() ^ reference.keys()) + [
        name for name in sorted(shared) if not agree(found[name], reference[name], bound)
    ]


def both(trial: Trial, layout: str, training: bool, seed: int) -> tuple[Arrays, Arrays]:
    """What torch and what the textbook make of the same random numbers; nothing where they refuse them."""
    rng = np.random.default_rng(seed)
    x, given = inputs(trial.shape, layout, rng), values(trial.layer.weights(trial.shape), rng)
    *positions, channels = trial.layer.output(trial.shape)
    cotangent = rng.standard_normal((len(x), channels, *positions))
    found: Arrays = {}
    reference: Arrays = {}
    with suppress(ValueError):  # one value per channel cannot be normalised in training
        found = by_torch(trial, x, given, cotangent, training)
    with suppress(ValueError):
        reference = by_textbook(trial, x.numpy(), given, cotangent, training, found.get("y", np.ones(1)))
    return found, reference


def spoilt(x: torch.Tensor) -> torch.Tensor:
    """The same numbers, their gradient wrong by 1e-4 of itself."""
    passed = x.view_as(x)
    passed.register_hook(lambda dy: dy * (1 + 1e-4))
    return passed


def finite_differences_agree(trial: Trial, training: bool, wrong: str = "") -> bool:
    """Whether autograd agrees with trying: every number of one image and of each weight is moved a little.

    `wrong` names a gradient to spoil.
    """
    layer, shape = trial.layer, trial.shape
    rng = np.random.default_rng(0)
    given = values(layer.weights(shape), rng)
    module = built(layer, shape, given).train(training)
    learned = [name for name, weight in layer.weights(shape).items() if weight.trainable]
    names = ["x", *learned]
    *positions, channels = layer.output(shape)
    cotangent = torch.from_numpy(rng.standard_normal((1, channels, *positions)))
    # So large that the gradient of a mean over many pixels stands clear of the tolerance.
    scale = 10 * max(1.0, elements(shape) / cotangent.numel())
    # Pixels at least 0.02 apart and 0.005 from 0: no step of 1e-6 crosses a kink or changes which one is largest.
    size = elements(shape)
    x = torch.from_numpy((rng.permutation(size) - size // 2 + 0.25) * 0.02).reshape(1, shape[-1], *shape[:-1])

    def run(*tensors: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(0)  # the same numbers are dropped every time
        each = {name: spoilt(tensor) if name == wrong else tensor for name, tensor in zip(names, tensors, strict=True)}
        x = each.pop("x")
        y = functional_call(module, each, (x,))
        y = y if layer.then is None else layer.then.build(layer.output(shape))(y)
        return scale * (cotangent * y).sum()

    tensors = [x, *(torch.from_numpy(given[name]) for name in learned)]
    return torch.autograd.gradcheck(
        run,
        [tensor.requires_grad_() for tensor in tensors],
        eps=1e-6,
        atol=1e-6,
        rtol=1e-5,
        raise_exception=False,
    )
