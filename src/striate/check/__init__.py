"""What a declared network gives, costs and sees, and what is amiss, before any weight exists."""

from striate.check.advice import *
from striate.check.cost import *
from striate.check.memory import *
from striate.check.receptive_field import *
from striate.check.separability import *
from striate.check.table import *
