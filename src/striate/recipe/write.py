"""A recipe as text: complete, so that running it again gives the same run."""

from dataclasses import fields
from typing import Any

from striate import catalog
from striate.recipe.grammar import FORMAT, Recipe
from striate.recipe.source import value_text

__all__ = ["write"]


def write(recipe: Recipe) -> str:
    """The recipe in TOML, every key that decides the run written out.

    Example: >>> text = 'format = 1\\n[data]\\nname = "digits"\\n[model]\\nlayers = [{ type = "Flatten" }]'
             >>> print(write(Recipe.from_text(text)).splitlines()[0])
             format = 1
    """
    lines = [f"format = {FORMAT}", f"seed = {recipe.seed}", "", "[data]", *_section(recipe.data)]
    lines += ["", "[model]", *_section(recipe.model, leave="layers")]
    tables = [
        catalog.describe(layer) | ({"inputs": list(takes)} if takes else {}) for layer, takes in recipe.model.layers
    ]
    if recipe.model.zoo is None:
        lines += ["layers = [", *(f"    {value_text(table)}," for table in tables), "]"]
    lines += ["", "[train]", *_section(recipe.train)]
    return "\n".join(lines) + "\n"


def _section(section: Any, leave: str = "") -> list[str]:
    """The keys of a section that say something: nothing has no form in TOML, and is what leaving out means."""
    given = [(each.name, getattr(section, each.name)) for each in fields(section) if each.name != leave]
    return [
        f"{name} = {value_text(catalog.describe(value))}"
        for name, value in given
        if value is not None and not (name == "outputs" and value == ())
    ]
