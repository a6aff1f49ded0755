"""What it is to be a loss: what training makes small."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, Self

import torch

from striate import catalog
from striate.errors import DataError
from striate.shape import Shape, as_tensor, to_border, to_inside

__all__ = [
    "Loss",
    "LossLike",
    "label_classes",
    "label_numbers",
    "label_place",
    "label_shares",
    "label_signs",
    "label_yes_or_no",
]


@dataclass(frozen=True)
class Loss(catalog.Concept, shelf="losses"):
    """A number for how wrong a prediction is.

    Inside, predictions are (n, k) or (n, k, h, w) and `values` gives (n,) or (n, h, w); the loss of a batch is
    their mean. Called as Keras does, `loss(y_true, y_pred)`, it takes border arrays (n, ..., k) and returns a float.
    """

    head: ClassVar[str | None] = None
    """The activation ("Softmax", "Sigmoid", "Step") whose output the loss takes when `from_logits` is false."""
    labels: ClassVar[Literal["class numbers", "distributions", "yes or no", "signs", "quantities"]] = "quantities"
    """What labels say; "accuracy" goes by it."""

    def values(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The loss of each sample (and position)."""
        raise NotImplementedError

    def target(self, labels: torch.Tensor, output: Shape) -> torch.Tensor:
        """Labels as `values` takes them, for a network whose output is `output` without the batch, channels last.

        Errors: DataError for labels of the wrong shape, type or range, with the sum and the fix.
        """
        raise NotImplementedError

    def on_logits(self) -> Self:
        """The same loss, taking what goes into the head instead of what comes out: exact and stable."""
        return replace(self, from_logits=True) if self.head else self

    def prediction(self, scores: torch.Tensor) -> torch.Tensor:
        """What the head makes of scores (n, k, ...)."""
        return catalog.get("layers", self.head).build(tuple(to_border(scores).shape[1:]))(scores)

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        labels, prediction = as_tensor(y_true, "labels"), as_tensor(y_pred, "predictions")
        if not prediction.is_floating_point():
            prediction = prediction.float()
        if prediction.dim() == 1:  # one number for each sample
            prediction = prediction.unsqueeze(1)
        if prediction.dim() < 1 or labels.dim() < 1 or len(labels) != len(prediction):
            raise DataError(
                "the labels do not go with the predictions",
                sum=f"labels {tuple(labels.shape)}, predictions {tuple(prediction.shape)}",
                fix="one label for each prediction",
            )
        target = self.target(labels, tuple(prediction.shape[1:]))
        return float(self.values(to_inside(prediction), target).mean())


LossLike = Annotated[Loss | str, catalog.Member("losses")]


def label_numbers(loss: Loss, labels: torch.Tensor, output: Shape, otherwise: str) -> torch.Tensor:
    """Labels that hold one number for each output, inside: (n, k, h, w). With one output its axis may be left out.

    Args:    otherwise: the fix, where the labels are class numbers.
    Errors:  DataError if the shapes do not go together, or a label is NaN or infinite.
    Example: >>> from striate.losses import MeanSquaredError
             >>> label_numbers(MeanSquaredError(), torch.ones(2), (1,), "one unit").shape
             torch.Size([2, 1])
    """
    name, given = type(loss).__name__, tuple(labels.shape[1:])
    if output[-1] == 1 and given == output[:-1]:
        labels, given = labels.unsqueeze(-1), output
    if given != output:
        class_numbers = output[-1] > 1 and given in (output[:-1], (*output[:-1], 1))
        raise DataError(
            f"the labels are class numbers, {name} takes one number for each of the {output[-1]} outputs"
            if class_numbers
            else f"the labels do not go with the outputs of the network, as {name} compares them",
            sum=f"labels {tuple(labels.shape)}, needed {(len(labels), *output)}",
            fix=otherwise if class_numbers else "one label for each output, or a last layer of other units",
        )
    # Half precision would lose soft labels; float64 is kept for those who train in it.
    labels = labels if labels.dtype in (torch.float32, torch.float64) else labels.float()
    if not torch.isfinite(labels).all():
        row = int((~torch.isfinite(labels)).flatten(1).any(1).nonzero()[0])
        raise DataError(
            f"the label in row {row} is NaN or infinite",
            sum=f"{int((~torch.isfinite(labels)).sum())} of {labels.numel()} numbers are",
            fix="mend or leave out that row",
        )
    return to_inside(labels)


def label_classes(loss: Loss, labels: torch.Tensor, output: Shape, otherwise: str) -> torch.Tensor:
    """Labels that are class numbers 0 ... k - 1, one for each prediction, inside: (n,) or (n, h, w).

    Args:    otherwise: the fix, where the labels are one-hot.
    Errors:  DataError for labels that are none.
    Example: >>> from striate.losses import MaxMargin
             >>> label_classes(MaxMargin(), torch.tensor([[2.0], [0.0]]), (3,), "labels.argmax(-1)")
             tensor([2, 0])
    """
    positions, classes = output[:-1], output[-1]
    if tuple(labels.shape[1:]) == (*positions, 1):
        labels = labels.squeeze(-1)
    if tuple(labels.shape[1:]) != positions:
        one_hot = tuple(labels.shape[1:]) == output
        raise DataError(
            f"the labels are one-hot, {type(loss).__name__} takes class numbers"
            if one_hot
            else "the labels do not go with the outputs of the network: one class number for each prediction",
            sum=f"labels {tuple(labels.shape)}, needed {(len(labels), *positions)}",
            fix=otherwise if one_hot else "labels of that shape, or a network with another output",
        )
    whole = labels.long()
    fractions = whole.to(labels.dtype) != labels  # also NaN and infinity
    if fractions.any():
        raise DataError(
            f"{label_place(labels, fractions)} is no class number: they are whole",
            sum=f"{int(fractions.sum())} of {fractions.numel()} labels are not",
            fix='class numbers 0, 1, 2 ..., or loss="mean_squared_error" for quantities',
        )
    wrong = (whole < 0) | (whole >= classes)
    if wrong.any():
        first, last = int(whole.min()), int(whole.max())
        raise DataError(
            f"{label_place(whole, wrong)}, but the network has {classes} output{'s' if classes > 1 else ''}: "
            f"labels run 0..{classes - 1}",
            sum=f"the labels given run {first}..{last}",
            fix=_numbering(first, last, classes),
        )
    return whole


