"""The catalog: every concept by its shelf and its name.

Subclassing a shelf's base enters a class here, and with that recipes, the command line, the documentation and
the contract tests find it. A concept is a frozen dataclass whose fields are its declaration; their annotations are
checked once, here, for Python, recipes and model files alike.
"""

import contextlib
import dataclasses
import re
import sys
import typing
from collections.abc import Callable
from functools import cache, partial
from typing import Annotated, Any, ClassVar, Never, Self

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError, create_model
from pydantic_core import InitErrorDetails, PydanticCustomError

from striate.errors import AbsentNameError, ArgumentError, StriateError, UnknownNameError, nearest, printable

__all__ = [
    "Concept",
    "Member",
    "Place",
    "arguments",
    "describe",
    "find",
    "from_table",
    "get",
    "members",
    "one_line",
    "place_text",
    "problems",
    "schema",
    "shelves",
    "snake_case",
]

_shelves: dict[str, dict[str, type["Concept"]]] = {}
_bases: dict[str, type["Concept"]] = {}


class Concept:
    """Something that can be declared: a layer, a loss, an optimizer, an initializer ...

    A shelf's base says `class Layer(Concept, shelf="layers")`; a half-made class says `abstract=True`; every other
    subclass is a member of its shelf under its own name. A class outside striate cannot have a name by which one of
    striate's own is found: recipes, files and arguments would silently mean another one.

    Errors:  ArgumentError for such a name.
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
            if _is_own(cls):
                # The package `losses`, asked for a name it does not have, names the nearest: losses.BinaryCrossEntropy.
                vars(sys.modules[cls.__module__.rpartition(".")[0]])["__getattr__"] = partial(_refuse_name, shelf)
        elif not abstract:
            _require_free(cls)
            _shelves[cls.shelf][cls.__name__] = cls
        # Set before the dataclass decorator runs, which then leaves it alone.
        cls.__repr__ = Concept.__repr__

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # A user's own class may have an __init__ of its own, which no fields describe.
        owner = next(base for base in cls.__mro__ if "__init__" in vars(base))
        if cls is not _bases.get(cls.shelf) and "__dataclass_fields__" in vars(owner):
            _check_names(cls, args, kwargs)
        return super().__new__(cls)

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]:
        # copy and pickle make an object before they fill it, and __new__ asks for what it cannot do without.
        return (), {name: getattr(self, name) for name in _required(type(self))}

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in _fields(self) if field.init}
        try:
            clean = schema(type(self)).model_validate(given)
        except ValidationError as error:
            raise _argument_error(type(self), error) from None
        for name, value in given.items():
            checked = getattr(clean, name)
            if checked is not value:
                object.__setattr__(self, name, checked)

    def __repr__(self) -> str:
        """The declaration as one would write it: the arguments that differ from their defaults."""
        fields = sorted(_fields(self), key=lambda field: bool(field.kw_only))
        given = [(field, getattr(self, field.name)) for field in fields if field.init]
        shown = [f"{field.name}={value!r}" for field, value in given if not _is_default(field, value)]
        return f"{type(self).__name__}({', '.join(shown)})"

    @classmethod
    def example(cls) -> Self:
        """A small instance for documentation and contract tests."""
        return cls()


def _refuse_name(shelf: str, name: str) -> Never:
    if name.startswith("__"):  # Python asks modules for such names of its own
        raise AttributeError(name)
    raise AbsentNameError(_kind(shelf), name, _shelves[shelf])


def _require_free(concept: type[Concept]) -> None:
    """Refuse a user's class whose name already means a concept of striate."""
    if _is_own(concept):
        return
    with contextlib.suppress(UnknownNameError):
        known = find(concept.shelf, concept.__name__)
        if _is_own(known):
            raise ArgumentError(
                f"the name {concept.__name__} means striate's own {known.__name__} of {concept.shelf}",
                sum="recipes, files and arguments find a concept by its name",
                fix=f"class My{concept.__name__}(...)",
            )


