"""The proof of a declared network: hand rule = autograd = numerical gradient, brick by brick."""

from striate.proof.numerical import *
from striate.proof.parts import *
from striate.proof.proving import *
from striate.proof.rules import *
from striate.proof.samples import *
from striate.proof.table import *
from striate.proof.verdict import *
