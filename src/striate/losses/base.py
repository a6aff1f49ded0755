"""What it is to be a loss: what training makes small."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import torch

from striate import catalog
from striate.errors import DataError
from striate.shape import Shape, to_inside

__all__ = ["Loss", "LossLike", "require_shape"]


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
        return replace(self, from_logits=True) if self.head else self  # ty: ignore[invalid-argument-type]

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        prediction = torch.as_tensor(np.asarray(y_pred))
        if not prediction.is_floating_point():
            prediction = prediction.float()
        if prediction.dim() < 1 or len(np.asarray(y_true)) != len(prediction):
            raise DataError(
                f"{len(np.asarray(y_true))} labels for {len(prediction)} predictions", fix="one label for each"
            )
        target = self.target(torch.as_tensor(np.asarray(y_true)), tuple(prediction.shape[1:]))
        return float(self.values(to_inside(prediction), target).mean())


LossLike = Annotated[Loss | str, catalog.Member("losses")]


def require_shape(labels: torch.Tensor, shape: Shape) -> None:
    """Refuse labels that are not (n, *shape).

    Errors: DataError with both shapes.
    """
    if tuple(labels.shape[1:]) != shape:
        wanted = ", ".join(["n", *map(str, shape)]) + ("," if not shape else "")
        raise DataError(
            f"labels of shape {tuple(labels.shape)} do not fit the network's output",
            sum=f"needed ({wanted})",
            fix="one label for each prediction",
        )
