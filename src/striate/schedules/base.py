"""What it is to be a schedule: a learning rate for every step."""

from dataclasses import dataclass
from typing import Annotated, Self

from striate import catalog

__all__ = ["Schedule", "ScheduleLike"]


@dataclass(frozen=True)
class Schedule(catalog.Concept, shelf="schedules"):
    """The learning rate as a function of the step, counted from 0.

    What a schedule leaves open (None) the run fills in: its own length and the optimizer's learning rate.
    """

    def __call__(self, step: int) -> float:
        """The learning rate of one step."""
        raise NotImplementedError

    def resolve(self, learning_rate: float, steps: int, steps_per_epoch: int) -> Self:
        """The schedule with what it left open filled in, for a run of `steps` steps."""
        raise NotImplementedError


ScheduleLike = Annotated[Schedule | str, catalog.Member("schedules")]
