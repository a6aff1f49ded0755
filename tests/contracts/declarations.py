"""What is asked of every concept's declaration, whatever its shelf."""

import copy
import dataclasses
import importlib
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from striate import catalog
from striate.errors import ArgumentError, StriateError


def shelf_members(shelf: str) -> dict[str, Any]:
    """The concepts that a shelf of striate's own holds; what tests and users subclass is left out."""
    importlib.import_module(f"striate.{shelf}")
    found = catalog.members(shelf)
    return {name: concept for name, concept in found.items() if concept.__module__.startswith(f"striate.{shelf}.")}


def variants(concept: type[catalog.Concept]) -> Iterator[Any]:
    """The example, and for each argument an instance in which it has another value, where one is easily found."""
    example: Any = concept.example()
    yield example
    for field in dataclasses.fields(example):
        value = getattr(example, field.name)
        others: dict[type, list[Any]] = (
            {bool: [not value], float: [value / 2 if value else 0.25], int: [value + 1]}
            if (isinstance(value, bool | int | float))
            else {}
        )
        for other in others.get(type(value), []):
            try:
                yield dataclasses.replace(example, **{field.name: other})
            except StriateError:
                continue  # arguments that only go together


def check_names(concept: type[catalog.Concept]) -> None:
    """It is found by its class name, its snake_case and its aliases."""
    for name in (concept.__name__, catalog.snake_case(concept.__name__), *getattr(concept, "aliases", ())):
        assert catalog.find(concept.shelf, name) is concept


def check_repr(concept: type[catalog.Concept]) -> None:
    """What it prints as makes it again."""
    names: dict[str, Any] = dict(vars(importlib.import_module(f"striate.{concept.shelf}")))
    for one in variants(concept):
        if "<" not in repr(one):  # functions have no written form
            again = eval(repr(one), names)  # noqa: S307 - our own words
            assert repr(again) == repr(one)
            assert catalog.describe(again) == catalog.describe(one)


def check_table(concept: type[catalog.Concept]) -> None:
    """What a recipe or model file holds of it makes it again, also through JSON."""
    for one in variants(concept):
        table = catalog.describe(one)
        if any(callable(value) for value in table.values()):
            continue
        assert table["type"] == concept.__name__
        again = catalog.from_table(concept.shelf, json.loads(json.dumps(table)))
        assert type(again) is concept
        assert catalog.describe(again) == table
        assert repr(again) == repr(one)


def check_copies(concept: type[catalog.Concept]) -> None:
    """It can be copied, and sent to another process."""
    for one in variants(concept):
        for again in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):  # noqa: S301 - our own
            assert type(again) is concept
            assert again is not one
            assert repr(again) == repr(one)


def check_refusals(concept: type[catalog.Concept]) -> None:
    """An argument it has not, and one of a wrong type, is refused by name."""
    example: Any = concept.example()
    with pytest.raises(ArgumentError, match="nonsense"):
        concept(nonsense=1)
    for field in dataclasses.fields(example):
        if field.init:
            with pytest.raises(ArgumentError, match=field.name):
                dataclasses.replace(example, **{field.name: object()})


def check_declaration(concept: type[catalog.Concept]) -> None:
    """All of these."""
    check_names(concept)
    check_repr(concept)
    check_table(concept)
    check_copies(concept)
    check_refusals(concept)
