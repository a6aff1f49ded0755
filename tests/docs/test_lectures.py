"""The page of the lectures' faults is whole, and each of its rows is held by a test."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lectures.md").read_text()
FAULTS = 37


def table(title):
    """The rows under a heading by their numbers: the other cells of each."""
    (text,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    rows = [
        [cell.strip() for cell in line.strip("|").split(" |")] for line in text.splitlines() if line.startswith("|")
    ]
    return {int(number): cells for number, *cells in rows[2:]}


def said_by(file):
    """What the tests of a file say of themselves, by their names."""
    tree = ast.parse((ROOT / "tests" / "papers" / file).read_text())
    named = {node.name: ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {name: said for name, said in named.items() if name.startswith("test_")}


def lectures(text):
    """The lectures that a text cites."""
    return set(re.findall(r"\b00[0-4]\b", text))


def test_every_fault_has_its_row():
    assert list(table("Faults")) == list(range(1, FAULTS + 1))
    assert {len(cells) for cells in table("Faults").values()} == {4}


def test_every_fault_of_which_something_can_be_computed_has_a_test():
    said = [re.match(r"(\d+): (.*)", text, re.DOTALL) for text in said_by("test_lecture_errors.py").values()]
    assert all(said)
    cited: dict[int, set[str]] = {}
    for found in said:
        cited[int(found[1])] = cited.get(int(found[1]), set()) | lectures(found[2])
    rows = table("Faults")
    assert set(cited) == {number for number, (*_, where) in rows.items() if where}
    for number, found in cited.items():
        assert found & lectures(rows[number][0]), f"{number}: the test cites {found}, the page {rows[number][0]}"
    for number, (_, printed, right, where) in rows.items():
        assert where or "(wording)" in printed + right, f"{number} says neither where nor that it is wording"


@pytest.mark.parametrize(
    "name", sorted({name for *_, where in table("Faults").values() for name in re.findall(r"`([\w.]+)`", where)})
)
def test_what_a_row_names_is_there(name):
    room, attribute = name.rsplit(".", 1)
    assert hasattr(importlib.import_module(f"striate.{room}"), attribute)


def test_every_piece_of_code_has_its_row_and_its_test():
    rows, run = table("Code"), said_by("test_lectures_code.py")
    numbered = {int(name.split("_")[1]): said for name, said in run.items() if re.match(r"test_\d", name)}
    assert list(rows) == list(numbered) == list(range(1, 10))
    for number, said in numbered.items():
        assert said.startswith(rows[number][0]), f"{number}: {said}"


def test_what_is_told_of_syntax_is_what_python_says():
    """A row says "syntax" where the piece, as printed, is no Python."""
    tree = ast.parse((ROOT / "tests" / "papers" / "test_lectures_code.py").read_text())
    refused = {
        int(node.name.split("_")[1])
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and re.match(r"test_\d", node.name) and "SyntaxError" in ast.dump(node)
    }
    assert {number for number, (_, printed, _) in table("Code").items() if "syntax" in printed} == refused
