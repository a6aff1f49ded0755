"""What it is to be a loss: what training makes small."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Self

import torch

from striate import catalog
from striate.errors import DataError
from striate.shape import Shape, as_tensor, to_border, to_inside

__all__ = ["Loss", "LossLike", "label_numbers", "label_place"]


@dataclass(frozen=True)
class Loss(catalog.Concept, shelf="losses"):
    """A number for how wrong a prediction is.

    Inside, predictions are (n, k) or (n, k, h, w) and `values` gives (n,) or (n, h, w); the loss of a batch is
    their mean. Called as Keras does, `loss(y_true, y_pred)`, it takes border arrays (n, ..., k) and returns a float.
    """

    head: ClassVar[str | None] = None
    """The activation ("Softmax", "Sigmoid") whose output the loss takes when `from_logits` is false."""

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