def _is_own(concept: type[Concept]) -> bool:
    return concept.__module__.split(".")[0] == __name__.split(".")[0]


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
        """A known name stays as it was written; a table becomes the concept; anything else must be one already."""
        if isinstance(value, str):
            concept = _known(self.shelf, value)
            if needed := _required(concept):
                raise _complaint("needs_arguments", concept=concept.__name__, needed=" and ".join(needed))
            return value
        if isinstance(value, dict):
            return from_table(self.shelf, value)
        if isinstance(value, _bases[self.shelf]):
            return value
        if isinstance(value, type) and issubclass(value, _bases[self.shelf]):
            raise _complaint("class_given", concept=value.__name__)
        raise _complaint("unknown_name", kind=_kind(self.shelf), known=tuple(_shelves[self.shelf]))


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


def from_table(shelf: str, table: dict[str, Any], **beside: Any) -> Any:
    """The concept a recipe's table `{ type = "Adam", learning_rate = 0.1 }` declares.

    With `beside`, the annotations of keys that stand in the table beside the concept's own: the concept and those.

    Errors: pydantic's ValidationError, with the place inside the table.
    """
    if not isinstance(table, dict):
        raise _inside((), table, _complaint("no_table", known=tuple(_shelves[shelf])))
    if "type" not in table:
        raise _inside(("type",), None, _complaint("no_type", keys=tuple(table)))
    try:
        concept = _known(shelf, table["type"])
    except PydanticCustomError as complaint:
        raise _inside(("type",), table["type"], complaint) from None
    given = {key: value for key, value in table.items() if key != "type"}
    clean = schema(concept, **beside).model_validate(given)
    checked = {key: getattr(clean, key) for key in given}
    other = {key: checked.pop(key) for key in beside if key in checked}
    try:
        made = concept(**checked)
    except StriateError as error:
        raise _inside((), table, _complaint("refused", problem=one_line(error))) from None
    return (made, other) if beside else made


def describe(concept: Any) -> Any:
    """A concept as a recipe or model file holds it: `type` and the arguments that differ from their defaults.

    Example: >>> from striate.layers import Conv2D
             >>> describe(Conv2D(20, (5, 5), activation="relu"))
             {'type': 'Conv2D', 'filters': 20, 'kernel_size': [5, 5], 'activation': 'relu'}
    """
    if isinstance(concept, Concept):
        table: dict[str, Any] = {"type": type(concept).__name__}
        for field in _fields(concept):
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


class _Table(BaseModel):
    """What all schemas have in common: values are taken as written, and numbers are finite."""

    model_config = ConfigDict(
        extra="allow", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True, protected_namespaces=()
    )


@cache
def schema(declared: type, **beside: Any) -> type[BaseModel]:
    """The pydantic model of what a dataclass declares, read from its fields, and of `beside`, optional keys more.

    Example: >>> from striate.layers import Conv2D
             >>> schema(Conv2D).model_validate({"filters": 3, "kernel_size": [5, 5]}).kernel_size
             (5, 5)
    """
    hints = typing.get_type_hints(declared, include_extras=True)
    fields: dict[str, Any] = {key: (annotation, None) for key, annotation in beside.items()}
    for field in _fields(declared):
        if field.init:
            fields[field.name] = (hints[field.name], ... if _has_no_default(field) else None)
    # Unknown keys are let in and then refused one by one: so each is told beside the known ones.
    unknown = PlainValidator(partial(_refuse_key, tuple(fields)))
    extra = {"__module__": __name__, "__annotations__": {"__pydantic_extra__": dict[str, Annotated[Any, unknown]]}}
    return create_model(declared.__name__, __base__=type("_Table", (_Table,), extra), **fields)


def _refuse_key(known: tuple[str, ...], _value: Any) -> Any:
    raise _complaint("unknown_key", known=known)


