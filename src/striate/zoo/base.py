"""What it is to be a network of the zoo: a function that declares a published network as a Model."""

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any, ParamSpec

from annotated_types import MinLen
from pydantic import ValidationError

from striate import catalog
from striate.errors import ArgumentError, StriateError, UnknownNameError, nearest, printable
from striate.layers import Input, Layer
from striate.model import Model, Sequential
from striate.shape import Size
from striate.units import Index

__all__ = ["Entry", "InputShape", "Seed", "build", "chain", "find", "members", "published"]

InputShape = Annotated[Size, MinLen(1)]
"""(h, w, c) of an image, or (l, c) of a sequence."""
Seed = Index | None
"""Of the first weights; drawn where it is None."""

_Given = ParamSpec("_Given")
_entries: dict[str, "Entry"] = {}


@dataclass(frozen=True)
class Entry:
    """A network of the zoo: the function that declares it, and where it was published."""

    name: str
    make: Callable[..., Model]
    year: int
    source: str
    """The paper."""
    lecture: str
    """Where a lecture has it: file and lines; empty where none has."""
    torchvision: Mapping[str, str] = field(default_factory=dict)
    """The name that torchvision's file of weights has for each layer; empty where it has no such network."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The paper's."""
        return inspect.signature(self.make).parameters["input_shape"].default

    @property
    def classes(self) -> int:
        """The paper's."""
        return inspect.signature(self.make).parameters["classes"].default


def published(
    year: int,
    source: str,
    lecture: str = "",
    torchvision: Mapping[str, str] | None = None,
) -> Callable[[Callable[_Given, Model]], Callable[_Given, Model]]:
    """Enter the function of a network into the zoo: its arguments are checked, its errors say where, its source is told.

    Args:
        year: of the paper.
        source: the paper.
        lecture: file and lines.
        torchvision: the name of each layer in torchvision's files.
    """

    def enter(declare: Callable[_Given, Model]) -> Callable[_Given, Model]:
        name = declare.__name__  # ty: ignore[missing-attribute]
        parameters = inspect.signature(declare).parameters
        hints = typing.get_type_hints(declare, include_extras=True)
        fields = [(key, hints[key], field(default=each.default)) for key, each in parameters.items()]
        schema = catalog.schema(make_dataclass(name, fields))

        @functools.wraps(declare)
        def make(*args: _Given.args, **kwargs: _Given.kwargs) -> Model:
            given = _named(name, tuple(parameters), args, kwargs)
            try:
                clean = schema.model_validate(given)
            except ValidationError as error:
                said = "; ".join(
                    f"{catalog.place_text(place)} {sentence}" for place, sentence in catalog.problems(error)
                )
                raise ArgumentError(f"{name}: {said}", fix=f"{name}{inspect.signature(declare)}") from None
            try:
                return declare(**{key: getattr(clean, key) for key in given})  # ty: ignore[missing-argument]
            except StriateError as error:
                shape = given.get("input_shape", parameters["input_shape"].default)
                raise error.at(f"zoo.{name}, input_shape={tuple(shape)}") from None

        cited = f"{source}; lecture {lecture}" if lecture else source
        make.__doc__ = f"{declare.__doc__ or ''}\n    Source:  {cited}\n    "
        _entries[name] = Entry(name, make, year, source, lecture, torchvision or {})
        return make

    return enter


def _named(name: str, known: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, those by position among them.

    Errors: ArgumentError for one that the network does not take, or takes once.
    """
    if len(args) > len(known):
        raise ArgumentError(
            f"{name} takes {len(known)} arguments, {len(args)} are given", fix=f"known: {', '.join(known)}"
        )
    given = dict(zip(known, args, strict=False))
    for key, value in kwargs.items():
        if key not in known or key in given:
            close = nearest(key, known)
            raise ArgumentError(
                f"{name} is given {key!r} twice" if key in given else f"{name} has no argument {key!r}",
                sum=f"known: {', '.join(known)}",
                fix=f"did you mean {close!r}?" if close and close != key else f"leave {key!r} out",
            )
        given[key] = value
    return given


def members() -> dict[str, Entry]:
    """Every network of the zoo by its name, the oldest first.

    Example: >>> from striate import zoo
             >>> zoo.members()["VGG16"].classes
             1000
    """
    return dict(sorted(_entries.items(), key=lambda item: item[1].year))


def find(name: str) -> Entry:
    """The network of a name, in whatever case it is written.

    Errors:  UnknownNameError, which lists the nearest and the known ones.
    Example: >>> from striate import zoo
             >>> zoo.find("vgg16").name
             'VGG16'
    """
    folded = {known.lower(): entry for known, entry in _entries.items()}
    plain = str(name).replace("_", "").replace("-", "").lower()
    if plain not in folded:
        raise UnknownNameError("network of the zoo", printable(name, 60), _entries)
    return folded[plain]


def build(name: str, **arguments: Any) -> Model:
    """The network of a name, as its function declares it with these arguments.

    Errors:  UnknownNameError, ArgumentError; ShapeError where it does not fit the images.
    Example: >>> from striate import zoo
             >>> zoo.build("LeNet5", classes=26).output_shape
             (None, 26)
    """
    return find(name).make(**arguments)


def chain(input_shape: tuple[int, ...], layers: list[Layer], name: str, seed: int | None) -> Model:
    """The Model of a network whose layers stand one behind another.

    Example: >>> from striate.layers import Dense
             >>> chain((4,), [Dense(3)], "small", 0).output_shape
             (None, 3)
    """
    return Sequential([Input(input_shape), *layers], name=name, seed=seed)
