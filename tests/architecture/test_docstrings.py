"""Everything public says in the house form what it is; every concept says where it comes from and shows itself."""

import dataclasses
import inspect

import pytest

from docs.docstrings import Docstring, methods, modules, public
from striate import catalog
from tests.architecture.rules import SHELVES

PUBLIC = {f"{module.__name__}.{name}": thing for module in modules() for name, thing in public(module).items()}
CONCEPTS = {
    f"{shelf}.{name}": concept
    for shelf in SHELVES
    for name, concept in catalog.members(shelf).items()
    if concept.__module__.startswith("striate.")  # other tests subclass too
}

WITHOUT_FORMULA = {"callbacks", "datasets"}
"""Shelves whose members do something rather than compute something."""


def concept_gaps(concept: type[catalog.Concept]) -> list[str]:
    """What the docstring of a concept lacks."""
    said = Docstring.of(concept)
    gaps = [label for label in ("Source", "Example") if not said.sections.get(label)]
    if concept.shelf not in WITHOUT_FORMULA and not said.formula:
        gaps.append("formula")
    explained: set[str] = set()
    for base in concept.__mro__:
        if dataclasses.is_dataclass(base):
            own, introduced = Docstring.of(base).args, _introduced(base)
            gaps += [
                f"{base.__name__} explains {name}, which it does not introduce" for name in own.keys() - introduced
            ]
            explained |= own.keys()
    return gaps + [f"Args: {name}" for name in catalog.arguments(concept) if name not in explained]


def _introduced(cls: type) -> set[str]:
    """The arguments that a class has and its bases have not, or that it gives another meaning."""
    return {
        name for name in cls.__dict__.get("__annotations__", {}) if "ClassVar" not in str(cls.__annotations__[name])
    }


def function_gaps(function: object) -> list[str]:
    """Arguments that the docstring of a function explains and the function does not have."""
    known = inspect.signature(function).parameters
    return [name for name in Docstring.of(function).args if name not in known]


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_public_has_a_summary_of_one_sentence(name):
    thing = PUBLIC[name]
    if callable(thing) and not isinstance(thing, type) and not inspect.isfunction(thing):
        return
    summary = Docstring.of(thing).summary
    assert summary, "no docstring"
    assert summary[-1] in ".:;,?!", summary
    if isinstance(thing, type):
        for method in methods(thing):
            assert inspect.getdoc(getattr(thing, method)), f"{method} has no docstring, own or inherited"


@pytest.mark.parametrize("name", [name for name, thing in PUBLIC.items() if inspect.isfunction(thing)])
def test_a_function_explains_only_arguments_it_has(name):
    assert function_gaps(PUBLIC[name]) == []


@pytest.mark.parametrize("name", CONCEPTS)
def test_a_concept_gives_formula_source_example_and_explains_each_argument_once(name):
    assert concept_gaps(CONCEPTS[name]) == []


def test_a_concept_that_explains_too_little_or_too_much_is_caught():
    @dataclasses.dataclass(frozen=True)
    class Hollow(catalog._bases["losses"], abstract=True):
        """Nothing.

        Args: strength: of what is not there.
        """

        margin: float = 1.0

    assert concept_gaps(Hollow) == [
        "Source",
        "Example",
        "formula",
        "Hollow explains strength, which it does not introduce",
        "Args: margin",
    ]


def test_a_function_that_explains_an_argument_it_has_not_is_caught():
    def half(x: float) -> float:
        """Half of it.

        Args: y: what is halved.
        """
        return x / 2

    assert function_gaps(half) == ["y"]
