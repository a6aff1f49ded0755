"""`striate zoo`, and zoo:NAME where a recipe may stand."""

import json

import pytest

from striate import zoo
from striate.cli.app import run


def test_the_list_has_every_network_with_its_counts_and_its_paper(capsys):
    assert run(["zoo", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(zoo.members())
    assert rows["VGG16"] == {
        "name": "VGG16",
        "year": 2014,
        "input": [224, 224, 3],
        "classes": 1000,
        "params": 138_357_544,
        "non_trainable": 0,
        "macs": 15_470_264_320,
        "source": "Simonyan & Zisserman 2015, arXiv:1409.1556",
        "lecture": "001 L789-798",
    }
    assert rows["LeNet5Original"]["non_trainable"] == 840


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (40, ["network", "params"]),
        (60, ["network", "params", "MACs", "input"]),
        (80, ["network", "params", "MACs", "input", "year"]),
        (200, ["network", "params", "MACs", "input", "year", "source"]),
    ],
)
def test_the_list_fits_the_terminal(width, titles, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    assert run(["zoo"]) == 0
    *lines, _last = capsys.readouterr().out.splitlines()
    head = next(line for line in lines if "network" in line)
    assert head.split() == titles
    assert max(map(len, lines)) <= width
    assert len([line for line in lines if line.startswith((" VGG", " ResNet"))]) == 12


def test_check_prints_the_table_of_a_network(capsys):
    assert run(["check", "zoo:VGG16", "--json", "--strict"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["params"], found["macs"], found["receptive_field"]) == (138_357_544, 15_470_264_320, [212, 212])
    assert run(["check", "zoo:lenet5"]) == 0
    assert "61,706" in capsys.readouterr().out


def test_check_takes_another_size_and_number_of_classes(capsys):
    settings = ["--set", "model.input=[32, 32, 3]", "--set", "model.classes=10"]
    assert run(["check", "zoo:VGG16", "--json", *settings]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][-1]["output"] == [10]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["zoo:VGG17"], "no network of the zoo is called 'VGG17'"),
        (["zoo:VGG16", "--set", "model.input=[8, 8, 3]"], "must be >= 1"),
        (["zoo:VGG16", "--set", "model.classes=0"], "model.classes: must be > 0, not 0"),
        (["zoo:VGG16", "--set", "train.epochs=3"], "has model.input and model.classes alone"),
    ],
)
def test_what_cannot_be_meant_is_told(words, said, capsys):
    assert run(["check", *words]) == 2
    assert said in capsys.readouterr().err
