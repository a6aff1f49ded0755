"""The first artificial neuron: nothing learns, and any logical function can be wired."""

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from annotated_types import MinLen
from pydantic import AfterValidator, Strict
from torch import nn
from torch.nn import functional

from striate.errors import ArgumentError, ShapeError
from striate.initializers.base import Given
from striate.layers.base import Layer, Weight
from striate.shape import EVERYTHING, Shape, Window, elements, to_border, to_inside
from striate.units import Index

__all__ = ["McCullochPitts"]

_Row = Annotated[tuple[Annotated[int, Strict()], ...], Strict(False), MinLen(1)]


def _one_length(rows: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    if len({len(row) for row in rows}) > 1:
        raise ValueError("must be rows of one length, a number for each input")
    return rows


@dataclass(frozen=True, eq=False)
class McCullochPitts(Layer):
    """Fire where enough inputs excite a unit and none inhibits it.

    y[u] = 1 where sum over excite[u] of w[u,f]*x[f] >= threshold[u] and sum over inhibit[u] of -w[u,f]*x[f] <= 0,
    else 0;  excite are the inputs with w > 0, inhibit those with w < 0

    That is the rule of 1943: one active inhibiting input prevents a unit from firing, however many excite it. Lecture
    002 gives the later, softer one, a weighted sum that is compared with a threshold: Dense(1, activation="step"),
    whose weights can be learned. Inputs are 0 or 1. Wired by hand, of x1 and x2:

    AND ((1, 1),), threshold 2;  OR ((1, 1),), threshold 1;  NOT ((-1,),), threshold 0;
    majority of three ((1, 1, 1),), threshold 2;  XOR ((1, -1), (-1, 1)), threshold 1, and then an OR

    The slope is 0: nothing before it learns by descent.

    Shape:   (features,) -> (units,);  (h, w, c) -> (h, w, units)
    Cost:    units*(2*features + 1) numbers that are not trained;  2*units*features MACs at every position
    Args:
        synapses: for each unit a row, in which each input has the number of its fibres that excite it, or below 0
                 that inhibit it.
        threshold: how many must be active, of each unit, or one number for all.
    Errors:  ArgumentError for another number of thresholds than units; ShapeError for another number of inputs.
    Source:  McCulloch & Pitts 1943, doi:10.1007/BF02478259; lecture 002 L26-53
    Example: >>> McCullochPitts([[1, 1]], threshold=2).output((2,))
             (1,)
    """

    synapses: Annotated[tuple[_Row, ...], Strict(False), MinLen(1), AfterValidator(_one_length)]
    threshold: Index | Annotated[tuple[Index, ...], Strict(False)] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.threshold, tuple) and len(self.threshold) != len(self.synapses):
            raise ArgumentError(
                "McCullochPitts: threshold must be one number, or one for each unit",
                sum=f"{len(self.threshold)} thresholds, {len(self.synapses)} rows of synapses",
                fix=f"threshold={self.threshold[0] if self.threshold else 1} for all units",
            )

    def output(self, shape: Shape) -> Shape:
        features = len(self.synapses[0])
        if shape[-1:] != (features,):
            raise ShapeError(
                f"McCullochPitts has synapses for {features} inputs, it was given {shape}",
                sum=f"{features} numbers in a row, {shape[-1] if shape else 0} inputs",
                fix="a row with one number for each input; 0 where they are not connected",
            )
        return (*shape[:-1], len(self.synapses))

    def weights(self, shape: Shape) -> dict[str, Weight]:
        sizes = (len(self.synapses), shape[-1])
        fibres = {
            name: Given(tuple(tuple(max(sign * number, 0) for number in row) for row in self.synapses))
            for name, sign in (("excite", 1), ("inhibit", -1))
        }
        matrices = {name: Weight(sizes, given, trainable=False, keras=(1, 0)) for name, given in fibres.items()}
        return matrices | {"threshold": Weight(sizes[:1], Given(self.threshold), trainable=False)}

    def macs(self, shape: Shape) -> int:
        return 2 * len(self.synapses) * elements(shape)

    def window(self, shape: Shape) -> Window | None:
        return EVERYTHING if len(shape) == 1 else None

    def build(self, shape: Shape) -> nn.Module:
        return _Firing(*self.weights(shape)["excite"].shape)

    @classmethod
    def example(cls) -> Any:
        return cls(((1, 1, 0), (2, -1, 1)), (2, 1), input_shape=(3,))


class _Firing(nn.Module):
    def __init__(self, units: int, features: int) -> None:
        super().__init__()
        self.excite = nn.Buffer(torch.zeros(units, features))
        self.inhibit = nn.Buffer(torch.zeros(units, features))
        self.threshold = nn.Buffer(torch.zeros(units))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = to_border(x)
        excited = functional.linear(x, self.excite) - self.threshold
        calm = -functional.linear(x, self.inhibit)
        # floor(d) + 1 is at least 1 from d = 0 on, at most 0 below: the step, with a gradient, which is 0.
        return to_inside(torch.clamp(torch.floor(torch.minimum(excited, calm)) + 1, 0, 1))
