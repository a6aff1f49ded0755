"""The grammar of recipes: what may stand in one, of which type and range, and what it means when left out.

A section is a dataclass, read by the same schemas that check concepts; whatever is wrong anywhere in a recipe is told
at once, each with its line.
"""

import os
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from annotated_types import MinLen
from pydantic import Strict, ValidationError

from striate import catalog, zoo
from striate.augmentations import AugmentationLike
from striate.callbacks import CallbackLike
from striate.catalog import Place
from striate.check import check_heads
from striate.datasets import Dataset
from striate.errors import ShapeError, StriateError, UnknownNameError
from striate.layers import Layer
from striate.losses import LossLike
from striate.metrics import Metric, resolve
from striate.model.prediction import require_mirrorable
from striate.network import Network, layer_names
from striate.optimizers import OptimizerLike
from striate.recipe.source import Problem, Source, value_text
from striate.schedules import ScheduleLike
from striate.shape import Shape, Size
from striate.train import kind_of_device, parse_plan
from striate.units import Count, Factor, Fraction, Index

__all__ = ["DataSection", "ModelSection", "Recipe", "TrainSection"]

FORMAT = 1


@dataclass(frozen=True)
class DataSection:
    """`[data]`: which images, how they are split and prepared.

    Args:
        name: of a data set ("digits", "mnist", "cifar10"; with arguments a table such as
            { type = "Logic", function = "and" }), or
        path: of a folder of images.
        size: (height, width) that a folder's images are brought to; by default their own median, at most 64.
        validation: share of the training images (of all, where no test set is given) that is held out.
        test: share held out for the test where no test set is given.
        normalise: whether each channel gets mean 0 and deviation 1.
        max_bad: share of files that may be unreadable.
        augment: random changes of the training images.
    """

    name: str | dict[str, Any] | None = None
    path: str | None = None
    size: Annotated[tuple[Count, Count], Strict(False)] | None = None
    validation: Fraction = 0.1
    test: Fraction = 0.2
    normalise: bool = True
    max_bad: Fraction = 0.1
    augment: Annotated[tuple[AugmentationLike, ...], Strict(False)] = ()

    def dataset(self) -> Dataset:
        """The data set of that name.

        Errors: UnknownNameError, pydantic's ValidationError.
        """
        named = self.name
        return catalog.from_table("datasets", named) if isinstance(named, dict) else catalog.get("datasets", named)


@dataclass(frozen=True)
class ModelSection:
    """`[model]`: the network, layer by layer, or one of the zoo by its name.

    Args:
        zoo: name of a network of the zoo, which then needs no layers.
        classes: how many it tells apart; left out, the data decides it.
        input: shape of an image, [height, width, channels]; left out, the data decides it, and the number of classes
            decides the units of the last layer.
        layers: the layers with the names of what they take; nothing means the one before.
        outputs: names of the layers that are outputs; by default the last.
    """

    zoo: str | None = None
    classes: Count | None = None
    input: Annotated[Size, MinLen(1)] | None = None
    layers: tuple[tuple[Layer, tuple[str, ...]], ...] = ()
    outputs: Annotated[tuple[str, ...], Strict(False)] = ()


@dataclass(frozen=True)
class TrainSection:
    """`[train]`: loss, optimizer, length.

    Args:
        loss: what is made small, at every output.
        loss_weights: of a network of several outputs, what the loss of each counts, by its name.
        optimizer: how.
        schedule: of the learning rate over the run; by default it stays.
        batch_size: images of a step.
        epochs: how often every image is seen.
        metrics: what is measured beside the loss.
        callbacks: what is told of the run.
        plan: "auto", "measure", "exact", or the table of an earlier run.
        device: "cpu", or "cuda" ("cuda:1", the second card).
        crops: 2: what it says of an image is the mean over the image and its mirror image, once it is trained.
    """

    loss: LossLike = "sparse_categorical_crossentropy"
    loss_weights: dict[str, Factor] | None = None
    optimizer: OptimizerLike = "adam"
    schedule: ScheduleLike | None = None
    batch_size: Count = 128
    epochs: Count = 10
    metrics: Annotated[tuple[Any, ...], Strict(False)] = ("accuracy",)
    callbacks: Annotated[tuple[CallbackLike, ...], Strict(False)] = ()
    plan: Any = "auto"
    device: str = "cpu"
    crops: Literal[1, 2] = 1


