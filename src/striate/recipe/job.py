"""The main job: a recipe becomes a trained, tested, reported network in a run folder."""

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from striate import catalog
from striate.callbacks.base import Callback, Logs
from striate.check import Table, check, require_memory
from striate.datasets import Data, Split
from striate.errors import DataError, DeclarationError, printable
from striate.finding import Finding
from striate.loader import audit, load_folder, split
from striate.model import Model
from striate.recipe.grammar import Recipe
from striate.recipe.run_folder import OthersFolder, RunFolder
from striate.recipe.write import write
from striate.report import Results, write_report
from striate.shape import elements, shape_text
from striate.train import ALONE, Group, Interrupted, find_device, machine, memory_of
from striate.units import counted
from striate.version import __version__

__all__ = ["Outcome", "load_data", "make_model", "run"]


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    folder: Path
    summary: dict[str, Any]
    interrupted: int | None
    """The signal that ended it early, if one did."""


def load_data(recipe: Recipe, progress: bool = True) -> Data:
    """The recipe's data set, split as it says."""
    data = recipe.data
    if data.path is not None:
        loaded = load_folder(
            data.path, size=data.size, channels=_channels(recipe), max_bad=data.max_bad, progress=progress
        )
    else:
        loaded = data.dataset().load()
    return split(loaded, validation=data.validation, test=data.test, seed=recipe.seed)


def _channels(recipe: Recipe) -> int | None:
    """The channels that the recipe's network wants, where it says."""
    return recipe.model.input[-1] if recipe.model.input else None


def make_model(recipe: Recipe, data: Data) -> Model:
    """The recipe's network, compiled, for its data.

    Errors: DeclarationError where network and data do not belong together, with the sum and the fix.
    """
    model = Model._of(recipe.network(), recipe.name, recipe.seed)
    outputs = model.output_names
    weights = recipe.train.loss_weights
    metrics: Any = list(recipe.train.metrics)
    model.compile(
        recipe.train.optimizer,
        recipe.train.loss,
        None if weights is None else {name: weights.get(name, 1.0) for name in outputs},
        metrics if len(outputs) == 1 else dict.fromkeys(outputs, metrics),
    )
    model.classes = data.classes
    said = "units = {} in the last layer" if recipe.model.zoo is None else "classes = {} in [model]"
    _match(model, data, said.format(len(data.classes)))
    model.crops = recipe.train.crops
    return model


def _match(model: Model, data: Data, fix: str) -> None:
    shape, given = model.input_shape[1:], tuple(data.train.x.shape[1:])
    if shape != given:
        raise DeclarationError(
            f"the network takes images of {shape}, the data has {given}",
            where="model.input",
            fix=f"input = {list(given)}",
        )
    for name in model.network.outputs:
        _match_output(model, data, name, fix)


def _match_output(model: Model, data: Data, name: str, fix: str) -> None:
    """Require an output that answers as the data asks: one class, or one for each position; `fix` gives it its classes."""
    output = model.network[name].output
    if data.train.y.ndim == 1 and len(output) > 1:
        raise DeclarationError(
            f"the network ends in a map, {shape_text(output)}: an image has one label",
            where=f"the last layer, {name}",
            sum=f"{elements(output[:-1])} positions, each with an answer of its own",
            fix="Flatten or GlobalAveragePooling2D before the last Dense layer",
        )
    outputs, classes = output[-1], len(data.classes)
    if classes and outputs != classes and not (outputs == 1 and classes == 2):
        raise DeclarationError(
            f"the network has {outputs} outputs, the data has {classes} classes",
            where=f"the last layer, {name}",
            sum=f"{outputs} outputs, {classes} classes: {printable(', '.join(data.classes[:12]))}",
            fix=fix,
        )


def _labels(model: Model, part: Split) -> Any:
    """The labels of a part, which every output of the network learns."""
    return part.y if len(model.network.outputs) == 1 else [part.y] * len(model.network.outputs)


