"""Keras' namespace of the same name: Sequential, Model, load_model."""

from striate.model import Model, Sequential
from striate.model import load as load_model

__all__ = ["Model", "Sequential", "load_model"]
