"""`striate import`: weights that others have trained, as a model of striate's."""

import os
from pathlib import Path
from typing import Annotated

import typer

from striate.cli import terminal

__all__ = ["import_weights"]


def import_weights(
    file: Annotated[str, typer.Argument(help="A .pth or .safetensors file of torchvision's.", metavar="FILE")],
    to: Annotated[str, typer.Option("--to", metavar="zoo:NAME", help="The network that the weights are of.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="File of the model; NAME.striate by default.", metavar="NAME.striate")
    ] = None,
) -> int:
    """Take over trained weights. Puts those that torchvision published into a network of the zoo."""
    from striate import zoo
    from striate.cli.sources import ZOO
    from striate.errors import StorageError, printable
    from striate.units import counted

    name = zoo.find(to.removeprefix(ZOO)).name
    target = out or Path(f"{name.lower()}.striate")
    if target.suffix != ".striate":
        raise StorageError(
            f"a model's file ends in .striate, {printable(target)} does not", fix=f"--out {target.stem}.striate"
        )
    if os.path.exists(target):
        raise StorageError(f"{printable(target)} exists already", fix="another name: --out NAME.striate")
    model = zoo.pretrained(name, file)
    model.save(target)
    terminal.say(f"{target}: {name} with {counted(model.count_params(), 'weight')}")
    return 0
