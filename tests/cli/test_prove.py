"""`striate prove`, as a user gives it."""

import json
from pathlib import Path

import pytest

from striate import textbook
from striate.cli.app import run
from striate.layers import Dense
from striate.model import Sequential
from striate.proof import EXACT

RECIPE = """format = 1
[data]
name = "digits"
[model]
input = [8, 8, 1]
layers = [{ type = "Conv2D", filters = 3, kernel_size = 3, activation = "relu" }, { type = "MaxPooling2D" },
          { type = "Flatten" }, { type = "Dense", units = 10, activation = "softmax" }]
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(RECIPE)
    return str(path)


def test_a_recipe_is_proved(recipe, capsys):
    assert run(["prove", recipe]) == 0
    told = capsys.readouterr().out
    assert "proved: by hand = autograd = numerical" in told
    assert "whole network" in told


def test_entries_seed_and_settings_are_heard(recipe, capsys):
    words = ["prove", recipe, "--json", "--entries", "5", "--seed", "3", "--set", "train.loss=categorical_crossentropy"]
    assert run(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["entries"], found["seed"], found["agrees"]) == (5, 3, True)
    rows = {row["name"]: row for row in found["rows"]}
    assert {row["entries"] for row in rows.values()} == {5}
    assert rows["loss"]["type"] == "CategoricalCrossentropy"
    assert all(row["backward"] < EXACT for row in rows.values() if row["backward"] is not None)


def test_a_recipe_that_leaves_its_input_to_the_data_is_proved_for_it(recipe, capsys):
    Path(recipe).write_text(RECIPE.replace("input = [8, 8, 1]\n", ""))
    assert run(["prove", recipe, "--entries", "2"]) == 0
    assert "proved" in capsys.readouterr().out


def test_a_model_in_a_file_is_proved_with_its_weights(tmp_path, capsys):
    model = Sequential([Dense(3, activation="softmax", input_shape=(4,))], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.save(tmp_path / "a.striate")
    assert run(["prove", str(tmp_path / "a.striate"), "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["rows"]][-2:] == ["loss", "whole network"]


def test_a_network_of_the_zoo_is_proved_without_a_loss(capsys):
    assert run(["prove", "zoo:TextbookCNN", "--set", "model.input=[12, 12, 1]", "--entries", "4"]) == 0
    told = capsys.readouterr().out
    assert "proved: by hand = autograd = numerical" in told
    assert "loss" not in told


def test_a_planted_sign_error_ends_it_with_status_1_and_the_layers_name(recipe, capsys, monkeypatch):
    backward = textbook.Conv2D.backward

    def wrong(self, dy):
        dx, gradients = backward(self, dy)
        return dx, gradients | {"bias": -gradients["bias"]}

    monkeypatch.setattr(textbook.Conv2D, "backward", wrong)
    assert run(["prove", recipe]) == 1
    told = capsys.readouterr()
    assert "proved" not in told.out
    assert "textbook-disagrees at conv2d" in told.out
    assert "its sign" in " ".join(told.out.split())
    assert told.err.startswith("ProofError: 1 disagreement")
    assert "where : conv2d" in told.err
    assert "BugError" not in told.err


@pytest.mark.parametrize("words", [["prove", "digts"], ["prove"], ["prove", "digits", "--entries", "0"]])
def test_what_cannot_be_meant_is_the_users_input(words, capsys):
    assert run(words) == 2
    assert "fix" in capsys.readouterr().err
