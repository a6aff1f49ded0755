"""`striate evaluate`: how good a trained network is on images with labels."""

import os
from pathlib import Path
from typing import Annotated

import typer

from striate.cli import terminal

__all__ = ["evaluate"]


def evaluate(
    run: Annotated[str, typer.Argument(help="A run folder or a NAME.striate file.", metavar="RUN")],
    data: Annotated[
        str | None,
        typer.Argument(help="A data set or a folder of images; the run's own test set by default.", metavar="DATA"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Test a trained network. Measures it on images with labels."""
    from striate.cli.sources import data_of, trained_on
    from striate.errors import DataError
    from striate.loader import is_image_folder, load_folder
    from striate.model import load
    from striate.report import wilson
    from striate.units import counted

    model = load(run)
    if data is not None and trained_on(run, data):
        data = None  # of its own images a network is tested on those that it was not shown
    if data is not None and is_image_folder(data):
        height, width, channels = model.network[model.network.inputs[0]].output
        found = load_folder(data, (height, width), channels, classes=model.classes or None)
        part, held = ("test", found.test) if found.test is not None else ("all", found.train)
    else:
        if data is None and not os.path.isfile(Path(run) / "recipe.toml"):
            raise DataError(f"{run} has no recipe that names its data", fix=f"striate evaluate {run} DATA")
        found = data_of(run if data is None else data)
        part, held = ("test", found.test) if found.test is not None else ("validation", found.validation)
        if found.classes and model.classes and found.classes != model.classes:
            raise DataError(
                f"{found.name} has other classes than the model",
                sum=f"data: {', '.join(found.classes[:10])}; model: {', '.join(model.classes[:10])}",
                fix="the data set the model was trained on, or one with the same classes",
            )
    if held is None or not len(held):
        raise DataError(f"{found.name} has no images to test on", fix="data.test or data.validation above 0")
    scores = model.evaluate(held.x, held.y, return_dict=True)
    if json:
        terminal.say_json({"data": found.name, "part": part, "images": len(held), **scores})
        return 0
    terminal.say(f"{found.name}, {part}: {counted(len(held), 'image')}", "bold")
    for name, value in scores.items():
        if name == "accuracy":
            low, high = wilson(round(value * len(held)), len(held))
            terminal.say(f"accuracy {value:.2%} (95 % interval {low:.2%} to {high:.2%})")
        else:
            terminal.say(f"{name} {value:.5g}")
    return 0
