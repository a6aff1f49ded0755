"""Keras 3: compile and fit on arrays. The backend is KERAS_BACKEND, tensorflow or jax.

Source: keras.io/examples/vision/mnist_convnet
"""

import math

import keras

from benchmarks.peers.declared import declare
from benchmarks.task import BATCH, RATE, parse, report

task, clock = parse()
model = declare(keras, task.network)
x, y = task.arrays()
model.compile(keras.optimizers.AdamW(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"])
timed = keras.callbacks.LambdaCallback(on_epoch_begin=clock.begin, on_epoch_end=clock.end)
model.fit(x, y, batch_size=BATCH, epochs=task.epochs, verbose=0, callbacks=[timed])
report(task, clock, sum(math.prod(weight.shape) for weight in model.trainable_variables), keras.backend.backend())
