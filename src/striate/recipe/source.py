"""A recipe's text: read within limits, with the line and column of everything in it.

tomllib says what a text means but forgets where it stood; tree-sitter's syntax tree says where. The tree is asked only
when something is wrong.
"""

import datetime as dt
import json
import os
import re
import stat
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from striate.catalog import Place, place_text
from striate.errors import RecipeError, printable

__all__ = ["Problem", "Source", "Unreadable", "parse", "positions", "value_text"]

Problem = tuple[Place, str]
"""Something wrong: where in the table, and one sentence."""

LARGEST, DEEPEST, LONGEST_KEY = 64 * 1024, 32, 16
"""Bytes of a recipe, levels of brackets, parts of a dotted key: far above need, below where parsing becomes slow."""


@dataclass(frozen=True)
class Source:
    """Where a recipe came from: a name for messages, its text, and what it says, with overrides applied."""

    name: str = ""
    text: str = ""
    table: dict[str, Any] = field(default_factory=dict)
    overrides: tuple[tuple[Place, str], ...] = ()
    """What was set from outside, in order: the place and how it was written."""

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Source":
        """The recipe in a file.

        Errors: RecipeError for a file that cannot be read or is no TOML.
        """
        name = printable(os.fspath(path), 300)
        try:
            mode = os.stat(path).st_mode
            if not stat.S_ISREG(mode):  # a pipe would be waited for, a device has no end
                raise RecipeError([f"{name}: is {'a folder' if stat.S_ISDIR(mode) else 'no regular file'}, no recipe"])
            with Path(path).open("rb") as file:
                content = file.read(LARGEST + 1)
        except FileNotFoundError:
            raise RecipeError([f"{name}: there is no such file"]) from None
        except (OSError, ValueError) as error:  # ValueError: a name with a NUL character
            if isinstance(error, RecipeError):
                raise
            raise RecipeError([f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}"]) from None
        return cls.parse(content, name)

    @classmethod
    def parse(cls, text: str | bytes, name: str) -> "Source":
        """The recipe in a text.

        Errors: RecipeError for a text that is no TOML, or too much of it.
        """
        try:
            text = _decoded(text)
            return cls(name, text, parse(text))
        except Unreadable as problem:
            raise RecipeError([f"{name}{problem}"]) from None

    def refusal(self, problems: Iterable[Problem]) -> RecipeError:
        """The error that tells all problems, a line each, in the order of the text and then of the overrides."""

        def order(problem: Problem) -> tuple[int, int, int]:
            found = self._nearest(problem[0])
            return (1, 0, 0) if isinstance(found, str) else (0, *found)

        lines = (
            f"{self.where(place)} {place_text(place)}{':' if place else ''} {said}"
            for place, said in sorted(problems, key=order)
        )
        return RecipeError([" ".join(line.split(" ")).strip() for line in lines])

    def where(self, place: Place) -> str:
        """Where a place was written: `recipe.toml:12:9`, or the override that set it."""
        found = self._nearest(place)
        if isinstance(found, str):
            return f"{found}:"
        return ":".join(map(str, (self.name, *found))) if self.text else f"{self.name}:".removeprefix(":")

    def _nearest(self, place: Place) -> tuple[int, int] | str:
        """The position of a place, or of the nearest one around it: what is missing has none of its own."""
        while place not in self._positions:
            place = place[:-1]
        return self._positions[place]

    @cached_property
    def _positions(self) -> dict[Place, tuple[int, int] | str]:
        found: dict[Place, tuple[int, int] | str] = {(): (1, 1), **positions(self.text)}
        for place, written in self.overrides:
            found = {known: where for known, where in found.items() if known[: len(place)] != place}
            found[place] = written
            for depth in range(1, len(place)):
                found.setdefault(place[:depth], written)  # a table that only the setting made
        return found


class Unreadable(Exception):  # noqa: N818  (it is told, not raised to users)
    """Why a text is no table: `:line:column sentence`, to stand behind a name."""


def _decoded(text: str | bytes) -> str:
    """A recipe's text, without the byte order mark that some editors write."""
    try:
        content = text.encode() if isinstance(text, str) else text
        if len(content) > LARGEST:
            raise Unreadable(f": is larger than {LARGEST:,} bytes, which no recipe needs")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8-sig")
        byte = f"byte 0x{error.object[error.start]:02x}"
        utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        fix = "a recipe is a text file" if b"\0" in content and not utf16 else "save it as UTF-8"
        raise Unreadable(f"{_at(before, len(before))} is no text in UTF-8 ({byte}); {fix}") from None
    except UnicodeEncodeError as error:
        raise Unreadable(f": holds a character that is not Unicode, at offset {error.start}") from None


_ASIDE = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"{3,5}|\Z)|'
    r"'''.*?(?:'{3,5}|\Z)|"
    r'"(?:[^"\\\n]|\\.)*"?|'
    r"'[^'\n]*'?|"
    r"#[^\n]*",
    re.DOTALL,
)
"""Strings and comments, where brackets and dots count for nothing. A string that is never closed matches too, so that
no text is looked through twice."""


