"""`striate check`: the table of a network and what is wrong with it, before any weight exists."""

from typing import Annotated

import typer

from striate.cli import terminal
from striate.cli.train import Settings

__all__ = ["check"]


def check(
    what: Annotated[
        str,
        typer.Argument(
            help="digits, mnist, cifar10, a folder of images, a recipe.toml, a run or zoo:NAME.", metavar="WHAT"
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse windows that do not tile their input.")] = False,
    settings: Settings = None,
) -> int:
    """Cost and check a network. Shows shapes, parameters, operations, receptive field, advice; trains nothing."""
    from striate import catalog
    from striate.check import check as check_network
    from striate.check import refuse
    from striate.cli.sources import ZOO, is_run, recipe_of, zoo_network
    from striate.loader import load_folder
    from striate.model import load

    given = None
    if what.startswith(ZOO):
        network, loss, classes = zoo_network(what, settings or []), None, 0
    elif is_run(what) and not settings:
        model = load(what)
        network, loss, classes = model.network, model.loss, len(model.classes)
    else:
        recipe = recipe_of(what, settings or [])
        classes = 0
        if recipe.model.input is None and recipe.data.path is not None:
            data = load_folder(recipe.data.path, size=recipe.data.size, max_bad=recipe.data.max_bad)
            classes = len(data.classes)
            recipe = recipe.fitted(tuple(data.train.x.shape[1:]), classes)
        network, loss = recipe.network(), catalog.get("losses", recipe.train.loss)
        if recipe.data.name is not None and (dataset := recipe.data.dataset()).at_hand:
            train = dataset.load().train
            given = train.x, train.y
    table = check_network(network, loss=loss, classes=classes or None, strict=strict, data=given)
    if json:
        terminal.say_json(table.to_json())
    else:
        terminal.console().print(table)
    refuse(table.findings)
    return 0
