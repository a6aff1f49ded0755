"""The textbook's rule of a layer or loss, fed with the numbers that torch computed with."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate import textbook
from striate.catalog import Concept

__all__ = ["DRAWN", "Answer", "Rules", "by_hand", "input_name", "loss_by_hand", "rule_of"]

Array = np.ndarray
Rules = Mapping[str, type[Any]]
"""Rules by the name of the concept that they are for, beside those of the textbook."""


@dataclass(frozen=True)
class Answer:
    """What one way of computing makes of a brick: its output, and its gradients by name (dx, dx2, dweight)."""

    y: Any
    gradients: dict[str, Any]


def rule_of(concept: Concept, rules: Rules) -> Any:
    """The brick or loss of the textbook that has the concept's name, with its arguments; None where there is none.

    Example: >>> from striate.layers import LeakyReLU
             >>> rule_of(LeakyReLU(0.2), {}).negative_slope
             0.2
    """
    name = type(concept).__name__
    rule = rules.get(name) or getattr(textbook, name, None)
    if not (isinstance(rule, type) and issubclass(rule, textbook.Brick | textbook.Loss)):
        return None
    known = inspect.signature(rule).parameters
    return rule(**{argument: getattr(concept, argument) for argument in known if hasattr(concept, argument)})


def _kept(brick: Any, x: Array, y: Array) -> Array:
    """Where an output is not what the brick makes of a number that it drops."""
    brick.mask = np.zeros(x.shape)
    return np.abs(y - brick.forward(x, {}, True)) > 1e-9


DRAWN: dict[str, Callable[[Any, Array, Array], Array]] = {
    "mask": _kept,
    "noise": lambda _, x, y: y - x,
    "factors": lambda _, x, y: y / x,
}
"""What bricks draw, by the attribute that holds it, and how it is read from an input without zeros and its output."""


def by_hand(
    brick: Any,
    x: Sequence[Array],
    weights: Mapping[str, Array],
    dy: Array,
    training: bool,
    of_ones: Callable[[], Array],
) -> tuple[Answer, dict[str, Array]]:
    """What the rule makes of the same numbers, and the averages after it.

    Args:    of_ones: what torch makes of ones where it draws the same, for a rule that draws: its draws are read from it.
    """
    for name, read in DRAWN.items():
        if hasattr(brick, name):
            setattr(brick, name, read(brick, np.ones(x[0].shape), of_ones()))
    several = len(x) > 1
    y = brick.forward(list(x) if several else x[0], weights, training)
    dx, gradients = brick.backward(dy)
    inward = {input_name(number): each for number, each in enumerate(dx if several else [dx])}
    return Answer(y, inward | {f"d{name}": gradient for name, gradient in gradients.items()}), dict(brick.updated)


def input_name(number: int) -> str:
    """The name of the gradient of an input: dx of the first, dx2 of the second.

    Example: >>> input_name(0), input_name(1)
             ('dx', 'dx2')
    """
    return "dx" if number == 0 else f"dx{number + 1}"


def loss_by_hand(rule: Any, loss: Any, scores: Array, target: Array) -> Answer:
    """The same of a loss: its value, and its gradient to the scores."""
    share = getattr(loss, "label_smoothing", 0.0)
    if share and loss.labels != "class numbers":  # of which the rule spreads a share itself
        spread = 2 if loss.labels == "yes or no" else scores.shape[1]
        target = target * (1 - share) + share / spread
    return Answer(np.float64(rule.forward(scores, target)), {"dx": rule.backward()})
