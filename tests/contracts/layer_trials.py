"""A layer on trial: variants of its declaration, shapes that it takes, what torch and what the textbook make of it.

Nothing here knows a layer by name: what can be varied is read from the kinds of the arguments, so that a new layer is
tried with no edit.
"""

import dataclasses
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from striate.errors import ArgumentError, ShapeError
from striate.initializers import Given
from striate.layers.base import Block, Layer, LayerLike, Weight
from striate.proof.rules import DRAWN
from striate.shape import Axes, Padding, Pair, Shape, Single, Triple, elements, to_border, to_inside
from tests.contracts.declarations import shelf_members
from tests.contracts.references import page
from tests.parity import BOUND, agree

MEMBERS: dict[str, Any] = dict(shelf_members("layers"))
BLOCKS = {name: layer for name, layer in MEMBERS.items() if issubclass(layer, Block)}
"""Layers that leave others in the graph, and have nothing to compute themselves."""
LAYERS = {name: layer for name, layer in MEMBERS.items() if name not in BLOCKS}
SHAPES = ((4,), (5, 2), (5, 6, 2), (5, 6, 4, 2))
"""A vector, a sequence, a map and a volume."""
LAYOUTS = ("contiguous", "channels_last", "batch of one")

Arrays = dict[str, np.ndarray]


Shapes = tuple[Shape, ...]


@dataclass(frozen=True)
class Trial:
    """A layer, and a shape that it takes; where it takes several values, those of the others."""

    layer: Layer
    shape: Shape
    others: Shapes = ()

    @property
    def shapes(self) -> Shapes:
        """Of all that it takes."""
        return (self.shape, *self.others)

    @property
    def weights(self) -> dict[str, Weight]:
        """Its weights for these shapes."""
        return self.layer.weights(*self.shapes)

    @property
    def output(self) -> Shape:
        """What comes out of them."""
        return self.layer.output(*self.shapes)

    def __str__(self) -> str:
        return f"{self.layer!r} of {' and '.join(map(str, self.shapes))}"


def trials() -> list[Trial]:
    """Every layer with its example and its variants, and the example with every shape that it takes."""
    found = []
    for concept in LAYERS.values():
        example = concept.example()
        own = example.example_shapes()
        found += [Trial(layer, *split(layer.example_shapes())) for layer in variants(concept)]
        alike = [(shape,) * len(own) for shape in SHAPES if shape != own[0]]
        found += [Trial(example, *split(shapes)) for shapes in alike if fits(example, *shapes)]
    return found


def split(shapes: Shapes) -> tuple[Shape, Shapes]:
    """The first shape, and the others."""
    return shapes[0], shapes[1:]


def examples() -> list[Trial]:
    """Every layer with its example alone."""
    shown = [concept.example() for concept in LAYERS.values()]
    return [Trial(example, *split(example.example_shapes())) for example in shown]


def own_shape(layer: Layer) -> Shape:
    """The shape an example says that it takes; the first, where it takes several."""
    return layer.example_shapes()[0]


def fits(layer: Layer, *shapes: Shape) -> bool:
    """Whether the layer takes the shapes."""
    try:
        layer.output(*shapes)
    except ShapeError:
        return False
    return True


def variants(concept: Any) -> Iterator[Layer]:
    """The example, and the example with one argument changed."""
    example = concept.example()
    yield example
    hints = typing.get_type_hints(concept, include_extras=True)
    for field in dataclasses.fields(concept):
        if field.name == "trainable" and not example.weights(*example.example_shapes()):
            continue
        for value in _others(hints[field.name], getattr(example, field.name)):
            with suppress(ArgumentError, ShapeError):  # arguments that only go together
                changed = replace(example, **{field.name: value})
                if fits(changed, *changed.example_shapes()):
                    yield changed


OTHERS: list[tuple[Any, list[Any]]] = [
    (Padding, ["same", 1, *[((0, 1), 0, (1, 0))[:count] for count in (1, 2, 3)]]),  # those of other ranks do not fit
    (Axes | None, [1, (1, 2)]),
    (LayerLike | None, ["tanh"]),
]
"""Kinds of arguments, and what else one may be."""


def _others(hint: Any, value: Any) -> list[Any]:
    """What else an argument of this kind may be."""
    if hint is bool:
        return [not value]
    if typing.get_origin(hint) is typing.Literal:
        return [other for other in typing.get_args(hint) if other != value]
    if hint in [kind | none for kind in (Single, Pair, Triple) for none in (kind, None)]:
        return [1 if value is None else value + 1]
    return next((others for kind, others in OTHERS if hint == kind), [])


