"""Numbers people read."""

from striate.metrics.accuracy import *
from striate.metrics.base import *
from striate.metrics.regression import *
