"""What a word on the command line means: a recipe, a data set, a folder of images, or a run."""

import os
from collections.abc import Sequence
from pathlib import Path

from striate import catalog
from striate.datasets.base import Data
from striate.errors import DeclarationError, RecipeError, UnknownNameError, printable
from striate.loader import is_image_folder
from striate.network import Network
from striate.recipe.grammar import Recipe
from striate.recipe.library import recipe_names, recipe_path
from striate.recipe.override import override
from striate.recipe.source import Source, value_text

__all__ = ["ZOO", "data_of", "is_run", "recipe_of", "trained_on", "zoo_network"]

ZOO = "zoo:"
"""What stands before the name of a network of the zoo."""


def is_run(what: str) -> bool:
    """Whether a path is a trained model: a run folder or a NAME.striate file."""
    path = Path(what)
    return os.path.exists(path / "model.json") or (path.suffix == ".striate" and not os.path.isdir(path))


def trained_on(run: str, folder: str) -> bool:
    """Whether a run trained on the images of this folder, as far as its recipe says."""
    if not os.path.isfile(Path(run) / "recipe.toml"):
        return False
    path = recipe_of(run).data.path
    return path is not None and os.path.isdir(path) and os.path.isdir(folder) and os.path.samefile(path, folder)


def recipe_of(what: str, settings: Sequence[str] = ()) -> Recipe:
    """The recipe that a word means: its own file, that of a data set or run, or the one for folders.

    Errors: RecipeError, UnknownNameError with the nearest known name.
    """
    path = Path(what)
    if os.path.isfile(path / "recipe.toml"):
        return _named(Source.read(path / "recipe.toml"), settings, path.name)
    if what in recipe_names() and what != "folder" and not os.path.isfile(path):
        return _named(Source.read(recipe_path(what)), settings, what)
    if os.path.isdir(path):
        if not is_image_folder(path):
            raise RecipeError([f"{printable(what)}: is a run without recipe.toml, and no folder of images"])
        source = override(Source.read(recipe_path("folder")), [f"data.path={value_text(str(path))}"])
        return _named(source, settings, path.resolve().name)
    if path.suffix == ".toml" or os.path.exists(path):
        return _named(Source.read(path), settings, path.stem)
    names = [name for name in recipe_names() if name != "folder"]
    if what in _data_sets():
        raise DeclarationError(
            f"no recipe comes along for {what}",
            sum=f"there is one for each of {', '.join(name for name in names if name in _data_sets())}",
            fix=f'a recipe.toml of your own with name = "{what}" in [data]',
        )
    raise UnknownNameError("data set, recipe or folder", printable(what, 100), {*names, *_data_sets()})


def zoo_network(what: str, settings: Sequence[str] = ()) -> Network:
    """The network that zoo:NAME means: as published, or with another model.input or model.classes.

    Errors: UnknownNameError with the nearest known name; RecipeError for settings that mean nothing here.
    """
    from striate import zoo

    entry = zoo.find(what.removeprefix(ZOO))
    text = f'format = 1\n[data]\nname = "digits"\n[model]\nzoo = "{entry.name}"\ninput = {list(entry.input_shape)}\n'
    for setting in settings:
        if setting.partition("=")[0].strip() not in ("model.input", "model.classes"):
            raise RecipeError([f"--set {printable(setting)}: {what} has model.input and model.classes alone"])
    # A loss that asks nothing of the head: the network is judged by itself.
    source = override(Source.parse(text, what), ['train.loss="mean_squared_error"', "train.metrics=[]", *settings])
    return Recipe.from_source(source).network()


def data_of(what: str) -> Data:
    """The images that a word means, split as its recipe says: a data set needs none.

    Errors: those of `recipe_of`; DataError.
    """
    from striate.loader import split
    from striate.recipe.job import load_data

    if what in _data_sets() and what not in recipe_names() and not os.path.exists(what):
        return split(catalog.get("datasets", what).load())
    return load_data(recipe_of(what))


def _data_sets() -> list[str]:
    """Every data set as it is written on the command line."""
    return [name.lower() for name in catalog.members("datasets")]


def _named(source: Source, settings: Sequence[str], name: str) -> Recipe:
    from dataclasses import replace

    recipe = Recipe.from_source(override(source, settings))
    plain = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in printable(name))
    return replace(recipe, name=plain.strip("-") or "run")
