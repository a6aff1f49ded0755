"""A model from its files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from striate import catalog
from striate.errors import StorageError
from striate.loader import Preprocessing
from striate.model import storage
from striate.model.goals import from_table
from striate.model.model import Model, Sequential
from striate.network import network_from_table
from striate.train import cores, parse_plan

__all__ = ["load"]

_KINDS: dict[str, type[Model]] = {"Model": Model, "Sequential": Sequential}


def load(path: str | Path) -> Model:
    """The model of a `NAME.striate` file or a run folder, ready to predict and to train on.

    Errors: StorageError for a missing, damaged or foreign file. JSON and safetensors only: nothing of it is run.
    """
    files = storage.read(Path(path))
    with storage.told(path):
        return _model(storage.describe(files[storage.DESCRIPTION]), files[storage.WEIGHTS])


def _preprocessing(table: Any, inputs: int) -> tuple[Preprocessing, ...]:
    """The preprocessing of each input."""
    tables = table if isinstance(table, list) else [table]
    if len(tables) != inputs:
        raise StorageError(
            "the model's preprocessing is damaged", sum=f"{inputs} inputs, preprocessing of {len(tables)}"
        )
    return tuple(Preprocessing.from_json(each) for each in tables)


def _model(described: dict[str, Any], weights: bytes) -> Model:
    storage.require_digest(described, weights)
    network = network_from_table(described["network"])
    model = _KINDS[described["kind"]]._of(network, str(described["name"]), int(described["seed"]))
    if described["optimizer"] is not None and described["loss"] is not None:
        loss, metrics, factors = from_table(described)
        model.compile(catalog.from_table("optimizers", described["optimizer"]), loss, factors, metrics)
    if described["preprocessing"] is not None:
        model.preprocessing = _preprocessing(described["preprocessing"], len(network.inputs))
    model.classes = tuple(str(name) for name in described["classes"])
    model.crops = described.get("crops", 1)
    plan = parse_plan(described["plan"])
    if plan is not None:  # the file may come from a machine of more cores
        model.plan = replace(plan, threads=min(plan.threads, cores()))
    storage.fill(model, weights)
    return model
