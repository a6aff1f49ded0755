"""How gradients move weights."""

from striate import schedules as schedules  # Keras' place for them: optimizers.schedules
from striate.optimizers.base import *
from striate.optimizers.adaptive import *
from striate.optimizers.sgd import *