class _Keep(Callback, abstract=True):
    """Writes what a run has after every epoch, so that nothing but the current epoch can be lost."""

    def __init__(self, folder: RunFolder, say: Callable[[str], Any]) -> None:
        self.folder, self.say = folder, say
        self.best = float("inf")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        plan = self.model.plan
        self.say(f"plan: {plan.line()}")
        for what, taken, reason in plan.table():
            self.folder.log(f"plan: {what}: {taken}: {reason}")

    def on_notice(self, text: str) -> None:
        self.folder.log(text)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        loss = logs.get("val_loss", logs.get("loss", float("inf")))
        if loss < self.best:
            self.best = loss
            self.folder.write_model(self.model)
        history = self.model.history
        self.folder.write_metrics(history.epoch, history.history)
        self.folder.log(f"epoch {epoch}: " + ", ".join(f"{key} {value:.5g}" for key, value in logs.items()))


def run(
    recipe: Recipe,
    out: str | Path | None = None,
    say: Callable[[str], Any] = print,
    progress: bool = True,
    verbose: Literal["auto", 0, 1, 2] = "auto",
    group: Group = ALONE,
) -> Outcome:
    """Load, check, train, test, report. What is written at any time is whole; an interrupted run is reported too.

    Of several processes each loads and checks, all train and test together, and the first says and writes.

    Errors: any StriateError; those of the declaration, the data and the folder come before training begins.
    """
    begin = time.perf_counter()
    if not group.leads:
        say, progress, verbose = _unheard, False, 0
    with group.together():
        device = find_device(recipe.train.device)
        data = load_data(recipe, progress)
        recipe = recipe.fitted(tuple(data.train.x.shape[1:]), len(data.classes))
        model = make_model(recipe, data)
        model._group = group
        classes = len(data.classes) or None
        table = check(model.network, loss=model.loss, classes=classes, data=(data.train.x, data.train.y))
        require_memory(table, memory_of(device), 2, min(recipe.train.batch_size, len(data.train)))
    _require_same(group, data)
    findings = [*data.findings, *audit(data), *table.findings]
    folder = _claimed(group, recipe.name, out)
    for finding in findings:
        folder.log(str(finding))
        say(f"{finding.fault}: {finding.cause}")
    for bad in data.bad:
        folder.log(f"set aside: {bad.path}: {bad.reason}")
    if data.bad:
        more = ", and more: see the report" if len(data.bad) > 1 else ""
        say(f"{counted(len(data.bad), 'file')} set aside: {data.bad[0].path}: {data.bad[0].reason}{more}")
    with group.together():  # written now, so that a full or unwritable disk is found before the time is spent
        folder.write("recipe.toml", write(recipe))
        folder.write_model(model)
    sizes = {"training": len(data.train), "validation": _length(data.validation), "test": _length(data.test)}
    say(f"{data.name}: " + ", ".join(f"{count:,} {part}" for part, count in sizes.items() if count) + " images")
    interrupted, train_begin = None, time.perf_counter()
    asked: list[Callback] = [catalog.get("callbacks", each) for each in recipe.train.callbacks]
    callbacks = [*(each for each in asked if group.leads or not each.writes), _Keep(folder, say)]
    try:
        model.fit(
            data.train.x,
            _labels(model, data.train),
            recipe.train.batch_size,
            recipe.train.epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=None if data.validation is None else (data.validation.x, _labels(model, data.validation)),
            preprocess="standardise" if recipe.data.normalise else "scale",
            augment=recipe.data.augment,
            schedule=recipe.train.schedule,
            plan=recipe.train.plan,
            device=recipe.train.device,
            keep="best",
        )
    except Interrupted as signal:
        interrupted = signal.signum
        group.ending()
    seconds_train = time.perf_counter() - train_begin
    assert model.plan is not None and model.history is not None
    recipe = replace(recipe, train=replace(recipe.train, plan=model.plan.to_table()))
    folder.write("recipe.toml", write(recipe))
    folder.write_model(model)
    scores = {part: _scores(model, held) for part, held in (("validation", data.validation), ("test", data.test))}
    trained = model.history.history
    images_per_second = trained.get("images_per_second", [])
    summary = {
        "dataset": data.name,
        "classes": list(data.classes),
        "params": table.params,
        "macs": table.macs,
        "epochs": len(model.history.epoch),
        "best_epoch": model.best_epoch,
        "seed": recipe.seed,
        "seconds_train": round(seconds_train, 3),
        "seconds_total": round(time.perf_counter() - begin, 3),
        "images_per_second": round(float(np.median(images_per_second)), 1) if images_per_second else None,
        "threads": model.plan.threads,
        "precision": model.plan.precision,
        "plan": model.plan.line(),
        **{part: found for part, found in scores.items() if found},
        "bad_files": len(data.bad),
        "interrupted": interrupted is not None,
        "images": sizes,
    }
    if group.leads:
        results = _results(recipe, model, data, table, findings, summary, interrupted is not None)
        write_report(results, folder.path / "report.html")
    summary["seconds_total"] = round(time.perf_counter() - begin, 3)
    folder.write_summary(summary)
    return Outcome(folder.path, summary, interrupted)


