"""How gradients move weights."""

from striate.optimizers.base import *
from striate.optimizers.adaptive import *
from striate.optimizers.sgd import *