def parse(text: str) -> dict[str, Any]:
    """What a TOML text says.

    Errors:  Unreadable, with the line and column.
    Example: >>> parse("[train]\\nepochs = 3")
             {'train': {'epochs': 3}}
    """
    # tomllib would take 10 s for a dotted key of 60 kB, and its whole stack for a thousand brackets.
    bare = _ASIDE.sub(lambda aside: "s" * len(aside[0]), text)
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", bare):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEEPEST:
            raise _too_much(text, bracket.start(), f"is nested deeper than {DEEPEST} levels")
    for key in re.finditer(r"[\w\-. \t]+", bare):
        if key[0].count(".") >= LONGEST_KEY:
            raise _too_much(text, key.start(), f"has a key of more than {LONGEST_KEY} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(text, str(error)) from None
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        digits = re.search(r"\d[\d_]{4000,}", text)
        raise _too_much(text, digits.start() if digits else 0, "has a number of thousands of digits") from None


def _too_much(text: str, offset: int, said: str) -> Unreadable:
    return Unreadable(f"{_at(text, offset)} {said}, which no recipe needs")


def _at(text: str, offset: int) -> str:
    """`:line:column` of an offset in a text."""
    return f":{text.count(chr(10), 0, offset) + 1}:{offset - text.rfind(chr(10), 0, offset)}"


def _no_toml(text: str, error: str) -> Unreadable:
    """What tomllib says, with what was perhaps meant; a key that stands there twice is told where it stands again."""
    said, _, place = error.rpartition(" (at ")
    text = text.replace("\r\n", "\n")
    offset = len(text)
    if numbers := re.findall(r"\d+", place):
        line, column = map(int, numbers)
        offset = sum(len(before) + 1 for before in text.split("\n")[: line - 1]) + column - 1
    word = re.match(r"[^\W\d][\w./-]*", text[offset:])
    if re.match("Cannot overwrite|Cannot declare|Duplicate inline", said):
        said, offset = "the same key stands there twice", _declaration(text, offset)
    elif said == r"Illegal character '\n'":
        said = "the text has no closing quote on its line"
    elif said == "Invalid value" and word:
        meant = word[0].lower() if word[0].lower() in ("true", "false") else value_text(word[0])
        said = f"invalid value {word[0]}; did you mean {meant}?"
    return Unreadable(f"{_at(text, offset)} is no valid TOML: {printable(said[:1].lower() + said[1:], 200)}")


_PARSER = Parser(Language(tree_sitter_toml.language()))
_DECLARATIONS = ("pair", "table", "table_array_element")


def _declaration(text: str, offset: int) -> int:
    """Where the key or table begins that ends at an offset."""
    end = len(text[:offset].encode())
    node = _PARSER.parse(text.encode()).root_node.descendant_for_byte_range(end - 1, end)
    while node is not None and node.type not in _DECLARATIONS:
        node = node.parent
    return offset if node is None else len(text.encode()[: node.start_byte].decode())


def positions(text: str) -> dict[Place, tuple[int, int]]:
    """The line and column of every key, table and list item of a valid text, counted from 1 in characters.

    Example: >>> positions("[train]\\nmetrics = ['loss']")[("train", "metrics", 0)]
             (2, 12)
    """
    content = text.encode()
    lines = content.split(b"\n")
    found: dict[Place, tuple[int, int]] = {}
    opened: dict[Place, int] = {}  # how many [[tables]] there were of a list so far

    def note(place: Place, node: Node) -> Place:
        row, column = node.start_point
        found.setdefault(place, (row + 1, len(lines[row][:column].decode()) + 1))
        return place

    def enter(place: Place, parts: list[str], node: Node) -> Place:
        for part in parts:
            place = note((*place, part), node)
            if place in opened:  # a list of tables: its last one is meant
                place = (*place, opened[place] - 1)
        return place

    def walk(node: Node, place: Place) -> None:
        inner = [child for child in node.named_children if child.type != "comment"]
        if node.type == "array":
            for number, item in enumerate(inner):
                walk(item, note((*place, number), item))
        for child in inner:
            if child.type not in _DECLARATIONS:
                continue
            key = child.named_children[0]
            parts = _parts(content[key.start_byte : key.end_byte].decode())
            if child.type == "pair":
                walk(child.named_children[-1], enter(place, parts, child))
            elif child.type == "table":
                walk(child, enter(place, parts, child))
            else:
                listed = note((*enter(place, parts[:-1], child), parts[-1]), child)
                opened[listed] = opened.get(listed, 0) + 1
                walk(child, note((*listed, opened[listed] - 1), child))

    walk(_PARSER.parse(content).root_node, ())
    return found


def _parts(key: str) -> list[str]:
    """The parts of a dotted key, without their quotes."""
    parts, table = [], tomllib.loads(f"{key} = 0")
    while isinstance(table, dict):
        [(part, table)] = table.items()
        parts.append(part)
    return parts


def value_text(value: Any) -> str:
    """A value as TOML writes it, on one line.

    Example: >>> value_text({"type": "Adam", "learning_rate": 0.1, "amsgrad": False})
             '{ type = "Adam", learning_rate = 0.1, amsgrad = false }'
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{_key_text(key)} = {value_text(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return repr(value)


def _key_text(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else value_text(key)
