"""The neocognitron, the ancestor of convolutional networks, and how it learns without a teacher."""

from operator import attrgetter
from typing import Annotated, Any

import torch
from pydantic import Strict

from striate.errors import ArgumentError
from striate.layers import CCells, Flatten, Layer, SCells
from striate.model import Model
from striate.model.arguments import require
from striate.seed import stream
from striate.shape import as_tensor
from striate.units import Count, Positive
from striate.zoo.base import InputShape, Seed, chain, published

__all__ = ["Neocognitron", "self_organize"]

_THINNED = ((3, 4), (3, 4))
"""With it and a stride of 2, 16 cells become 10 and 8 become 6, which are the paper's sizes."""
_Three = Annotated[tuple[Positive, Positive, Positive], Strict(False)]


@published(1980, "Fukushima 1980, doi:10.1007/BF00344251", "004 L57")
def Neocognitron(
    input_shape: InputShape = (16, 16, 1),
    classes: Count = 24,
    planes: Count = 24,
    selectivity: _Three = (4.0, 1.5, 1.5),
    seed: Seed = None,
    name: str = "neocognitron",
) -> Model:
    """Three times S-cells, which learn features, and C-cells, which blur their places; in the end a cell for a pattern.

    It has no weights that gradients train: `self_organize` shows it images, and no labels. As in the paper, five patterns
    shown 20 times each at random places get a last cell each, which answers to its pattern wherever it stands: of five
    letters, in 15 of 20 runs (in the others some shared a cell), at 99 % of the places.

    For hundreds of handwritten digits 24 last cells are too few. What each module learns without labels is worth this to
    a linear readout that has labels, on test digits that stand where those it learned from stood, or 1 or 2 pixels off
    (examples/neocognitron.py): UC1 98, 86 and 57 % right; UC2 91, 83 and 82 %; UC3 57, 37 and 14 %; the pixels themselves
    96, 72 and 27 %. Where the synapses of S-cells are drawn and not learned, UC1 is no better than the pixels.

    Sizes, areas, selectivity, reinforcement and saturation are the paper's; paddings, the decay of fixed synapses and the
    first values of the others are chosen here.

    Cost:    no trained params, 1,222,596 MACs on 16x16 pixels
    Args:    classes: last cells; one for each pattern that it may come to know.
             planes: features of each of the two modules before.
             selectivity: r of the three layers of S-cells; for handwritten digits 4, 5, 8 rather than the paper's.
    Example: >>> [layer.output_shape[1:] for layer in Neocognitron().layers][:6]
             [(16, 16, 24), (10, 10, 24), (8, 8, 24), (6, 6, 24), (2, 2, 24), (1, 1, 24)]
    """
    first, second, third = selectivity
    layers: list[Layer] = [
        SCells(planes, padding="same", selectivity=first, reinforcement=1.0, name="US1"),
        CCells(strides=2, padding=_THINNED, name="UC1"),
        SCells(planes, padding=1, selectivity=second, name="US2"),
        CCells(strides=2, padding=_THINNED, name="UC2"),
    ]
    shape = input_shape
    for layer in layers:
        shape = layer.output(shape)
    # In the last module all cells compete in one column, and a C-cell sees all of its plane.
    height, width, _ = SCells(classes).output(shape)
    whole = height, width
    layers += [SCells(classes, selectivity=third, column=whole, name="US3"), CCells(whole, name="UC3"), Flatten()]
    return chain(input_shape, layers, name, seed)


def self_organize(model: Model, x: Any, epochs: int = 1) -> dict[str, int]:
    """Teach the S-cells of a model by showing it images, without labels; how many planes of each layer know something.

    of every image, a[k] <- a[k] + q * n * x and b[k] <- b[k] + q/2 * s at the cell that won in plane k

    One layer after another learns, from the first to the last; in the paper all of them learn at once, and later layers
    at first from what changes under them.

    Args:    model: one with layers of SCells.
             x: images (n, h, w, c), uint8 or from 0 to 1; they are shown in an order that the model's seed draws.
             epochs: how often each image is shown.
    Errors:  ArgumentError for a model without S-cells.
    Source:  Fukushima 1980, doi:10.1007/BF00344251, on self-organization; one layer after another: Fukushima 1988,
             doi:10.1016/0893-6080(88)90014-7
    Example: >>> import numpy as np
             >>> model = Neocognitron(seed=0)
             >>> self_organize(model, np.eye(16)[None])["US3"]
             1
    """
    require("self_organize", epochs=epochs)
    names = [layer.name for layer in model.layers if isinstance(layer.declaration, SCells)]
    if not names:
        raise ArgumentError(
            f"{model.name} has no S-cells that could learn by themselves",
            sum=f"layers: {', '.join(layer.name for layer in model.layers)}",
            fix="zoo.Neocognitron(), or SCells among the layers; others learn by fit",
        )
    images = as_tensor(x, "images")
    for name in names:
        cells = model.built.get_submodule(name)
        shown = cells.register_forward_pre_hook(_learn)
        try:
            for epoch in range(epochs):
                order = torch.randperm(len(images), generator=stream(model.seed, "self_organize", epoch))
                model.predict(images[order], verbose=0)
        finally:
            shown.remove()
    model.fresh = False
    return {name: int(attrgetter(f"{name}.inhibition")(model.built).count_nonzero()) for name in names}


def _learn(cells: Any, given: tuple[torch.Tensor, ...]) -> None:
    """S-cells learn, image by image, from what they are about to answer to."""
    for image in given[0].split(1):
        cells.reinforce(image)