def inputs(shape: Shape, layout: str, rng: np.random.Generator, layer: Layer | None = None) -> torch.Tensor:
    """Random images (n, c, ...) in a layout; for a layer that takes numbers of words, such numbers."""
    count = 1 if layout == "batch of one" else 2
    size = (count, shape[-1], *shape[:-1])
    drawn = (
        rng.integers(0, 3, size).astype(float)
        if layer is not None and layer.words is not None
        else rng.standard_normal(size)
    )
    x = torch.from_numpy(drawn)
    return x if layout == "contiguous" else to_inside(to_border(x).contiguous())


def values(weights: Mapping[str, Weight], rng: np.random.Generator) -> Arrays:
    """Random numbers for weights; positive ones for averages, among which are variances; those that are given."""
    drawn = {name: np.asarray(rng.standard_normal(weight.shape)) for name, weight in weights.items()}
    found = {name: value if weights[name].trainable else 0.5 + np.abs(value) for name, value in drawn.items()}
    return found | {name: known(weight) for name, weight in weights.items() if isinstance(weight.initializer, Given)}


def known(weight: Weight) -> np.ndarray:
    """The numbers of a weight that the declaration gives."""
    return weight.initializer.sample(weight.shape, torch.Generator()).double().numpy()


def each_of(shape: Any) -> Shapes:
    """One shape or several, as several."""
    return shape if shape and isinstance(shape[0], tuple) else (shape,)


def built(layer: Layer, shape: Any, given: Arrays, dtype: torch.dtype = torch.float64) -> nn.Module:
    """The layer's module, for one shape or several, with these numbers in it."""
    module = layer.build(*each_of(shape)).to(dtype)
    with torch.no_grad():
        for name, value in given.items():
            attrgetter(name)(module).copy_(torch.from_numpy(value))
    return module


def apply(layer: Layer, shape: Any, module: nn.Module, *x: torch.Tensor) -> torch.Tensor:
    """What the module makes of its inputs, the activation that follows the layer included."""
    y = module(*x)
    return y if layer.then is None else layer.then.build(layer.output(*each_of(shape)))(y)


def slots(trial: Trial) -> list[str]:
    """The names of the gradients of what the layer takes; numbers of words have none."""
    names = ["dx", *(f"dx{number}" for number in range(2, len(trial.shapes) + 1))]
    return [] if trial.layer.words is not None else names


def by_torch(trial: Trial, x: Sequence[torch.Tensor], given: Arrays, cotangent: np.ndarray, training: bool) -> Arrays:
    """The output, the gradient of each input and of each weight, and the averages after it."""
    module = built(trial.layer, trial.shapes, given, x[0].dtype).train(training)
    torch.manual_seed(0)  # of dropout
    x = [each.detach().requires_grad_() for each in x]
    y = apply(trial.layer, trial.shapes, module, *x)
    learned = {f"d{name}": attrgetter(name)(module) for name, weight in trial.weights.items() if weight.trainable}
    sought = {**dict(zip(slots(trial), x, strict=False)), **learned}
    gradients = (
        torch.autograd.grad(
            y, list(sought.values()), torch.from_numpy(cotangent).to(y.dtype), allow_unused=True, materialize_grads=True
        )
        if sought and y.requires_grad
        else ()
    )
    found = {"y": y, **dict(zip(sought, gradients, strict=False))}
    found |= {name: attrgetter(name)(module) for name, weight in trial.weights.items() if not weight.trainable}
    return {name: tensor.detach().numpy() for name, tensor in found.items()}


def drawn_by(brick: Any) -> list[str]:
    """What a brick of the textbook draws in training."""
    return [name for name in DRAWN if hasattr(brick, name)]


def by_textbook(
    trial: Trial, x: Sequence[np.ndarray], given: Arrays, cotangent: np.ndarray, training: bool, y: np.ndarray
) -> Arrays:
    """The same as the textbook has it. What is drawn (the mask of dropout) is read from torch's output `y`."""
    layer = trial.layer
    averages = [name for name, weight in trial.weights.items() if not weight.trainable]
    # A layer that keeps averages and is not to be trained uses them in training too, as Keras has it.
    training = training and (layer.trainable or not averages)
    brick = page(layer)
    if training and y.shape == x[0].shape:
        for name in drawn_by(brick):
            setattr(brick, name, DRAWN[name](brick, x[0], y))
    several = len(x) > 1
    found = brick.forward(list(x) if several else x[0], given, training)
    if layer.then is not None:
        follower = page(layer.then)
        found = follower.forward(found, {}, training)
        cotangent, _ = follower.backward(cotangent)
    dx, gradients = brick.backward(cotangent)
    moved = {name: brick.updated.get(name, given[name]) for name in averages}
    inward = dict(zip(slots(trial), dx if several else [dx], strict=False))
    return {"y": found, **inward, **{f"d{name}": gradient for name, gradient in gradients.items()}, **moved}


