"""The bricks of networks, a file a family."""

from striate.layers.activation import *
from striate.layers.base import *
from striate.layers.convolution import *
from striate.layers.dense import *
from striate.layers.dropout import *
from striate.layers.historic import *
from striate.layers.input import *
from striate.layers.merging import *
from striate.layers.neocognitron import *
from striate.layers.normalization import *
from striate.layers.pooling import *
from striate.layers.reshaping import *
from striate.layers.shortcut import *
