"""What it is to be a schedule: a learning rate for every step."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

from striate import catalog
from striate.errors import DeclarationError

__all__ = ["Schedule", "ScheduleLike"]

Known = Literal["learning_rate", "steps", "steps_per_epoch"]
"""What a run knows: the optimizer's learning rate, its own length, the length of an epoch."""


@dataclass(frozen=True)
class Schedule(catalog.Concept, shelf="schedules"):
    """The learning rate as a function of the step, counted from 0.

    What a schedule leaves open (None) the run fills in: the optimizer's learning rate, and its own length.
    """

    filled: ClassVar[dict[str, Known]] = {}
    """Which argument, where it is None, is taken from what the run knows."""

    def rate(self, step: int) -> float:
        """The learning rate of one step, for members to say; nothing is left open then."""
        raise NotImplementedError

    def __call__(self, step: int) -> float:
        for name in self.filled:
            if getattr(self, name) is None:
                raise DeclarationError(
                    f"{type(self).__name__} leaves {name} open, and only a run can fill it in",
                    fix=f"{name}=..., or resolve(learning_rate, steps, steps_per_epoch)",
                )
        return self.rate(step)

    def resolve(self, learning_rate: float, steps: int, steps_per_epoch: int) -> Self:
        """The schedule with what it left open filled in, for a run of `steps` steps."""
        known = {"learning_rate": learning_rate, "steps": max(steps, 1), "steps_per_epoch": steps_per_epoch}
        left_open = {name: known[what] for name, what in self.filled.items() if getattr(self, name) is None}
        return replace(self, **left_open)


ScheduleLike = Annotated[Schedule | str, catalog.Member("schedules")]
