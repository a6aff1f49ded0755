"""Names: of files, of what is public, and what an import costs."""

import importlib
import subprocess
import sys

import pytest

import striate
from docs.docstrings import modules, public
from tests.architecture.rules import (
    ROOT,
    SHELVES,
    SOURCE,
    bad_names,
    index_gaps,
    public_names,
    sources,
    stub_names,
    unfinished,
)


def test_no_file_has_a_name_that_says_nothing():
    assert bad_names(list(sources())) == []


def test_a_name_that_says_nothing_is_caught():
    assert bad_names(["layers/helpers.py", "core/x.py", "layers/utils.py"]) == [
        "layers/helpers.py",
        "core/x.py",
        "layers/utils.py",
    ]


@pytest.mark.parametrize("path", [f"src/striate/{path}" for path in sources()] + ["README.md", "CONTRIBUTING.md"])
def test_nothing_says_that_it_is_unfinished(path):
    assert unfinished((ROOT / path).read_text("utf-8")) == []


def test_an_unfinished_place_is_caught():
    assert unfinished("x = 1  # TO" + "DO: more") == ["1: x = 1  # TO" + "DO: more"]


@pytest.mark.parametrize("shelf", SHELVES)
def test_the_index_of_a_shelf_takes_in_every_family_whole(shelf):
    assert index_gaps(shelf, sources(SOURCE / shelf)) == []


def test_a_family_left_out_of_its_index_is_caught():
    files = {
        "__init__.py": "from striate.layers.base import *",
        "base.py": "__all__ = []",
        "pooling.py": "class A: pass",
    }
    assert index_gaps("layers", files) == [
        "layers/__init__.py does not say: from striate.layers.pooling import *",
        "layers/pooling.py has no __all__",
    ]


def test_the_stub_offers_the_public_names_and_no_others():
    assert stub_names((SOURCE / "__init__.pyi").read_text("utf-8")) == set(striate.__all__)


@pytest.mark.parametrize("name", striate.__all__)
def test_every_public_name_is_there(name):
    assert getattr(striate, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Sequental'"):
        _ = striate.Sequental


@pytest.mark.parametrize(
    "module", [module for module in modules() if hasattr(module, "__all__")], ids=lambda m: m.__name__
)
def test_everything_in_all_is_there(module):
    for name in module.__all__:
        assert hasattr(module, name), name


@pytest.mark.parametrize("path", [path for path in sources() if not path.endswith("__init__.py")])
def test_what_a_file_defines_without_an_underscore_is_what_it_offers(path):
    listed = public_names(sources()[path])
    if listed is None:
        return
    name = "striate." + path.removesuffix(".py").replace("/", ".")
    module = importlib.import_module(name)
    defined = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", None) == name and callable(value)
    }
    # Every data set has Keras' load_data, reached through its module: in one index they would hide each other.
    assert defined - set(listed) - {"load_data"} == set()
    assert set(public(module)) <= set(listed)


@pytest.mark.parametrize("code", ["import striate", "from striate.cli import main; main(['--help'])"])
def test_it_starts_without_torch(code):
    asked = f"import sys\ntry:\n    exec({code!r})\nexcept SystemExit:\n    pass\nsys.exit('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(
    "name",
    [
        "Sequential",
        "Model",
        "Input",
        "models.load_model",
        "layers.Conv2D",
        "losses.SparseCategoricalCrossentropy",
        "optimizers.Adam",
        "optimizers.schedules.ExponentialDecay",
        "metrics.SparseCategoricalAccuracy",
        "callbacks.EarlyStopping",
        "initializers.HeNormal",
        "regularizers.L2",
        "datasets.mnist.load_data",
        "utils.to_categorical",
        "utils.set_random_seed",
    ],
)
def test_code_written_for_keras_finds_its_names(name):
    found = striate
    for part in name.split("."):
        found = getattr(found, part)


def test_garbage_is_collected_again_after_a_name_was_loaded():
    code = (
        "import gc, striate; striate.errors; print(gc.isenabled()); gc.disable(); striate.utils; print(gc.isenabled())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "False"]
