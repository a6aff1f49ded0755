"""Images on their way to the network: split, checked, augmented, normalised, in batches."""

from striate.loader.augment import *
from striate.loader.batches import *
from striate.loader.check import *
from striate.loader.preprocessing import *
from striate.loader.split import *
