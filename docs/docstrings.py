"""The house docstring form, read: what the documentation shows and the tests ask for.

Summary, one sentence.

Formula, or a paragraph.

Shape:   what goes in -> what comes out
Cost:    parameters; multiply-accumulates
Args:    name: meaning.
Errors:  which, and when.
Source:  the paper, or the lecture.
Example: >>> code that runs
"""

import doctest
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import striate

LABELS = ("Shape", "Cost", "Args", "Errors", "Source", "Example")


@dataclass(frozen=True)
class Docstring:
    """A docstring in its parts."""

    summary: str
    paragraphs: tuple[str, ...]
    sections: dict[str, str]

    @classmethod
    def of(cls, thing: Any) -> "Docstring":
        """The parts of what `thing` itself says (nothing of its bases).

        Example: >>> Docstring.of(Docstring.of).summary
                 'The parts of what `thing` itself says (nothing of its bases).'
        """
        own = thing.__dict__.get("__doc__") if isinstance(thing, type) else thing.__doc__
        return cls.parse(own or "")

    @classmethod
    def parse(cls, text: str) -> "Docstring":
        """The parts of a docstring."""
        head: list[str] = []
        sections: dict[str, list[str]] = {}
        lines = head
        for line in inspect.cleandoc(text).splitlines():
            label = re.match(rf"({'|'.join(LABELS)}):(?= |$)", line)
            if label:
                lines = sections[label[1]] = []
                line = " " * label.end() + line[label.end() :]
            elif line and not line.startswith(" "):
                lines = head
            lines.append(line)
        paragraphs = [part.strip("\n") for part in re.split(r"\n\s*\n", "\n".join(head)) if part.strip()]
        return cls(
            paragraphs[0].replace("\n", " ") if paragraphs else "",
            tuple(paragraphs[1:]),
            {label: textwrap.dedent("\n".join(lines)).strip("\n") for label, lines in sections.items()},
        )

    @property
    def args(self) -> dict[str, str]:
        """The arguments that are explained, with what is said of them."""
        found: dict[str, str] = {}
        for line in self.sections.get("Args", "").splitlines():
            entry = re.match(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*): +(.*)", line)
            if entry:
                for name in entry[1].split(", "):
                    found[name.lstrip("*")] = entry[2]
                names = entry[1].split(", ")
            elif found:
                for name in names:
                    found[name.lstrip("*")] += " " + line.strip()
        return found

    @property
    def formula(self) -> str:
        """The paragraphs that say what is computed."""
        return "\n\n".join(part for part in self.paragraphs if re.search(r"=|~|<-|->", part))


def modules(package: ModuleType = striate) -> Iterator[ModuleType]:
    """Every module of a package, itself first."""
    yield package
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def public(module: ModuleType) -> dict[str, Any]:
    """The classes and functions that a module itself defines and lists in `__all__`."""
    named = {name: getattr(module, name) for name in getattr(module, "__all__", ())}
    return {
        name: thing
        for name, thing in named.items()
        if getattr(thing, "__module__", None) == module.__name__ and (inspect.isclass(thing) or callable(thing))
    }


def methods(cls: type) -> dict[str, Any]:
    """The public methods and properties that a class itself defines; what it takes over from torch is torch's."""
    unwrapped = {
        name: getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__func__", member)
        for name, member in vars(cls).items()
    }
    own = striate.__name__
    return {
        name: member
        for name, member in unwrapped.items()
        if not name.startswith("_") and inspect.isfunction(member) and member.__module__.partition(".")[0] == own
    }


def examples() -> Iterator[doctest.DocTest]:
    """Every Example in the package, ready to run among the names of its module."""
    for module in modules():
        things = {module.__name__: module}
        for name, thing in vars(module).items():
            if getattr(thing, "__module__", None) == module.__name__ and callable(thing):
                things[f"{module.__name__}.{name}"] = thing
                if isinstance(thing, type):
                    things |= {f"{module.__name__}.{name}.{method}": found for method, found in methods(thing).items()}
        for name, thing in things.items():
            text = Docstring.of(thing).sections.get("Example", "")
            test = doctest.DocTestParser().get_doctest(text, dict(vars(module)), name, module.__file__, 0)
            if test.examples:
                yield test


def arguments_of(concept: type) -> dict[str, str]:
    """What is said of a concept's arguments, by itself and by what it derives from."""
    found: dict[str, str] = {}
    for base in concept.__mro__:
        for name, meaning in Docstring.of(base).args.items():
            found.setdefault(name, meaning)
    return found
