"""How gradients move weights."""

from striate import schedules as schedules  # where Keras has them: optimizers.schedules
from striate.optimizers.adaptive import *
from striate.optimizers.averaging import *
from striate.optimizers.base import *
from striate.optimizers.moments import *
from striate.optimizers.muon import *
from striate.optimizers.rateless import *
from striate.optimizers.sgd import *
