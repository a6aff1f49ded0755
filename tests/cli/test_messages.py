"""What the command line prints, word for word: its help, its tables, and what it says of bad input."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from striate.cli.app import app, run
from striate.recipe.library import recipe_names, recipe_path
from tests.recipe.texts import GOOD

COMMANDS = ["train", "check", "prove", "evaluate", "predict", "data", "zoo", "import"]


@pytest.fixture
def at_width(monkeypatch):
    """Make the terminal so wide, and tell the next command that it writes to none."""

    def make(columns):
        for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "LINES"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))

    make(80)
    return make


def printed(capsys):
    """What was printed, without the blanks that fill lines."""
    return "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()).strip("\n")


def test_every_command_has_a_golden_help():
    assert [command.name or command.callback.__name__ for command in app.registered_commands] == COMMANDS


@pytest.mark.parametrize("width", [40, 80])
def test_help_is_golden(width, at_width, golden, capsys):
    at_width(width)
    told = []
    for words in ([], *([command] for command in COMMANDS)):
        assert run([*words, "--help"]) == 0
        told.append(f"$ striate {' '.join([*words, '--help'])}\n{printed(capsys)}")
    golden(f"help_{width}.txt", "\n\n".join(told))


def test_no_words_are_a_call_for_help(at_width, capsys):
    assert run(["--help"]) == 0
    told = printed(capsys)
    assert run([]) == 0
    assert printed(capsys) == told


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("name", [name for name in recipe_names() if "/" not in name])
def test_the_tables_of_the_recipes_that_come_along_are_golden(name, width, newcomer, at_width, golden, capsys):
    (newcomer / "two_images").rename("images")  # the folder that the recipe for folders speaks of
    at_width(width)
    assert run(["check", str(recipe_path(name))]) == 0
    golden(f"check_{name}_{width}.txt", printed(capsys))


@pytest.mark.parametrize(("words"), [["data", "digits"], ["check", "digits"], ["--help"], ["check", "--help"]])
def test_no_line_is_wider_than_forty_columns(words, at_width, capsys):
    at_width(40)
    assert run(words) == 0
    lines = printed(capsys).splitlines()
    sentences = [line for line in lines if line.startswith("always naming")]  # the terminal wraps what is said
    assert max(len(line) for line in lines if line not in sentences) <= 40


def test_nothing_is_coloured_where_no_terminal_is(at_width, capsys):
    for words in (["check", "digits"], ["data", "digits"], ["train", "digts"]):
        run(words)
        assert "\x1b" not in "".join(capsys.readouterr())


def image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(len(str(path.name))).integers(0, 255, (8, 8), np.uint8)).save(path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    assert run(["train", "digits", "--out", str(folder / "run"), "--set", "train.epochs=1", *EXACT]) == 0
    return folder / "run"


EXACT = ["--set", "train.plan=exact"]


@pytest.fixture
def newcomer(trained, tmp_path, monkeypatch):
    """A folder with all that a newcomer may lay there, and a run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path / "cache"))
    shutil.copytree(trained, "run")
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts" / "a").mkdir(parents=True)
    (tmp_path / "texts" / "a" / "words.txt").write_text("words")
    (tmp_path / "words.txt").write_text("words")
    for path in ("one_class/a/1.png", "one_class/a/2.png", "two_images/a/1.png", "two_images/b/1.png", "flat/1.png"):
        image(tmp_path / path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep")
    (tmp_path / "bad.toml").write_text(GOOD.replace("filters = 4", 'filters = "4"').replace("epochs = 3", "epoch = 3"))
    (tmp_path / "map.toml").write_text(GOOD.replace('{ type = "Flatten" },', ""))
    return tmp_path


BAD = [
    "train",
    "tran digits",
    "trainn",
    "train digits --ot x",
    "train digits --set",
    "train digits more",
    "train nothing.toml",
    "train nothing",
    "train mnsit",
    "train bad.toml",
    "train map.toml",
    "train words.txt",
    "train empty",
    "train texts",
    "train one_class",
    "train two_images",
    "train flat",
    "train flat/1.png",
    "train digits --set nonsense",
    "train digits --set train.epochs=",
    "train digits --set train.epoch=3",
    "train digits --set data.name=cifar",
    "train digits --set model.layers[0].filters=1000000000",
    "train digits --set model.input=[28,28,1]",
    "train digits --set model.layers[13].units=7",
    "train digits --out mine",
    "train digits --out words.txt",
    "train digits --out words.txt/run",
    "train digits --out /proc/run",
    "check nothing.toml",
    "check empty",
    "check words.txt",
    "data nothing",
    "data empty",
    "evaluate nothing",
    "evaluate empty",
    "evaluate words.txt",
    "evaluate run nothing",
    "evaluate run empty",
    "evaluate run two_images",
    "predict run",
    "predict run nothing.png",
    "predict run words.txt",
    "predict run texts",
    "predict empty flat/1.png",
    "predict words.txt flat/1.png",
    "predict flat/1.png flat/1.png",
]


def test_what_bad_input_is_told_is_golden(newcomer, at_width, golden, capsys):
    before = everything(newcomer)
    capsys.readouterr()
    told = []
    for line in BAD:
        assert run(line.split()) == 2, line
        told.append(f"$ striate {line}\n{plain(capsys.readouterr().err)}")
    assert everything(newcomer) == before
    golden("command_errors.txt", "\n".join(told).rstrip())


def everything(folder):
    """Each file with its content, but those that striate keeps for itself."""
    files = (path for path in folder.rglob("*") if "cache" not in path.relative_to(folder).parts)
    return {path: path.read_bytes() if path.is_file() else None for path in files}


def plain(text):
    """A message without what differs from machine to machine, and never with a traceback."""
    assert "Traceback" not in text
    return re.sub(r"> [\d.]+ .B", "> memory", text)


@pytest.mark.parametrize(
    "line", ["train {}", "check {}", "data {}", "evaluate {}", "evaluate run {}", "predict run {}"]
)
def test_a_name_longer_than_a_file_system_takes_is_told(newcomer, line, capsys):
    assert run(line.format("x" * 300).split()) == 2
    assert plain(capsys.readouterr().err).startswith(("UnknownNameError: ", "StorageError: ", "DataError: "))


NEEDED = {"model.json": "predict", "weights.safetensors": "predict", "recipe.toml": "evaluate"}
BESIDE = ["log.txt", "metrics.csv", "report.html", "summary.json"]


def test_what_a_damaged_run_is_told_is_golden(newcomer, golden, capsys):
    told = []
    for name, command in NEEDED.items():
        for damage in ("missing", "cut", "empty"):
            content = (newcomer / "run" / name).read_bytes()
            if damage == "missing":
                (newcomer / "run" / name).unlink()
            else:
                (newcomer / "run" / name).write_bytes(content[:40] if damage == "cut" else b"")
            capsys.readouterr()
            words = ["run"] if command == "evaluate" else ["run", "flat/1.png"]
            assert run([command, *words]) == 2, (name, damage)
            error = re.sub(r"SHA-256 \w+", "SHA-256 ...", plain(capsys.readouterr().err))
            told.append(f"{name} {damage}: striate {command}\n{re.sub(r'written [0-9a-f]+', 'written ...', error)}")
            (newcomer / "run" / name).write_bytes(content)
    golden("command_damage.txt", "\n".join(told).rstrip())


@pytest.mark.parametrize("name", BESIDE)
def test_a_run_without_its_record_still_answers(newcomer, name, capsys):
    (newcomer / "run" / name).write_bytes(b"")
    assert run(["predict", "run", "flat/1.png"]) == 0
    (newcomer / "run" / name).unlink()
    assert run(["evaluate", "run"]) == 0


def test_settings_of_a_run_are_those_of_its_recipe(trained, capsys):
    assert run(["check", str(trained), "--set", "model.layers[0].filters=1"]) == 0
    assert "98,026" not in capsys.readouterr().out


@pytest.mark.parametrize("name", recipe_names())
def test_check_has_nothing_against_the_recipes_that_come_along(name, newcomer, capsys):
    (newcomer / "two_images").rename("images")  # the folder that the recipe for folders speaks of
    assert run(["check", str(recipe_path(name)), "--strict", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
