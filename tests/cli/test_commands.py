"""The commands as a user gives them, in real processes where it matters."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from striate.cli.app import run
from striate.datasets import Digits

QUICK = ["--set", "train.epochs=2", "--set", "train.plan=exact"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "digits"
    assert run(["train", "digits", "--out", str(folder), *QUICK]) == 0
    return folder


@pytest.fixture
def picture(tmp_path):
    data = Digits().load().train
    Image.fromarray(data.x[0, ..., 0]).save(tmp_path / "digit.png")
    return tmp_path / "digit.png"


def test_a_run_folder_holds_everything(trained):
    assert sorted(path.name for path in trained.iterdir()) == [
        "log.txt",
        "metrics.csv",
        "model.json",
        "recipe.toml",
        "report.html",
        "summary.json",
        "weights.safetensors",
    ]
    summary = json.loads((trained / "summary.json").read_text())
    keys = "dataset classes params macs epochs best_epoch seed seconds_train seconds_total images_per_second threads precision"
    assert set(keys.split()) <= set(summary)
    assert set(summary["test"]) == {"loss", "accuracy"}
    rows = list(csv.DictReader((trained / "metrics.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert {path.stat().st_mode & 0o777 for path in trained.iterdir()} == {0o644}


def test_running_its_recipe_again_gives_the_same_run(trained, tmp_path):
    assert run(["train", str(trained / "recipe.toml"), "--out", str(tmp_path / "again")]) == 0
    weights = [(folder / "weights.safetensors") for folder in (trained, tmp_path / "again")]
    from safetensors.numpy import load_file

    ours, theirs = (load_file(path) for path in weights)
    assert all(np.array_equal(ours[key], theirs[key]) for key in ours)


def test_evaluate_gives_the_figure_of_the_summary(trained, capsys):
    assert run(["evaluate", str(trained), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    summary = json.loads((trained / "summary.json").read_text())
    assert found["accuracy"] == pytest.approx(summary["test"]["accuracy"])


def test_predict_answers_for_each_image(trained, picture, capsys):
    assert run(["predict", str(trained), str(picture), "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert set(answer) == {"file", "class", "index", "probability", "probabilities", "error"}
    assert len(answer["probabilities"]) == 10
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)


def test_an_image_that_cannot_be_decoded_is_told_after_the_others(trained, picture, tmp_path, capsys):
    (tmp_path / "bad.png").write_text("x")
    assert run(["predict", str(trained), str(tmp_path / "bad.png"), str(picture), "--json"]) == 2
    bad, good = json.loads(capsys.readouterr().out)
    assert bad["error"]
    assert good["error"] is None


def test_check_prints_a_table_or_json(capsys):
    assert run(["check", "digits"]) == 0
    assert "98,026" in capsys.readouterr().out
    assert run(["check", "digits", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["params"] == 98026


def test_check_strict_refuses_windows_that_do_not_tile(tmp_path, capsys):
    text = """format = 1
[data]
name = "digits"
[model]
input = [7, 7, 1]
layers = [{ type = "Conv2D", filters = 2, kernel_size = 3, strides = 3 }, { type = "Flatten" },
          { type = "Dense", units = 10, activation = "softmax" }]
