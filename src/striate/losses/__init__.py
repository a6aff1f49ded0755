"""What training makes small."""

from striate.losses.base import *
from striate.losses.crossentropy import *
from striate.losses.margin import *
from striate.losses.regression import *
