"""Writes one page for each shelf, from the docstrings of its concepts."""

import inspect
from pathlib import Path
from typing import Any

from docstrings import Docstring, arguments_of

from striate import (  # noqa: F401  # noqa: F401
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


def page(shelf: str, things: dict[str, Any]) -> str:
    """The page of a shelf: of its concepts, or of the zoo's functions."""
    parts = [f"# {shelf.capitalize()}", ""]
    for name, concept in sorted(things.items()):
        said = Docstring.of(concept)
        parts += [f"## {name}", "", said.summary, ""]
        parts += [f"```text\n{paragraph}\n```\n" for paragraph in said.paragraphs]
        for label in ("Shape", "Cost", "Errors", "Source"):
            if label in said.sections:
                text = " ".join(said.sections[label].split())
                parts += [f"**{label}** `{text}`" if label in ("Shape", "Cost") else f"**{label}** {text}", ""]
        explained = arguments_of(concept) if isinstance(concept, type) else said.args
        signature = inspect.signature(concept)
        if explained:
            parts += ["| argument | default | |", "| --- | --- | --- |"]
            for argument, meaning in explained.items():
                default = (
                    signature.parameters[argument].default
                    if argument in signature.parameters
                    else inspect.Parameter.empty
                )
                shown = "" if default is inspect.Parameter.empty else f"`{default!r}`"
                cells = [f"`{argument}`", shown, meaning.replace("|", "\\|")]
                parts.append(f"| {' | '.join(cells)} |")
            parts.append("")
        if "Example" in said.sections:
            parts += [f"```python\n{said.sections['Example']}\n```", ""]
    return "\n".join(parts) + "\n"
