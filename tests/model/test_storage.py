import json
import random
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import striate as keras
from striate.errors import StorageError
from striate.layers import BatchNormalization, Conv2D, Dense, Flatten, Input
from striate.model import load, model_files, storage
from striate.train import cores
from tests.model.test_model import blobs, fit, small


@pytest.fixture(scope="module")
def trained():
    x, y = blobs()
    model = small()
    fit(model, x, y, preprocess="standardise")
    model.classes = ("left", "middle", "right \udcff")
    return model


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "small.striate"
    trained.save(path)
    return path


def test_a_saved_model_predicts_the_same_and_can_go_on_training(trained, saved):
    x, y = blobs(seed=1)
    again = load(saved)
    assert type(again) is keras.Sequential
    assert np.array_equal(again.predict(x), trained.predict(x))
    assert again.evaluate(x, y) == trained.evaluate(x, y)
    assert again.classes == trained.classes
    assert again.preprocessing == trained.preprocessing
    fit(again, x, y)


def test_a_run_folder_loads_as_the_archive_does(trained, tmp_path):
    for name, content in model_files(trained).items():
        (tmp_path / name).write_bytes(content)
    x, _ = blobs(seed=1)
    assert np.array_equal(load(tmp_path).predict(x), trained.predict(x))


def test_a_graph_that_is_no_chain_is_saved_too(tmp_path):
    x = Input((6, 6, 1))
    shared = Conv2D(2, 3, padding="same")
    model = keras.Model(x, Dense(2)(Flatten()(shared(Conv2D(2, 1)(shared(Conv2D(2, 1)(x)))))), seed=1)
    model.save(tmp_path / "graph.striate")
    images = np.random.default_rng(0).random((3, 6, 6, 1), np.float32)
    assert np.array_equal(load(tmp_path / "graph.striate").predict(images), model.predict(images))


def test_weights_alone_go_to_a_model_of_the_same_network(trained, tmp_path):
    trained.save_weights(tmp_path / "weights.safetensors")
    other = small(seed=9)
    other.load_weights(tmp_path / "weights.safetensors")
    assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), trained.get_weights(), strict=True))


def test_weights_of_another_network_change_nothing(trained, tmp_path):
    trained.save_weights(tmp_path / "weights.safetensors")
    other = keras.Sequential([Dense(2, input_shape=(3,)), BatchNormalization()])
    before = other.get_weights()
    with pytest.raises(StorageError, match="weight"):
        other.load_weights(tmp_path / "weights.safetensors")
    assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), before, strict=True))


def test_the_same_model_gives_the_same_description(trained):
    assert model_files(trained)["model.json"] == model_files(trained)["model.json"]


def test_an_existing_file_can_be_kept(saved, trained):
    with pytest.raises(StorageError, match="exists already"):
        trained.save(saved, overwrite=False)