"""
    (tmp_path / "r.toml").write_text(text)
    assert run(["check", str(tmp_path / "r.toml")]) == 0
    assert "2.333" in capsys.readouterr().out
    assert run(["check", str(tmp_path / "r.toml"), "--strict"]) == 2


def test_data_shows_counts(capsys):
    assert run(["data", "digits", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["images"] == {"training": 1258, "validation": 180, "test": 359}


def test_a_folder_of_images_is_trained_and_evaluated_by_name(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path / "cache"))
    data = Digits().load().train
    for label in (0, 1, 2):
        (tmp_path / "digits" / str(label)).mkdir(parents=True)
        for number, image in enumerate(data.x[data.y == label][:30]):
            Image.fromarray(image[..., 0]).save(tmp_path / "digits" / str(label) / f"{number}.png")
    (tmp_path / "digits" / "0" / "broken.png").write_bytes(b"")
    out = tmp_path / "run"
    assert run(["train", str(tmp_path / "digits"), "--out", str(out), *QUICK]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert summary["classes"] == ["0", "1", "2"]
    assert summary["bad_files"] == 1
    capsys.readouterr()
    assert run(["evaluate", str(out), "--json"]) == 0
    its_own = json.loads(capsys.readouterr().out)
    assert (its_own["part"], its_own["images"]) == ("test", summary["images"]["test"])
    assert run(["evaluate", str(out), str(tmp_path / "digits"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == its_own, "what it was trained on is no test"
    (tmp_path / "digits").rename(tmp_path / "others")
    assert run(["evaluate", str(out), str(tmp_path / "others"), "--json"]) == 0
    others = json.loads(capsys.readouterr().out)
    assert (others["part"], others["images"]) == ("all", 90)


def test_without_validation_the_training_loss_decides_and_is_said_to(tmp_path, capsys):
    assert run(["train", "digits", "--out", str(tmp_path / "run"), "--set", "data.validation=0", *QUICK]) == 0
    assert "of the lowest training loss" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "digts"], "did you mean 'digits'"),
        (["train", "nothing.toml"], "no such file"),
        (["train", "digits", "--set", "train.epoch=3"], 'did you mean "epochs"'),
        (["train", "digits", "--set", "train.epochs=x"], "--set train.epochs=x"),
        (["train", "{empty}"], "no images found"),
        (["evaluate", "{empty}"], "there is no"),
        (["predict", "{text}", "a.png"], "no striate model"),
        (["check", "zoo:VGG17"], "zoo"),
        (["data", "{text}"], "TOML"),
        (["train"], "Missing argument"),
        (["tran"], "tran"),
    ],
)
def test_bad_input_gets_one_message_and_status_2(words, said, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.striate").write_text("hello")
    places = {"empty": str(tmp_path / "empty"), "text": str(tmp_path / "text.striate")}
    assert run([word.format(**places) for word in words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_an_output_folder_that_is_not_empty_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("keep")
    assert run(["train", "digits", "--out", str(tmp_path), *QUICK]) == 2
    assert "not empty" in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text() == "keep"


@pytest.mark.parametrize("damage", ["cut", "json", "missing"])
def test_a_damaged_run_is_told(trained, tmp_path, damage, picture, capsys):
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    if damage == "cut":
        (folder / "weights.safetensors").write_bytes((folder / "weights.safetensors").read_bytes()[:1000])
    elif damage == "json":
        (folder / "model.json").write_text("{")
    else:
        (folder / "weights.safetensors").unlink()
    assert run(["predict", str(folder), str(picture)]) == 2
    assert "StorageError" in capsys.readouterr().err


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_its_report_written(tmp_path, signum, status):
    command = [sys.executable, "-m", "striate", "train", "digits", "--out", str(tmp_path / "run")]
    command += ["--set", "train.epochs=10000", "--set", "train.plan=exact"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
    deadline = time.monotonic() + 120
    while not (tmp_path / "run" / "metrics.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signum)
    _, error = process.communicate(timeout=60)
    assert process.returncode == status, error
    assert (tmp_path / "run" / "report.html").exists()
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["interrupted"] is True
    assert "Traceback" not in error


def test_help_and_version_import_nothing_heavy():
    code = (
        "import sys\n"
        "from striate.cli.app import run\n"
        "assert run(['--help']) == 0\n"
        "assert run(['train', '--help']) == 0\n"
        "heavy = {'torch', 'sklearn', 'PIL', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def cifar100_by_hand(home):
    """A record of each fine class, twice, as the files of CIFAR-100 hold them."""
    folder = home / "cifar-100-binary"
    folder.mkdir()
    record = [bytes([fine % 20, fine]) + bytes(range(fine, fine + 96)) * 32 for fine in range(100)]
    for name in ("train.bin", "test.bin"):
        (folder / name).write_bytes(b"".join(record) * (10 if name == "train.bin" else 1))


def test_a_data_set_without_a_recipe_is_looked_at_and_has_to_be_given_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    cifar100_by_hand(tmp_path)
    assert run(["data", "cifar100", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["shape"]) == ("cifar100", [32, 32, 3])
    assert found["images"] == {"training": 900, "validation": 100, "test": 100}
    assert found["classes"]["worm"] == {"training": 9, "validation": 1, "test": 1}
    assert run(["train", "cifar100"]) == 2
    told = capsys.readouterr().err
    assert "no recipe comes along for cifar100" in told
    assert 'name = "cifar100" in [data]' in told


def test_a_device_that_is_not_there_ends_it_with_status_2_before_anything_is_loaded(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("striate.recipe.job.load_data", lambda *_: pytest.fail("data was loaded"))
    out = tmp_path / "run"
    assert run(["train", "digits", "--out", str(out), *QUICK, "--set", "train.device=cuda"]) == 2
    said = capsys.readouterr().err
    assert "there is no device cuda" in said
    assert 'fix   : device="cpu"' in said
    assert not out.exists()
