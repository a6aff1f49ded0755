"""What a user holds: Model and Sequential, and their files."""

from striate.model.loading import load
from striate.model.model import Model, Sequential
from striate.model.storage import model_files
from striate.model.toeplitz import Toeplitz, toeplitz
from striate.model.views import BoundLayer

__all__ = ["BoundLayer", "Model", "Sequential", "Toeplitz", "load", "model_files", "toeplitz"]
