"""Random changes of images that leave their labels true, or change them in the same way."""

from striate.augmentations.base import *
from striate.augmentations.colour import *
from striate.augmentations.erasing import *
from striate.augmentations.geometry import *
from striate.augmentations.mixing import *
