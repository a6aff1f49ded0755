"""Recipes whose values are replaced by those of any type, whose keys go, change or come twice: read, or refused."""

import tomllib

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from striate.errors import RecipeError
from striate.recipe.grammar import Recipe
from striate.recipe.library import recipe_names, recipe_path
from striate.recipe.source import value_text
from striate.recipe.write import write
from tests.recipe.texts import GOOD


class Pairs(list):
    """A table as keys and values in their order, so that a key can stand in it twice."""


def opened(value):
    """A value of tomllib with its tables as pairs."""
    if isinstance(value, dict):
        return Pairs([key, opened(item)] for key, item in value.items())
    return [opened(item) for item in value] if isinstance(value, list) else value


def toml(value):
    """The value as TOML on one line."""
    if isinstance(value, Pairs):
        return "{ " + ", ".join(f"{value_text(key)} = {toml(item)}" for key, item in value) + " }"
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, list) else value_text(value)


RECIPES = [opened(tomllib.loads(text)) for text in (GOOD, *(recipe_path(name).read_text() for name in recipe_names()))]
WORDS = ["type", "name", "inputs", "filters", "Conv2D", "Dense", "Flatten", "adam", "same", "input", "path", "auto"]

words = st.sampled_from(WORDS) | st.text(max_size=6)
scalars = st.one_of(
    st.integers(-3, 70),
    st.integers(),
    st.floats(allow_subnormal=False),  # training flushes them for the whole process
    st.booleans(),
    words,
    st.dates(),
    st.times(),
    st.datetimes(),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3).map(opened),
    max_leaves=4,
)


def copy(value):
    return type(value)(map(copy, value)) if isinstance(value, list) else value


def drawn(draw, holder):
    """Some value, as the table or list that holds it and its number there; an outer key as often as a layer's."""
    number = draw(st.integers(0, len(holder) - 1))
    item = holder[number][1] if isinstance(holder, Pairs) else holder[number]
    return drawn(draw, item) if isinstance(item, list) and item and draw(st.booleans()) else (holder, number)


@st.composite
def mutants(draw):
    """The text of a good recipe after up to three changes."""
    recipe = copy(draw(st.sampled_from(RECIPES)))
    for _ in range(draw(st.integers(1, 3))):
        holder, number = drawn(draw, recipe)
        change = draw(st.sampled_from(["replace", "delete", "rename", "repeat", "swap"]))
        keyed = isinstance(holder, Pairs)
        if change == "replace" and keyed:
            holder[number][1] = draw(values)
        elif change == "replace":
            holder[number] = draw(values)
        elif change == "rename" and keyed:
            holder[number][0] = draw(words)
        elif change == "delete":
            del holder[number]
        elif change == "repeat":
            holder.append(copy(holder[number]))
        else:
            other = draw(st.integers(0, len(holder) - 1))
            holder[number], holder[other] = holder[other], holder[number]
        if not recipe:
            break
    return "".join(f"{value_text(key)} = {toml(value)}\n" for key, value in recipe)


def read_or_refuse(text):
    """What is read is written and read again; anything but a RecipeError is a bug."""
    try:
        recipe = Recipe.from_text(text)
    except RecipeError as error:
        assert all(problem.startswith("recipe.toml") for problem in error.problems), error
        event("refused")
        return
    event("read")
    assert write(Recipe.from_text(write(recipe))) == write(recipe)


@given(mutants())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_mutants_are_read_or_refused(text):
    read_or_refuse(text)


@pytest.mark.slow
@given(mutants())
@settings(max_examples=5_000, deadline=None)
def test_five_thousand_mutants_are_read_or_refused(text):
    read_or_refuse(text)
