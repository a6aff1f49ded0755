"""Numbers people read."""

from striate.metrics.base import *
