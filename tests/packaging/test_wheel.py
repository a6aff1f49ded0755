"""The wheel, installed where nothing of the repository is in reach."""

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def command(*words, cwd):
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_trains_digits_outside_the_repository(tmp_path):
    command(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("striate-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    needed = [
        "recipes/digits.toml",
        "recipes/folder.toml",
        "recipes/fast/mnist-99.toml",
        "report/report.html.j2",
        "report/report.css",
        "py.typed",
        "__init__.pyi",
    ]
    assert {f"striate/{name}" for name in needed} <= set(names)
    assert all(name.startswith(("striate/", "striate-")) for name in names)

    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    command(python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel, cwd=tmp_path)
    striate = tmp_path / "venv" / "bin" / "striate"
    command(striate, "train", "digits", "--set", "train.epochs=3", "--out", tmp_path / "run", cwd=tmp_path)
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["test"]["accuracy"] > 0.8