def differences(found: Arrays, reference: Arrays, bound: float = BOUND) -> list[str]:
    """What only one of them has, or is further apart than bound * max(1, max |reference|)."""
    shared = found.keys() & reference.keys()
    return sorted(found.keys() ^ reference.keys()) + [
        name for name in sorted(shared) if not agree(found[name], reference[name], bound)
    ]


def both(trial: Trial, layout: str, training: bool, seed: int) -> tuple[Arrays, Arrays]:
    """What torch and what the textbook make of the same random numbers; nothing where they refuse them."""
    rng = np.random.default_rng(seed)
    x = [inputs(shape, layout, rng, trial.layer) for shape in trial.shapes]
    given = values(trial.weights, rng)
    *positions, channels = trial.output
    cotangent = rng.standard_normal((len(x[0]), channels, *positions))
    found: Arrays = {}
    reference: Arrays = {}
    with suppress(ValueError):  # one value per channel cannot be normalised in training
        found = by_torch(trial, x, given, cotangent, training)
    with suppress(ValueError):
        arrays = [each.numpy() for each in x]
        reference = by_textbook(trial, arrays, given, cotangent, training, found.get("y", np.ones(1)))
    return found, reference


def moving(trial: Trial) -> list[str]:
    """The names of the inputs and weights that the output depends on.

    A bias of all keys alike, to which softmax is blind, is none.
    """
    rng = np.random.default_rng(0)
    x = [inputs(shape, "batch of one", rng, trial.layer) for shape in trial.shapes]
    *positions, channels = trial.output
    cotangent = rng.standard_normal((len(x[0]), channels, *positions))
    found = by_torch(trial, x, values(trial.weights, rng), cotangent, training=True)
    learned = [f"d{name}" for name, weight in trial.weights.items() if weight.trainable]
    named = {**{slot: slot.replace("dx", "x") for slot in slots(trial)}, **{name: name[1:] for name in learned}}
    return [name for slot, name in named.items() if np.abs(found[slot]).max() > BOUND]


def spoilt(x: torch.Tensor) -> torch.Tensor:
    """The same numbers, their gradient wrong by 1e-4 of itself."""
    passed = x.view_as(x)
    passed.register_hook(lambda dy: dy * (1 + 1e-4))
    return passed


def finite_differences_agree(trial: Trial, training: bool, wrong: str = "") -> bool:
    """Whether autograd agrees with trying: every number of one image and of each weight is moved a little.

    `wrong` names a gradient to spoil.
    """
    layer = trial.layer
    rng = np.random.default_rng(0)
    given = values(trial.weights, rng)
    module = built(layer, trial.shapes, given).train(training)
    learned = [name for name, weight in trial.weights.items() if weight.trainable]
    moved = [name.replace("dx", "x") for name in slots(trial)]
    names = [*moved, *learned]
    *positions, channels = trial.output
    cotangent = torch.from_numpy(rng.standard_normal((1, channels, *positions)))
    # So large that the gradient of a mean over many pixels stands clear of the tolerance.
    scale = 10 * max(1.0, elements(trial.shape) / cotangent.numel())
    fixed = [] if moved else [inputs(shape, "batch of one", rng, layer) for shape in trial.shapes]
    images = _apart(trial.shapes, rng) if moved else []

    def run(*tensors: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(0)  # the same numbers are dropped every time
        each = {name: spoilt(tensor) if name == wrong else tensor for name, tensor in zip(names, tensors, strict=True)}
        x = [each.pop(name) for name in moved] or fixed
        y = functional_call(module, each, tuple(x))
        y = y if layer.then is None else layer.then.build(trial.output)(y)
        return scale * (cotangent * y).sum()

    tensors = [*images, *(torch.from_numpy(given[name]) for name in learned)]
    return torch.autograd.gradcheck(
        run,
        [tensor.requires_grad_() for tensor in tensors],
        eps=1e-6,
        atol=1e-6,
        rtol=1e-5,
        raise_exception=False,
    )


def _apart(shapes: Shapes, rng: np.random.Generator) -> list[torch.Tensor]:
    """Images of which no two pixels, of one or of several, are closer than 0.02, and none to 0 than 0.005.

    No step of 1e-6 crosses a kink or changes which one is largest.
    """
    sizes = [elements(shape) for shape in shapes]
    drawn = np.split((rng.permutation(sum(sizes)) - sum(sizes) // 2 + 0.25) * 0.02, np.cumsum(sizes)[:-1])
    return [
        torch.from_numpy(part).reshape(1, shape[-1], *shape[:-1]) for part, shape in zip(drawn, shapes, strict=True)
    ]
