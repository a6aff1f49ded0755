"""Numbers people read."""

from striate.metrics.accuracy import *
from striate.metrics.base import *
from striate.metrics.confusion import *
from striate.metrics.detection import *
from striate.metrics.probability import *
from striate.metrics.regression import *
