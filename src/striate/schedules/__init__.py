"""Learning rates that change with the step."""

from striate.schedules.base import *
from striate.schedules.cyclic import *
from striate.schedules.decay import *
from striate.schedules.warmup import *
