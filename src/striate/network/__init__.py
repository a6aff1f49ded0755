"""The declared graph of a network."""

from striate.network.graph import *
from striate.network.naming import *
from striate.network.table import *