@pytest.mark.parametrize("name", ["nothing.striate", "folder", "text.striate"])
def test_what_is_no_model_is_told_with_its_name(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.striate").write_text("hello")
    with pytest.raises(StorageError, match=name.split(".")[0]):
        load(tmp_path / name)


def test_a_changed_weight_is_noticed(trained, tmp_path):
    files = model_files(trained)
    weights = bytearray(files["weights.safetensors"])
    weights[-1] ^= 1
    (tmp_path / "model.json").write_bytes(files["model.json"])
    (tmp_path / "weights.safetensors").write_bytes(weights)
    with pytest.raises(StorageError, match="its weights are not what was written"):
        load(tmp_path)


@pytest.mark.parametrize(("old", "new"), [(b'"middle"', b'"muddle"'), (b'"seed": 0', b'"seed": 1'), (b"0.2", b"0.3")])
def test_a_changed_description_is_noticed(trained, tmp_path, old, new):
    files = model_files(trained)
    assert old in files["model.json"]
    (tmp_path / "model.json").write_bytes(files["model.json"].replace(old, new, 1))
    (tmp_path / "weights.safetensors").write_bytes(files["weights.safetensors"])
    with pytest.raises(StorageError, match="its description is not what was written"):
        load(tmp_path)


def test_a_newer_format_is_told(trained, tmp_path):
    files = model_files(trained)
    described = json.loads(files["model.json"]) | {"format": 2}
    (tmp_path / "model.json").write_text(json.dumps(described))
    (tmp_path / "weights.safetensors").write_bytes(files["weights.safetensors"])
    with pytest.raises(StorageError, match="format is 2"):
        load(tmp_path)


def test_an_archive_with_more_in_it_is_foreign(saved, tmp_path):
    path = tmp_path / "more.striate"
    path.write_bytes(saved.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../evil.py", "print()")
    with pytest.raises(StorageError, match="no striate model"):
        load(path)


def mutants(content: bytes, count: int, seed: int):
    draw = random.Random(seed)
    for _ in range(count):
        changed = bytearray(content)
        match draw.randrange(4):
            case 0:
                changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
            case 1:
                del changed[draw.randrange(len(changed)) :]
            case 2:
                start = draw.randrange(len(changed))
                changed[start : start + draw.randrange(64)] = draw.randbytes(draw.randrange(64))
            case 3:
                changed += draw.randbytes(draw.randrange(1, 64))
        yield bytes(changed)


def attack(saved, tmp_path, count, seed):
    """How many mutants of a file load as a model that predicts something else; anything but StorageError is a bug."""
    x, _ = blobs(seed=1)
    expected = load(saved).predict(x)
    wrong, path = 0, tmp_path / "mutant.striate"
    for content in mutants(saved.read_bytes(), count, seed):
        path.write_bytes(content)
        try:
            wrong += not np.array_equal(load(path).predict(x), expected)
        except StorageError as error:
            assert "mutant.striate" in str(error)
    return wrong


def test_no_damaged_file_is_taken_for_another_model(saved, tmp_path):
    assert attack(saved, tmp_path, 300, seed=0) == 0


def test_the_attack_finds_a_loader_that_checks_no_sum(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "_require_same", lambda what, found, written: None)
    monkeypatch.setattr(zipfile.ZipExtFile, "_update_crc", lambda self, newdata: None)
    assert attack(saved, tmp_path, 200, seed=0) > 3


def test_weights_are_known_by_what_the_file_holds_and_not_by_its_name(trained, saved, tmp_path):
    trained.save_weights(tmp_path / "small.weights.h5")
    (tmp_path / "small.bak").write_bytes(saved.read_bytes())
    for name in ("small.weights.h5", "small.bak"):
        other = small(seed=9)
        other.load_weights(tmp_path / name)
        assert np.array_equal(other.get_weights()[0], trained.get_weights()[0])


def test_weights_of_a_run_whose_file_was_changed_are_not_taken(trained, tmp_path):
    for name, content in model_files(trained).items():
        (tmp_path / name).write_bytes(
            content[:-3] + bytes([content[-3] ^ 64]) + content[-2:] if ".s" in name else content
        )
    other = small(seed=9)
    before = other.get_weights()
    with pytest.raises(StorageError, match="its weights are not what was written"):
        other.load_weights(tmp_path)
    assert all(np.array_equal(ours, old) for ours, old in zip(other.get_weights(), before, strict=True))


def test_a_model_from_a_larger_machine_predicts_on_the_cores_there_are(trained, tmp_path):
    trained.plan, before = replace(trained.plan, threads=512), trained.plan
    files, trained.plan = model_files(trained), before
    (tmp_path / "model.json").write_bytes(files["model.json"])
    (tmp_path / "weights.safetensors").write_bytes(files["weights.safetensors"])
    assert load(tmp_path).plan.threads == cores() < 512


def test_a_model_is_loaded_whatever_seed_it_drew(tmp_path):
    seeds = []
    for number in range(8):
        keras.utils.set_random_seed(number)
        model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])
        model.save(tmp_path / "drawn.striate")
        assert keras.models.load_model(tmp_path / "drawn.striate").seed == model.seed
        seeds.append(model.seed)
    assert max(seeds) > 10**9
