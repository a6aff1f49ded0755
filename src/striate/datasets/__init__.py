"""Real images with their labels."""

from striate.datasets.base import *
