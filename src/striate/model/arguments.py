"""What fit, evaluate and predict are handed beside images: looked at before anything is computed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from striate import catalog
from striate.errors import ArgumentError, DataError
from striate.loader import as_array
from striate.losses import Loss
from striate.shape import Shape
from striate.units import Count, Fraction, Index

__all__ = [
    "class_factors",
    "concept",
    "concepts",
    "is_factor",
    "is_number",
    "metric_names",
    "require",
    "require_epochs",
    "sample_weights",
    "validation_parts",
]

RESERVED = ("epoch", "loss", "learning_rate", "seconds", "images_per_second")
"""Names that metrics cannot have: they are columns of metrics.csv already."""


@dataclass(frozen=True)
class _Arguments:
    """Arguments that are numbers or words. The defaults are what errors propose."""

    batch_size: Count | None = 32
    epochs: Count = 1
    verbose: Literal["auto", 0, 1, 2] = "auto"
    validation_split: Fraction = 0.1
    shuffle: bool = True
    initial_epoch: Index = 0
    steps_per_epoch: Count | None = None
    validation_freq: Count = 1
    keep: Literal["last", "best"] = "last"
    crops: Literal[1, 2, 10] = 1
    name: str = "model"


def require(doing: str, **given: Any) -> None:
    """Refuse what cannot be meant so, all of it at once.

    Errors:  ArgumentError that names each argument, its rule and a value that can be used.
    Example: >>> require("fit", batch_size=32, epochs=3)
    """
    try:
        catalog.schema(_Arguments).model_validate(given)
    except ValidationError as error:
        rules = {str(place[0]): sentence for place, sentence in catalog.problems(error)}
        proposed = {field.name: field.default for field in fields(_Arguments)}
        raise ArgumentError(
            f"{doing} cannot use {', '.join(f'{name}={given[name]!r}' for name in rules)}",
            sum="\n".join(f"{name} {sentence}" for name, sentence in rules.items()),
            fix=", ".join(f"{name}={proposed[name]!r}" for name in rules),
        ) from None


def require_epochs(initial_epoch: int, epochs: int) -> None:
    """Refuse a run that would be over before its first epoch.

    Errors:  ArgumentError, with the number that was meant.
    Example: >>> require_epochs(2, 5)
    """
    if initial_epoch >= epochs:
        raise ArgumentError(
            f"there is no epoch to train: initial_epoch={initial_epoch}, epochs={epochs}",
            sum="epochs is the number of the last epoch, not how many more there are",
            fix=f"epochs={initial_epoch + epochs} for {epochs} more",
        )


def concept(base: type[Any], value: Any, argument: str) -> Any:
    """A concept by name or as an object; a class where an instance is needed is told so.

    Errors:  UnknownNameError, ArgumentError.
    """
    if isinstance(value, str):
        return catalog.get(base.shelf, value)
    if isinstance(value, base):
        return value
    known = f"known: {', '.join(catalog.members(base.shelf))}"
    if isinstance(value, type) and issubclass(value, base):
        said, fix = f"the class {value.__name__}, an object is needed", repr(value.example())
    else:
        said, fix = f"{value!r} ({type(value).__name__})", "one of these, by name or as an object"
    raise ArgumentError(f"{argument} cannot be {said}", sum=known, fix=fix)


def concepts(base: type[Any], value: Any, argument: str) -> list[Any]:
    """The concepts of a list, or the one that is given instead of a list."""
    given = value if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else [value]
    return [] if value is None else [concept(base, each, argument) for each in given]


def metric_names(names: Sequence[str]) -> None:
    """Refuse names of metrics that would hide another number of the logs.

    Errors:  ArgumentError, with the names.
    Example: >>> metric_names(["accuracy", "top_k_accuracy"])
    """
    for place, name in enumerate(names):
        if name in names[:place]:
            problem, fix = "two metrics are called", 'leave one out, or give it another name: Metric(name="...")'
        elif not name or name in RESERVED or name.startswith("val_"):
            problem, fix = "a metric cannot be called", 'another name: Metric(name="...")'
        else:
            continue
        known = f"metrics: {', '.join(names)}; the logs hold {', '.join(RESERVED)} and val_... as well"
        raise ArgumentError(f"{problem} {name!r}", sum=known, fix=fix)


def validation_parts(value: Any) -> tuple[Any, Any, Any]:
    """Images, labels and weights of the samples (or None) of `validation_data`.

    Errors:  ArgumentError for anything but two or three parts.
    Example: >>> validation_parts(([[1.0]], [0]))
             ([[1.0]], [0], None)
    """
    if not isinstance(value, tuple | list) or len(value) not in (2, 3):
        size = f" of {len(value)}" if hasattr(value, "__len__") else ""
        raise ArgumentError(
            "validation_data is not (images, labels)",
            sum=f"it is a {type(value).__name__}{size}",
            fix="validation_data=(x, y), or (x, y, sample_weight)",
        )
    images, labels, *weights = value
    return images, labels, weights[0] if weights else None


def sample_weights(value: Any, count: int) -> np.ndarray | None:
    """One weight for each of `count` samples, or None.

    Errors:  DataError for another number of them, and for what is no weight.
    Example: >>> sample_weights([1, 2], 2)
             array([1., 2.], dtype=float32)
    """
    if value is None:
        return None
    weights = as_array(value, "sample weights")
    if weights.dtype.kind not in "uifb" or weights.shape != (count,):
        raise DataError(
            "sample_weight is no list of one number for each sample",
            sum=f"it is {weights.shape} of {weights.dtype}, needed ({count},) numbers",
            fix=f"np.ones({count}), with other numbers where a sample counts more or less",
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any() or not weights.any():
        row = int(wrong.argmax())
        raise DataError(
            f"sample_weight cannot be {weights[row]:g}"
            if wrong.any()
            else "sample_weight leaves nothing to learn from",
            sum=f"row {row}; weights must be >= 0" if wrong.any() else f"all {count} weights are 0",
            fix="0 for samples that are to be left out, 1 for the others",
        )
    return weights.astype(np.float32)


def is_number(value: Any) -> bool:
    """Whether something is one number, and no truth value.

    Example: >>> is_number(0.5), is_number(True), is_number("1")
             (True, False, False)
    """
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def is_factor(value: Any) -> bool:
    """Whether something is a number that can say what a loss counts: at least 0, and finite.

    Example: >>> is_factor(2), is_factor(-1.0), is_factor(float("nan"))
             (True, False, False)
    """
    return is_number(value) and 0 <= float(value) < np.inf


def class_factors(weight: Any, labels: np.ndarray, loss: Loss, output: Shape) -> np.ndarray | None:
    """For each sample (and position) the weight of its class, 1 for classes that none is given for; or None.

    Errors:  ArgumentError for what is no table of weights; DataError where labels are no classes.
    Example: >>> from striate.losses import SparseCategoricalCrossentropy
             >>> class_factors({1: 3.0}, np.array([0, 1]), SparseCategoricalCrossentropy(), (2,))
             array([1., 3.], dtype=float32)
    """
    if weight is None:
        return None
    classes = max(output[-1], 2)
    if not isinstance(weight, Mapping):
        raise ArgumentError(
            f"class_weight cannot be a {type(weight).__name__}",
            sum="it is a table from class numbers to weights",
            fix="class_weight={0: 1.0, 1: 3.0}",
        )
    for label, factor in weight.items():
        if not is_factor(factor):
            raise ArgumentError(
                f"class_weight of class {label!r} cannot be {factor!r}",
                sum="weights must be numbers >= 0",
                fix=f"class_weight={{{label!r}: 1.0}}",
            )
        if not isinstance(label, int | np.integer) or (loss.head is not None and not 0 <= label < classes):
            raise ArgumentError(
                f"class_weight has class {label!r}, which the network does not tell apart",
                sum=f"classes run 0..{classes - 1}",
                fix=f"class numbers from 0 to {classes - 1}",
            )
    numbers = _classes(labels, output)
    factors = np.ones(numbers.shape, np.float32)
    for label, factor in weight.items():
        factors[numbers == label] = factor
    if not factors.any():
        raise ArgumentError(
            "class_weight leaves nothing to learn from",
            sum=f"all {len(factors)} samples are of classes of weight 0",
            fix="a weight above 0 for classes that are to be learned",
        )
    return factors


def _classes(labels: np.ndarray, output: Shape) -> np.ndarray:
    """The class number of each sample, or of each position of each sample.

    Errors:  DataError for labels that are no classes.
    """
    given = labels.shape[1:]
    if given == output and output[-1] > 1 and (np.abs(labels.sum(-1) - 1) < 1e-3).all():
        return labels.argmax(-1)
    if given in (output[:-1], (*output[:-1], 1)):
        return labels.reshape(len(labels), *output[:-1])
    raise DataError(
        "class_weight goes with one class for each answer of the network, and these labels are none",
        sum=f"labels {labels.shape}, the network answers {output}",
        fix="sample_weight, one number for each sample",
    )
