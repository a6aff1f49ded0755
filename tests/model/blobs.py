"""A task that is learned in a few steps, and a small network for it."""

import numpy as np

import striate as keras
from striate.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D


def blobs(count=120, seed=0):
    """Images whose class is where their bright patch is: easy, and learned in a few steps."""
    draw = np.random.default_rng(seed)
    y = draw.integers(0, 3, count)
    x = draw.integers(0, 60, (count, 8, 8, 1))
    for row, label in enumerate(y):
        x[row, 2 * label : 2 * label + 3, 2 * label : 2 * label + 3] += 180
    return x.astype(np.uint8), y


def small(seed=0, **compiled):
    model = keras.Sequential(
        [
            Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)),
            BatchNormalization(),
            MaxPooling2D(2),
            Flatten(),
            Dropout(0.2),
            Dense(3, activation="softmax"),
        ],
        seed=seed,
    )
    settings = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | compiled
    model.compile(**settings)
    return model


def fit(model, *args, **kwargs):
    return model.fit(*args, **{"verbose": 0, "plan": "exact", "batch_size": 16} | kwargs)
