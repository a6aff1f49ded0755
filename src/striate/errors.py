"""What striate says when something is wrong: what, where, the sum, and the fix.

    StriateError
    ├── DeclarationError (ValueError)      a network, loss or optimizer that cannot be meant so
    │   ├── ShapeError                     a layer does not fit what it is given
    │   │   └── OpenSizeError              a size is needed that the declaration leaves open
    │   ├── ArgumentError (TypeError)      an argument of the wrong name, type or range
    │   └── UnknownNameError (LookupError) a name that no concept has
    │       └── AbsentNameError (AttributeError) the same, asked of a shelf's module
    ├── RecipeError (ValueError)           a recipe file, all its problems at once
    ├── DataError (ValueError)             images or labels that cannot be used
    ├── StorageError (OSError)             a file that is damaged, foreign, or cannot be written
    ├── TrainingError (RuntimeError)       training cannot go on
    │   ├── NonFiniteError                 a loss that is no longer a number
    │   └── LostError                      another process of the run has ended, or does not answer
    └── ProofError (ArithmeticError)       a gradient is not that of its function: a mistake in code

Every message has one form (`where`, `sum` and `fix` are left out when they have nothing to add):

    ShapeError: Conv2D cannot fit a 5x5 kernel in a 4x3 map
      where : layer 3 of 7, conv2d_3 = Conv2D(filters=120, kernel_size=5); input (4, 3, 6)
      sum   : height: floor((4 + 2*0 - 1*(5-1) - 1) / 1) + 1 = 0, must be >= 1
      fix   : padding="same", or a map of at least 5x5
"""

import difflib
from collections.abc import Iterable

__all__ = [
    "AbsentNameError",
    "ArgumentError",
    "DataError",
    "DeclarationError",
    "LostError",
    "NonFiniteError",
    "OpenSizeError",
    "ProofError",
    "RecipeError",
    "ShapeError",
    "StorageError",
    "StriateError",
    "TrainingError",
    "UnknownNameError",
    "nearest",
    "printable",
]


class StriateError(Exception):
    """Something the user can put right: `what` is wrong, `where`, the `sum` that shows it, the `fix`.

    `status` is the exit status of the command line.
    """

    status = 2

    def __init__(self, what: str, *, where: str = "", sum: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.sum, self.fix = what, where, sum, fix

    def __str__(self) -> str:
        parts = [("where", self.where), ("sum", self.sum), ("fix", self.fix)]
        lines = [f"  {label:<6}: " + text.replace("\n", "\n" + " " * 10) for label, text in parts if text]
        return "\n".join([self.what, *lines])

    def at(self, where: str) -> "StriateError":
        """The same error, told where it happened by the caller that knows (an inner place is kept first)."""
        self.where = f"{self.where}   {where}" if self.where else where
        return self


class DeclarationError(StriateError, ValueError):
    """A declaration that cannot be meant so."""


class ShapeError(DeclarationError):
    """A layer does not fit the shape it is given."""


class OpenSizeError(ShapeError):
    """Something depends on a size that the declaration leaves open."""


class ArgumentError(DeclarationError, TypeError):
    """An argument has the wrong name, type or range."""


class UnknownNameError(DeclarationError, LookupError):
    """A name that no concept of the shelf has; the nearest and the known ones are listed."""

    def __init__(self, kind: str, name: object, known: Iterable[str], **parts: str) -> None:
        known = sorted(known)
        close = nearest(str(name), known)
        super().__init__(
            f"no {kind} is called {name!r}",
            sum=f"known: {', '.join(known)}",
            fix=f"did you mean {close!r}?" if close else "one of the known names",
            **parts,
        )


class AbsentNameError(UnknownNameError, AttributeError):
    """A name that a shelf's own module is asked for and does not have."""


class RecipeError(StriateError, ValueError):
    """A recipe cannot be used; `problems` holds one line for each reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class DataError(StriateError, ValueError):
    """Images or labels cannot be used."""


class StorageError(StriateError, OSError):
    """A file is damaged, foreign, missing or cannot be written."""


class TrainingError(StriateError, RuntimeError):
    """Training cannot go on."""

    status = 3


class NonFiniteError(TrainingError):
    """The loss is no longer a finite number; nothing of the step that gave it was applied."""


class LostError(TrainingError):
    """Another process of the run has ended, or does not answer."""


class ProofError(StriateError, ArithmeticError):
    """A gradient is not that of the function it belongs to: a mistake in the code of a layer, the user's or ours."""

    status = 1


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most likely means, or None.

    Example: >>> nearest("stride", ["strides", "padding"])
             'strides'
    """
    folded = {}
    for word in known:
        folded.setdefault(word.replace("_", "").lower(), word)
    close = difflib.get_close_matches(name.replace("_", "").lower(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def printable(text: object, limit: int = 120) -> str:
    """`text` on one line that any terminal or log can show: escapes for the rest, cut at `limit`.

    Example: >>> printable("a\\nb")
             'a\\\\nb'
    """
    shown = str(text)
    if not shown.isprintable():
        shown = "".join(
            letter
            if letter.isprintable() or letter in "\u00a0\u202f"
            else letter.encode("unicode_escape", "surrogatepass").decode()
            for letter in shown
        )
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
