"""Real images with their labels."""

from striate.datasets.base import *
from striate.datasets.cifar import *
from striate.datasets.cifar10 import *
from striate.datasets.cifar100 import *
from striate.datasets.digits import *
from striate.datasets.fetch import *
from striate.datasets.idx import *
from striate.datasets.logic import *
from striate.datasets.mnist import *