def _fields(declared: Any) -> tuple[dataclasses.Field, ...]:
    """The fields of a concept or section: each is a dataclass, which no annotation can say."""
    return dataclasses.fields(declared)


def _has_no_default(field: dataclasses.Field) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


@cache
def _required(concept: type[Concept]) -> tuple[str, ...]:
    """The arguments a concept cannot do without."""
    fields = _fields(concept)
    return tuple(field.name for field in fields if field.init and _has_no_default(field))


def _kind(shelf: str) -> str:
    return _bases[shelf].__name__.lower()


def _known(shelf: str, name: Any) -> type[Concept]:
    """The concept of that name, or a complaint."""
    if isinstance(name, str):
        with contextlib.suppress(UnknownNameError):
            return find(shelf, name)
    raise _complaint("unknown_name", kind=_kind(shelf), known=tuple(_shelves[shelf]))


def arguments(concept: type[Concept]) -> tuple[str, ...]:
    """The names of the arguments a concept takes.

    Example: >>> from striate.layers import Dense
             >>> arguments(Dense)[0]
             'units'
    """
    fields = sorted(_fields(concept), key=lambda field: bool(field.kw_only))
    return tuple(field.name for field in fields if field.init)


def _check_names(concept: type[Concept], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    known = arguments(concept)
    positional = [field for field in _fields(concept) if field.init and not field.kw_only]
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
        if _has_no_default(field) and field.name not in kwargs:
            raise ArgumentError(
                f"{concept.__name__} needs {field.name!r}",
                fix=f"{concept.__name__}({', '.join(f.name + '=...' for f in positional if f.default is dataclasses.MISSING)})",
            )


def one_line(error: StriateError) -> str:
    """What an error says, without the place, on one line.

    Example: >>> one_line(ArgumentError("no such layer", fix="Dense"))
             'no such layer; Dense'
    """
    return printable("; ".join(part for part in (error.what, error.sum, error.fix) if part), 600)


def _complaint(code: str, **context: Any) -> PydanticCustomError:
    """A complaint of our own; `_say` puts it in words."""
    return PydanticCustomError(code, code, context)  # ty: ignore[invalid-argument-type]


def _inside(place: tuple[str, ...], value: Any, complaint: PydanticCustomError) -> ValidationError:
    """A complaint about a table, or about the value at a place inside it."""
    return ValidationError.from_exception_data("table", [InitErrorDetails(type=complaint, loc=place, input=value)])


Place = tuple[str | int, ...]
"""Where something stands in a declaration: keys and numbers of list items, from the outside in."""


def place_text(place: Place) -> str:
    """A place as people write it.

    Example: >>> place_text(("model", "layers", 2, "kernel_size"))
             'model.layers[2].kernel_size'
    """
    parts = (
        f"[{part}]" if isinstance(part, int) else f".{part}" if re.fullmatch(r"[\w-]+", part) else f".{part!r}"
        for part in place
    )
    return printable("".join(parts).removeprefix("."))


def problems(error: ValidationError, show: Callable[[Any], str] = repr) -> list[tuple[Place, str]]:
    """Each thing wrong in a declaration: the place inside it, and one sentence; `show` writes values.

    The alternatives of a union each complain; the user made one mistake, so they are told as one.
    """
    places: dict[Place, list[Any]] = {}
    for detail in error.errors(include_url=False):
        *outer, last = detail["loc"] or (None,)
        place = tuple(part for part in outer if not _is_alternative(part))
        # An unknown key is the user's word, whatever it looks like.
        if last is not None and (detail["type"] == "unknown_key" or not _is_alternative(last)):
            place += (last,)
        places.setdefault(place, []).append(detail)
    # A complaint about an item says more than those about the whole that holds it.
    inner = {place[:depth] for place in places for depth in range(len(place))}
    return [(place, _sentence(details, show)) for place, details in places.items() if place not in inner or place == ()]


def _is_alternative(part: str | int) -> bool:
    """pydantic names a union's alternatives in the place, as in ('padding', "literal['valid','same']")."""
    return isinstance(part, str) and bool(
        re.search(r"\[.*\]$|^(constrained|function)-|^(int|float|str|bool|none)$", part)
    )


_SENTENCES = {
    "missing": "is needed",
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le:,}",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_unicode": "must be Unicode text",
    "literal_error": "must be {expected}",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "callable_type": "must be a function",
    "none_required": "must be left out",
    "too_long": "must have {max_length} items",
    "too_short": "must hold {min_length} or more",
    "unknown_key": "is no known key",
    "unknown_name": "must be a known {kind}",
    "no_table": "must be a table",
    "no_type": "is needed",
    "needs_arguments": "is not enough: {concept} needs {needed}",
    "class_given": "is a class, an instance is needed: write {concept}(...)",
    "refused": "{problem}",
}
"""Kinds of complaint, pydantic's and ours, in our words."""


