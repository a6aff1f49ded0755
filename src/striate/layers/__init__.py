"""The bricks of networks, a file a family."""

from striate.layers.activation import *
from striate.layers.base import *
from striate.layers.convolution import *
from striate.layers.dense import *
from striate.layers.dropout import *
from striate.layers.input import *
from striate.layers.local_normalization import *
from striate.layers.maxout import *
from striate.layers.mcculloch_pitts import *
from striate.layers.merging import *
from striate.layers.noise import *
from striate.layers.normalization import *
from striate.layers.pooling import *
from striate.layers.reshaping import *
from striate.layers.scaling import *
