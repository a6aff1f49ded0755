"""The rules of the house that a program can check. Each gives the places where a source breaks it."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from striate import catalog

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "striate"
SHELVES = [
    "layers",
    "losses",
    "optimizers",
    "metrics",
    "datasets",
    "augmentations",
    "callbacks",
    "initializers",
    "regularizers",
    "schedules",
]
for _shelf in SHELVES:
    importlib.import_module(f"striate.{_shelf}")  # which enters its members in the catalog

FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "core", "manager", "managers"}
"""Names that say nothing about what is inside. `utils.py` is let in as a namespace of Keras'."""

CONCEPTS_IMPORTED = {
    "network/graph.py": {"Input", "InputLayer"},  # where every network begins
    "model/model.py": {"History", "ProgressBar"},  # what fit adds by itself
}
"""Concepts that a machine names, each with its reason. Everything else asks the catalog."""


def sources(folder: Path = SOURCE) -> dict[str, str]:
    """Every Python file below a folder: its path in it, and its text."""
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))}


def inner_imports(text: str) -> list[str]:
    """Imports of striate's own rooms inside functions, where they would hide from the floors."""
    found = []
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(function):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    names = [node.module or "." * node.level]
                found += [f"{node.lineno}: {name}" for name in names if name.split(".")[0] in ("striate", "")]
    return found


def concepts_imported(path: str, text: str) -> list[str]:
    """Concepts that are imported by name outside their own shelf and the zoo."""
    room = path.split("/", maxsplit=1)[0]
    allowed = CONCEPTS_IMPORTED.get(path, set())
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("striate."):
            continue
        shelf, _, family = node.module.removeprefix("striate.").partition(".")
        if shelf not in SHELVES or room in (shelf, "zoo") or family == "base":
            continue
        members = catalog.members(shelf)
        names = {alias.name for alias in node.names}
        taken = names if family else {name for name in names if name in members or name == "*"}
        found += [f"{node.lineno}: {name} of {node.module}" for name in sorted(taken - allowed)]
    return found


def bad_names(paths: Iterator[str] | list[str]) -> list[str]:
    """Files and folders whose name says nothing."""
    return [path for path in paths if FORBIDDEN_NAMES & set(path.removesuffix(".py").split("/")) and path != "utils.py"]


def unfinished(text: str) -> list[str]:
    """Places that say they are not done."""
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    return [f"{number}: {line.strip()}" for number, line in enumerate(text.splitlines(), 1) if marks.search(line)]


def index_gaps(shelf: str, files: dict[str, str]) -> list[str]:
    """Families that the index of a shelf does not take in whole, and families without `__all__`."""
    index = ast.parse(files["__init__.py"])
    taken = {
        node.module
        for node in index.body
        if isinstance(node, ast.ImportFrom) and [alias.name for alias in node.names] == ["*"]
    }
    found = []
    for path, text in files.items():
        family = path.removesuffix(".py").replace("/", ".")
        if family != "__init__":
            if f"striate.{shelf}.{family}" not in taken:
                found.append(f"{shelf}/__init__.py does not say: from striate.{shelf}.{family} import *")
            if public_names(text) is None:
                found.append(f"{shelf}/{path} has no __all__")
    return found


def public_names(text: str) -> list[str] | None:
    """What a source lists in `__all__`, if it does."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["__all__"]:
            return ast.literal_eval(node.value)
    return None


def stub_names(text: str) -> set[str]:
    """The names that a stub offers."""
    return {
        alias.asname
        for node in ast.parse(text).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
