"""What it is to be an optimizer: how a gradient moves a weight."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Self

import torch

from striate import catalog
from striate.schedules.base import ScheduleLike
from striate.units import Positive

__all__ = [
    "Move",
    "Optimizer",
    "OptimizerLike",
    "Parameters",
    "RateLike",
    "Rule",
    "Tensors",
    "Uncompiled",
    "uncompiled",
]

RateLike = Positive | ScheduleLike
"""A learning rate: a number, or a schedule."""

Parameters = Iterable[torch.nn.Parameter] | Iterable[dict[str, Any]]
"""The weights, or groups of them as torch.optim takes them."""

Tensors = list[torch.Tensor]
Move = Callable[[float, Tensors, Tensors, list[Tensors], list[int]], None]
"""Moves weights: rate, weights, gradients, what is remembered (a list for each name), number of the step from 1."""


@dataclass(frozen=True)
class Optimizer(catalog.Concept, shelf="optimizers"):
    """A rule that moves weights along their gradients.

    `build` gets the number of the first step as `rate`. Every member has a default for `learning_rate`.

    Args:
        learning_rate: size of the steps, or a schedule of it.
    """

    learning_rate: RateLike

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        """The torch optimizer; `fused` updates all weights in one pass where torch can, otherwise by groups.

        One whose class says `reevaluates = True` takes a closure in its step: `closure()` clears the gradients and
        computes those of the same batch at the present weights; with create_graph=True they keep their graph.
        """
        raise NotImplementedError

    def at(self, rate: RateLike) -> Self:
        """The same optimizer with another learning rate.

        Example: >>> from striate.optimizers import SGD
                 >>> SGD(0.1, momentum=0.9).at(0.2)
                 SGD(learning_rate=0.2, momentum=0.9)
        """
        return replace(self, learning_rate=rate)

    @property
    def base_rate(self) -> float:
        """The learning rate where it is a number; where it is a schedule, the number that the class has by default.

        Example: >>> from striate.optimizers import SGD
                 >>> SGD(0.1).base_rate, SGD("cosine_decay").base_rate
                 (0.1, 0.01)
        """
        rate = self.learning_rate
        return rate if isinstance(rate, int | float) else type(self).learning_rate  # ty: ignore[invalid-explicit-return]


OptimizerLike = Annotated[Optimizer | str, catalog.Member("optimizers")]


class Uncompiled(torch.optim.Optimizer):
    """An optimizer whose first step does not load torch's compiler, which takes a second: nobody compiles steps here.

    torch decorates these methods to have them left out of what is compiled, and loads it to do so.
    """

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)
    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)

    def __init_subclass__(cls, **named: Any) -> None:
        """torch's own decorator of `step` switches gradients off, too."""
        super().__init_subclass__(**named)
        cls.step = torch.no_grad()(inspect.unwrap(cls.step))


@cache
def uncompiled(kind: type[torch.optim.Optimizer]) -> Any:
    """One of torch's optimizers as an Uncompiled.

    Example: >>> uncompiled(torch.optim.SGD)([torch.nn.Parameter(torch.ones(1))], 0.1).defaults["lr"]
             0.1
    """
    return type(kind.__name__, (Uncompiled, kind), {"__doc__": kind.__doc__})


class Rule(Uncompiled):
    """A torch optimizer of what torch has not: `move` is called with all weights of a group that have a gradient.

    For each of `names` it remembers a tensor of every weight's shape and memory order, 0 at first.

    Example: >>> def move(rate, weights, gradients, memory, steps):
             ...     torch._foreach_add_(weights, gradients, alpha=-rate)
             >>> weight = torch.nn.Parameter(torch.ones(1))
             >>> weight.grad = torch.ones(1)
             >>> Rule([weight], 0.25, move).step()
             >>> weight.item()
             0.75
    """

    def __init__(self, parameters: Parameters, rate: float, move: Move, names: Sequence[str] = "") -> None:
        super().__init__(parameters, {"lr": rate})
        self.move, self.names = move, names

    def step(self, closure: Any = None) -> None:  # ty: ignore[incompatible-method-override]
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            states = [self.state[weight] for weight in weights]
            for weight, state in zip(weights, states, strict=True):
                if not state:
                    state.update(t=0, **{name: torch.zeros_like(weight) for name in self.names})
                state["t"] += 1
            memory = [[state[name] for state in states] for name in self.names]
            gradients = [weight.grad for weight in weights]
            self.move(group["lr"], weights, gradients, memory, [state["t"] for state in states])
