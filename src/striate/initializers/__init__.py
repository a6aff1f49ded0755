"""How the first values of weights are drawn."""

from striate.initializers.base import *
from striate.initializers.constant import *
from striate.initializers.identity import *
from striate.initializers.orthogonal import *
from striate.initializers.random import *
from striate.initializers.variance_scaling import *
