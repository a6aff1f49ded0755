"""What is told of a run while it goes on."""

from striate.callbacks.base import *
