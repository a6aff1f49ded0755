"""What it is to be a regularizer: a penalty on a weight, added to the loss."""

from dataclasses import dataclass
from typing import Annotated

import torch

from striate import catalog

__all__ = ["Regularizer", "RegularizerLike"]


@dataclass(frozen=True)
class Regularizer(catalog.Concept, shelf="regularizers"):
    """A penalty that grows with the size of a weight."""

    def penalty(self, weight: torch.Tensor) -> torch.Tensor:
        """The penalty, a scalar."""
        raise NotImplementedError


RegularizerLike = Annotated[Regularizer | str, catalog.Member("regularizers")]
