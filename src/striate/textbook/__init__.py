"""The textbook: every brick of a convolutional network, with its forward and its backward written by hand.

NumPy only, float64. To learn backpropagation, read in this order:

    brick          what a brick is, and how bricks are chained
    dense          the fully connected brick: the chain rule at its plainest
    activation     functions of single numbers, and softmax
    losses         where the backward pass begins
    regression, margin                             more losses: of quantities, and of scores
    numerical      gradients by trying, to check every rule
    optimizers     from gradients to better weights; schedules, regularizers, initializers, metrics beside them
    train          the loop
    window, convolution, pooling, reshaping        what makes the network convolutional
    locally_connected, separable, filters          its relatives
    transposed, unpooling, resizing                the way back to larger maps
    merging, shortcut                              branches that meet
    maxout, mcculloch_pitts, scaling               other units, of 2013 and of 1943; known factors
    recurrent                                      sequences: backpropagation through time
    dropout, noise, normalization, local_normalization, augmentation     what makes it train well
    neocognitron                                   how it learned before there were gradients
    historic                                       what LeNet-5 had in 1998

Names are those of the layers that train for real, which are tested against these.
"""

from striate.textbook.activation import *
from striate.textbook.augmentation import *
from striate.textbook.brick import *
from striate.textbook.convolution import *
from striate.textbook.dense import *
from striate.textbook.dropout import *
from striate.textbook.filters import *
from striate.textbook.historic import *
from striate.textbook.initializers import *
from striate.textbook.input import *
from striate.textbook.local_normalization import *
from striate.textbook.locally_connected import *
from striate.textbook.losses import *
from striate.textbook.margin import *
from striate.textbook.maxout import *
from striate.textbook.mcculloch_pitts import *
from striate.textbook.merging import *
from striate.textbook.metrics import *
from striate.textbook.neocognitron import *
from striate.textbook.noise import *
from striate.textbook.normalization import *
from striate.textbook.numerical import *
from striate.textbook.optimizers import *
from striate.textbook.pooling import *
from striate.textbook.recurrent import *
from striate.textbook.regression import *
from striate.textbook.regularizers import *
from striate.textbook.reshaping import *
from striate.textbook.resizing import *
from striate.textbook.scaling import *
from striate.textbook.schedules import *
from striate.textbook.separable import *
from striate.textbook.shortcut import *
from striate.textbook.train import *
from striate.textbook.transposed import *
from striate.textbook.unpooling import *
from striate.textbook.window import *