@dataclass(frozen=True)
class _Whole:
    """The keys at the top of a recipe."""

    format: Literal[1] = FORMAT
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
        found = _Found()
        whole = _read(_Whole, source.table, (), found)
        if "format" not in source.table:
            found.append((("format",), f"is needed: format = {FORMAT}"))
        tables = {name: source.table.get(name, {}) for name in ("data", "model", "train")}
        tables = {name: table if isinstance(table, dict) else {} for name, table in tables.items()}
        data = _data(tables["data"], found)
        model = _model(tables["model"], found)
        train = _train(tables["train"], found)
        network = _network(model, found)
        if network is not None:
            _check_weights(network, train, found)
            if train.crops == 2:
                _attempt(lambda: require_mirrorable(network), ("train", "crops"), found)
        if network is not None and found.nothing_at("train", "loss"):
            _check_head(network, model, train, "loss" in tables["train"], found)
        if found:
            raise source.refusal(found)
        return cls(data, model, train, whole.seed, Path(source.name).stem or "recipe")

    def fitted(self, shape: Shape, classes: int) -> Self:
        """The recipe for images of `shape`.

        Where `[model]` leaves `input` out, the data decides it, and how many units the last layer has.
        """
        if self.model.zoo is not None:
            given = {"input": self.model.input or shape, "classes": self.model.classes or classes or None}
            return replace(self, model=replace(self.model, **given))
        if self.model.input is not None:
            return self
        layers = list(self.model.layers)
        names = layer_names(layer for layer, _ in layers)
        for number, (layer, takes) in enumerate(layers):
            last = names[layer] in self.model.outputs if self.model.outputs else number == len(layers) - 1
            if last and classes and hasattr(layer, "units") and layer.units != 1:
                layers[number] = (replace(layer, units=classes), takes)
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
        return _declared(self.model, self.model.input)


def _declared(model: ModelSection, shape: Shape) -> Network:
    """The graph of a section, for images of this shape."""
    if model.zoo is None:
        return Network.assemble(shape, model.layers, model.outputs)
    classes = {} if model.classes is None else {"classes": model.classes}
    return zoo.build(model.zoo, input_shape=shape, **classes).network


class _Found(list[Problem]):
    """All that is wrong so far. Every check is made that what it needs is sound for, so that all is told at once."""

    def nothing_at(self, *place: str | int) -> bool:
        """Whether nothing is wrong with a place, in it or with what holds it."""
        return not any(place[: len(at)] == at[: len(place)] for at, _ in self)


def _read(section: type[Any], table: dict[str, Any], place: Place, found: _Found) -> Any:
    """A section's dataclass; a key that is wrong is told, and then taken as left out."""
    check = catalog.schema(section).model_validate
    try:
        clean = check(table)
    except ValidationError as error:
        found.extend(((*place, *inner), said) for inner, said in catalog.problems(error, value_text))
        wrong = {detail["loc"][0] for detail in error.errors(include_url=False, include_input=False)}
        table = {key: value for key, value in table.items() if key not in wrong}
        clean = check(table)
    return section(**{each.name: getattr(clean, each.name) for each in fields(section) if each.name in table})


def _data(table: dict[str, Any], found: _Found) -> DataSection:
    """`[data]`, and whether it says which images and leaves some to train on."""
    data = _read(DataSection, table, ("data",), found)
    if found.nothing_at("data", "name") and found.nothing_at("data", "path"):
        if (data.name is None) == (data.path is None):
            found.append((("data",), 'needs either name = "..." (a data set) or path = "..." (a folder of images)'))
        elif data.name is not None:
            _attempt(data.dataset, ("data", "name"), found)
            if data.size is not None:
                found.append((("data", "size"), "is for a folder of images: the images of a data set have their size"))
    total = data.validation + data.test
    if total >= 1:
        said = f"leaves nothing to train on: validation + test = {data.validation} + {data.test} = {total:g}"
        found.append((("data", "validation" if "validation" in table else "test"), said))
    return data


def _model(table: dict[str, Any], found: _Found) -> ModelSection:
    """`[model]`, with its layers up to the first that is wrong; each is read for itself and tells its own problems."""
    rest = {key: value for key, value in table.items() if key != "layers"}
    section = _read(ModelSection, rest, ("model",), found)
    entries = table.get("layers", MISSING)
    if "zoo" in table:
        if found.nothing_at("model", "zoo"):
            _attempt(lambda: zoo.find(str(section.zoo)), ("model", "zoo"), found)
        for key in table.keys() & {"layers", "outputs"}:
            found.append((("model", key), f"cannot stand beside zoo = {value_text(section.zoo)}, which has its own"))
        return section
    if section.classes is not None:
        said = "is for a network of the zoo: elsewhere the last layer says how many units it has"
        found.append((("model", "classes"), said))
    if not isinstance(entries, list) or not entries:
        if found.nothing_at("model", "layers"):
            said = "is needed: a list of layers" if entries is MISSING else "must be a list of layers, not empty"
            found.append((("model", "layers"), said))
        return section
    layers, names, sound = [], set[str](), True
    for number, entry in enumerate(entries):
        place, before = ("model", "layers", number), len(found)
        made = _attempt(lambda entry=entry: catalog.from_table("layers", entry, inputs=_Takes), place, found)
        if made is not None:
            _check_layer(made[0], names, place, found)
        sound = sound and len(found) == before
        if sound:
            layers.append((made[0], made[1].get("inputs", ())))
    return replace(section, layers=tuple(layers))


