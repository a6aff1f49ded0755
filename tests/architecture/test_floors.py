"""Nobody imports upward, nobody hides an import, and machines ask the catalog."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.rules import ROOT, SOURCE, concepts_imported, inner_imports, sources


@pytest.fixture
def floors_hold():
    """Whether the floors of pyproject.toml hold in the package below a folder, and what was said."""

    def ask(folder: Path) -> tuple[bool, str]:
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
        command += ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
        said = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
        return said.returncode == 0, said.stdout + said.stderr

    return ask


def test_nobody_imports_upward(floors_hold):
    held, said = floors_hold(SOURCE.parent)
    assert held, said


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("errors.py", "from striate import catalog\n"),
        ("losses/base.py", "import striate.metrics.base\n"),
        ("attic.py", '"""A room that has no floor."""\n'),
    ],
)
def test_an_import_upward_or_sideways_or_a_room_without_a_floor_is_caught(tmp_path, floors_hold, room, line):
    shutil.copytree(SOURCE, tmp_path / "striate", symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "striate" / room).open("a") as file:
        file.write(line)
    held, said = floors_hold(tmp_path)
    assert not held
    assert "BROKEN" in said or "attic" in said


@pytest.mark.parametrize("path", [path for path in sources() if not path.startswith(("cli/", "lab/"))])
def test_no_import_of_our_own_hides_in_a_function(path):
    assert inner_imports(sources()[path]) == []


def test_an_import_hidden_in_a_function_is_caught():
    assert inner_imports("def f():\n    import striate.model\n") == ["2: striate.model"]
    assert inner_imports("class A:\n    def f(self):\n        from striate import seed\n") == ["3: striate"]
    assert inner_imports("import striate\ndef f():\n    import json\n") == []


@pytest.mark.parametrize("path", sources())
def test_machines_ask_the_catalog_for_concepts(path):
    assert concepts_imported(path, sources()[path]) == []


def test_a_machine_that_names_a_concept_is_caught():
    assert concepts_imported("build/x.py", "from striate.layers.convolution import Conv2D") != []
    assert concepts_imported("build/x.py", "from striate.layers import Conv2D") != []
    assert concepts_imported("build/x.py", "from striate.layers import *") != []
    assert concepts_imported("build/x.py", "from striate.layers.base import Layer") == []
    assert concepts_imported("zoo/x.py", "from striate.layers import Conv2D") == []
