"""What is told of a run while it goes on."""

from striate.callbacks.base import *
from striate.callbacks.checkpoint import *
from striate.callbacks.functions import *
from striate.callbacks.history import *
from striate.callbacks.monitor import *
from striate.callbacks.plateau import *
from striate.callbacks.progress import *
from striate.callbacks.stopping import *
