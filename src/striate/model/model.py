"""What a user holds: a declared network that can be trained, asked, saved."""

import copy
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import fx, nn

from striate import catalog
from striate.augmentations import Augmentation
from striate.build import RULES, build, plain, unit_variance
from striate.callbacks import Callback, History, ProgressBar
from striate.check import Table, check, check_heads, refuse, require_memory
from striate.errors import (
    ArgumentError,
    DataError,
    DeclarationError,
    ShapeError,
    StriateError,
    UnknownNameError,
)
from striate.layers import Layer, Symbol
from striate.loader import Augmenter, Batches, Preprocessing, as_array, holdout, ten_crop_predict
from striate.model import arrays, storage
from striate.model.arguments import (
    class_factors,
    concept,
    concepts,
    require,
    require_epochs,
    sample_weights,
    validation_parts,
)
from striate.model.computing import Computing, objective_of
from striate.model.goals import Compiled
from striate.model.prediction import Mirrored, Rewriting, evaluate, evaluating, require_croppable, require_mirrorable
from striate.model.samples import Samples, each_of, gather, input_sides, pairs, require_spread
from striate.model.views import BoundLayer, put, stands
from striate.network import Network
from striate.optimizers import Optimizer
from striate.schedules import Schedule
from striate.seed import derive, next_seed, require_seed
from striate.shape import Shape, fits, is_open
from striate.train import (
    ALONE,
    CPU,
    Evaluation,
    Interrupted,
    Objective,
    Plan,
    Step,
    Trainer,
    cores,
    find_device,
    get_rate,
    machine,
    memory_of,
    parse_plan,
    prepare,
    room,
    set_rate,
    using,
)

__all__ = ["Model", "Sequential"]

_torch_stream_kept = torch.random.fork_rng(devices=[])
"""Training draws from a stream that the model's seed decides; torch's own goes on afterwards as if nothing was drawn."""


