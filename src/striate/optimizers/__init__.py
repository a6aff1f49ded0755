"""How gradients move weights."""

from striate.optimizers.base import *
