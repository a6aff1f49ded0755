"""What it is to be a metric: a number people read, gathered over batches."""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import torch

from striate import catalog
from striate.errors import ArgumentError, DataError
from striate.shape import as_tensor, to_inside

__all__ = [
    "Meter",
    "Metric",
    "MetricLike",
    "Tallied",
    "Tally",
    "are_class_numbers",
    "class_guesses",
    "class_truths",
    "require_class_numbers",
    "require_classes",
    "require_same_shape",
    "true_outputs",
]


class Meter:
    """Gathers a metric over batches; this one is a mean of values, others override both methods."""

    def __init__(self, metric: "Metric") -> None:
        self.metric = metric
        self.total = torch.zeros((), dtype=torch.float64)
        self.count = 0

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        values = self.metric.values(prediction, target)
        self.total = self.total + values.sum(dtype=torch.float64)  # goes to the device where the values are
        self.count += values.numel()

    def result(self) -> float:
        """The metric of everything added so far; nan before the first batch."""
        return float(self.total) / self.count if self.count else float("nan")

    def gathered(self) -> Any:
        """What was gathered, as numbers and tensors that can be sent to another process."""
        return self.total, self.count

    def add(self, gathered: Any) -> None:
        """Add what another meter of the same metric has gathered, of other samples."""
        total, count = gathered
        self.total, self.count = self.total + total, self.count + count


@dataclass(frozen=True)
class Metric(catalog.Concept, shelf="metrics"):
    """A number for how good predictions are.

    Inside, predictions are (n, k) or (n, k, h, w), targets as the loss made them (Loss.target). Called as Keras does,
    `metric(y_true, y_pred)`, it takes border arrays and returns a float.

    Args:
        name: the key in logs and metrics.csv.
    """

    order_only: ClassVar[bool] = False
    """Whether scores before the softmax give the same number, so that none need be computed for it."""
    direction: ClassVar[Literal["min", "max"]] = "max"
    """Which numbers are the good ones: large or small."""
    takes_numbers: ClassVar[bool] = False
    """Whether labels may be class numbers as well as one number for each output."""

    name: str = field(default="metric", kw_only=True)

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The metric of each sample (and position), for those that are means."""
        raise NotImplementedError

    def require(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Refuse labels that cannot be meant, in a direct call: those of a training the loss has looked at."""
        if self.takes_numbers and are_class_numbers(prediction, target):
            require_classes(self, prediction, target)

    def meter(self) -> Meter:
        """A new counter."""
        return Meter(self)

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        target, prediction = as_tensor(y_true, "labels"), as_tensor(y_pred, "predictions")
        if not prediction.is_floating_point():
            prediction = prediction.float()
        if prediction.dim() == 1:  # one number for each sample
            prediction = prediction.unsqueeze(1)
        if target.dim() < 1 or prediction.dim() < 1 or len(target) != len(prediction):
            raise DataError(
                "the labels do not go with the predictions",
                sum=f"labels {tuple(target.shape)}, predictions {tuple(prediction.shape)}",
                fix="one label for each prediction",
            )
        target = to_inside(target) if target.dim() == prediction.dim() else target
        prediction = to_inside(prediction)
        self.require(prediction, target)
        meter = self.meter()
        meter.update(prediction, target)
        return meter.result()


class Tally(Meter):
    """Gathers sums over batches, and computes the metric from those: how samples were cut into batches is all one."""

    def __init__(self, metric: "Tallied") -> None:
        self.metric: Tallied = metric
        self.sums: torch.Tensor | None = None

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        self.add(self.metric.sums(prediction, target))

    def gathered(self) -> torch.Tensor | None:
        return self.sums

    def add(self, gathered: torch.Tensor | None) -> None:
        if gathered is not None:
            self.sums = gathered if self.sums is None else self.sums + gathered

    def result(self) -> float:
        """The metric of everything added so far; nan before the first batch."""
        return float("nan") if self.sums is None else float(self.metric.of_sums(self.sums))


