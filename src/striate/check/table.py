"""The table of a network: what every layer gives, costs and sees."""

import html
import io
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table as Grid
from rich.text import Text

from striate.check.cost import macs, params
from striate.check.receptive_field import Reach, reaches
from striate.finding import Finding
from striate.network import Network, Node
from striate.shape import Shape, elements, is_open, shape_text
from striate.units import bytes_text, count_text

__all__ = ["FLOAT32", "Row", "Table"]

FLOAT32 = 4  # bytes


@dataclass(frozen=True)
class Row:
    """One use of a layer: its output (without the batch, channels last), its cost, and what a position of it sees."""

    name: str
    type: str
    output: Shape
    params: int
    """Weights that training moves."""
    non_trainable: int
    macs: int | None
    """None where they depend on a size that is left open."""
    receptive_field: tuple[int, ...] | None
    """Pixels of the input on each axis; None where the input has no axes."""
    stride: tuple[float, ...] | None
    """Input pixels between neighbours, a fraction where a map was enlarged; None where every position sees the whole or there is but a vector."""
    bytes: int | None
    """Of the output for one image, float32; None where its size is left open."""

    @classmethod
    def of(cls, node: Node, reach: Reach) -> "Row":
        """The row of a node."""
        return cls(
            node.name,
            type(node.layer).__name__,
            node.output,
            *params(node),
            macs(node),
            tuple(None if side is None else math.ceil(side) for side in reach.field) or None,
            tuple(map(_whole, reach.stride or ())) or None if len(node.output) > 1 else None,
            None if is_open(node.output) else FLOAT32 * elements(node.output),
        )

    def to_json(self) -> dict[str, Any]:
        """The row as `--json` prints it."""
        keys = ("name", "type", "output", "params", "macs", "receptive_field", "stride", "bytes")
        values = {key: getattr(self, key) for key in keys}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _whole(stride: Any) -> Any:
    """A stride as a plain number: a fraction only where a map was enlarged."""
    return int(stride) if stride == int(stride) else float(stride)


@dataclass(frozen=True, repr=False)
class Table:
    """Every layer with its cost, the totals, and what is amiss; printed, it fits the terminal it is printed on.

    Example: >>> from striate.layers import Conv2D
             >>> table = Table.of(Network.sequential([Conv2D(20, 5, input_shape=(28, 28, 1))]))
             >>> table.params, table.macs, table.receptive_field
             (520, 288000, (5, 5))
    """

    inputs: tuple[Shape, ...]
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, network: Network) -> "Table":
        """The table of a declared network, from the declaration alone."""
        reach = reaches(network)
        inputs = tuple(network[name].output for name in network.inputs)
        return cls(inputs, tuple(Row.of(node, reach[node.name]) for node in network.nodes if not node.is_input))

    @property
    def params(self) -> int:
        """Weights that training moves; a shared layer's count once."""
        return sum(row.params for row in self.rows)

    @property
    def non_trainable(self) -> int:
        """Weights that training leaves as they are."""
        return sum(row.non_trainable for row in self.rows)

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates of convolutions and matrix products for one image; None if a size is left open."""
        return _total(row.macs for row in self.rows)

    @property
    def receptive_field(self) -> tuple[int, ...] | None:
        """That of the last layer which still gives a map; None in a network without maps."""
        return next((row.receptive_field for row in reversed(self.rows) if len(row.output) > 1), None)

    @property
    def bytes(self) -> int | None:
        """Activation memory: all outputs for one image, float32; None if a size is left open."""
        return _total(row.bytes for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """The table as `striate check --json` prints it."""
        field = self.receptive_field
        return {
            "rows": [row.to_json() for row in self.rows],
            "params": self.params,
            "non_trainable": self.non_trainable,
            "macs": self.macs,
            "receptive_field": None if field is None else list(field),
            "findings": [finding.to_json() for finding in self.findings],
        }

    def plain(self, width: int = 80) -> str:
        """The table and its findings as plain text of at most `width` columns, without colour."""
        return _plain(self, width)

    def text(self, name: str = "sequential", width: int = 80) -> str:
        """The table as Keras' `model.summary()` prints it, without colour."""
        grid = Grid(box=box.HEAVY_HEAD, show_lines=True)
        for title, justify in (("Layer (type)", "left"), ("Output Shape", "left"), ("Param #", "right")):
            grid.add_column(title, justify=justify, overflow="fold")
        for row in self.rows:
            shape = str((None, *row.output))
            grid.add_row(Text(f"{row.name} ({row.type})"), shape, count_text(row.params + row.non_trainable))
        total = self.params + self.non_trainable
        counts = {"Total": total, "Trainable": self.params, "Non-trainable": self.non_trainable}
        totals = [f" {of} params: {count_text(count)} ({bytes_text(FLOAT32 * count)})" for of, count in counts.items()]
        return "\n".join([f'Model: "{name}"', _plain(grid, width), *totals])

    def html(self, name: str = "") -> str:
        """The table and its findings for a notebook, with `name` above."""
        columns = _columns(self)
        lines = [
            ("th", [column.title for column in columns]),
            *(("td", [column.cell(row) for column in columns]) for row in self.rows),
            ("th", [column.total(self) for column in columns]),
        ]
        body = "".join(
            "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>" for tag, cells in lines
        )
        caption = f"<caption>{html.escape(name)}</caption>" if name else ""
        findings = "".join(f"<pre>{html.escape(str(finding))}</pre>" for finding in self.findings)
        return f"<table>{caption}{body}</table>{findings}"

    _repr_html_ = html

    def __str__(self) -> str:
        return self.plain()

    __repr__ = __str__

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = _columns(self, options.max_width)
        if self.inputs:
            yield Text(" input " + ", ".join(map(shape_text, self.inputs)), style="dim")
        grid = Grid(box=box.SIMPLE_HEAD, show_footer=True, padding=(0, 1, 0, 0), pad_edge=False)
        for column in columns:
            grid.add_column(column.title, column.total(self), justify=column.justify, overflow="fold")
        for row in self.rows:
            grid.add_row(*(Text(column.cell(row)) for column in columns))
        yield grid
        for finding in self.findings:
            yield from _finding(finding)


