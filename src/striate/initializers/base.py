"""What it is to be an initializer: a rule that fills a new weight with numbers."""

from dataclasses import dataclass
from typing import Annotated, Any

import torch

from striate import catalog
from striate.shape import Shape, elements

__all__ = ["Given", "Initializer", "InitializerLike", "fans"]


@dataclass(frozen=True)
class Initializer(catalog.Concept, shelf="initializers"):
    """Draws the first values of a weight. Weights have torch's layout: (outputs, inputs / groups, *kernel)."""

    tolerance = None
    # Those that the first batch scales, until their layer's output has variance 1, override this with a field: how far
    # from 1 the variance may stay.

    def require(self, shape: Shape) -> None:
        """Refuse, with a ShapeError, a shape that it cannot fill; most fill any."""

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        """New values, float32, on the CPU, drawn from `generator` alone."""
        raise NotImplementedError


@dataclass(frozen=True)
class Given(Initializer, abstract=True):
    """The numbers that a layer's declaration holds, for weights that are never trained: not in the catalog.

    w = values

    Shape:   that of values; one number fills any shape
    Args:    values: the numbers, in rows of one length.
    Example: >>> import torch
             >>> Given(((1, -1),)).sample((1, 2), torch.Generator())
             tensor([[ 1., -1.]])
    """

    values: Any = ()

    def __post_init__(self) -> None:
        """Nothing is to be checked: the layer did."""

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        return torch.tensor(self.values, dtype=torch.float32).expand(shape).clone()


InitializerLike = Annotated[Initializer | str, catalog.Member("initializers")]


def fans(shape: Shape) -> tuple[int, int]:
    """Connections into and out of a unit of a weight (outputs, inputs, *kernel); a vector has its length for both.

    Example: >>> fans((20, 1, 5, 5))
             (25, 500)
    """
    if len(shape) < 2:
        return elements(shape), elements(shape)
    kernel = elements(shape[2:])
    return shape[1] * kernel, shape[0] * kernel
