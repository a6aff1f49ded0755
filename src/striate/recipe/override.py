"""Overrides of a recipe's keys from the command line: `--set train.epochs=3`."""

import copy
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from striate.errors import RecipeError, printable
from striate.recipe.source import Source, Unreadable, parse

__all__ = ["override"]

_PART = re.compile(r"([A-Za-z_][\w-]*)((?:\[\d+\])*)(?:\.|$)")


def override(source: Source, settings: Iterable[str]) -> Source:
    """The source with some keys set, each written `key=value`; a value is TOML, or a bare word for a text.

    Errors:  RecipeError for a setting that is no key=value, or a key that cannot be reached.
    Example: >>> override(Source.parse("[train]\\nepochs = 3", "r.toml"), ["train.epochs=5"]).table
             {'train': {'epochs': 5}}
    """
    table, overrides = copy.deepcopy(source.table), list(source.overrides)
    for setting in settings:
        written = f"--set {printable(setting)}"
        key, equals, text = setting.partition("=")
        place = _place(key.strip())
        if not equals or not place:
            raise RecipeError([f"{written}: is no key=value, as in --set train.epochs=3"])
        try:
            _put(table, place, _value(text.strip()))
        except (KeyError, IndexError, TypeError) as error:
            raise RecipeError([f"{written}: {error.args[0]}"]) from None
        overrides.append((place, written))
    return replace(source, table=table, overrides=tuple(overrides))


def _place(key: str) -> tuple[str | int, ...]:
    """The place a dotted key names; nothing if it names none."""
    place: list[str | int] = []
    position = 0
    while position < len(key):
        part = _PART.match(key, position)
        if part is None:
            return ()
        place += [part[1], *(int(number) for number in re.findall(r"\d+", part[2]))]
        position = part.end()
    return tuple(place)


def _value(text: str) -> Any:
    try:
        return parse(f"value = {text}")["value"]
    except Unreadable:
        return text  # a bare word


def _put(table: Any, place: tuple[str | int, ...], value: Any) -> None:
    """Set one key; tables on the way are made, and a bare name such as "adam" becomes a table with that type."""
    *way, last = place
    for depth, part in enumerate(way):
        if isinstance(part, int):
            if not isinstance(table, list) or part >= len(table):
                size = f"has {len(table)} items" if isinstance(table, list) else "is no list"
                raise IndexError(f"there is no item {part}: the list {size}")
        elif not isinstance(table, dict):
            raise TypeError(f"{part} cannot stand inside a {type(table).__name__}")
        elif isinstance(table.get(part), str) and not isinstance(place[depth + 1], int):
            table[part] = {"type": table[part]}
        elif part not in table:
            table[part] = {}
        table = table[part]
    if isinstance(last, int):
        if not isinstance(table, list) or last >= len(table):
            raise IndexError(f"there is no item {last}")
    elif not isinstance(table, dict):
        raise TypeError(f"{last} cannot stand inside a {type(table).__name__}")
    table[last] = value
