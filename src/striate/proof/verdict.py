"""Which of three answers is wrong, where, and by how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from striate.finding import Finding
from striate.proof.numerical import ABSOLUTE, FAINT, RELATIVE, Slope

__all__ = ["EXACT", "Compared", "apart", "verdict"]

EXACT = 1e-12
"""How far hand and autograd may be apart, in units of max(1, the largest number)."""

Array = np.ndarray
Place = tuple[int, ...]


def apart(found: Array, wanted: Array) -> float:
    """The largest difference, in units of max(1, the largest number wanted); infinite for other shapes and NaN.

    Example: >>> apart(np.array([1.0, 4.0]), np.array([1.0, 2.0])), apart(np.ones(2), np.ones(3))
             (1.0, inf)
    """
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape:
        return float("inf")
    if not found.size:
        return 0.0
    difference = float(np.max(np.abs(found - wanted)) / max(1.0, float(np.max(np.abs(wanted)))))
    return difference if np.isfinite(difference) else float("inf")


@dataclass(eq=False)
class Compared:
    """The gradient of one tensor: by autograd, by hand where there is a rule, and by trying some of its numbers."""

    automatic: Array
    hand: Array | None = None
    tried: dict[Place, Slope] = field(default_factory=dict)

    @cached_property
    def scale(self) -> float:
        """What differences are judged by: the largest gradient, where that is below 1."""
        largest = float(np.max(np.abs(self.automatic), initial=0.0))
        return min(1.0, max(largest, FAINT))

    @cached_property
    def apart(self) -> float:
        """How far hand and autograd differ."""
        return 0.0 if self.hand is None else apart(self.automatic, self.hand)

    @property
    def measured(self) -> dict[Place, Slope]:
        """The numbers that were moved and do not sit on a kink."""
        return {place: found for place, found in self.tried.items() if not found.skipped}

    @property
    def off(self) -> float:
        """The largest difference between autograd and trying, in units of max(1, the largest gradient)."""
        unit = max(1.0, float(np.max(np.abs(self.automatic), initial=0.0)))
        differences = [abs(found.value - self.automatic[place]) for place, found in self.measured.items()]
        return float(np.max(differences, initial=0.0) / unit)

    def refuted(self, gradient: Array | None, factor: float = 1.0) -> list[Place]:
        """Where trying gives another number than `gradient`, or than a multiple of what it gives itself."""
        if gradient is None:
            return []
        if gradient.shape != self.automatic.shape:
            return list(self.measured)
        return [
            place
            for place, found in self.measured.items()
            if not abs(factor * found.value - gradient[place])
            <= ABSOLUTE * self.scale + RELATIVE * abs(found.value) + found.noise
        ]

    def differs_most(self) -> Place:
        """Where hand and autograd differ most; they have to be of one shape."""
        assert self.hand is not None
        difference = np.nan_to_num(np.abs(self.automatic - self.hand), nan=np.inf)
        return tuple(int(axis) for axis in np.unravel_index(int(np.argmax(difference)), difference.shape))

    def places(self, count: int, rng: np.random.Generator) -> list[Place]:
        """Which numbers to try: where hand and autograd differ most, the steepest, then at random.

        Of those at random half are where the gradient is not 0: most numbers of an image may not matter.
        """
        flat = np.nan_to_num(np.abs(self.automatic)).ravel()
        chosen: dict[int, None] = {}
        if self.hand is not None and self.hand.shape == self.automatic.shape and self.apart > EXACT:
            chosen[int(np.ravel_multi_index(self.differs_most(), self.hand.shape))] = None
        chosen[int(np.argmax(flat))] = None
        order = rng.permutation(flat.size)
        steep = [int(each) for each in order if flat[each] > 0]
        for each in (*steep[: count // 2], *order):
            if len(chosen) >= count:
                break
            chosen[int(each)] = None
        return [tuple(int(axis) for axis in np.unravel_index(each, self.automatic.shape)) for each in chosen][:count]


def verdict(
    name: str,
    kind: str,
    code: str,
    outputs: Mapping[str, Array],
    wanted: Mapping[str, Array] | None,
    compared: Mapping[str, Compared],
) -> list[Finding]:
    """What is amiss with a brick.

    Args:
        name: of the brick in its network.
        kind: its concept; empty for the whole network.
        code: the class of its torch module.
        outputs: what it gives, and averages after it.
        wanted: the same by hand, where there is a rule.
        compared: its gradients by name.
    """
    found = []
    for each, value in outputs.items():
        if not np.isfinite(value).all():
            bad = int((~np.isfinite(value)).sum())
            found.append(_finding("not-finite", name, f"{bad} of {value.size} numbers of {each} are not finite",
                                  f"{kind} gives numbers that nothing can be proved of", "smaller weights or inputs"))  # fmt: skip
        elif wanted is not None and apart(value, wanted[each]) > EXACT:
            found.append(_finding("forward-disagrees", name, _forward_sum(each, value, wanted[each]),
                                  f"the forward of {code} and that of textbook.{kind} are not the same function",
                                  f"compare both with the formula in the docstring of {kind}"))  # fmt: skip
    if found:
        return found
    for each, gradient in compared.items():
        said = _of_gradient(name, kind, code, each, gradient)
        if said is not None:
            found.append(said)
    return found


def _of_gradient(name: str, kind: str, code: str, each: str, gradient: Compared) -> Finding | None:
    """What is amiss with one gradient. Trying decides between hand and autograd; what nobody disputes is right."""
    refuted, by_hand = gradient.refuted(gradient.automatic), gradient.refuted(gradient.hand)
    if not refuted and gradient.apart <= EXACT:
        return None
    evidence = _sum(each, gradient, [*refuted, *by_hand])
    slot = f"dE/{each}"
    if refuted and not kind:
        cause = f"autograd's gradient of the whole network does not belong to its loss, for {slot}"
        return _finding(
            "gradient-disagrees", name, evidence, cause, "what is told of its layers; if nothing is, please report it"
        )
    if refuted:
        others = "trying says" if gradient.hand is None or by_hand else "the textbook and trying say"
        cause = f"the backward of {code} is wrong for {slot}{_how(gradient, gradient.automatic)}; {others} so"
        return _finding("gradient-disagrees", name, evidence, cause, f"the backward of {code}: dE/dx = (dy/dx)^T dE/dy")
    if by_hand:
        how = _how(gradient, gradient.hand)
        cause = f"the backward rule of textbook.{kind} is wrong for {slot}{how}; autograd and trying say so"
    else:
        cause = f"autograd and the textbook's rule of {kind} differ for {slot}, by less than trying can tell"
    return _finding("textbook-disagrees", name, evidence, cause, f"the backward of textbook.{kind}, or of {code}")


def _finding(fault: str, where: str, evidence: str, cause: str, fix: str) -> Finding:
    return Finding(fault, where, evidence, cause, fix, "error")


def _how(gradient: Compared, wrong: Array | None) -> str:
    """By which factor, if it is one."""
    if wrong is None or wrong.shape != gradient.automatic.shape:
        return ": its shape is another"
    right = np.array([found.value for found in gradient.measured.values()])
    given = np.array([wrong[place] for place in gradient.measured])
    if not right.any():
        return ": it must be 0"
    factor = float(given @ right / (right @ right))
    if gradient.refuted(wrong, factor):
        return ""
    return ": its sign" if abs(factor + 1) < 1e-4 else f": it is {factor:.5g} times what it must be"


def _sum(each: str, gradient: Compared, doubtful: Sequence[Place]) -> str:
    """The numbers of a place that is in doubt; where trying doubts none, of that where hand and autograd differ most."""
    automatic, hand = gradient.automatic, gradient.hand
    if hand is not None and hand.shape != automatic.shape:
        return f"dE/{each}: by hand of shape {hand.shape}, autograd {automatic.shape}"
    place = doubtful[0] if doubtful else gradient.differs_most()
    parts = [f"autograd {automatic[place]:.9g}"]
    if hand is not None:
        parts.append(f"by hand {hand[place]:.9g}")
    if place in gradient.measured:
        parts.append(f"by trying {gradient.measured[place].value:.9g}")
    return f"dE/{each}[{', '.join(map(str, place))}]: {', '.join(parts)}"


def _forward_sum(each: str, value: Array, wanted: Any) -> str:
    wanted = np.asarray(wanted)
    if wanted.shape != value.shape:
        return f"{each}: torch {value.shape}, textbook {wanted.shape}"
    place = np.unravel_index(int(np.argmax(np.nan_to_num(np.abs(value - wanted), nan=np.inf))), value.shape)
    return (
        f"{each}[{', '.join(str(int(axis)) for axis in place)}]: torch {value[place]:.9g}, textbook {wanted[place]:.9g}"
    )
