"""The whole job, small: declare, check, compile, fit, evaluate, predict, save, load, module; and a run with its report.

Together they take a few seconds on one core, so that they can be run after every change.
"""

import json

import numpy as np
import torch

import striate as keras
from striate.cli.app import run
from striate.datasets import Digits


def test_the_whole_job_in_python(tmp_path):
    data = Digits().load().train
    x, y, tx, ty = data.x[:1500], data.y[:1500], data.x[1500:], data.y[1500:]
    model = keras.Sequential(
        [
            keras.layers.Conv2D(8, (3, 3), activation="relu", input_shape=(8, 8, 1)),
            keras.layers.MaxPooling2D((2, 2)),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(10, activation="softmax"),
        ],
        seed=0,
    )
    table = model.check()
    assert [row.output for row in table.rows] == [(6, 6, 8), (3, 3, 8), (72,), (72,), (10,)]
    assert table.params == model.count_params() == 80 + 730
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=32, epochs=1, validation_split=0.1, verbose=0, plan="exact")
    assert history.epoch == [0]
    loss, accuracy = model.evaluate(tx, ty)
    assert accuracy > 0.6, "chance is 0.1"
    predicted = model.predict(tx)
    assert (predicted.argmax(1) == ty).mean() == accuracy
    np.testing.assert_allclose(-np.log(predicted[np.arange(len(ty)), ty]).mean(), loss, rtol=1e-4)
    model.save(tmp_path / "digits.striate")
    again = keras.models.load_model(tmp_path / "digits.striate")
    assert np.array_equal(again.predict(tx), predicted)
    assert again.evaluate(tx, ty) == [loss, accuracy]
    with torch.no_grad():
        alone = model.module.eval()(torch.from_numpy(tx).movedim(-1, 1).float() / 255)
    np.testing.assert_allclose(alone.numpy(), predicted, atol=1e-6)


def test_a_run_and_its_report(tmp_path):
    folder = tmp_path / "digits"
    assert run(["train", "digits", "--out", str(folder), "--set", "train.epochs=1", "--set", "train.plan=exact"]) == 0
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["epochs"] == 1
    assert summary["test"]["accuracy"] > 0.5
    assert "of 359 test images named correctly" in (folder / "report.html").read_text()
    assert keras.models.load_model(folder).check().params == summary["params"]
