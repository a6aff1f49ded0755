"""From a declared graph to torch modules."""

from striate.build.lsuv import *
from striate.build.module import *
from striate.build.rewrites import *
from striate.build.small_maps import *
from striate.build.statistics import *
