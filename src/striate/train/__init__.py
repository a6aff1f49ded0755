"""Training: the plan, the step, the run."""

from striate.train.device import *
from striate.train.distributed import *
from striate.train.engine import *
from striate.train.objective import *
from striate.train.pace import *
from striate.train.plan import *
from striate.train.step import *
from striate.train.trainer import *
