"""Weights that others have trained, put into a network of the zoo."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_safetensors
from safetensors.torch import load_file

from striate.errors import DeclarationError, StorageError, printable
from striate.layers import Dense, Flatten
from striate.loader import Preprocessing
from striate.model import Model
from striate.network import Network
from striate.shape import Shape
from striate.store import open_regular
from striate.units import bytes_text
from striate.zoo import base, unpickle

__all__ = ["fill", "pretrained", "read_tensors", "torchvision_names"]

_ROOM = 1 << 30
"""Bytes that reading a file may take beside four times its own size: once as it is, once as written, and copies."""
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's colours, by which torchvision's networks were trained."""


def pretrained(name: str, path: str | os.PathLike[str]) -> Model:
    """The network of a name with the weights of a file that torchvision published, ready to predict.

    It takes photographs as they are, uint8: torchvision's own normalisation is part of the model.

    Args:    name: AlexNet, a VGG, ResNet18, ResNet34 or ResNet50.
             path: of a file that torch.save wrote, or of safetensors.
    Errors:  UnknownNameError; DeclarationError for a network without published weights; StorageError for a file that is
             damaged, of another network, or no weights at all.
    Source:  torchvision, docs.pytorch.org/vision/stable/models.html
    """
    entry = base.find(name)
    if not entry.torchvision:
        known = [each.name for each in base.members().values() if each.torchvision]
        raise DeclarationError(
            f"nobody's weights are known for {entry.name}",
            sum=f"known: torchvision's, for {', '.join(known)}",
            fix=f"one of these, or train it: zoo.{entry.name}(...).fit(x, y)",
        )
    state = read_tensors(path)
    model = entry.make(seed=0)
    try:
        fill(model, entry.torchvision, state)
    except StorageError as error:
        raise error.at(printable(os.fspath(path))) from None
    model.preprocessing = Preprocessing(entry.input_shape, "uint8", 255.0, _MEAN, _STD)
    return model


def torchvision_names(network: Network, names: Mapping[str, str]) -> dict[str, tuple[str, Shape]]:
    """For each weight of a network its key in torchvision's files, with our key and the shape, which is the same.

    Example: >>> from striate import zoo
             >>> names = zoo.find("AlexNet").torchvision
             >>> torchvision_names(zoo.AlexNet().network, names)["classifier.1.weight"]
             ('fc6.weight', (4096, 9216))
    """
    return {
        f"{names[node.owner]}.{weight}": (f"{node.owner}.{weight}", declared.shape)
        for node in network.layers
        for weight, declared in node.layer.weights(*node.shapes).items()
    }


def fill(model: Model, names: Mapping[str, str], state: Mapping[str, torch.Tensor]) -> None:
    """Put tensors by torchvision's names into a model; all or none.

    torchvision reads a map into a vector channel by channel, striate pixel by pixel: the columns of the first dense
    layer change places.

    Args:    names: that torchvision has for each layer.
             state: the tensors; counters of batches are left aside.
    Errors:  StorageError that names what is missing, too much, of another shape or no number.
    """
    wanted = torchvision_names(model.network, names)
    given = {key: value for key, value in state.items() if not key.endswith(".num_batches_tracked")}
    # What is finite in a wider type may not be in ours, and narrow types cannot tell.
    given = {key: value.float() if value.is_floating_point() else value for key, value in given.items()}
    problems = [
        *_listed("missing", (key for key in wanted if key not in given)),
        *_listed("not of this network", (key for key in given if key not in wanted)),
        *_listed(
            "of another shape",
            (
                f"{key} {tuple(given[key].shape)} instead of {shape}"
                for key, (_, shape) in wanted.items()
                if key in given and tuple(given[key].shape) != shape
            ),
        ),
        *_listed(
            "whole or complex numbers",
            (f"{key} {value.dtype}" for key, value in given.items() if key in wanted and not value.is_floating_point()),
        ),
        *_listed("not finite", (key for key in wanted if key in given and not bool(given[key].isfinite().all()))),
        *_listed(
            "a variance below 0",
            (key for key in wanted if key in given and key.endswith("running_var") and bool((given[key] < 0).any())),
        ),
    ]
    if problems:
        raise StorageError(
            f"these are not the weights of a {model.name} of {model.output_shape[-1]} classes",
            sum="\n".join(problems),
            fix="the file that torchvision publishes for this network",
        )
    turned = _after_flatten(model.network)
    held = model.built.state_dict()
    with torch.no_grad():
        for key, (ours, _) in wanted.items():
            value = given[key]
            if ours in turned:
                height, width, channels = turned[ours]
                value = value.unflatten(1, (channels, height, width)).permute(0, 2, 3, 1).flatten(1)
            held[ours].copy_(value)


def _listed(what: str, found: Iterable[str]) -> list[str]:
    """Up to three of the things that are wrong in one way, and how many more."""
    all_of_them = [printable(each) for each in found]
    more = f" and {len(all_of_them) - 3} more" if len(all_of_them) > 3 else ""
    return [f"{what}: {', '.join(all_of_them[:3])}{more}"] if all_of_them else []


def _after_flatten(network: Network) -> dict[str, Shape]:
    """The first dense weight after each Flatten of a map, and the map."""
    found: dict[str, Shape] = {}
    flattened: Shape | None = None
    for node in network.layers:
        if isinstance(node.layer, Flatten):
            flattened = node.shapes[0]
        elif isinstance(node.layer, Dense) and flattened is not None:
            found[f"{node.owner}.weight"] = flattened
            flattened = None
    return found


def read_tensors(path: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    """The tensors by name in a file of safetensors, or in one that torch.save wrote.

    The latter is a pickle: it is opened with weights_only in a process of its own, whose memory is limited.

    Errors:  DataError for a file that cannot be read; StorageError for one that holds anything but tensors by name.
    """
    shown = printable(os.fspath(path))
    with open_regular(path) as file:
        head = file.read(9)
        if head[8:] == b"{":
            try:
                return read_safetensors(head + file.read())
            except SafetensorError as error:
                raise StorageError("the file is damaged", where=shown, sum=printable(error)) from None
        memory = 4 * os.fstat(file.fileno()).st_size + _ROOM
    with tempfile.TemporaryDirectory(prefix="striate-") as folder:
        target = Path(folder, "weights.safetensors")
        child = [sys.executable, "-P", unpickle.__file__, os.path.abspath(path), str(target), str(memory)]
        ended = subprocess.run(child, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            return load_file(target)
    fix = "a file made by torch.save(model.state_dict(), FILE), or safetensors"
    if ended.returncode == 2 and ended.stdout:
        what, *evidence = json.loads(ended.stdout)
        raise StorageError(f"cannot take weights from the file: {what}", where=shown, sum=printable(*evidence), fix=fix)
    raise StorageError(
        "cannot take weights from the file: opening it takes more memory than its size explains",
        where=shown,
        sum=f"ended at {bytes_text(memory)}",
        fix=fix,
    )
