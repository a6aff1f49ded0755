"""Gradients by trying, with an eye on kinks: of ReLU, of max pooling, of a hinge."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

__all__ = ["ABSOLUTE", "FAINT", "HALVINGS", "RELATIVE", "STEP", "Slope", "slope"]

STEP = 1e-5
"""How far a number is moved: curvature costs h^2 |f'''|/6, rounding 1e-16 |f|/h; both are far below what is asked."""
HALVINGS = 8
ABSOLUTE, RELATIVE = 1e-6, 1e-5
"""How much a gradient by trying may differ."""
FAINT = 1e-3
"""Where all gradients are smaller they are judged as if the largest were this: rounding would be judged else."""


@dataclass(frozen=True)
class Slope:
    """How a function changes with one number, as found by moving the number a little up and down."""

    value: float
    """NaN where every step crossed a kink, down to the smallest."""
    noise: float
    """What rounding may have added to it."""
    halvings: int = 0
    """How often the step was halved to get past a kink."""

    @property
    def skipped(self) -> bool:
        """Whether there is no slope: the number sits on a kink."""
        return math.isnan(self.value)


@torch.no_grad()
def slope(
    f: Callable[[torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    place: tuple[int, ...],
    scale: float = 1.0,
    middle: torch.Tensor | None = None,
) -> Slope:
    """Measure how the sum of f(x) changes with one entry of x.

    df/dx ~ (f(x + h) - f(x - h)) / 2h,  where half of h gives the same, and so do (f(x + h) - f(x)) / h and
    (f(x) - f(x - h)) / h

    Else h is halved. A kink that the step crossed is left behind sooner or later; curvature is told from a kink by what
    the two sides differ by, which is half as much at half of h, and is let be. What bends or jumps at the smallest step is
    a kink at x itself, where there is no derivative to compare with.

    Args:
        f: gives a tensor whose sum is meant; summing differences of its numbers loses less than a difference of sums.
        x: where; it is moved in place and put back.
        place: which entry.
        scale: the size of the gradients here, as to what is nearly 0.
        middle: f(x), where it is known.
    Source:  lecture 003 L448
    Example: >>> slope(lambda x: x**3, torch.tensor([1.0, 2.0], dtype=torch.float64), (1,)).value.__round__(6)
             12.0
             >>> slope(torch.relu, torch.tensor([0.0], dtype=torch.float64), (0,)).skipped
             True
             >>> slope(torch.relu, torch.tensor([4e-6], dtype=torch.float64), (0,)).halvings
             2
    """
    here = x[place].item()
    still = f(x) if middle is None else middle

    def change(step: float) -> torch.Tensor:
        x[place] = here + step
        difference = f(x) - still
        x[place] = here
        return difference

    step, before = STEP, (math.nan, math.nan)
    for halving in range(HALVINGS + 2):
        up, down = change(step), change(-step)
        ahead, behind = up.sum().item() / step, -down.sum().item() / step
        central, bend = (ahead + behind) / 2, abs(ahead - behind)
        noise = 64 * torch.finfo(x.dtype).eps * still[(up != 0) | (down != 0)].norm().item() / step
        allowed = ABSOLUTE * scale + RELATIVE * abs(central) + noise
        if abs(central - before[0]) <= allowed and (bend <= allowed or bend <= 0.75 * before[1]):
            return Slope(central, noise, halving - 1)
        step, before = step / 2, (central, bend)
    return Slope(math.nan, 0.0)
