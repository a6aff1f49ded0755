"""Penalties that keep weights small."""

from striate.regularizers.base import *
from striate.regularizers.penalties import *
