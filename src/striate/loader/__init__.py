"""Images on their way to the network: decoded, split, checked, augmented, normalised, in batches."""

from striate.loader.augment import *
from striate.loader.batches import *
from striate.loader.check import *
from striate.loader.crops import *
from striate.loader.decode import *
from striate.loader.folder import *
from striate.loader.preprocessing import *
from striate.loader.resize import *
from striate.loader.split import *
from striate.loader.transfer import *
