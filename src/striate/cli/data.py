"""`striate data`: what is in a data set, and what is wrong with it."""

from typing import Annotated, Any

import typer

from striate.cli import terminal

__all__ = ["data"]


def data(
    what: Annotated[
        str, typer.Argument(help="digits, mnist, cifar10, cifar100 or a folder of images.", metavar="WHAT")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Look at a data set. Shows how many images each class and part has, and what is wrong with them."""
    from rich import box
    from rich.table import Table

    from striate.cli.sources import data_of
    from striate.loader import audit, describe
    from striate.units import counted

    loaded = data_of(what)
    loaded.findings.extend(audit(loaded))
    table: dict[str, Any] = describe(loaded)
    if json:
        terminal.say_json(table)
        return 0
    size = "x".join(map(str, table["shape"]))
    terminal.say(f"{table['name']}: images of {size}, {table['type']}", "bold")
    parts = list(table["images"])
    grid = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    grid.add_column("class", overflow="fold")
    for part in parts:
        grid.add_column(part, justify="right")
    for label, counts in table.get("classes", {}).items():
        grid.add_row(label, *(f"{counts[part]:,}" for part in parts))
    grid.add_row("all", *(f"{table['images'][part]:,}" for part in parts), style="bold")
    terminal.console().print(grid)
    if "majority" in table:
        terminal.say(
            f"always naming the most frequent class would be right for {table['majority']:.1%} of the training images"
        )
    for finding in loaded.findings:
        terminal.say(str(finding))
    for bad in loaded.bad[:20]:
        terminal.say(f"set aside: {bad.path}: {bad.reason}")
    if len(loaded.bad) > 20:
        terminal.say(f"... and {counted(len(loaded.bad) - 20, 'more file')} set aside")
    return 0
