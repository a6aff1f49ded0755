"""The book as a whole: it stands alone, and every page has its formula's source and an example that runs."""

import ast
import doctest
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import striate.textbook

FOLDER = Path(striate.textbook.__file__).parent
MODULES = [importlib.import_module(f"striate.textbook.{info.name}") for info in pkgutil.iter_modules([str(FOLDER)])]
PAGES = {
    f"{module.__name__.rpartition('.')[2]}.{name}": (module, getattr(module, name))
    for module in MODULES
    for name in module.__all__
    if getattr(getattr(module, name), "__module__", None) == module.__name__
}


def test_the_book_needs_numpy_and_the_standard_library_only():
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                assert top in {"numpy", *sys.stdlib_module_names} or name.startswith("striate.textbook"), (path, name)


def test_reading_the_book_needs_no_torch():
    code = "import sys, striate.textbook; print('torch' in sys.modules)"
    here = {**os.environ, "PYTHONPATH": str(FOLDER.parents[1])}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=here, check=False)
    assert (answer.stdout.strip(), answer.returncode) == ("False", 0), answer.stderr


def test_everything_public_is_found_in_the_book_itself():
    for module in MODULES:
        for name in module.__all__:
            assert getattr(striate.textbook, name) is getattr(module, name)


def test_no_name_is_given_twice():
    names = [name for module in MODULES for name in module.__all__]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_its_shape_its_source_and_an_example_that_runs(page):
    module, thing = PAGES[page]
    text = inspect.getdoc(thing) or ""
    for part in ("Shape:", "Source:", "Example:"):
        assert part in text, f"{page} has no {part}"
    examples = text[text.index("Example:") :].replace("Example: >>>", "         >>>")
    test = doctest.DocTestParser().get_doctest(examples, dict(vars(module)), page, module.__file__, 0)
    assert test.examples, f"{page} has no example that runs"
    report: list[str] = []
    failed = doctest.DocTestRunner(verbose=False).run(test, out=report.append).failed
    assert failed == 0, "\n".join(report)


@pytest.mark.parametrize("page", PAGES)
def test_every_public_function_says_the_types_it_takes_and_gives(page):
    _, thing = PAGES[page]
    functions = [thing] if inspect.isfunction(thing) else [f for _, f in inspect.getmembers(thing, inspect.isfunction)]
    for function in functions:
        hints = function.__annotations__
        missing = [name for name in inspect.signature(function).parameters if name != "self" and name not in hints]
        assert not missing and "return" in hints, f"{function.__qualname__}: {missing}"
