"""Whatever fails, and wherever, the folder holds a model that loads."""

import errno

import numpy as np
import pytest

import striate as keras
from striate import files
from striate.errors import StorageError
from striate.layers import Dense, Flatten
from striate.model import load
from striate.recipe.run_folder import RunFolder

X = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1)


def model(seed):
    return keras.Sequential([Flatten(input_shape=(8, 8, 1)), Dense(3, activation="softmax")], seed=seed)


@pytest.mark.parametrize("failing", range(1, 7))
def test_a_write_that_fails_leaves_this_model_or_the_one_before(tmp_path, monkeypatch, failing):
    folder = RunFolder("x", tmp_path / "run")
    said = [model(seed).predict(X) for seed in range(4)]
    folder.write_model(model(0))
    done, replace = 0, files.os.replace

    def full(*args):
        nonlocal done
        done += 1
        if done == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(*args)

    monkeypatch.setattr(files.os, "replace", full)
    last = 0
    for seed in (1, 2, 3):
        try:
            folder.write_model(model(seed))
            last = seed
        except StorageError:
            break
    assert last == (failing - 1) // 2
    assert np.array_equal(load(tmp_path / "run").predict(X), said[last])


def test_weights_that_are_neither_are_refused(tmp_path):
    folder = RunFolder("x", tmp_path / "run")
    old = []
    for seed in (0, 1, 2):
        folder.write_model(model(seed))
        old.append((tmp_path / "run" / "weights.safetensors").read_bytes())
    (tmp_path / "run" / "weights.safetensors").write_bytes(old[1])
    load(tmp_path / "run")
    (tmp_path / "run" / "weights.safetensors").write_bytes(old[0])
    with pytest.raises(StorageError, match="its weights are not what was written"):
        load(tmp_path / "run")


def test_a_folder_with_something_in_it_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("keep")
    with pytest.raises(StorageError, match="is not empty"):
        RunFolder("x", tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_runs_are_numbered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [RunFolder("digits").path.name for _ in range(3)] == ["digits-1", "digits-2", "digits-3"]


def test_every_file_may_be_read_by_all(tmp_path):
    folder = RunFolder("x", tmp_path / "run")
    folder.write_model(model(0))
    folder.log("a line")
    folder.write_metrics([0], {"loss": [0.5], "val_loss": []})
    folder.write_summary({"loss": float("nan"), "classes": ("a", "b")})
    assert {oct(each.stat().st_mode & 0o777) for each in folder.path.iterdir()} == {"0o644"}
    header, row = (folder.path / "metrics.csv").read_text().splitlines()
    assert header == "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds,images_per_second"
    assert row == "0,0.5,,,,,,"
    assert '"loss": null' in (folder.path / "summary.json").read_text()
