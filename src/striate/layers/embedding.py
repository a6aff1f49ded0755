"""Words as vectors: what is known by a number gets a place among its like."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, Weight, stated
from striate.regularizers.base import RegularizerLike
from striate.shape import Shape, to_border
from striate.units import Count

__all__ = ["Embedding"]


@dataclass(frozen=True, eq=False)
class Embedding(Layer):
    """Look up a learned vector for each number of a word.

    y[t] = w[x[t]]

    Shape:   (l,) whole numbers from 0 to input_dim - 1 -> (l, output_dim)
    Cost:    input_dim*output_dim params;  0 MACs
    Args:
        input_dim: how many words there are.
        output_dim: how many numbers stand for each.
        embeddings_initializer: first values of w.
        embeddings_regularizer: penalty on w.
    Source:  Bengio et al. 2003, jmlr.org/papers/v3/bengio03a.html
    Example: >>> Embedding(10_000, 64).output((20,))
             (20, 64)
    """

    input_dim: Count
    output_dim: Count
    embeddings_initializer: InitializerLike = "uniform"
    embeddings_regularizer: RegularizerLike | None = None

    @property
    def words(self) -> int:
        return self.input_dim

    def output(self, shape: Shape) -> Shape:
        return (*shape, self.output_dim)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        return {"weight": stated(self, "embeddings", (self.input_dim, self.output_dim))}

    def build(self, shape: Shape) -> nn.Module:
        return _LookUp(self.input_dim, self.output_dim)

    @classmethod
    def example(cls) -> Any:
        return cls(4, 3, input_shape=(5,))


class _LookUp(nn.Embedding):
    """Numbers (n, l), in whatever type they come, as vectors (n, c, l)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # ty: ignore[lost-keyword-for-regular-parameter]
        return functional.embedding(to_border(x).long(), self.weight).movedim(-1, 1)
