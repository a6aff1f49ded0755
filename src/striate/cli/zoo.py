"""`striate zoo`: the classic networks that come along."""

from typing import Annotated, Any

import typer

from striate.cli import terminal

__all__ = ["zoo"]


def zoo(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> int:
    """List the classic networks. Shows what each takes, how many parameters and operations it has, and its paper."""
    from rich import box
    from rich.table import Table as Grid

    from striate import zoo as networks
    from striate.check import Table
    from striate.shape import shape_text

    rows: list[dict[str, Any]] = []
    for name, entry in networks.members().items():
        table = Table.of(entry.make().network)
        rows.append(
            {
                "name": name,
                "year": entry.year,
                "input": list(entry.input_shape),
                "classes": entry.classes,
                "params": table.params,
                "non_trainable": table.non_trainable,
                "macs": table.macs,
                "source": entry.source,
                "lecture": entry.lecture,
            }
        )
    if json:
        terminal.say_json(rows)
        return 0
    shown: dict[str, list[str]] = {
        "network": [row["name"] for row in rows],
        "params": [f"{row['params']:,}" for row in rows],
        "MACs": [f"{row['macs']:,}" for row in rows],
        "input": [shape_text(row["input"]) for row in rows],
        "year": [str(row["year"]) for row in rows],
        "source": [row["source"] for row in rows],
    }
    widths = {title: max(len(text) for text in [title, *cells]) for title, cells in shown.items()}
    console = terminal.console()
    while sum(2 + widths[title] for title in shown) > console.width and len(shown) > 2:
        shown.popitem()  # what says least stands last
    grid = Grid(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for title in shown:
        grid.add_column(title, justify="right" if title in ("params", "MACs", "input") else "left", overflow="fold")
    for cells in zip(*shown.values(), strict=True):
        grid.add_row(*cells)
    console.print(grid)
    terminal.say("striate check zoo:NAME shows one layer by layer")
    return 0