@dataclass(frozen=True)
class Tallied(Metric, abstract=True):
    """A metric that is no mean of its samples, but follows from sums over them."""

    def sums(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """What is to be added up over the batches, of any shape, in float64."""
        raise NotImplementedError

    def of_sums(self, sums: torch.Tensor) -> torch.Tensor | float:
        """The metric, once all is added."""
        raise NotImplementedError

    def meter(self) -> Meter:
        """A new counter."""
        return Tally(self)


MetricLike = Annotated[Metric | str, catalog.Member("metrics")]


def require_same_shape(metric: Metric, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The target of a metric that compares number with number; with one output its axis may be left out.

    Errors:  ArgumentError if the targets are of another kind.
    Example: >>> from striate.metrics import BinaryAccuracy
             >>> require_same_shape(BinaryAccuracy(), torch.zeros(2, 1), torch.zeros(2)).shape
             torch.Size([2, 1])
    """
    if prediction.shape[1] == 1 and target.shape == (len(prediction), *prediction.shape[2:]):
        target = target.unsqueeze(1)
    if target.shape != prediction.shape:
        raise ArgumentError(
            f"{type(metric).__name__} compares number with number: the labels must have the shape of the predictions",
            sum=f"labels {tuple(target.shape)}, predictions {tuple(prediction.shape)}",
            fix='metrics=["accuracy"], which goes by the loss',
        )
    return target


def require_class_numbers(metric: Metric, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The target of a metric that takes class numbers (n, ...), or (n, 1, ...).

    Errors:  ArgumentError if the targets are of another kind.
    Example: >>> from striate.metrics import SparseCategoricalAccuracy
             >>> require_class_numbers(SparseCategoricalAccuracy(), torch.zeros(2, 3), torch.zeros(2, 1)).shape
             torch.Size([2])
    """
    if target.dim() == prediction.dim() and target.shape[1] == 1:
        target = target.squeeze(1)
    if target.shape != (len(prediction), *prediction.shape[2:]):
        raise ArgumentError(
            f"{type(metric).__name__} takes labels that are class numbers, one for each prediction",
            sum=f"labels {tuple(target.shape)}, predictions {tuple(prediction.shape)}",
            fix='metrics=["accuracy"], which goes by the loss',
        )
    return target


def require_classes(metric: Metric, prediction: torch.Tensor, target: torch.Tensor) -> None:
    """Refuse class numbers that the predictions have no score for.

    Errors:  DataError for those.
    Example: >>> from striate.metrics import SparseCategoricalAccuracy
             >>> require_classes(SparseCategoricalAccuracy(), torch.zeros(2, 3), torch.tensor([0, 2]))
    """
    numbers, classes = require_class_numbers(metric, prediction, target), prediction.shape[1]
    wrong = numbers[(numbers != numbers.long()) | (numbers < 0) | (numbers >= classes)]
    if len(wrong):
        raise DataError(
            f"{wrong[0].item():g} is no class number: predictions of {classes} "
            f"class{'es' if classes > 1 else ''} have labels 0..{classes - 1}",
            sum=f"{len(wrong)} of {numbers.numel()} labels are not among them",
            fix=f"class numbers from 0 to {classes - 1}, or predictions with a score for each class",
        )


def are_class_numbers(prediction: torch.Tensor, target: torch.Tensor) -> bool:
    """Whether a target holds one class number for each prediction of several scores.

    Example: >>> are_class_numbers(torch.zeros(5, 3), torch.zeros(5)), are_class_numbers(torch.zeros(5, 3), torch.zeros(5, 3))
             (True, False)
    """
    positions = (len(prediction), *prediction.shape[2:])
    return prediction.shape[1] > 1 and target.shape in (positions, (positions[0], 1, *positions[1:]))


def true_outputs(metric: Metric, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """For each output (n, k, h, w) whether it should say yes: of class numbers, that of the class.

    Errors:  ArgumentError if the targets do not go with the predictions.
    Example: >>> from striate.metrics import Recall
             >>> true_outputs(Recall(), torch.zeros(2, 3), torch.tensor([2, 0])).long()
             tensor([[0, 0, 1],
                     [1, 0, 0]])
    """
    if are_class_numbers(prediction, target):
        numbers = require_class_numbers(metric, prediction, target).long().unsqueeze(1)
        return torch.zeros_like(prediction, dtype=torch.bool).scatter(1, numbers, True)
    return require_same_shape(metric, prediction, target) > 0.5


def class_truths(metric: Metric, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The class number (n, h, w) of each label: of one output, 1 for yes and 0 for no.

    Errors:  ArgumentError if the targets do not go with the predictions.
    Example: >>> from striate.metrics import MeanIoU
             >>> class_truths(MeanIoU(), torch.zeros(2, 3), torch.tensor([[0, 0, 1], [1, 0, 0]]))
             tensor([2, 0])
    """
    if are_class_numbers(prediction, target):
        return require_class_numbers(metric, prediction, target).long()
    return class_guesses(require_same_shape(metric, prediction, target))


def class_guesses(prediction: torch.Tensor) -> torch.Tensor:
    """The class number (n, h, w) of the highest score: of one output, 1 where it exceeds 1/2.

    Example: >>> class_guesses(torch.tensor([[0.1, 0.9], [0.8, 0.2]])), class_guesses(torch.tensor([[0.7], [0.5]]))
             (tensor([1, 0]), tensor([1, 0]))
    """
    return prediction.argmax(1) if prediction.shape[1] > 1 else (prediction.squeeze(1) > 0.5).long()
