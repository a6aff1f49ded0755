"""What a proof says: a row for each brick, and what is amiss."""

import io
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as Grid
from rich.text import Text

from striate.errors import ProofError
from striate.finding import Finding
from striate.units import counted

__all__ = ["Proof", "Row"]


@dataclass(frozen=True)
class Row:
    """A brick: how far the three ways of computing are apart, in units of max(1, the largest number)."""

    name: str
    type: str
    """Of the layer or loss; empty for the whole network."""
    forward: float | None
    """Between torch and the textbook; None where there is no rule."""
    backward: float | None
    """Between autograd and the textbook."""
    numerical: float
    """Between autograd and differences."""
    entries: int
    """How many numbers were moved."""
    split: int
    """Of how many the step was halved, as it crossed a kink."""
    skipped: int
    """How many sit on a kink and have no derivative."""

    @property
    def by_hand(self) -> bool:
        """Whether the textbook has a rule for it."""
        return self.forward is not None


@dataclass(frozen=True, repr=False)
class Proof:
    """Every brick of a network proved, the losses and the whole after them; printed, it fits its terminal."""

    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    entries: int
    """How many numbers were moved for each brick, where it has so many."""
    images: int
    seed: int

    @property
    def agrees(self) -> bool:
        """Whether all ways of computing gave the same."""
        return not self.findings

    def require(self) -> None:
        """Refuse a network that is not proved.

        Errors:  ProofError that names the bricks.
        """
        if self.findings:
            names = list(dict.fromkeys(finding.where for finding in self.findings))
            first = self.findings[0]
            raise ProofError(
                f"{counted(len(self.findings), 'disagreement')} between forward and backward",
                where=", ".join(names),
                sum=first.evidence,
                fix=first.fix,
            )

    def to_json(self) -> dict[str, Any]:
        """The proof as `striate prove --json` prints it; a difference that is no number is null."""
        rows = [
            {
                key: None if isinstance(value, float) and not math.isfinite(value) else value
                for key, value in row.items()
            }
            for row in map(asdict, self.rows)
        ]
        findings = [finding.to_json() for finding in self.findings]
        told = {"agrees": self.agrees, "entries": self.entries, "images": self.images, "seed": self.seed}
        return {"rows": rows, **told, "findings": findings}

    def conclusion(self) -> list[str]:
        """What was compared, in words."""
        tried = sum(row.entries for row in self.rows)
        split, skipped = sum(row.split for row in self.rows), sum(row.skipped for row in self.rows)
        said = [
            f"{counted(self.images, 'image')}, seed {self.seed}; {tried} numbers moved, {self.entries} a layer at most",
            f"kinks: {counted(split, 'step')} halved to stay on one side, {skipped} skipped for sitting on one",
        ]
        alone = [row.name for row in self.rows if row.type and not row.by_hand]
        if alone:
            said.append(f"without a textbook rule, proved by differences alone: {', '.join(alone)}")
        if self.agrees:
            ways = "by hand = autograd = numerical" if any(row.by_hand for row in self.rows) else "autograd = numerical"
            said.append(f"proved: {ways}")
        return said

    def plain(self, width: int = 80) -> str:
        """The table and its findings as plain text of at most `width` columns, without colour."""
        out = io.StringIO()
        console = Console(
            file=out, width=width, color_system=None, force_terminal=False, force_jupyter=False, legacy_windows=False
        )
        console.print(self)
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip("\n")

    def __str__(self) -> str:
        return self.plain()

    __repr__ = __str__

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        grid = Grid(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        columns = _columns(self, options.max_width)
        for column in columns:
            grid.add_column(column.title, justify="left" if column.rank in (0, _TYPE) else "right", overflow="fold")
        wrong = {finding.where for finding in self.findings}
        for row in self.rows:
            cells = [Text(column.show(row)) for column in columns]
            grid.add_row(*cells, style="red" if row.name in wrong else None)
        yield grid
        for line in self.conclusion():
            yield Text(line)
        for finding in self.findings:
            yield Text(str(finding), style="red")


@dataclass(frozen=True)
class _Column:
    title: str
    show: Callable[[Row], str]
    rank: int
    """Where the terminal is narrow, columns of high rank give way first; that of rank 0 stays."""

    def width(self, proof: Proof) -> int:
        return max(map(len, [self.title, *map(self.show, proof.rows)]))


def _apart(value: float | None) -> str:
    """A difference in one digit."""
    if value is None:
        return "-"
    return "0" if value == 0 else f"{value:.0e}" if math.isfinite(value) else "other"


_TYPE = 6
_COLUMNS = (
    _Column("layer", lambda row: row.name, 0),
    _Column("type", lambda row: row.type, _TYPE),
    _Column("forward", lambda row: _apart(row.forward), 3),
    _Column("backward", lambda row: _apart(row.backward), 1),
    _Column("numeric", lambda row: _apart(row.numerical), 1),
    _Column("moved", lambda row: str(row.entries), 5),
    _Column("split", lambda row: str(row.split), 4),
    _Column("skip", lambda row: str(row.skipped), 2),
)


def _columns(proof: Proof, width: int) -> list[_Column]:
    """The columns that fit: two blanks part them, and one stands at each edge."""
    columns = list(_COLUMNS)
    while sum(2 + column.width(proof) for column in columns) > width and any(column.rank > 1 for column in columns):
        columns.remove(max(columns, key=lambda column: column.rank))
    return columns