def _unheard(line: str) -> None:
    """What a process says that another says too."""


def _claimed(group: Group, name: str, out: str | Path | None) -> RunFolder:
    """The run's folder, which the first process makes and all agree on."""
    folder = None
    with group.together():
        if group.leads:
            folder = RunFolder(name, out)
    path = group.first(folder and folder.path)
    return folder or OthersFolder(path)


def _require_same(group: Group, data: Data) -> None:
    """Refuse processes whose images are not the same: on several machines each reads its own copy."""
    parts = (data.train, data.validation, data.test)
    own = [_length(part) for part in parts], [0 if part is None else zlib.crc32(part.y.tobytes()) for part in parts]
    first, *others = group.gather(own)
    with group.together():
        for rank, theirs in enumerate(others, 1):
            if theirs != first:
                raise DataError(
                    f"process {rank} of {group.world} has other images than process 0, or in another order",
                    sum=f"training, validation, test: {theirs[0]} there, {first[0]} here",
                    fix="the same files on every machine",
                )


def _length(part: Split | None) -> int:
    return 0 if part is None else len(part)


def _scores(model: Model, part: Split | None) -> dict[str, float]:
    return {} if part is None or not len(part) else model.evaluate(part.x, _labels(model, part), return_dict=True)


def _results(
    recipe: Recipe,
    model: Model,
    data: Data,
    table: Table,
    findings: list[Finding],
    summary: dict[str, Any],
    interrupted: bool,
) -> Results:
    """The report's input: the test set, or the validation set where there is no other.

    Without either there are no labels and no outputs: images that it has learnt from do not show how good it is.
    """
    part = "test" if _length(data.test) else "validation"
    held = next((each for each in (data.test, data.validation) if each is not None and len(each)), None)
    shown: dict[str, Any] = {}
    if held is not None:
        said = model.predict(held.x)
        # Of several outputs the first is the network's answer; the others help it to learn.
        outputs = said[0] if isinstance(said, list) else said
        shown = {"labels": held.y, "outputs": outputs, "images": held.x, "file_names": held.files}
    first = next((layer for layer in model.layers if layer.weights and len(layer.get_weights()[0].shape) == 4), None)
    counts = {
        name: np.bincount(split.y, minlength=len(data.classes)).tolist()
        for name, split in (("training", data.train), ("validation", data.validation), ("test", data.test))
        if split is not None and len(split) and data.classes
    }
    assert model.history is not None
    return Results(
        title=data.name,
        class_names=data.classes,
        part=part,
        majority=int(np.argmax(counts["training"])) if data.classes else None,
        class_counts=counts,
        history=model.history.history,
        best_epoch=model.best_epoch,
        interrupted=interrupted,
        filters=None if first is None else first.get_weights()[0],
        network=table.to_json(),
        findings=findings,
        bad_files=[(bad.path, bad.reason) for bad in data.bad[:100]],
        bad_files_total=len(data.bad),
        recipe=write(recipe),
        summary=summary,
        machine={**machine(), "striate": __version__},
        **shown,
    )
