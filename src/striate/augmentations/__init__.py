"""Random changes of images that leave their labels true."""

from striate.augmentations.base import *
from striate.augmentations.geometry import *
