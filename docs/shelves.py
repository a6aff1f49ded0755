"""Writes one page for each shelf, from the docstrings of its concepts."""

import inspect
import re
from pathlib import Path
from typing import Any

from docs import formulas
from docs.docstrings import Docstring, arguments_of
from striate import (  # noqa: F401
    augmentations,
    callbacks,
    catalog,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
    zoo,
)


def write(folder: Path) -> None:
    """One page a shelf, and their index."""
    folder.mkdir(exist_ok=True)
    shelves: dict[str, dict[str, Any]] = {name: dict(catalog.members(name)) for name in catalog.shelves()}
    shelves["zoo"] = {name: entry.make for name, entry in zoo.members().items()}
    for name, things in shelves.items():
        (folder / f"{name}.md").write_text(page(name, things))
    listed = "\n".join(sorted(shelves))
    (folder / "index.md").write_text(
        f"# The shelves\n\nEvery concept, from its own docstring.\n\n```{{toctree}}\n{listed}\n```\n"
    )


def paragraph_of(text: str) -> str:
    """A paragraph of a docstring: a formula is set, and is code where it cannot be."""
    if not formulas.is_formula(text):
        return raw(formulas.prose(text))
    set_so = formulas.typeset(text)
    return raw(set_so, "formula") if set_so else f"```text\n{text}\n```\n"


def plain(text: str) -> str:
    """Text whose signs Markdown leaves alone, but for `code`."""
    parts = re.split("(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_|<])", r"\\\1", part) for part in parts)


def raw(markup: str, style: str = "prose") -> str:
    """A paragraph of HTML."""
    return f'```{{raw}} html\n<p class="{style}">{markup}</p>\n```\n'


def base_of(concept: Any) -> dict[str, str]:
    """The arguments that all concepts of a shelf have from its base, and what each means."""
    bases = [base for base in getattr(concept, "__mro__", ()) if catalog.Concept in base.__bases__]
    return Docstring.of(bases[0]).args if bases else {}


def agreed_arguments(things: dict[str, Any]) -> dict[str, str]:
    """Of these arguments those whose default is the same throughout a shelf: they are told once."""
    shared = base_of(next(iter(things.values())))
    return {
        name: meaning
        for name, meaning in shared.items()
        if len({repr(default_of(each, name)) for each in things.values()}) == 1
    }


def default_of(concept: Any, argument: str) -> Any:
    """What an argument is where it is not given."""
    parameters = inspect.signature(concept).parameters
    return parameters[argument].default if argument in parameters else inspect.Parameter.empty


def table(concept: Any, explained: dict[str, str]) -> list[str]:
    """Arguments with their defaults and meanings."""
    if not explained:
        return []
    lines = ["| argument | default | |", "| --- | --- | --- |"]
    for argument, meaning in explained.items():
        default = default_of(concept, argument)
        shown = "" if default is inspect.Parameter.empty else f"`{default!r}`"
        lines.append(f"| `{argument}` | {shown} | {plain(meaning)} |")
    return lines


def page(shelf: str, things: dict[str, Any]) -> str:
    """The page of a shelf: of its concepts, or of the zoo's functions."""
    parts = [f"# {shelf.capitalize()}", ""]
    agreed = agreed_arguments(things)
    if agreed:
        shown = table(next(iter(things.values())), agreed)
        parts += ["Beside its own arguments each takes these:", "", *shown, ""]
    for name, concept in sorted(things.items()):
        said = Docstring.of(concept)
        parts += [f"## {name}", "", plain(said.summary), ""]
        parts += [paragraph_of(text) for text in said.paragraphs]
        for label in ("Shape", "Cost", "Errors", "Source"):
            if label in said.sections:
                text = said.sections[label].replace("\n", " ")
                set_so = formulas.typeset(text) if label in ("Shape", "Cost") else None
                parts += [raw(f"<strong>{label}</strong> {set_so}") if set_so else f"**{label}** {plain(text)}", ""]
        explained = arguments_of(concept) if isinstance(concept, type) else said.args
        own = {name: meaning for name, meaning in explained.items() if name not in agreed}
        parts += [*table(concept, own), ""]
        if "Example" in said.sections:
            parts += [f"```python\n{said.sections['Example']}\n```", ""]
    return "\n".join(parts) + "\n"
