"""What training makes small."""

from striate.losses.base import *
