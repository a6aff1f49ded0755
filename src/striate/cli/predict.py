"""`striate predict`: what a trained network says of image files."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from striate.cli import terminal
from striate.errors import StriateError

__all__ = ["predict"]


def predict(
    run: Annotated[str, typer.Argument(help="A run folder or a NAME.striate file.", metavar="RUN")],
    images: Annotated[list[str], typer.Argument(help="Image files, or folders of them.", metavar="IMAGE")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Say what images show. A trained network names the class of each, and how sure it is."""
    from striate.errors import DataError, printable
    from striate.model import load
    from striate.recipe.predict import predict_files

    model = load(run)
    files = [file for each in images for file in _files(each)]
    if not files:
        raise DataError(f"no images in {printable(' '.join(images))}", fix="image files, or folders that hold some")
    answers: list[dict[str, Any]] = predict_files(model, files)
    if json:
        terminal.say_json(answers)
    else:
        width = max(len(answer["file"]) for answer in answers)
        wide = max(len(answer["class"] or "") for answer in answers)
        for answer in answers:
            if answer["error"] is None:
                said = (
                    f"{answer['class']:<{wide}}  {answer['probability']:6.1%}"
                    if answer["class"]
                    else str(answer["probabilities"])
                )
                terminal.say(f"{answer['file']:<{width}}  {said}")
    failed = [answer for answer in answers if answer["error"] is not None]
    for answer in failed:
        terminal.complain(f"DataError: {answer['error']}")
    return StriateError.status if failed else 0


def _files(name: str) -> list[Path]:
    path = Path(name)
    if not os.path.isdir(path):
        return [path]
    from striate.loader import SUFFIXES

    return sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and not file.name.startswith("."))
