"""The catalog: every concept by its shelf and its name.

Subclassing a shelf's base enters a class here, and with that recipes, the command line, the documentation and
the contract tests find it. A concept is a frozen dataclass whose fields are its declaration; their annotations are
checked once, here, for Python, recipes and model files alike.
"""

import dataclasses
import re
import typing
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError, create_model
from pydantic_core import PydanticCustomError

from striate.errors import ArgumentError, UnknownNameError, nearest, printable

__all__ = ["Concept", "Member", "describe", "find", "get", "members", "shelves", "snake_case"]

_shelves: dict[str, dict[str, type["Concept"]]] = {}
_bases: dict[str, type["Concept"]] = {}


class Concept:
    """Something that can be declared: a layer, a loss, an optimizer, an initializer ...

    A shelf's base says `class Layer(Concept, shelf="layers")`; a half-made class says `abstract=True`; every other
    subclass is a member of its shelf under its own name.

    Example: >>> from striate.layers import Dense
             >>> find("layers", "dense") is Dense
             True
    """

    shelf: ClassVar[str]

    def __init_subclass__(cls, *, shelf: str = "", abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if shelf:
            cls.shelf = shelf
            _shelves[shelf], _bases[shelf] = {}, cls
        elif not abstract:
            _shelves[cls.shelf][cls.__name__] = cls
        # Set before the dataclass decorator runs, which then leaves it alone.
        cls.__repr__ = Concept.__repr__  # ty: ignore[invalid-assignment]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is not _bases.get(cls.shelf) and dataclasses.is_dataclass(cls):
            _check_names(cls, args, kwargs)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.init}  # ty: ignore
        try:
            clean = _schema(type(self)).model_validate(given)
        except ValidationError as error:
            raise _argument_error(type(self), error) from None
        for name, value in given.items():
            checked = getattr(clean, name)
            if checked is not value:
                object.__setattr__(self, name, checked)

    def __repr__(self) -> str:
        """The declaration as one would write it: the arguments that differ from their defaults."""
        fields = dataclasses.fields(self)  # ty: ignore[invalid-argument-type]
        given = [(field, getattr(self, field.name)) for field in fields if field.init]
        shown = [f"{field.name}={value!r}" for field, value in given if not _is_default(field, value)]
        return f"{type(self).__name__}({', '.join(shown)})"

    @classmethod
    def example(cls) -> Self:
        """A small instance for documentation and contract tests."""
        return cls()


class Member:
    """Annotation of an argument that takes a concept of a shelf: an instance, a name, or a table with `type`.

    Example: >>> from typing import Annotated
             >>> Optimizer = Annotated[object, Member("optimizers")]
    """

    def __init__(self, shelf: str) -> None:
        self.shelf = shelf

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return PlainValidator(self._take).__get_pydantic_core_schema__(source, handler)

    def _take(self, value: Any) -> Any:
        """A known name stays as it was written; a table becomes the concept; anything else must be one or a callable."""
        if isinstance(value, str):
            try:
                find(self.shelf, value)
            except UnknownNameError as error:
                raise PydanticCustomError(
                    "unknown_name",
                    "{problem}",
                    {"problem": f"{error.what}; {error.fix}; {error.sum}"},
                ) from None
            return value
        if isinstance(value, dict):
            return from_table(self.shelf, value)
        if isinstance(value, _bases[self.shelf]):
            return value
        if isinstance(value, type) and issubclass(value, _bases[self.shelf]):
            raise PydanticCustomError(
                "class_given",
                "{problem}",
                {"problem": f"{value.__name__} is a class, an instance is needed: write {value.__name__}(...)"},
            )
        raise PydanticCustomError(
            "wrong_kind",
            "{problem}",
            {
                "problem": f"must be one of the {self.shelf}, by name or as an object, "
                f"not {printable(repr(value), 60)} ({type(value).__name__})"
            },
        )


def snake_case(name: str) -> str:
    """A class name as Keras writes it for default names.

    Example: >>> snake_case("MaxPooling2D"), snake_case("Conv2D")
             ('max_pooling2d', 'conv2d')
    """
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def shelves() -> tuple[str, ...]:
    """The names of the shelves.

    Example: >>> from striate import layers
             >>> "layers" in shelves()
             True
    """
    return tuple(_shelves)


def members(shelf: str) -> dict[str, type[Concept]]:
    """Every concept of a shelf by its class name.

    Example: >>> from striate import layers
             >>> "Conv2D" in members("layers")
             True
    """
    return dict(_shelves[shelf])


def find(shelf: str, name: str) -> type[Concept]:
    """The concept of a shelf that `name` means: its class name or its snake_case.

    Errors: UnknownNameError, which lists the nearest and the known ones.
    Example: >>> from striate import losses
             >>> find("losses", "mean_squared_error").__name__
             'MeanSquaredError'
    """
    folded = name.replace("_", "").lower()
    for known, concept in _shelves[shelf].items():
        if folded in (known.lower(), *(alias.replace("_", "") for alias in getattr(concept, "aliases", ()))):
            return concept
    raise UnknownNameError(_bases[shelf].__name__.lower(), printable(name, 60), _shelves[shelf])


def get(shelf: str, value: Any) -> Any:
    """The concept an argument means: itself, or the one of that name with its defaults.

    Example: >>> from striate import losses
             >>> get("losses", "mean_squared_error")
             MeanSquaredError()
    """
    return find(shelf, value)() if isinstance(value, str) else value


