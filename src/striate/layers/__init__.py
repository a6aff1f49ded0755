"""The bricks of networks, a file a family."""

from striate.layers.base import *
from striate.layers.convolution import *
from striate.layers.input import *
