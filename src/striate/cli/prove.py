"""`striate prove`: every gradient of a network in three ways."""

from typing import Annotated

import typer

from striate.cli import terminal
from striate.cli.train import Settings

__all__ = ["prove"]


def prove(
    what: Annotated[
        str,
        typer.Argument(
            help="digits, mnist, cifar10, a folder of images, a recipe.toml, a run or zoo:NAME.", metavar="WHAT"
        ),
    ],
    entries: Annotated[int, typer.Option(min=1, help="How many numbers of each layer to move.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, images, labels and what is moved.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    settings: Settings = None,
) -> int:
    """Prove the gradients of a network. Compares rules by hand, autograd and differences, layer by layer."""
    from striate import proof
    from striate.cli.sources import ZOO, is_run, recipe_of, zoo_network
    from striate.model import load
    from striate.recipe.job import load_data

    if what.startswith(ZOO):
        found = proof.prove(zoo_network(what, settings or []), entries=entries, seed=seed)
    elif is_run(what) and not settings:
        found = proof.prove(load(what), entries=entries, seed=seed)
    else:
        recipe = recipe_of(what, settings or [])
        if recipe.model.input is None:
            data = load_data(recipe, progress=False)
            recipe = recipe.fitted(tuple(data.train.x.shape[1:]), len(data.classes))
        train = recipe.train
        weights = None if train.loss_weights is None else dict(train.loss_weights)
        found = proof.prove(recipe.network(), train.loss, loss_weights=weights, entries=entries, seed=seed)
    if json:
        terminal.say_json(found.to_json())
    else:
        terminal.console().print(found)
    found.require()
    return 0