def label_shares(loss: Loss, labels: torch.Tensor, output: Shape) -> torch.Tensor:
    """Labels that are a distribution over the classes, such as one-hot ones, inside: (n, k, h, w).

    Errors:  DataError for labels that are none.
    Example: >>> from striate.losses import KLDivergence
             >>> label_shares(KLDivergence(), torch.tensor([[0.5, 0.5]]), (2,))
             tensor([[0.5000, 0.5000]])
    """
    sparse = 'loss="sparse_categorical_crossentropy", or utils.to_categorical(labels)'
    target = label_numbers(loss, labels, output, sparse)
    total = target.sum(1)
    wrong = ((total - 1).abs() > 1e-3) | (target < 0).any(1)
    if wrong.any():
        raise DataError(
            f"the label in row {int(wrong.nonzero()[0, 0])} is no distribution over the classes",
            sum=f"its numbers add up to {total[wrong][0]:g}; they must be >= 0 and add up to 1",
            fix='loss="binary_crossentropy" and a sigmoid where an image can have several classes or none',
        )
    return target


def label_yes_or_no(loss: Loss, labels: torch.Tensor, output: Shape) -> torch.Tensor:
    """Labels that say yes (1) or no (0), or something between, for each output, inside: (n, k, h, w).

    Errors:  DataError for labels outside 0..1.
    Example: >>> from striate.losses import BinaryCrossentropy
             >>> label_yes_or_no(BinaryCrossentropy(), torch.tensor([True, False]), (1,)).tolist()
             [[1.0], [0.0]]
    """
    sparse = 'loss="sparse_categorical_crossentropy" and a softmax, or utils.to_categorical(labels)'
    target = label_numbers(loss, labels, output, sparse)
    wrong = (target < 0) | (target > 1)
    if wrong.any():
        first, last = float(target.min()), float(target.max())
        signs = first == -1 and last == 1
        place = label_place(to_border(target), to_border(wrong))
        raise DataError(
            f"{place} is no yes or no: labels of {type(loss).__name__} lie between 0 and 1",
            sum=f"the labels given run {first:g}..{last:g}",
            fix="(labels + 1) / 2"
            if signs
            else 'labels 0 and 1; for more classes loss="sparse_categorical_crossentropy" and a softmax',
        )
    return target


def label_signs(loss: Loss, labels: torch.Tensor, output: Shape) -> torch.Tensor:
    """Labels 1 and -1, or 1 and 0, as 1 and -1, for each output, inside: (n, k, h, w).

    Errors:  DataError for other labels, and where both 0 and -1 are among them.
    Example: >>> from striate.losses import Hinge
             >>> label_signs(Hinge(), torch.tensor([1, 0]), (1,)).tolist()
             [[1.0], [-1.0]]
    """
    target = label_numbers(loss, labels, output, 'utils.to_categorical(labels), or loss="max_margin"')
    wrong = (target != 1) & (target != -1) & (target != 0)
    if wrong.any():
        raise DataError(
            f"{label_place(to_border(target), to_border(wrong))} is no sign: labels of {type(loss).__name__} are 1 and -1",
            sum=f"{int(wrong.sum())} of {wrong.numel()} labels are neither those nor 0",
            fix='labels 1 and -1, or 1 and 0; for more classes loss="max_margin" and a score for each class',
        )
    zeros, negatives = int((target == 0).sum()), int((target == -1).sum())
    if zeros and negatives:
        raise DataError(
            "among the labels are both 0 and -1, and either would mean no",
            sum=f"{zeros} labels are 0, {negatives} are -1",
            fix="labels 1 and -1, or 1 and 0",
        )
    return torch.where(target == 0, -1, target) if zeros else target


def label_place(labels: torch.Tensor, wrong: torch.Tensor) -> str:
    """The first label (n, ...) that is `wrong`, and where it stands.

    Example: >>> label_place(torch.tensor([0, 7]), torch.tensor([False, True]))
             'label 7 in row 1'
    """
    row, *inner = wrong.nonzero()[0].tolist()
    position = tuple(place for place, size in zip(inner, labels.shape[1:], strict=True) if size > 1)
    value = labels[(row, *inner)].item()
    shown = f"{value:g}" if isinstance(value, float) else value
    return f"label {shown} in row {row}" + (f", position {position}" if position else "")


def _numbering(first: int, last: int, classes: int) -> str:
    """What is to be done about class numbers first..last that are not all below `classes`."""
    if first == -100:
        return "leave those rows out: -100, which torch would skip without a word, is no class"
    if (first, last, classes) == (-1, 1, 2):
        return "(labels + 1) // 2: classes are numbered from 0"
    if first == last - classes + 1:
        return f"labels {'-' if first > 0 else '+'} {abs(first)}: classes are numbered from 0"
    if first < 0:
        return "number the classes from 0: y = np.unique(labels, return_inverse=True)[1]"
    return f"{last + 1} units in the last layer, or labels below {classes}"
