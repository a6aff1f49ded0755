"""`striate train`: the main job."""

import os
import signal
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli import terminal
from striate.errors import LostError, StriateError

if TYPE_CHECKING:
    from striate.train import Group

__all__ = ["train"]

What = Annotated[
    str, typer.Argument(help="digits, mnist, cifar10, a folder of images, or a recipe.toml.", metavar="WHAT")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the recipe, as in train.epochs=3.")
]


def train(
    what: What,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME-N by default.")] = None,
    settings: Settings = None,
    print_recipe: Annotated[bool, typer.Option("--print-recipe", help="Print what would run, and stop.")] = False,
) -> int:
    """Train and test a network. The run's folder gets its weights, its numbers and a report."""
    from striate.train import joined

    with joined() as group:
        if group.leads:
            try:
                return _trained(group, what, out, settings or [], print_recipe)
            except StriateError as error:
                if not group.shares(error):
                    raise
                terminal.tell(error)
                return error.status
        with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            try:
                return _trained(group, what, out, settings or [], print_recipe)
            except StriateError as error:
                if not (group.shares(error) or isinstance(error, LostError)):
                    raise
                return error.status
            except KeyboardInterrupt as stop:
                return 128 + getattr(stop, "signum", signal.SIGINT)


def _trained(group: "Group", what: str, out: Path | None, settings: Sequence[str], print_recipe: bool) -> int:
    """The job, in one of the processes of a group."""
    from striate.cli.sources import recipe_of
    from striate.recipe.job import run
    from striate.recipe.write import write
    from striate.units import counted, seconds_text

    with group.together():
        recipe = recipe_of(what, settings)
    if print_recipe:
        terminal.say(write(recipe).rstrip())
        return 0
    outcome = run(recipe, out, terminal.say, group=group)
    summary = outcome.summary
    for part in ("test", "validation"):
        if part in summary:
            from striate.report import wilson

            count = summary["images"][part]
            right = summary[part].get("accuracy")
            if right is not None:
                low, high = wilson(round(right * count), count)
                terminal.say(
                    f"{part} accuracy {right:.2%} of {counted(count, 'image')} (95 % interval {low:.2%} to {high:.2%})",
                    "bold",
                )
            else:
                terminal.say(f"{part} loss {summary[part]['loss']:.5g} over {counted(count, 'image')}", "bold")
            break
    judge = "validation" if "validation" in summary else "training"
    terminal.say(f"trained in {seconds_text(summary['seconds_train'])}")
    if summary["best_epoch"] is not None:
        terminal.say(f"kept    the weights of epoch {summary['best_epoch'] + 1}, of the lowest {judge} loss")
    terminal.say(f"run     {outcome.folder}")
    terminal.say(f"report  {(outcome.folder / 'report.html').absolute().as_uri()}")
    return 0 if outcome.interrupted is None else 128 + outcome.interrupted
