"""The classic networks, each from its paper: functions that give a Model to fit, check and explain.

    model = striate.zoo.VGG16(classes=10, input_shape=(32, 32, 3))

    model = striate.zoo.pretrained("VGG16", "vgg16.pth")  # with the weights that torchvision publishes

All of them take input_shape and classes, by default the paper's, and seed and name as Model does.
"""

from striate.zoo.alexnet import *
from striate.zoo.base import *
from striate.zoo.googlenet import *
from striate.zoo.lenet import *
from striate.zoo.neocognitron import *
from striate.zoo.nin import *
from striate.zoo.perceptron import *
from striate.zoo.resnet import *
from striate.zoo.tdnn import *
from striate.zoo.textbook_cnn import *
from striate.zoo.unet import *
from striate.zoo.vgg import *
from striate.zoo.weights import pretrained as pretrained
from striate.zoo.zfnet import *
