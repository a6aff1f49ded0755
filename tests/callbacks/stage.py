"""A run without a network: a model that only remembers, and epochs whose numbers are given."""

import io
import re

import numpy as np


class Model:
    """What callbacks ask of a model."""

    def __init__(self, metrics=()):
        self.metrics = metrics
        self.optimizer = None
        self.learning_rate = 0.1
        self.stop_training = False
        self.weight = 0.0
        self.momentum = self.statistic = 0.0
        self.saved = []

    def get_weights(self):
        return [np.array([self.weight])]

    def set_weights(self, weights):
        self.weight = float(weights[0][0])

    def training_state(self):
        return {
            "weight": self.weight,
            "momentum": self.momentum,
            "statistic": self.statistic,
            "rate": self.learning_rate,
        }

    def restore_training_state(self, state):
        self.weight, self.momentum, self.statistic, self.learning_rate = state.values()

    def save(self, path):
        self.saved.append(("model", path.name, self.weight))

    def save_weights(self, path):
        self.saved.append(("weights", path.name, self.weight))


def run(callbacks, epochs, model=None, steps=2, planned=None, **params):
    """Tell callbacks of epochs, each a dict of logs, until they stop it; a weight holds the number of the epoch."""
    model = model or Model()
    for callback in callbacks:
        callback.set_params({"epochs": planned or len(epochs), "steps": steps, "samples": 10 * steps, **params})
        callback.set_model(model)
    tell(callbacks, "on_train_begin")
    logs = {}
    for epoch, numbers in enumerate(epochs):
        tell(callbacks, "on_epoch_begin", epoch)
        for step in range(steps):
            tell(callbacks, "on_train_batch_begin", step)
            model.weight = model.momentum = model.statistic = epoch + (step + 1) / steps
            running = {key: value for key, value in numbers.items() if not key.startswith("val_")}
            tell(callbacks, "on_train_batch_end", step, running)
            if model.stop_training:
                break
        logs = dict(numbers)
        tell(callbacks, "on_epoch_end", epoch, logs)
        if model.stop_training:
            break
    tell(callbacks, "on_train_end", logs)
    return model


def tell(callbacks, event, *args):
    for callback in callbacks:
        getattr(callback, event)(*args)


class Terminal(io.StringIO):
    """An output that says it is a terminal."""

    def isatty(self):
        return True


def screen(written: str, width: int) -> list[str]:
    """What a terminal of that width shows after something was written to it; lines that are too long are broken."""
    lines, column = [""], 0
    for piece in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|\r|\n|.", written):
        if piece == "\n":
            lines.append("")
            column = 0
        elif piece == "\r":
            column = 0
        elif piece == "\x1b[2K":
            lines[-1] = ""
        elif not piece.startswith("\x1b"):
            if column >= width:
                lines.append("")
                column = 0
            lines[-1] = lines[-1][:column].ljust(column) + piece + lines[-1][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]
