"""The grammar of recipes: what may stand in one, of which type and range, and what it means when left out.

A section is a dataclass, read by the same schemas that check concepts; whatever is wrong anywhere in a recipe is told
at once, each with its line.
"""

import os
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Strict, ValidationError
from pydantic_core import PydanticCustomError

from striate import catalog
from striate.augmentations import AugmentationLike
from striate.callbacks import CallbackLike
from striate.catalog import Place
from striate.errors import ShapeError, StriateError
from striate.layers import Layer
from striate.losses import LossLike
from striate.metrics import Metric, resolve
from striate.network import Network
from striate.optimizers import OptimizerLike
from striate.recipe.source import Problem, Source, value_text
from striate.schedules import ScheduleLike
from striate.shape import Shape, Size
from striate.train import parse_plan
from striate.units import Count, Fraction, Index

__all__ = ["DataSection", "ModelSection", "Recipe", "TrainSection"]

FORMAT = 1


@dataclass(frozen=True)
class DataSection:
    """`[data]`: which images, how they are split and prepared.

    Args:
        name: of a data set ("digits", "mnist", "cifar10"), or
        path: of a folder of images.
        size: (height, width) that a folder's images are brought to; by default their own median, at most 64.
        validation: share of the training images (of all, where no test set is given) that is held out.
        test: share held out for the test where no test set is given.
        normalise: whether each channel gets mean 0 and deviation 1.
        max_bad: share of files that may be unreadable.
        augment: random changes of the training images.
    """

    name: str | None = None
    path: str | None = None
    size: Annotated[tuple[Count, Count], Strict(False)] | None = None
    validation: Fraction = 0.1
    test: Fraction = 0.2
    normalise: bool = True
    max_bad: Fraction = 0.1
    augment: Annotated[tuple[AugmentationLike, ...], Strict(False)] = ()


@dataclass(frozen=True)
class ModelSection:
    """`[model]`: the network, layer by layer.

    Args:
        input: shape of an image, [height, width, channels]; left out, the data decides it, and the number of classes
            decides the units of the last layer.
        layers: the layers with the names of what they take; nothing means the one before.
        outputs: names of the layers that are outputs; by default the last.
    """

    input: Size | None = None
    layers: tuple[tuple[Layer, tuple[str, ...]], ...] = ()
    outputs: Annotated[tuple[str, ...], Strict(False)] = ()


@dataclass(frozen=True)
class TrainSection:
    """`[train]`: loss, optimizer, length.

    Args:
        loss: what is made small.
        optimizer: how.
        schedule: of the learning rate over the run; by default it stays.
        batch_size: images of a step.
        epochs: how often every image is seen.
        metrics: what is measured beside the loss.
        callbacks: what is told of the run.
        plan: "auto", "exact", or the table of an earlier run.
    """

    loss: LossLike = "sparse_categorical_crossentropy"
    optimizer: OptimizerLike = "adam"
    schedule: ScheduleLike | None = None
    batch_size: Count = 128
    epochs: Count = 10
    metrics: Annotated[tuple[Any, ...], Strict(False)] = ("accuracy",)
    callbacks: Annotated[tuple[CallbackLike, ...], Strict(False)] = ()
    plan: Any = "auto"