class Model:
    """A network from its inputs to its outputs, as layers called on Input(...) declare it.

    Args:
        inputs: what Input(...) gave.
        outputs: what the last layer gave.
        name: for tables and files.
        seed: fixes the first weights, the order of images, augmentation and dropout; drawn where it is None.

    Errors:  ArgumentError, ShapeError for a graph that does not hold together.
    Source:  Keras 3, keras.Model
    Example: >>> from striate.layers import Dense, Input
             >>> x = Input((4,))
             >>> Model(x, Dense(3)(x)).count_params()
             15
    """

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str = "model", seed: int | None = None) -> None:
        if type(self).call is not Model.call:
            raise DeclarationError(
                f"{type(self).__name__} overrides call(): a network in code cannot be checked, costed, saved or exported",
                fix="declare it: x = Input(shape); y = Dense(10)(x); Model(x, y)",
            )
        ends = [each for value in (inputs, outputs) for each in (value if isinstance(value, list | tuple) else [value])]
        if not all(isinstance(each, Symbol) for each in ends):
            raise ArgumentError(
                "Model needs inputs and outputs",
                sum=f"it is given {', '.join(type(each).__name__ for each in ends)}",
                fix="x = Input(shape); Model(x, Dense(10)(x)), or Sequential([...])",
            )
        self._start(Network.functional(inputs, outputs), name, seed)
        self._given = _given_bricks([outputs] if isinstance(outputs, Symbol) else list(outputs))
        self._taken_from = ends[0].model

    def _start(self, network: Network | None, name: str, seed: int | None) -> None:
        require(type(self).__name__, name=name)
        self.name = name
        self.seed = next_seed() if seed is None else require_seed(seed)
        self._network = network
        self._built: fx.GraphModule | None = None
        self._given: dict[Layer, nn.Module] = {}
        self._symbols: dict[str, Symbol] = {}
        self.optimizer: Optimizer | None = None
        self._compiled: Compiled | None = None
        self._preprocessing: tuple[Preprocessing, ...] | None = None
        self.fresh = True
        """Whether the weights are still as they were drawn."""
        self._taken_from: Model | None = None
        self.classes: tuple[str, ...] = ()
        self._crops: Literal[1, 2] = 1
        self.plan: Plan | None = None
        self.history: History | None = None
        self.best_epoch: int | None = None
        self.stop_training = False
        self._fits = 0
        self._steps = 0
        self._scheduled = False
        self._updater: torch.optim.Optimizer | None = None
        self._training: fx.GraphModule | None = None
        self._rewriting = Rewriting()
        self._group = ALONE
        """The processes that train and evaluate together."""

    @classmethod
    def _of(cls, network: Network, name: str, seed: int) -> Self:
        """A model of a graph that stands already, as a file holds it."""
        model = cls.__new__(cls)
        model._start(network, name, seed)
        return model

    def call(self, *inputs: Any) -> Any:
        """Not to be overridden: striate's networks are declared, not coded."""
        return self.predict(*inputs)

    def __call__(self, inputs: Any) -> Any:
        """What predict gives of images; of a value of a declared graph, the value after this network, as a layer's.

        A graph that uses it so has its weights. Preprocessing is a graph's own.
        Errors:  ShapeError for a value of another shape; those of predict.
        """
        given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        if not all(isinstance(each, Symbol) for each in given):
            return self.predict(inputs)
        shapes = [self.network[name].output for name in self.network.inputs]
        if len(given) != len(shapes) or not all(
            fits(each.shape, shape) for each, shape in zip(given, shapes, strict=True)
        ):
            wanted, got = (", ".join(map(str, each)) for each in (shapes, [value.shape for value in given]))
            raise ShapeError(
                f"{self.name} was called on a value of another shape than its input",
                sum=f"it takes {wanted}, it is given {got}",
                fix=", ".join(f"Input({shape})" for shape in shapes),
            )
        values = self._values(dict(zip(self.network.inputs, given, strict=True)))
        found = [values[name] for name in self.network.outputs]
        return found if len(found) > 1 else found[0]

    # ---- the declaration -----------------------------------------------------------------------------------------

    @property
    def network(self) -> Network:
        """The declared graph."""
        if self._network is None:
            raise DeclarationError(
                "the network does not know the shape of its input yet",
                fix="input_shape=(h, w, c) on the first layer, an Input before it, or fit it once",
            )
        return self._network

    @property
    def layers(self) -> list[BoundLayer]:
        """The layers with their names, shapes and weights."""
        return [BoundLayer(self, node) for node in self.network.layers]

    def get_layer(self, name: str | None = None, index: int | None = None) -> BoundLayer:
        """The layer of this name or place.

        Errors: UnknownNameError with the nearest and the known names.
        """
        found = self.layers
        if name is None and index is not None:
            if -len(found) <= index < len(found):
                return found[index]
            raise ArgumentError(
                f"there is no layer {index}", sum=f"{len(found)} layers, from 0", fix="index=-1, the last"
            )
        for layer in found:
            if layer.name == name:
                return layer
        raise UnknownNameError("layer", name, [layer.name for layer in found])

    def symbol(self, name: str) -> Symbol:
        """The value of a layer in the declared graph."""
        if not self._symbols:
            self._symbols = self._values({})
        return self._symbols[name]

    def _values(self, made: dict[str, Symbol]) -> dict[str, Symbol]:
        """The value of every layer by name, after those that are made already."""
        for node in self.network.nodes:
            if node.name not in made:
                made[node.name] = Symbol(node.layer, tuple(made[part] for part in node.inputs), node.output, self)
        return made

    @property
    def inputs(self) -> list[Symbol]:
        """Where its declared graph begins."""
        return [self.symbol(name) for name in self.network.inputs]

    @property
    def outputs(self) -> list[Symbol]:
        """Where its declared graph ends."""
        return [self.symbol(name) for name in self.network.outputs]

    @property
    def input(self) -> Any:
        """The only one of `inputs`, or all: `Model(model.input, model.get_layer(name).output)` gives features."""
        return _one_or_all(self.inputs)

    @property
    def output(self) -> Any:
        """The only one of `outputs`, or all."""
        return _one_or_all(self.outputs)

    @property
    def input_shape(self) -> Any:
        """(None, h, w, c); of several inputs a list."""
        return _one_or_all([(None, *self.network[name].output) for name in self.network.inputs])

    @property
    def output_shape(self) -> Any:
        """(None, k); of several outputs a list."""
        return _one_or_all([(None, *self.network[name].output) for name in self.network.outputs])

    @property
    def input_names(self) -> list[str]:
        """The names of its inputs: keys of a table of arrays."""
        return list(self.network.inputs)

    @property
    def output_names(self) -> list[str]:
        """The names of its outputs: keys of tables of labels, losses, metrics."""
        return list(self.network.outputs)

    @property
    def preprocessing(self) -> Any:
        """What happens to images before the network sees them; of several inputs a tuple, in their order.

        A part of another model sees what that one sees.
        """
        if self._preprocessing is None:
            return None if self._taken_from is None else self._taken_from.preprocessing
        return self._preprocessing if len(self._preprocessing) > 1 else self._preprocessing[0]

    @preprocessing.setter
    def preprocessing(self, value: Preprocessing | tuple[Preprocessing, ...] | None) -> None:
        self._preprocessing = (value,) if isinstance(value, Preprocessing) else value

    @property
    def loss(self) -> Any:
        """What it is compiled to make small; of several outputs a table by output, None where nothing is learned."""
        if self._compiled is None:
            return None
        losses = self._compiled.losses
        return losses if len(losses) > 1 else next(iter(losses.values()))

    @property
    def compiled(self) -> dict[str, Any] | None:
        """What it is compiled with beside the optimizer, as model.json holds it."""
        return None if self._compiled is None else self._compiled.to_table()

    @property
    def metrics(self) -> Any:
        """What it is compiled to measure; of several outputs a table by output."""
        if self._compiled is None:
            return ()
        metrics = self._compiled.metrics
        return metrics if len(metrics) > 1 else next(iter(metrics.values()))

    @property
    def trainable(self) -> bool:
        """Whether training may move any of its weights."""
        return self.check().params > 0

    @trainable.setter
    def trainable(self, value: bool) -> None:
        raise stands(self.name, "trainable", value)

    @property
    def answers_shares(self) -> bool:
        """Whether what its first output says are probabilities: its last activation is the head of its loss."""
        first = self._objective_on_scores.goals[0] if self._compiled is not None else None
        return first is not None and first.drops_head

    def check(self, x: Any = None, y: Any = None, *, strict: bool = False) -> Table:
        """Shapes, parameters, operations, receptive field and advice, from the declaration alone.

        With images x and labels y also whether one layer of weights could tell two classes apart at all.
        """
        data = None if x is None or y is None else (as_array(x, "images"), as_array(y, "labels"))
        return check(self.network, loss=self.loss, classes=len(self.classes) or None, strict=strict, data=data)

    def summary(self, print_fn: Callable[[str], Any] = print) -> None:
        """Print the table of layers."""
        print_fn(self.check().text(self.name))

    def _repr_html_(self) -> str:
        return self.check().html(self.name)

    def count_params(self) -> int:
        """How many numbers the weights hold, trainable or not."""
        table = self.check()
        return table.params + table.non_trainable

    # ---- the numbers ---------------------------------------------------------------------------------------------

    @property
    def built(self) -> fx.GraphModule:
        """The declared network as a torch module, made when first asked for."""
        if self._built is None:
            require_memory(Table.of(self.network), int(machine()["memory"]))
            self._built = build(self.network, self.seed, self._given)
            self._built.eval()
        return self._built

    @property
    def module(self) -> fx.GraphModule:
        """The network as plain torch: preprocessed float32 (n, c, h, w) in, what predict gives out.

        It shares its weights with the model, and needs nothing of striate to run, save or load.
        """
        return plain(self.built)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, layer by layer, in Keras' order and layout."""
        return [array for layer in self.layers for array in layer.get_weights()]

    def set_weights(self, values: list[Any]) -> None:
        """Put numbers in, as get_weights gives them; all or none."""
        places = [
            (f"{layer.name}.{name}", weight, tensor) for layer in self.layers for name, weight, tensor in layer._each()
        ]
        put(places, values)
        self.fresh = False

    # ---- training ------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Optimizer | str = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
    ) -> None:
        """Choose the optimizer, the loss and the metrics.

        Of several outputs `loss` is one for all, or a list or table by output name (None: nothing is learned there), and
        training makes the sum of loss_weight * loss small; `metrics` and `loss_weights` likewise.

        Errors: UnknownNameError, ArgumentError; DeclarationError where loss and head do not belong together.
        Source: Keras 3, keras.Model.compile; lecture 003 L123-138
        """
        updated = concept(Optimizer, optimizer, "optimizer")
        compiled = Compiled.of(self._output_names, loss, metrics, loss_weights)
        if self._network is not None and compiled.minimised:
            refuse(check_heads(self.network, compiled.losses))
        self.optimizer, self._compiled = updated, compiled
        self._updater = self._training = None
        self._steps = 0

    @property
    def _output_names(self) -> tuple[str, ...]:
        """The names of the outputs; of a network that is not known yet the empty one."""
        return ("",) if self._network is None else self.network.outputs

    @property
    def _objective(self) -> Objective:
        """What training makes small, output by output, as the plan has it computed."""
        return objective_of(self._objective_on_scores, self._rules)

    @property
    def _objective_on_scores(self) -> Objective:
        """The same, from scores wherever a loss takes in the activation before it."""
        assert self._compiled is not None
        if tuple(self._compiled.losses) != self.network.outputs:
            self._compiled = self._compiled.renamed(self.network.outputs)
        return self._compiled.objective(self.network)

    @property
    def _rules(self) -> tuple[str, ...]:
        """The rewrites that the plan allows; all, where there is none."""
        return RULES if self.plan is None else self.plan.rewrites

    def _require_compiled(self, doing: str) -> Optimizer:
        if self.optimizer is None or self._compiled is None or not self._compiled.minimised:
            raise DeclarationError(
                f"the model needs {'a loss' if self.optimizer else 'an optimizer and a loss'} to {doing}",
                sum=f"optimizer {self.optimizer}, loss {self.loss}",
                fix='model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])',
            )
        return self.optimizer

    @_torch_stream_kept
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Literal["auto", 0, 1, 2] = "auto",
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_freq: int = 1,
        *,
        preprocess: str | Preprocessing | None = None,
        augment: Sequence[Any] = (),
        schedule: Schedule | str | None = None,
        plan: Any = "auto",
        device: str = "cpu",
        keep: str = "last",
    ) -> History:
        """Train, and return the History of losses and metrics.

        As evaluate and predict do, it sets torch's thread count and lets torch take denormal numbers for 0; both stay
        so in the process.

        Args:
            x: images (n, h, w, c), uint8 or float; of several inputs a list or a table by input name; or a DataLoader of
                (images, labels), which is read whole first.
            y: labels (n, ...); of several outputs a list or a table by output name.
            batch_size: where it is None that of the DataLoader, or 32.
            preprocess: "scale" (uint8 / 255; the default), "standardise" (then mean 0, deviation 1 by channel), or a
                Preprocessing; decided by the first fit and kept with the model.
            augment: augmentations, drawn anew for each image and epoch.
            schedule: of the learning rate, over the whole run; what a callback would set beside it is refused.
            plan: "auto" (measured once, then remembered), "measure" (measured anew), "exact" (float32, nothing that rounds
                otherwise), or the table of an earlier run.
            device: "cpu", or "cuda" ("cuda:1", the second card): there it is trained and validated; afterwards the weights
                are on the CPU again.
            keep: "last" weights, or "best": those of the lowest val_loss.
            class_weight, sample_weight: as in Keras; of several outputs also a list or a table by output name.
            (the others as in Keras.)

        Errors:  DataError, ArgumentError for what cannot be used; NonFiniteError, nothing of that step applied;
                 TrainingError where the memory of a GPU does not suffice.
        Source:  Keras 3, keras.Model.fit
        """
        optimizer = self._require_compiled("fit")
        require(
            "fit",
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            validation_split=validation_split,
            shuffle=shuffle,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_freq=validation_freq,
            keep=keep,
        )
        require_epochs(initial_epoch, epochs)
        place = find_device(device)
        wanted = None if schedule is None else concept(Schedule, schedule, "schedule")
        told = concepts(Callback, callbacks, "callbacks")
        augmentations = concepts(Augmentation, augment, "augment")
        size = batch_size or arrays.batch_size(x) or 32
        with self._unchanged_by_refusal():
            given = self._labelled(x, y, sample_weight, "fit", steps_per_epoch)
            self._targets(given)  # errors name rows as they were given
            train_on, held = self._parts(given, validation_split, validation_data)
            self._fit_preprocessing(train_on.x, preprocess)
            train_on = self._by_class(train_on, class_weight)
            seed = self._seed_of_fit(initial_epoch)
            self._require_true_labels(augmentations)
            train = self._batches(train_on, size, shuffle, augmentations, seed)
            require_spread(self._sized(train.x), train.samples, train.size)
            if augmentations:  # what they cannot work on is told now
                train.batch(torch.arange(min(2, train.samples)), 0)
            require_memory(Table.of(self.network), memory_of(place), 2, min(size, len(train_on)))
            with _at("the images for validation"):
                checked = (
                    None if held is None else self._batches(held, max(size, self._rewriting.together(self.network)))
                )
            if steps_per_epoch is not None and steps_per_epoch > len(train):
                raise ArgumentError(
                    f"steps_per_epoch={steps_per_epoch}, and an epoch has {len(train)}",
                    sum=f"{len(train_on)} images in batches of {size}",
                    fix="leave it out, and have more epochs",
                )
        each = steps_per_epoch or len(train)
        self._computing.require_one_look(parse_plan(plan, place.type))
        with using(place):
            # Where there is not room for all, training goes before validation.
            there = train.to(place, room(place))
            checked = None if checked is None else checked.to(place, room(place))
            self._decide_plan(plan, there, each * epochs)
        training = self._prepare_training(optimizer)
        self._scale_first_weights(train)
        self._group.equalise(self.built)
        rate = wanted or optimizer.learning_rate
        constant = isinstance(rate, int | float)
        resolved = (
            None if constant else catalog.get("schedules", rate).resolve(optimizer.base_rate, each * epochs, each)
        )
        self.history = History()
        shown = any(isinstance(callback, ProgressBar) for callback in told)
        heard = [self.history, *told, *([] if shown else [ProgressBar(verbose=verbose)])]
        self.stop_training = False
        params = {
            "epochs": epochs,
            "steps": each,
            "samples": len(train_on) if each == len(train) else each * size,
            "verbose": verbose,
            "validation_freq": validation_freq,
            "validated": checked is not None,
        }
        self._introduce(heard, params)
        assert self._updater is not None and self.plan is not None
        with using(place), self._placed(place):
            trainer = Trainer(
                Step(self._computing.shared_engine(training, self.plan), self._updater),
                there,
                None if checked is None else lambda: self._evaluate(checked, heard),
                epochs,
                initial_epoch,
                resolved,
                heard,
                steps_per_epoch,
                validation_freq,
                keep == "best",
                lambda: self.stop_training,
                self._group,
            )
            self._run(trainer)
        return self.history

    @contextmanager
    def _placed(self, device: torch.device) -> Generator[None]:
        """Weights, and what the optimizer remembers, on a device; afterwards on the CPU again."""
        if device == CPU:
            yield
            return
        try:
            self._move(device)
            yield
        finally:
            self._move(CPU)

    def _move(self, device: torch.device) -> None:
        """Put the weights and what the optimizer remembers on a device. They stay the objects that all others hold."""
        for tensor in (*self.built.parameters(), *self.built.buffers()):
            tensor.grad = None
            tensor.data = tensor.data.to(device)
        if self._updater is not None:
            self._updater.load_state_dict(self._updater.state_dict())  # which goes to where the weights are

    @property
    def _device(self) -> torch.device:
        """Where the weights are: on the CPU, but for a fit on another device."""
        return next((tensor.device for tensor in chain(self.built.parameters(), self.built.buffers())), CPU)

    def _run(self, trainer: Trainer) -> None:
        """The run itself, after which the model is as it is between runs, however it ended."""
        self._scheduled = trainer.schedule is not None
        try:
            trainer.run()
        finally:
            self._scheduled = False
            for callback in trainer.callbacks:
                if isinstance(callback, ProgressBar):
                    callback.clear()
            self.built.eval()
            self.best_epoch = trainer.best_epoch
            if trainer.averaged:
                self._updater = None
        if trainer.interrupted is not None:
            raise Interrupted(trainer.interrupted)

    @_torch_stream_kept
    def train_on_batch(self, x: Any, y: Any, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """One step on these images; gives the loss (and metrics) before it.

        A schedule is asked by the number of such steps since compile.
        """
        optimizer = self._require_compiled("train_on_batch")
        rate = optimizer.learning_rate
        if not isinstance(rate, int | float):
            rate = catalog.get("schedules", rate)(self._steps)
        with self._unchanged_by_refusal():
            given = self._labelled(x, y, sample_weight, "train_on_batch")
            self._fit_preprocessing(given.x, None)
            batches = self._batches(given, len(given))
            require_spread(self._sized(given.x), len(given), len(given))
        if self.plan is None:
            self.plan = parse_plan("exact")
            assert self.plan is not None
        prepare(self.plan.threads)
        training = self._prepare_training(optimizer)
        self._scale_first_weights(batches)
        assert self._updater is not None
        set_rate(self._updater.param_groups, rate)
        training.train()
        # One step is not worth threads of its own.
        plan = replace(self.plan, slices=1, device="cpu", compiler="none")
        step = Step(self._computing.engine(training, plan), self._updater)
        torch.default_generator.manual_seed(derive(self.seed, "train_on_batch", self._steps))
        batch = batches.batch(torch.arange(len(given)), 0)
        taken = step(batch)
        self._steps += 1
        gauge = step.engine.objective.gauge()
        gauge.update(taken.losses, taken.scores, batch)
        self.built.eval()
        return _results({"loss": taken.loss, **gauge.logs()}, return_dict)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        return_dict: bool = False,
        callbacks: Sequence[Callback] | None = None,
        crops: Literal[1, 2] | None = None,
    ) -> Any:
        """Loss and metrics on images and labels, in float32.

        Args:    crops: of each image, as in predict.
        Errors:  DataError for what cannot be used.
        Source:  Keras 3, keras.Model.evaluate
        """
        self._require_compiled("evaluate")
        crops = self.crops if crops is None else crops
        require("evaluate", batch_size=batch_size, crops=crops)
        self._require_whole("evaluate", crops)
        given = self._labelled(x, y, sample_weight, "evaluate")
        batches = self._batches(given, batch_size or self._rewriting.together(self.network)).to(self._device, 0)
        heard = concepts(Callback, callbacks, "callbacks")
        self._introduce(heard, {"steps": len(batches), "samples": len(given), "verbose": verbose})
        return _results(self._evaluate(batches, heard, mirrored=crops == 2), return_dict)

    def _evaluate(self, batches: Batches, heard: Sequence[Callback], mirrored: bool = False) -> dict[str, float]:
        """Loss and metrics over batches, of which callbacks are told."""
        with evaluating(self.built):
            return evaluate(self._evaluation(mirrored), batches, heard)

    @property
    def crops(self) -> Literal[1, 2]:
        """How many parts of each image predict and evaluate look at where nobody says so: 1, or 2 with its mirror image.

        It is kept with the model. fit's own validation looks at one.

        Errors:  ArgumentError for another number, or where it is 2 and the network is not for that.
        """
        return self._crops

    @crops.setter
    def crops(self, value: Literal[1, 2]) -> None:
        require("a model", crops=value)
        self._require_whole("a model", value)
        self._crops = value

    def _require_whole(self, doing: str, crops: int) -> None:
        """Refuse crops that are parts of an image, and mirror images where there are none."""
        if crops == 10:
            raise ArgumentError(
                f"{doing} looks at an image whole: ten crops are of images larger than the network's",
                sum="crops=10",
                fix="model.predict(x, crops=10), or crops=2",
            )
        if crops == 2:
            require_mirrorable(self.network)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] | None = None,
        crops: Literal[1, 2, 10] | None = None,
    ) -> Any:
        """What the network says of images (n, h, w, c): an array (n, k), probabilities where its head is a softmax.

        Of several outputs it gives a list of arrays.
        Args:    crops: 2: the mean of what it says of each image and its mirror image; 10: of larger images that of four
                 corners, the centre and their mirror images. None: as the model's `crops` has it.
        Errors:  DataError for what cannot be used.
        Source:  Keras 3, keras.Model.predict; ten crops: Krizhevsky, Sutskever & Hinton 2012; lecture 001 L1294-1296
        """
        crops = self.crops if crops is None else crops
        require("predict", batch_size=batch_size, crops=crops)
        if crops == 10:
            require_croppable(self.network)
            size = self.input_shape[1:3]
            return ten_crop_predict(lambda part: self.predict(part, batch_size, crops=1), as_array(x, "images"), size)
        self._require_whole("predict", crops)
        given = tuple(arrays.tensor(each) for each in gather(x, None, input_sides(self.network), (), ()).x)
        self._require_room(given)
        ways = self._preprocessing_for(given)
        heard = concepts(Callback, callbacks, "callbacks")
        size = batch_size or self._rewriting.together(self.network)
        split = [given] if len(given[0]) <= size else list(zip(*(each.split(size) for each in given), strict=True))
        self._introduce(heard, {"steps": len(split), "samples": len(given[0]), "verbose": verbose})
        prepare(self.plan.threads if self.plan else cores())
        with evaluating(self.built):
            answering = self._rewriting.for_answers(self.built, self._device, self._rules, ways, len(given[0]))
            if crops == 2:
                answering = replace(answering, module=Mirrored(answering.module))
            found = answering(split, heard)
        return found if len(found) > 1 else found[0]

    def _require_room(self, images: Sequence[Any]) -> None:
        """Refuse images of a size that a network of open sizes cannot work on.

        Errors:  ShapeError with the layer that they do not fit.
        """
        if any(is_open(self.network[name].output) for name in self.network.inputs):
            self.network.at([tuple(each.shape[1:]) for each in images])

    def _introduce(self, heard: Sequence[Callback], params: dict[str, Any]) -> None:
        for callback in heard:
            callback.set_params(params)
            callback.set_model(self)

    def _give_shape(self, shape: Shape) -> None:
        """A Sequential without an input shape takes it from the first images."""

    def training_state(self) -> Any:
        """A copy of all that training moves: weights, averages, the optimizer's memory. For restore_training_state."""
        updater = None if self._updater is None else copy.deepcopy(self._updater.state_dict())
        return {key: value.clone() for key, value in self.built.state_dict().items()}, updater

    def restore_training_state(self, state: Any) -> None:
        """Go back to what training_state gave, learning rate included."""
        weights, updater = state
        with torch.no_grad():
            for key, value in self.built.state_dict().items():
                value.copy_(weights[key])
        if updater is not None and self._updater is not None:
            self._updater.load_state_dict(copy.deepcopy(updater))

    @contextmanager
    def _unchanged_by_refusal(self) -> Generator[None]:
        """What the first images decide, the shape and the preprocessing, is forgotten if they cannot be used."""
        before = self._network, self._preprocessing, self._fits
        try:
            yield
        except StriateError:
            self._network, self._preprocessing, self._fits = before
            raise

    def _labelled(self, x: Any, y: Any, sample_weight: Any, doing: str, steps: int | None = None) -> Samples:
        """Images, labels and weights of samples as arrays that go together; the first images give the shape."""
        arrays.require_loader(x, y, steps)
        assert self._compiled is not None
        sides, outputs = input_sides(self._network), self._output_names
        if arrays.is_loader(x):
            x, y = pairs(x, sides, outputs)
        if y is None or (isinstance(y, dict) and self._network is None):
            raise DataError(
                f"{doing} needs labels y, one for each image",
                sum=f"y is {'a dict, and the network has one output' if y else 'None'}",
                fix=f"{doing}(x, y)",
            )
        learned = [loss is not None for loss in self._compiled.losses.values()]
        given = gather(x, y, sides, outputs, learned)
        self._give_shape(tuple(given.x[0].shape[1:]))
        self._require_room(given.x)
        if sample_weight is None:
            return given
        several = len(outputs) > 1 and isinstance(sample_weight, list | tuple | dict)
        one_each = several and (isinstance(sample_weight, dict) or np.ndim(sample_weight[0]) > 0)
        each = each_of(sample_weight, outputs, "sample_weight", optional=True, shared=not one_each)
        return replace(given, weight=tuple(sample_weights(weight, len(given)) for weight in each))

    def _targets(self, given: Samples) -> tuple[torch.Tensor, ...]:
        """The labels as the losses take them; of an output that learns nothing, nothing.

        Errors: DataError for labels that a loss cannot take.
        """
        found = []
        for name, goal, labels in zip(self.network.outputs, self._objective.goals, given.y, strict=True):
            with _at(f"output {name}" if len(given.y) > 1 else ""):
                found.append(
                    torch.zeros(len(given), 0)
                    if goal is None
                    else goal.loss.target(arrays.labels(labels), self._concrete(name, given.x))
                )
        return tuple(found)

    def _concrete(self, name: str, images: Sequence[Any]) -> Shape:
        """The shape that a layer gives of these images, where the network leaves sizes open."""
        return self._sized(images)[name].output

    def _sized(self, images: Sequence[Any]) -> Network:
        """The network for these images, where it leaves sizes open."""
        if not any(is_open(self.network[name].output) for name in self.network.inputs):
            return self.network
        return self.network.at([tuple(each.shape[1:]) for each in images])

    def _by_class(self, given: Samples, class_weight: Any) -> Samples:
        """What samples count with the weights of their classes."""
        if class_weight is None:
            return given
        names = self.network.outputs
        tables = isinstance(class_weight, dict) and any(isinstance(name, str) for name in class_weight)
        one_each = len(names) > 1 and (tables or isinstance(class_weight, list | tuple))
        each = each_of(class_weight, names, "class_weight", optional=True, shared=not one_each)
        found = []
        for number, (name, goal) in enumerate(zip(names, self._objective.goals, strict=True)):
            own = given.weight[number] if given.weight else None
            if goal is not None:
                with _at(f"output {name}" if len(names) > 1 else ""):
                    factors = class_factors(each[number], given.y[number], goal.loss, self._concrete(name, given.x))
                if factors is not None:
                    own = factors if own is None else own.reshape(-1, *[1] * (factors.ndim - 1)) * factors
            found.append(own)
        return replace(given, weight=tuple(found))

    def _require_true_labels(self, augmentations: Sequence[Augmentation]) -> None:
        """Refuse augmentation where it would make labels wrong, or where it is not known which input it is for.

        Errors:  ArgumentError.
        """
        if not augmentations:
            return
        names = ", ".join(type(each).__name__ for each in augmentations)
        if len(self.network.inputs) > 1:
            raise ArgumentError(
                f"augment={names} cannot be used with several inputs",
                sum=f"inputs: {', '.join(self.network.inputs)}",
                fix="augment the arrays of the input that is meant before fit",
            )
        mapped = [name for name in self.network.outputs if len(self.network[name].output) > 1]
        moving = [type(each).__name__ for each in augmentations if each.moves]
        if mapped and moving:
            raise ArgumentError(
                f"{', '.join(moving)} would move the images and leave their labels where they are",
                where=f"output {mapped[0]}, one label for each position",
                sum=f"output {self.network[mapped[0]].output}",
                fix="augmentations of colour, or images and labels moved together before fit",
            )

    def _parts(self, all_of_it: Samples, share: float, given: Any) -> tuple[Samples, Samples | None]:
        """What is trained on, and what is given for validation or held out for it."""
        if given is not None:
            with _at("validation_data"):
                x, y, weight = (given, None, None) if arrays.is_loader(given) else validation_parts(given)
                held = self._labelled(x, y, weight, "validation")
            return all_of_it, held
        if not share:
            return all_of_it, None
        labels = next(each for each in all_of_it.y if each is not None)
        kept, held = holdout(labels, share, self.seed)
        return all_of_it.take(kept), all_of_it.take(held)

    def _seed_of_fit(self, initial_epoch: int) -> int:
        """The model's seed for the first fit, and for one that goes on where another ended; each other fit its own.

        Otherwise a fit of one epoch, called ten times, would draw one order, one augmentation and one dropout ten times.
        """
        self._fits += not initial_epoch
        return self.seed if self._fits <= 1 else derive(self.seed, "fit", self._fits)

    def _fit_preprocessing(self, x: Sequence[np.ndarray], wanted: str | Preprocessing | None) -> None:
        """The model's own preprocessing, which the first images it is trained on decide."""
        known = self.preprocessing
        if isinstance(wanted, Preprocessing):
            if len(x) > 1:
                raise ArgumentError(
                    "one Preprocessing cannot be that of several inputs",
                    sum=f"inputs: {', '.join(self.network.inputs)}",
                    fix='"scale" or "standardise", which each input gets its own of',
                )
            self.preprocessing = wanted
        elif wanted not in (None, "scale", "standardise"):
            raise ArgumentError(
                f"preprocess cannot be {wanted!r}",
                sum='"scale": uint8 / 255, floats as they are; "standardise": then mean 0, deviation 1 by channel',
                fix='"scale", "standardise" or a Preprocessing',
            )
        elif known is None:
            self.preprocessing = tuple(Preprocessing.fit(each, standardise=wanted == "standardise") for each in x)
        elif wanted is not None and (wanted == "standardise") != any(
            any(each.mean) or set(each.std) != {1.0} for each in self._ways
        ):
            first = self._ways[0]
            raise ArgumentError(
                f"preprocess={wanted!r} is not how the model was fitted before; its weights go with that",
                sum=f"mean {first.mean}, deviation {first.std} after dividing by {first.scale:g}",
                fix="leave preprocess out, or begin with a new model",
            )

    @property
    def _ways(self) -> tuple[Preprocessing, ...]:
        """The preprocessing of each input."""
        known = self.preprocessing
        return known if isinstance(known, tuple) else (known,)

    def _preprocessing_for(self, images: Sequence[torch.Tensor]) -> tuple[Preprocessing, ...]:
        """The model's preprocessing, which has to suit the images; a model that was never fitted has none yet."""
        if self.preprocessing is None:
            return tuple(Preprocessing.fit(each.numpy()) for each in images)
        for way, each in zip(self._ways, images, strict=True):
            way.check(each)
        return self._ways

    def _batches(
        self,
        given: Samples,
        size: int,
        shuffle: bool = False,
        augment: Sequence[Augmentation] = (),
        seed: int = 0,
    ) -> Batches:
        """Batches of what `_labelled` has looked at."""
        images = tuple(arrays.tensor(each) for each in given.x)
        weight = (
            None
            if given.weight is None
            else tuple(None if each is None else torch.from_numpy(each) for each in given.weight)
        )
        augmenter = Augmenter(augment, seed) if augment else None
        ways = self._preprocessing_for(images)
        part = (self._group.rank, self._group.world)
        return Batches(images, self._targets(given), ways, size, seed, shuffle, augmenter, weight, *part)

    def _prepare_training(self, optimizer: Optimizer) -> fx.GraphModule:
        """The rewritten network and the optimizer's state, kept from one fit to the next."""
        if self._training is None:
            assert self.plan is not None
            self._training = self._computing.training(self.plan)
        if self._updater is None:
            self._updater = self._computing.updater(self.built)
        # An earlier fit may have left the last rate of its schedule there.
        set_rate(self._updater.param_groups, optimizer.base_rate)
        return self._training

    def _scale_first_weights(self, batches: Batches) -> None:
        """Where initializers want the first images to decide how large weights are (LSUV), and nothing was learned yet."""
        if self.fresh:
            owners = [node.owner for node in self.network.layers if node.layer not in self._given]
            first = batches.batch(batches.order(0)[: batches.size], 0)
            unit_variance(self.built, self.network, first.x, owners)
        self.fresh = False

    @property
    def _computing(self) -> Computing:
        """What steps are computed with."""
        optimizer = self._require_compiled("fit")
        return Computing(self.network, self.built, self._objective_on_scores, optimizer, self.seed, self._group)

    def _decide_plan(self, plan: Any, batches: Batches, steps: int) -> None:
        """The plan of this fit: as given, or measured on copies of the network."""
        assert self._compiled is not None
        table = Table.of(self._sized(batches.x))
        chosen = self._computing.decide(plan, batches, steps, table, self._compiled.to_table())
        prepare(chosen.threads)
        if self.plan is None or (self.plan.rewrites, self.plan.exact) != (chosen.rewrites, chosen.exact):
            self._training = None
        self.plan = chosen

    def _evaluation(self, mirrored: bool = False) -> Evaluation:
        self._require_compiled("evaluate")
        prepare(self.plan.threads if self.plan else cores())
        objective = self._objective.declared if mirrored else self._objective  # answers have a mean, scores have none
        module = self._rewriting.for_loss(self.built, self._device, self._rules, objective.heads)
        return Evaluation(
            Mirrored(module) if mirrored else module, objective, self._computing.penalties(self.built), self._group
        )

    @property
    def learning_rate(self) -> float:
        """The rate of the next step; set it between or during fits."""
        if self._updater is not None:
            return get_rate(self._updater.param_groups)
        optimizer = self._require_compiled("have a learning rate")
        return float(optimizer.base_rate)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        optimizer = self._require_compiled("have a learning rate")
        if self._scheduled:
            raise ArgumentError(
                "the learning rate cannot be set while a schedule sets the rate of every step",
                sum=f"it is to be {value!r}, and the next step would take the schedule's",
                fix="one of the two: the schedule, or the callback that sets the rate",
            )
        self.optimizer = optimizer.at(float(value))
        if self._updater is not None:
            set_rate(self._updater.param_groups, float(value))

    # ---- files ---------------------------------------------------------------------------------------------------

    def save(self, path: str | Path, overwrite: bool = True) -> None:
        """Write the declaration, its weights and preprocessing to `NAME.striate`, whole or not at all."""
        storage.save(self, Path(path), overwrite)

    def save_weights(self, path: str | Path, overwrite: bool = True) -> None:
        """Write the weights alone, as safetensors."""
        storage.save_weights(self, Path(path), overwrite)

    def load_weights(self, path: str | Path) -> None:
        """Take the weights of a file that save, save_weights or a run wrote; all or none."""
        storage.load_weights(self, Path(path))


