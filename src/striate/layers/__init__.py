"""The bricks of networks, a file a family."""

from striate.layers.activation import *
from striate.layers.attention import *
from striate.layers.base import *
from striate.layers.blocks import *
from striate.layers.convolution import *
from striate.layers.dense import *
from striate.layers.dropout import *
from striate.layers.embedding import *
from striate.layers.filters import *
from striate.layers.historic import *
from striate.layers.input import *
from striate.layers.locally_connected import *
from striate.layers.merging import *
from striate.layers.neocognitron import *
from striate.layers.normalization import *
from striate.layers.pooling import *
from striate.layers.recurrent import *
from striate.layers.reshaping import *
from striate.layers.resizing import *
from striate.layers.separable import *
from striate.layers.shortcut import *
from striate.layers.transposed import *
from striate.layers.unpooling import *