_Takes = Annotated[tuple[str, ...], Strict(False)]
"""The names of the layers that a layer takes."""


def _check_layer(layer: Layer, names: set[str], place: Place, found: _Found) -> None:
    """What a layer may be elsewhere and not in a recipe: a second beginning, or one whose name means another."""
    if type(layer).__name__ == "InputLayer":
        found.append(((*place, "type"), "is no layer of a recipe: [model] has input = [height, width, channels]"))
    if layer.input_shape is not None:
        said = f"is no key of a recipe's layer: [model] has input = {list(layer.input_shape)}"
        found.append(((*place, "input_shape"), said))
    if layer.name is None:
        return
    at = (*place, "name")
    if layer.name == "input":
        found.append((at, 'must be another name: "input" means the images'))
    elif layer.name in names:
        found.append((at, f"must be another name: an earlier layer is called {value_text(layer.name)} already"))
    else:
        _attempt(lambda: layer_names([layer]), at, found)
    names.add(layer.name)


def _train(table: dict[str, Any], found: _Found) -> TrainSection:
    """`[train]`, with metrics that suit its loss."""
    train = _read(TrainSection, table, ("train",), found)
    kind = _attempt(lambda: kind_of_device(train.device), ("train", "device"), found)
    _attempt(lambda: parse_plan(train.plan, kind), ("train", "plan"), found)
    if not (found.nothing_at("train", "loss") and found.nothing_at("train", "metrics")):
        return train
    metrics = [
        _attempt(lambda given=given: _metric(given, train.loss), ("train", "metrics", number), found)
        for number, given in enumerate(train.metrics)
    ]
    return replace(train, metrics=tuple(metrics))


def _metric(given: Any, loss: Any) -> Metric:
    made = given if isinstance(given, str) else catalog.from_table("metrics", given)
    return resolve(made, catalog.get("losses", loss))


def _network(model: ModelSection, found: _Found) -> Network | None:
    """The graph, where all of it is sound; what does not fit is told of each layer that is known so far."""
    shape = model.input
    if shape is None:
        return None
    before = len(found)
    if model.zoo is not None:
        return _attempt(lambda: _declared(model, shape), ("model", "zoo"), found) if found.nothing_at("model") else None
    for number, error in Network.misfits(shape, model.layers):
        inner = ("inputs",) if isinstance(error, UnknownNameError) else ()
        found.append((("model", "layers", number - 1, *inner), catalog.one_line(error)))
    if len(found) > before or not found.nothing_at("model", "layers"):
        return None
    return _attempt(lambda: _declared(model, shape), ("model", "outputs"), found)


def _check_head(network: Network, model: ModelSection, train: TrainSection, said: bool, found: _Found) -> None:
    """Whether last layer and loss belong together; told at the loss, or at the layer where the recipe names no loss."""
    for finding in check_heads(network, catalog.get("losses", train.loss)):
        head = network[finding.where].layer
        layers = (number for number, (layer, _) in enumerate(model.layers) if layer is head)
        inner = ("zoo",) if model.zoo is not None else ("layers", *layers)
        place: Place = ("train", "loss") if said else ("model", *inner)
        found.append((place, f"{finding.cause}; {finding.evidence}; {finding.fix}"))


def _check_weights(network: Network, train: TrainSection, found: _Found) -> None:
    """Whether the weights of losses are for outputs that there are."""
    for name in train.loss_weights or ():
        if name not in network.outputs:
            error = UnknownNameError("output", name, network.outputs)
            found.append((("train", "loss_weights", name), catalog.one_line(error)))


def _attempt(make: Callable[[], Any], place: Place, found: list[Problem]) -> Any:
    """What `make` gives, or None with what is wrong added to `found`."""
    try:
        return make()
    except ValidationError as error:
        found.extend(((*place, *inner), said) for inner, said in catalog.problems(error, value_text))
    except StriateError as error:
        found.append((place, catalog.one_line(error)))
    return None