@dataclass(frozen=True)
class _Column:
    title: str
    attribute: str
    show: Callable[[Any], str]
    rank: int = 0
    """Where the terminal is narrow, columns of high rank give way first; those of rank 0 stay."""
    totalled: bool = False
    optional: bool = False
    """Whether the column is left out where all of it is empty or zero."""
    justify: Any = "right"
    footer: str = ""

    def cell(self, row: Row) -> str:
        return self.show(getattr(row, self.attribute))

    def total(self, table: Table) -> str:
        return self.show(getattr(table, self.attribute)) if self.totalled else self.footer

    def width(self, table: Table) -> int:
        return max(map(len, [self.title, self.total(table), *map(self.cell, table.rows)]))


def _total(values: Iterable[int | None]) -> int | None:
    """The sum of the numbers, of which none is known if one is not."""
    known = list(values)
    return None if None in known else sum(value or 0 for value in known)


def _open_text(show: Callable[[Any], str]) -> Callable[[Any], str]:
    """What is not known as ?."""
    return lambda value: "?" if value is None else show(value)


def _field_text(field: tuple[Any, ...] | None) -> str:
    return shape_text(field or ())


def _stride_text(stride: tuple[float, ...] | None) -> str:
    """One number for all axes where they agree."""
    return _field_text(stride and (stride if len(set(stride)) > 1 else stride[:1]))


_COLUMNS = (
    _Column("layer", "name", str, justify="left", footer="total"),
    _Column("type", "type", str, 6, justify="left"),
    _Column("output", "output", shape_text),
    _Column("params", "params", count_text, totalled=True),
    _Column("fixed", "non_trainable", count_text, 3, totalled=True, optional=True),
    _Column("MACs", "macs", _open_text(count_text), 1, totalled=True),
    _Column("field", "receptive_field", _field_text, 2, totalled=True, optional=True),
    _Column("stride", "stride", _stride_text, 5, optional=True),
    _Column("memory", "bytes", _open_text(bytes_text), 4, totalled=True),
)


def _columns(table: Table, width: float = math.inf) -> list[_Column]:
    """The columns that have something to say and fit: two blanks part them, and one stands at each edge."""
    columns = [
        column
        for column in _COLUMNS
        if not column.optional or any(getattr(row, column.attribute) for row in table.rows)
    ]
    while sum(2 + column.width(table) for column in columns) > width and any(column.rank for column in columns):
        columns.remove(max(columns, key=lambda column: column.rank))
    return columns


def _finding(finding: Finding) -> Iterator[RenderableType]:
    """A finding as it prints itself, with its longer lines hanging."""
    head, *parts = str(finding).split("\n")
    yield Text(head, style="red" if finding.severity == "error" else "yellow")
    lines = Grid.grid("", "")
    for part in parts:
        label, _, said = part.partition(" : ")
        lines.add_row(Text(f"{label} : "), Text(said))
    yield lines


def _plain(renderable: RenderableType, width: int) -> str:
    """What rich would print, as text: no colour, no notebook, no trailing blanks."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, color_system=None, force_terminal=False, force_jupyter=False, legacy_windows=False
    )
    console.print(renderable)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip("\n")
