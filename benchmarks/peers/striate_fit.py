"""striate as a user writes it; DEVICE names another device than the processor."""

import os
from typing import Any

import striate
from benchmarks.peers.declared import declare
from benchmarks.task import BATCH, RATE, parse, report

task, clock = parse()
where: dict[str, Any] = {"device": os.environ["DEVICE"]} if "DEVICE" in os.environ else {}
if task.network == "resnet18":
    model = striate.zoo.ResNet18(input_shape=(64, 64, 3), classes=10)
else:
    model = declare(striate, task.network)
x, y = task.pixels()
model.compile(striate.optimizers.AdamW(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"])
timed = striate.callbacks.LambdaCallback(on_epoch_begin=clock.begin, on_epoch_end=clock.end)
model.fit(x, y, BATCH, task.epochs, verbose=0, callbacks=[timed], preprocess="standardise", **where)
report(task, clock, model.check().params, model.plan.line() if model.plan else "")
