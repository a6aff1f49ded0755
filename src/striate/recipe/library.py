"""The recipes that come with striate: the folder recipes/ of the repository, which the package carries along."""

from pathlib import Path

from striate.errors import UnknownNameError, printable

__all__ = ["recipe_names", "recipe_path"]

FOLDER = Path(__file__).parents[1] / "recipes"


def recipe_names() -> list[str]:
    """The names of the recipes that come with striate; those of a folder within have its name before theirs.

    Example: >>> "digits" in recipe_names(), "fast/mnist-99" in recipe_names()
             (True, True)
    """
    return sorted(path.relative_to(FOLDER).as_posix().removesuffix(".toml") for path in FOLDER.rglob("*.toml"))


def recipe_path(name: str) -> Path:
    """The file of a recipe that comes with striate.

    Errors:  UnknownNameError, which lists the nearest and the known ones.
    Example: >>> recipe_path("digits").name
             'digits.toml'
    """
    names = recipe_names()
    if name not in names:
        raise UnknownNameError("recipe", printable(name, 60), names)
    return FOLDER / f"{name}.toml"