def _sentence(details: list[Any], show: Callable[[Any], str]) -> str:
    """What a value must be, what it is instead, and what was perhaps meant."""
    said = list(dict.fromkeys(_say(detail) for detail in details))
    if all(words.startswith("must be ") for words in said):
        said[1:] = [words.removeprefix("must be ") for words in said[1:]]
    words = " or ".join([said[0], *(words.removeprefix("must ") for words in said[1:])])
    if words.startswith("must "):
        words += f", not {printable(_shown(details[0]['input'], show), 60)}"
    hints = [_hint(detail, show) for detail in details]
    if [detail["type"] for detail in details] == ["tuple_type"] and isinstance(details[0]["input"], str):
        hints = [f"did you mean {show([details[0]['input']])}?"]
    return "; ".join([words, *[hint for hint in hints if hint][:1]])


def _say(detail: Any) -> str:
    if detail["type"] in _SENTENCES:
        return _SENTENCES[detail["type"]].format(**detail.get("ctx", {}))
    return printable(str(detail["msg"]).removeprefix("Value error, "), 600)


def _hint(detail: Any, show: Callable[[Any], str]) -> str:
    """What was perhaps meant instead, or what there is to choose from."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in ("unknown_key", "unknown_name", "no_table"):
        written = detail["loc"][-1] if kind == "unknown_key" else value
        close = nearest(written, context["known"]) if isinstance(written, str) else None
        meant = {"type": close} if kind == "no_table" else close
        return f"did you mean {show(meant)}?" if close else f"known: {', '.join(sorted(context['known']))}"
    if kind == "no_type" and (close := nearest("type", context["keys"])):
        return f"was {show(close)} meant for it?"
    if kind == "literal_error" and isinstance(value, str):
        close = nearest(value, re.findall(r"'([^']*)'", context["expected"]))
        return f"did you mean {show(close)}?" if close else ""
    if kind in ("int_type", "float_type") and isinstance(value, str | float) and len(str(value)) < 20:
        with contextlib.suppress(ValueError, OverflowError):
            number = float(value)
            if number.is_integer() or (kind == "float_type" and number - number == 0):
                return f"did you mean {show(int(number) if number.is_integer() else number)}?"
    if kind == "bool_type" and str(value).lower() in ("true", "false"):
        return f"did you mean {show(str(value).lower() == 'true')}?"
    return ""


def _shown(value: Any, show: Callable[[Any], str]) -> str:
    try:
        return show(value)
    except ValueError:  # a whole number of more digits than Python cares to print
        return f"{type(value).__name__} too long to show"


def _argument_error(concept: type[Concept], error: ValidationError) -> ArgumentError:
    (place, said), *others = problems(error)
    also = "; ".join(f"{place_text(other)} {sentence}" for other, sentence in others)
    return ArgumentError(f"{concept.__name__}: {place_text(place)} {said}", sum=f"also: {also}" if also else "")
