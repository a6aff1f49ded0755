"""Every example runs: those of the docstrings, and those of the README."""

import doctest
import re
import runpy
from pathlib import Path

import pytest

from docs.docstrings import examples
from striate.recipe.grammar import Recipe

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.name)
def test_the_example_of_a_docstring_runs(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(example, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


def test_a_wrong_example_is_caught():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner().run(wrong, out=lambda text: None).failed == 1


def test_the_code_of_the_readme_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict = {}
    exec(code, names)  # noqa: S102  (it is our own)
    assert names["model"].predict(names["x"][:5]).shape == (5, 10)
    assert names["history"].epoch == [0, 1, 2]


def test_the_recipe_of_the_readme_is_one():
    (text,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert Recipe.from_text(text).network().nodes[-1].output == (10,)


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.py")), ids=lambda file: file.name)
def test_an_example_runs_from_top_to_bottom(file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(file))
    assert names["accuracy"] > 0.95
    assert "% of 360 test images are right" in capsys.readouterr().out


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_the_code_and_the_recipes_of_a_page_run(page, tmp_path, monkeypatch):
    """The blocks of Python from top to bottom, as one program; the recipes, each for itself."""
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    names: dict = {}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, names)  # noqa: S102  (it is our own)
    for recipe in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        if "format" in recipe:
            Recipe.from_text(recipe)