def from_table(shelf: str, table: dict[str, Any]) -> Any:
    """The concept a recipe's table `{ type = "Adam", learning_rate = 0.1 }` declares.

    Errors: pydantic's ValidationError or PydanticCustomError, with the place inside the table.
    """
    if not isinstance(table.get("type"), str):
        raise PydanticCustomError("no_type", 'needs a type, as in {{ type = "..." }}')
    try:
        concept = find(shelf, table["type"])
    except UnknownNameError as error:
        problem = f"{error.what}; {error.fix}; {error.sum}"
        raise PydanticCustomError("unknown_type", "{problem}", {"problem": problem}) from None
    arguments = {key: value for key, value in table.items() if key != "type"}
    _schema(concept).model_validate(arguments)
    return concept(**arguments)


def describe(concept: Any) -> Any:
    """A concept as a recipe or model file holds it: `type` and the arguments that differ from their defaults.

    Example: >>> from striate.layers import Conv2D
             >>> describe(Conv2D(20, (5, 5), activation="relu"))
             {'type': 'Conv2D', 'filters': 20, 'kernel_size': [5, 5], 'activation': 'relu'}
    """
    if isinstance(concept, Concept):
        table: dict[str, Any] = {"type": type(concept).__name__}
        for field in dataclasses.fields(concept):  # ty: ignore[invalid-argument-type]
            value = getattr(concept, field.name)
            if field.init and not (value is None or _is_default(field, value)):
                table[field.name] = describe(value)
        return table
    if isinstance(concept, tuple | list):
        return [describe(item) for item in concept]
    return concept


def _is_default(field: dataclasses.Field, value: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        default = field.default
    elif field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    else:
        return False
    return type(value) is type(default) and describe(value) == describe(default)


@cache
def _schema(concept: type[Concept]) -> type[BaseModel]:
    """The pydantic model of a concept's arguments, read from its fields."""
    hints = typing.get_type_hints(concept, include_extras=True)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(concept):  # ty: ignore[invalid-argument-type]
        if field.init:
            required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            fields[field.name] = (hints[field.name], ... if required else None)
    config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True, protected_namespaces=())
    return create_model(concept.__name__, __config__=config, **fields)


def arguments(concept: type[Concept]) -> tuple[str, ...]:
    """The names of the arguments a concept takes.

    Example: >>> from striate.layers import Dense
             >>> arguments(Dense)[0]
             'units'
    """
    return tuple(field.name for field in dataclasses.fields(concept) if field.init)  # ty: ignore[invalid-argument-type]


def _check_names(concept: type[Concept], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    known = arguments(concept)
    positional = [field for field in dataclasses.fields(concept) if field.init and not field.kw_only]  # ty: ignore
    if len(args) > len(positional):
        raise ArgumentError(
            f"{concept.__name__} takes {len(positional)} arguments by position, {len(args)} were given",
            sum=f"by position: {', '.join(field.name for field in positional) or 'none'}",
            fix="name the others: argument=value",
        )
    for name in kwargs:
        if name not in known:
            close = nearest(name, known)
            raise ArgumentError(
                f"{concept.__name__} has no argument {name!r}",
                sum=f"known: {', '.join(known)}",
                fix=f"did you mean {close!r}?" if close else f"leave {name!r} out",
            )
    for field in positional[len(args) :]:
        missing = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if missing and field.name not in kwargs:
            raise ArgumentError(
                f"{concept.__name__} needs {field.name!r}",
                fix=f"{concept.__name__}({', '.join(f.name + '=...' for f in positional if f.default is dataclasses.MISSING)})",
            )


def problems(error: ValidationError) -> list[tuple[tuple[str | int, ...], str]]:
    """Each thing wrong in a declaration: the place inside it, and one sentence.

    The alternatives of a union each complain; the user made one mistake, so they are told as one.
    """
    places: dict[tuple[str | int, ...], list[tuple[str, str]]] = {}
    for detail in error.errors(include_url=False):
        place = tuple(part for part in detail["loc"] if not _is_alternative(part))
        places.setdefault(place, []).append(_sentence(detail))
    # A complaint about an item says more than those about the whole that holds it.
    inner = {place[:depth] for place in places for depth in range(len(place))}
    return [
        (
            place,
            ", ".join(
                [" or ".join(dict.fromkeys(must for must, _ in said)), *dict.fromkeys(but for _, but in said if but)]
            ),
        )
        for place, said in places.items()
        if place not in inner or place == ()
    ]


def _is_alternative(part: str | int) -> bool:
    """pydantic names a union's alternatives in the place, as in ('padding', "literal['valid','same']")."""
    return isinstance(part, str) and bool(
        re.search(r"\[.*\]$|^(constrained|function)-|^(int|float|str|bool|none)$", part)
    )


_SENTENCES = {
    "missing": "is needed",
    "extra_forbidden": "is no known key",
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le}",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "literal_error": "must be {expected}",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "none_required": "must be left out",
}
"""pydantic's kinds of complaint, in our words."""


def _sentence(detail: Any) -> tuple[str, str]:
    """What the value must be, and what it is instead."""
    kind, context = detail["type"], detail.get("ctx", {})
    but = f"not {printable(repr(detail.get('input')), 60)}"
    if kind in ("missing", "extra_forbidden"):
        return _SENTENCES[kind], ""
    if kind in ("too_long", "too_short"):
        return f"must have {context.get('max_length', context.get('min_length'))} items", but
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(**context), but
    return str(detail["msg"]).removeprefix("Value error, "), ""


def _argument_error(concept: type[Concept], error: ValidationError) -> ArgumentError:
    found = problems(error)
    place, said = found[0]
    name = str(place[0]) + "".join(f"[{part}]" for part in place[1:]) if place else "?"
    others = "; ".join(f"{'.'.join(map(str, place))} {said}" for place, said in found[1:])
    return ArgumentError(f"{concept.__name__}: {name} {said}", sum=f"also: {others}" if others else "")