@dataclass(frozen=True)
class _Whole:
    """The keys at the top of a recipe."""

    format: Literal[1]
    seed: Index = 0
    data: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """A run, declared: data, network, training. Two runs of one recipe on one machine give the same bits."""

    data: DataSection
    model: ModelSection
    train: TrainSection
    seed: int = 0
    name: str = "recipe"

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """The recipe in a file.

        Errors: RecipeError with all that is wrong, a line each.
        """
        return cls.from_source(Source.read(path))

    @classmethod
    def from_text(cls, text: str, name: str = "recipe.toml") -> Self:
        """The recipe in a text.

        Errors:  RecipeError with all that is wrong, a line each.
        Example: >>> Recipe.from_text('format = 1\\n[data]\\nname = "digits"\\n'
                 ...                  '[model]\\nlayers = [{ type = "Flatten" }, { type = "Dense", units = 10 }]').seed
                 0
        """
        return cls.from_source(Source.parse(text, name))

    @classmethod
    def from_source(cls, source: Source) -> Self:
        """The recipe of a source, which knows where each key stood.

        Errors: RecipeError with all that is wrong, a line each.
        """
        found: list[Problem] = []
        whole = _read(_Whole, source.table, (), found)
        parts = {name: source.table.get(name, {}) for name in ("data", "model", "train")}
        parts = {name: part if isinstance(part, dict) else {} for name, part in parts.items()}
        data = _read(DataSection, parts["data"], ("data",), found)
        model = _model(parts["model"], found)
        train = _read(TrainSection, parts["train"], ("train",), found)
        if data is not None and (data.name is None) == (data.path is None):
            found.append((("data",), 'needs either name = "..." (a data set) or path = "..." (a folder of images)'))
        elif data is not None and data.name is not None:
            _attempt(lambda: catalog.find("datasets", data.name), ("data", "name"), found)
        if data is not None and data.validation + data.test >= 1:
            total = data.validation + data.test
            found.append(
                (("data", "validation"), f"leaves nothing to train on: {data.validation} + {data.test} = {total:g}")
            )
        if train is not None:
            _attempt(lambda: parse_plan(train.plan), ("train", "plan"), found)
            metrics = [
                _attempt(lambda given=given: _metric(given, train.loss), ("train", "metrics", number), found)
                for number, given in enumerate(train.metrics)
            ]
            train = replace(train, metrics=tuple(metrics))
        if found or whole is None or data is None or model is None or train is None:
            raise source.refusal(found)
        recipe = cls(data, model, train, whole.seed, Path(source.name).stem or "recipe")
        if model.input is not None:
            recipe._check_shapes(source)
        return recipe

    def fitted(self, shape: Shape, classes: int) -> Self:
        """The recipe for images of `shape`.

        Where `[model]` leaves `input` out, the data decides it, and how many units the last layer has.
        """
        if self.model.input is not None:
            return self
        layers = list(self.model.layers)
        last, takes = layers[-1]
        if classes and hasattr(last, "units") and last.units != 1:
            layers[-1] = (replace(last, units=classes), takes)
        return replace(self, model=replace(self.model, input=shape, layers=tuple(layers)))

    def network(self) -> Network:
        """The declared graph.

        Errors: ShapeError, ArgumentError where layers do not fit or the input is not known yet.
        """
        if self.model.input is None:
            raise ShapeError(
                "the recipe leaves the shape of its images to the data",
                where="model.input",
                fix="input = [height, width, channels]",
            )
        return Network.assemble(self.model.input, self.model.layers, self.model.outputs)

    def _check_shapes(self, source: Source) -> None:
        """Shapes need the whole graph: a layer that does not fit is told at its own table."""
        try:
            self.network()
        except StriateError as error:
            number = re.match(r"layer (\d+) of", error.where)
            place: Place = ("model", "layers", int(number[1]) - 1) if number else ("model", "layers")
            raise source.refusal([(place, catalog.one_line(error))]) from None


def _read(section: type[Any], table: Any, place: Place, found: list[Problem]) -> Any:
    """A section's dataclass, or None with what is wrong added to `found`."""
    try:
        clean = catalog.schema(section).model_validate(table)
    except ValidationError as error:
        found.extend(((*place, *inner), said) for inner, said in catalog.problems(error, value_text))
        return None
    given = {each.name: getattr(clean, each.name) for each in fields(section) if each.name in table}
    return section(**given)


def _model(table: dict[str, Any], found: list[Problem]) -> ModelSection | None:
    """`[model]`: its layers are read one by one, so that each tells its own problems."""
    entries = table.get("layers", MISSING)
    rest = {key: value for key, value in table.items() if key != "layers"}
    section = _read(ModelSection, rest, ("model",), found)
    if not isinstance(entries, list) or not entries:
        said = "is needed: a list of layers" if entries is MISSING else "must be a list of layers, not empty"
        found.append((("model", "layers"), said))
        return None
    takes = Annotated[tuple[str, ...], Strict(False)]
    layers = []
    for number, entry in enumerate(entries):
        place = ("model", "layers", number)
        made = _attempt(lambda entry=entry: catalog.from_table("layers", entry, inputs=takes), place, found)
        if made is not None:
            layers.append((made[0], made[1].get("inputs", ())))
    return None if section is None else replace(section, layers=tuple(layers))


def _metric(given: Any, loss: Any) -> Metric:
    made = catalog.from_table("metrics", given) if isinstance(given, dict) else given
    return resolve(made, catalog.get("losses", loss))


def _attempt(make: Callable[[], Any], place: Place, found: list[Problem]) -> Any:
    """What `make` gives, or None with what is wrong added to `found`."""
    try:
        return make()
    except ValidationError as error:
        found.extend(((*place, *inner), said) for inner, said in catalog.problems(error, value_text))
    except PydanticCustomError as error:
        found.append((place, error.message()))
    except StriateError as error:
        found.append((place, catalog.one_line(error)))
    return None