class Sequential(Model):
    """A network that is one chain of layers.

    Args:
        layers: in order; the first may be an Input or say `input_shape`; a model stands for its layers.
        name: for tables and files.
        seed: as in Model.

    Source:  Keras 3, keras.Sequential; lecture 003 L205-219
    Example: >>> from striate.layers import Dense
             >>> Sequential([Dense(4, activation="relu", input_shape=(3,)), Dense(2)]).count_params()
             26
    """

    def __init__(
        self, layers: Iterable[Layer | Symbol] | None = None, name: str = "sequential", seed: int | None = None
    ) -> None:
        if type(self).call is not Model.call:
            super().__init__()
        self._chain: list[Layer | Symbol] = []
        self._start(None, name, seed)
        if isinstance(layers, Layer | Symbol | str):
            raise ArgumentError("layers must be a list", sum=f"it is {layers!r}", fix="Sequential([Dense(10), ...])")
        self._chain = list(layers or ())
        self._declare()

    @classmethod
    def _of(cls, network: Network, name: str, seed: int) -> Self:
        model = super()._of(network, name, seed)
        model._chain = [node.layer for node in network.nodes]
        return model

    def add(self, layer: Layer | Symbol) -> None:
        """Put a layer at the end."""
        self._chain.append(layer)
        try:
            self._declare()
        except DeclarationError:
            self._chain.pop()
            raise

    def pop(self) -> None:
        """Take the last layer away."""
        if not self._chain:
            raise DeclarationError("there is no layer to take away")
        self._chain.pop()
        self._declare()

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Say the shape of the images: (h, w, c), or (None, h, w, c) as Keras writes it."""
        if not isinstance(input_shape, list | tuple):
            raise ArgumentError("input_shape must be a tuple", sum=f"it is {input_shape!r}", fix="build((28, 28, 1))")
        sizes = tuple(input_shape)
        self._give_shape(tuple(size for size in sizes if size is not None))

    def _declare(self, input_shape: Shape | None = None) -> None:
        """Make the graph as soon as the shape of the input is known; layers that stay keep their weights."""
        first = self._chain[0] if self._chain else None
        known = input_shape or (self.network[self.network.inputs[0]].output if self._network is not None else None)
        network = end = None
        if isinstance(first, Layer) and first.input_shape is None and known is None and not hasattr(first, "shape"):
            for layer in self._chain:
                if not isinstance(layer, Layer):
                    Network.sequential(self._chain, (1,))
        elif first is not None:
            begin, end = Network.chained(self._chain, known)
            network = Network.functional(begin, end)
        if self._built is not None:
            self._given = {node.layer: self._built.get_submodule(node.owner) for node in self.network.layers}
        self._given = {layer: brick for layer, brick in self._given.items() if network and layer in self._chain}
        self._given |= _given_bricks([end] if end is not None else [])
        self._network = network
        self._built = self._updater = self._training = None
        self._symbols = {}

    def _give_shape(self, shape: Shape) -> None:
        if self._network is None and self._chain:
            self._declare(shape)
            if self.loss is not None:
                refuse(check_heads(self.network, self.loss))


def _one_or_all(found: list[Any]) -> Any:
    return found if len(found) > 1 else found[0]


def _given_bricks(outputs: list[Symbol]) -> dict[Layer, nn.Module]:
    """The modules of layers whose values were taken from a model: they bring their weights along."""
    found: dict[Layer, nn.Module] = {}
    waiting, seen = list(outputs), set()
    while waiting:
        symbol = waiting.pop()
        if id(symbol) in seen:
            continue
        seen.add(id(symbol))
        waiting.extend(symbol.inputs)
        if symbol.model is not None and symbol.inputs:
            owner = next(node.owner for node in symbol.model.network.nodes if node.layer is symbol.layer)
            found[symbol.layer] = symbol.model.built.get_submodule(owner)
    return found


@contextmanager
def _at(where: str) -> Generator[None]:
    """Errors inside say where they happened."""
    try:
        yield
    except StriateError as error:
        raise (error.at(where) if where else error) from None


def _results(logs: dict[str, float], return_dict: bool) -> Any:
    """Keras' forms: a dict, a list, or the loss alone."""
    if return_dict:
        return logs
    values = list(logs.values())
    return values if len(values) > 1 else values[0]
