"""What a user holds: a declared network that can be trained, asked, saved."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import fx, nn

from striate import catalog, losses, metrics, optimizers
from striate.build import build, plain, rewrite, weights
from striate.callbacks import Callback, History, ProgressBar
from striate.check import FLOAT32, Table, bricks, check, check_head
from striate.errors import ArgumentError, DataError, DeclarationError, NonFiniteError, UnknownNameError, printable
from striate.layers import Layer, Symbol
from striate.loader import Augmenter, Batches, Preprocessing, check_arrays, holdout
from striate.losses import Loss
from striate.metrics import Metric
from striate.model import arrays, storage
from striate.model.views import BoundLayer, put
from striate.network import Network, network_table
from striate.optimizers import Optimizer
from striate.schedules import Schedule
from striate.seed import derive, next_seed
from striate.shape import Shape, elements, to_border
from striate.train import (
    Evaluation,
    Interrupted,
    Plan,
    Step,
    Trainer,
    choose_precision,
    cores,
    machine,
    parse_plan,
    prepare,
)
from striate.units import bytes_text, count_text

__all__ = ["Model", "Sequential"]


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
        if inputs is None or outputs is None:
            raise ArgumentError("Model needs inputs and outputs", fix="Model(inputs, outputs), or Sequential([...])")
        self._start(Network.functional(inputs, outputs), name, seed)
        self._given = _given_bricks([outputs] if isinstance(outputs, Symbol) else list(outputs))
        first = inputs if isinstance(inputs, Symbol) else next(iter(inputs))
        self._taken_from = first.model

    def _start(self, network: Network | None, name: str, seed: int | None) -> None:
        self.name = name
        self.seed = next_seed() if seed is None else int(seed)
        self._network = network
        self._built: fx.GraphModule | None = None
        self._given: dict[Layer, nn.Module] = {}
        self._symbols: dict[str, Symbol] = {}
        self.loss: Loss | None = None
        self.optimizer: Optimizer | None = None
        self.metrics: tuple[Metric, ...] = ()
        self._preprocessing: Preprocessing | None = None
        self._taken_from: Model | None = None
        self.classes: tuple[str, ...] = ()
        self.plan: Plan | None = None
        self.history: History | None = None
        self.best_epoch: int | None = None
        self.stop_training = False
        self._fits = 0
        self._updater: torch.optim.Optimizer | None = None
        self._training: fx.GraphModule | None = None

    @classmethod
    def _of(cls, network: Network, name: str, seed: int) -> Self:
        """A model of a graph that stands already, as a file holds it."""
        model = cls.__new__(cls)
        model._start(network, name, seed)
        return model

    def call(self, *inputs: Any) -> Any:
        """Not to be overridden: striate's networks are declared, not coded."""
        return self.predict(*inputs)

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
            return found[index]
        for layer in found:
            if layer.name == name:
                return layer
        raise UnknownNameError("layer", name, [layer.name for layer in found])

    def symbol(self, name: str) -> Symbol:
        """The value of a layer in the declared graph."""
        made = self._symbols
        for node in self.network.nodes if not made else ():
            made[node.name] = Symbol(node.layer, tuple(made[part] for part in node.inputs), node.output, self)
        return made[name]

    @property
    def input(self) -> Symbol:
        """Where its declared graph begins: `Model(model.input, model.get_layer(name).output)` gives features."""
        return self.symbol(self.network.inputs[0])

    @property
    def output(self) -> Symbol:
        """Where its declared graph ends."""
        return self.symbol(self.network.outputs[0])

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """(None, h, w, c)."""
        return (None, *self._image_shape)

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """(None, k)."""
        return (None, *self._output_shape)

    @property
    def preprocessing(self) -> Preprocessing | None:
        """What happens to images before the network sees them; a part of another model sees what that one sees."""
        if self._preprocessing is None and self._taken_from is not None:
            return self._taken_from.preprocessing
        return self._preprocessing

    @preprocessing.setter
    def preprocessing(self, value: Preprocessing | None) -> None:
        self._preprocessing = value

    @property
    def _image_shape(self) -> Shape:
        return self.network[self.network.inputs[0]].output

    @property
    def _known_shape(self) -> Shape | None:
        return None if self._network is None else self._image_shape

    @property
    def _output_shape(self) -> Shape:
        return self.network[self.network.outputs[0]].output

    def check(self, strict: bool = False) -> Table:
        """Shapes, parameters, operations, receptive field and advice, from the declaration alone."""
        return check(self.network, loss=self.loss, classes=len(self.classes) or None, strict=strict)

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
            self._require_memory(copies=1)
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
        put([place for layer in self.layers for place in layer._each()], values)

    # ---- training ------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Optimizer | str = "rmsprop",
        loss: Loss | str | None = None,
        metrics: Sequence[Metric | str] | None = None,
    ) -> None:
        """Choose the optimizer, the loss and the metrics.

        Errors: UnknownNameError, ArgumentError; DeclarationError where loss and head do not belong together.
        Source: Keras 3, keras.Model.compile
        """
        self.optimizer = _concept(optimizers.Optimizer, optimizer, "optimizer")
        self.loss = None if loss is None else _concept(losses.Loss, loss, "loss")
        chosen = [metrics] if isinstance(metrics, str | Metric) else list(metrics or [])
        self.metrics = tuple(_metric(each, self.loss) for each in chosen)
        self._updater = self._training = None
        if self._network is not None and self.loss is not None:
            self._check_head()

    def _check_head(self) -> None:
        for finding in check_head(self.network, self.loss):
            if finding.severity == "error":
                raise DeclarationError(finding.cause, where=finding.where, sum=finding.evidence, fix=finding.fix)

    def _require_compiled(self, doing: str) -> tuple[Optimizer, Loss]:
        if self.optimizer is None or self.loss is None:
            raise DeclarationError(
                f"the model needs {'a loss' if self.optimizer else 'an optimizer and a loss'} to {doing}",
                fix='model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])',
            )
        return self.optimizer, self.loss

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
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_freq: int = 1,
        *,
        preprocess: str | Preprocessing | None = None,
        augment: Sequence[Any] = (),
        schedule: Schedule | str | None = None,
        plan: Any = "auto",
        keep: str = "last",
    ) -> History:
        """Train, and return the History of losses and metrics.

        Args:
            x: images (n, h, w, c), uint8 or float; or a DataLoader of (images, labels).
            y: labels (n, ...).
            preprocess: "scale" (uint8 / 255; the default), "standardise" (then mean 0, deviation 1 by channel), or a
                Preprocessing; decided by the first fit and kept with the model.
            augment: augmentations, drawn anew for each image and epoch.
            schedule: of the learning rate, over the whole run.
            plan: "auto", "exact" (float32), or the table of an earlier run.
            keep: "last" weights, or "best": those of the lowest val_loss.
            (the others as in Keras.)

        Errors:  DataError, ArgumentError for what cannot be used; NonFiniteError, nothing of that step applied.
        Source:  Keras 3, keras.Model.fit
        """
        optimizer, loss = self._require_compiled("fit")
        if arrays.is_loader(x):
            x, y = arrays.pairs(x, self._known_shape)
        if y is None:
            raise DataError("fit needs labels y", fix="fit(x, y)")
        batch_size = 32 if batch_size is None else batch_size
        _require_counts(batch_size=batch_size, epochs=epochs, validation_freq=validation_freq)
        _require_counts(steps_per_epoch=1 if steps_per_epoch is None else steps_per_epoch)
        _require_choices(validation_split, keep)
        x, y = check_arrays(x, y, self._known_shape)
        self._give_shape(tuple(x.shape[1:]))
        if validation_split and validation_data is None:
            kept, held = holdout(y, validation_split, self.seed)
            sample_weight = None if sample_weight is None else _own_weights(len(y), sample_weight)[kept]
            validation_data = (x[held], y[held])
            x, y = x[kept], y[kept]
        self._choose_preprocessing(x, preprocess)
        seed = self._seed_of_fit(initial_epoch)
        train = self._batches(x, y, batch_size, shuffle, augment, _sample_weights(y, class_weight, sample_weight), seed)
        validate = None if validation_data is None else self._validation(validation_data, max(batch_size, 256))
        steps = (steps_per_epoch or len(train)) * epochs
        self._decide_plan(plan, train, steps)
        training = self._prepare_training(optimizer, loss)
        rate = schedule if schedule is not None else optimizer.learning_rate
        resolved = None
        if not isinstance(rate, int | float):
            resolved = catalog.get("schedules", rate).resolve(optimizer.base_rate, steps, steps_per_epoch or len(train))
        assert self._updater is not None and self.plan is not None
        self.history = History()
        heard = [self.history, *(callbacks or ())]
        if not any(isinstance(callback, ProgressBar) for callback in heard):
            heard.append(ProgressBar(verbose=verbose))
        self.stop_training = False
        params = {"epochs": epochs, "steps": steps_per_epoch or len(train), "samples": len(x), "verbose": verbose}
        params["validation_freq"] = validation_freq
        for callback in heard:
            callback.set_params(params)
            callback.set_model(self)
        trainer = Trainer(
            Step(training, self._training_loss, self._updater, self._penalties(), self.plan.dtype),
            train,
            validate,
            self.metrics,
            self._output,
            epochs,
            initial_epoch,
            resolved,
            heard,
            steps_per_epoch,
            validation_freq,
            keep == "best",
            lambda: self.stop_training,
        )
        torch.manual_seed(seed + 1)  # dropout draws from torch's own stream
        try:
            trainer.run()
        finally:
            for callback in heard:
                if isinstance(callback, ProgressBar):
                    callback.clear()
            self.built.eval()
            self.best_epoch = trainer.best_epoch
        if trainer.interrupted is not None:
            raise Interrupted(trainer.interrupted)
        return self.history

    def train_on_batch(self, x: Any, y: Any, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """One step on these images; gives the loss (and metrics) before it."""
        optimizer, loss = self._require_compiled("train_on_batch")
        x, y = check_arrays(x, y, self._known_shape)
        self._give_shape(tuple(x.shape[1:]))
        self._choose_preprocessing(x, None)
        weight = _sample_weights(y, None, sample_weight)
        batches = self._batches(x, y, len(x), False, (), weight)
        if self.plan is None:
            self.plan = Plan(cores(), reason="exact")
        prepare(self.plan.threads)
        self._require_spread(len(x))
        training = self._prepare_training(optimizer, loss)
        assert self._updater is not None
        training.train()
        step = Step(training, self._training_loss, self._updater, self._penalties(), self.plan.dtype)
        value, scores = step(batches.batch(torch.arange(len(x)), 0))
        logs = {"loss": value}
        for metric in self.metrics:
            meter = metric.meter()
            meter.update(self._output(scores), batches.y)
            logs[metric.name] = meter.result()
        self.built.eval()
        return _results(logs, return_dict)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        return_dict: bool = False,
        callbacks: Sequence[Callback] | None = None,
    ) -> Any:
        """Loss and metrics on images and labels, in float32.

        Errors:  DataError for what cannot be used.
        Source:  Keras 3, keras.Model.evaluate
        """
        self._require_compiled("evaluate")
        if arrays.is_loader(x):
            x, y = arrays.pairs(x, self._image_shape)
        x, y = check_arrays(x, y, self._image_shape)
        batches = self._batches(x, y, batch_size or 256, False, (), _sample_weights(y, None, sample_weight))
        heard = list(callbacks or ())
        for callback in heard:
            callback.set_params({"steps": len(batches), "samples": len(x), "verbose": verbose})
            callback.set_model(self)
            callback.on_test_begin()

        def told(step: int, logs: dict[str, float]) -> None:
            for callback in heard:
                callback.on_test_batch_end(step, logs)

        with _mode_kept(self.built):
            logs = self._evaluation()(batches, told)
        for callback in heard:
            callback.on_test_end(logs)
        return _results(logs, return_dict)

    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = "auto") -> np.ndarray:
        """What the network says of images (n, h, w, c): an array (n, k), probabilities where its head is a softmax.

        Errors:  DataError for what cannot be used.
        Source:  Keras 3, keras.Model.predict
        """
        tensor = arrays.images(x, self._image_shape)
        preprocessing = self._preprocessing_for(tensor)
        prepare(self.plan.threads if self.plan else cores())
        with _mode_kept(self.built), torch.inference_mode():
            self.built.eval()
            parts = [self.built(preprocessing.tensor(part)) for part in tensor.split(batch_size or 256)]
        return to_border(torch.cat(parts)).contiguous().numpy()

    def _give_shape(self, shape: Shape) -> None:
        """A Sequential without an input shape takes it from the first images."""

    def _choose_preprocessing(self, x: np.ndarray, wanted: str | Preprocessing | None) -> None:
        """The model's own preprocessing, which the first images it is trained on decide."""
        known = self.preprocessing
        if isinstance(wanted, Preprocessing):
            self.preprocessing = wanted
        elif wanted not in (None, "scale", "standardise"):
            raise ArgumentError(f"preprocess cannot be {wanted!r}", fix='"scale", "standardise" or a Preprocessing')
        elif known is None:
            self.preprocessing = Preprocessing.fit(x, standardise=wanted == "standardise")
        elif wanted is not None and (wanted == "standardise") != (any(known.mean) or set(known.std) != {1.0}):
            raise ArgumentError(
                f"preprocess={wanted!r} is not how the model was fitted before; its weights go with that",
                sum=f"mean {known.mean}, deviation {known.std} after dividing by {known.scale:g}",
                fix="leave preprocess out, or begin with a new model",
            )

    def _preprocessing_for(self, images: torch.Tensor) -> Preprocessing:
        """The model's own preprocessing, or, before it was ever trained, plain scaling, which is not kept."""
        preprocessing = self.preprocessing or Preprocessing.fit(images.numpy())
        preprocessing.check(images)
        return preprocessing

    def _validation(self, data: Any, size: int) -> Callable[[], dict[str, float]]:
        """What measures the model on images that are held out of training."""
        if arrays.is_loader(data):
            data = arrays.pairs(data, self._image_shape)
        if not isinstance(data, tuple | list) or len(data) not in (2, 3):
            raise DataError(
                "validation_data is not (x, y)",
                sum=f"it is a {type(data).__name__}" + (f" of {len(data)}" if isinstance(data, tuple | list) else ""),
                fix="(x, y), (x, y, sample_weight), or a DataLoader of (images, labels)",
            )
        x, y = check_arrays(data[0], data[1], self._image_shape)
        held_out = self._batches(x, y, size, False, (), _sample_weights(y, None, data[2] if len(data) > 2 else None))
        return lambda: self._evaluation()(held_out)

    def _seed_of_fit(self, initial_epoch: int) -> int:
        """The model's seed for the first fit, and for one that goes on where another ended; each other fit its own.

        Otherwise a fit of one epoch, called ten times, would draw one order, one augmentation and one dropout ten times.
        """
        self._fits += not initial_epoch
        return self.seed if self._fits <= 1 else derive(self.seed, "fit", self._fits)

    def _batches(
        self,
        x: Any,
        y: Any,
        size: int,
        shuffle: bool,
        augment: Sequence[Any],
        weight: torch.Tensor | None = None,
        seed: int = 0,
    ) -> Batches:
        assert self.loss is not None
        x, y = check_arrays(x, y, self._image_shape)
        tensor = arrays.images(x, self._image_shape)
        preprocessing = self._preprocessing_for(tensor)
        augmenter = Augmenter(tuple(augment), seed) if augment else None
        target = self.loss.target(arrays.labels(y), self._output_shape)
        return Batches(tensor, target, preprocessing, size, seed, shuffle, augmenter, weight)

    @property
    def _drops_head(self) -> bool:
        """Whether training takes the scores before the last activation: the loss and it belong together.

        A head that something follows (a Reshape, a pooling of probabilities) stays: the loss takes what comes out.
        """
        if self.loss is None or self.loss.head is None or getattr(self.loss, "from_logits", False):
            return False
        *_, (last, _) = bricks(self.network[self.network.outputs[0]])
        return type(last).__name__ == self.loss.head

    @property
    def _training_loss(self) -> Loss:
        """The loss as training computes it: from the scores where the head is dropped."""
        assert self.loss is not None
        return self.loss.on_logits() if self._drops_head else self.loss

    def _require_memory(self, copies: int, images: int = 0) -> None:
        """Refuse what cannot fit, counted low: the weights (and their gradients), half of what a batch leaves behind."""
        table, memory = Table.of(self.network), int(machine()["memory"])
        weights = copies * FLOAT32 * (table.params + table.non_trainable)
        needed = weights + images * table.bytes // 2
        if 0 < memory < needed:
            largest = max(table.rows, key=lambda row: copies * FLOAT32 * row.params + images * row.bytes // 2)
            batch = f" and {images} images of {bytes_text(table.bytes)} each, half of them," if images else ""
            raise DeclarationError(
                "the network does not fit in the memory of this machine",
                where=f"most of it in {largest.name}: {count_text(largest.params)} parameters, output {largest.output}",
                sum=f"{bytes_text(weights)} of weights{' and gradients' * (copies > 1)}{batch} "
                f"make {bytes_text(needed)}; there are {bytes_text(memory)}",
                fix="fewer filters or units there" + (", or a smaller batch_size" if images > 1 else ""),
            )

    def _require_spread(self, images: int) -> None:
        """Batch normalisation divides by the spread of a channel over a batch, which one number does not have."""
        for node in self.network.layers if images == 1 else ():
            normalises = type(node.layer).__name__ == "BatchNormalization" and node.layer.trainable
            if normalises and elements(node.output[:-1]) == 1:
                raise DataError(
                    "batch normalisation cannot be trained on one number for each channel",
                    where=f"{node.name}, which takes {node.output}",
                    sum="1 image * 1 position = 1 number, whose spread is 0",
                    fix="batch_size=2 or more, and two images at least",
                )

    def _prepare_training(self, optimizer: Optimizer, loss: Loss) -> fx.GraphModule:
        """The rewritten network and the optimizer's state, kept from one fit to the next."""
        if self._training is None:
            assert self.plan is not None
            self._training = rewrite(self.built, self.plan.rewrites, loss.head if self._drops_head else None)
        if self._updater is None:
            moved = [weight for weight in self.built.parameters() if weight.requires_grad]
            if not moved:
                raise DeclarationError("no weight of the network can be trained", fix="trainable=True on some layer")
            self._updater = optimizer.build(moved, optimizer.base_rate)
        for group in self._updater.param_groups:  # an earlier fit may have left the last rate of its schedule there
            group["lr"] = optimizer.base_rate
        return self._training

    def _decide_plan(self, plan: Any, batches: Batches, steps: int) -> None:
        """The plan of this fit: as given, or measured on copies of the network."""
        images = min(batches.size, len(batches.x))
        self._require_spread(images)
        self._require_memory(copies=2, images=images)
        chosen = parse_plan(plan)
        if chosen is None:
            chosen = Plan(cores())
            prepare(chosen.threads)
            key = [
                network_table(self.network),
                catalog.describe(self.loss),
                catalog.describe(self.optimizer),
                batches.size,
            ]
            with suppress(NonFiniteError):  # the run itself meets it, and says where and why
                chosen = choose_precision(chosen, lambda dtype: self._trial(dtype, batches), key, steps)
        prepare(chosen.threads)
        if self.plan is None or self.plan.rewrites != chosen.rewrites:
            self._training = None
        self.plan = chosen

    def _trial(self, dtype: torch.dtype, batches: Batches) -> Callable[[], Any]:
        """A step on weights of its own."""
        optimizer, loss = self._require_compiled("fit")
        copied = build(self.network, self.seed)
        module = rewrite(copied, head=loss.head if self._drops_head else None)
        module.train()
        moved = [weight for weight in copied.parameters() if weight.requires_grad]
        updater = optimizer.build(moved, 1e-6)
        step = Step(module, self._training_loss, updater, (), dtype)
        batch = batches.batch(torch.arange(min(batches.size, len(batches.x))), 0)
        return lambda: step(batch)

    def _penalties(self) -> list[Any]:
        """Each regularizer with the weight it keeps small."""
        found = []
        for key, weight in weights(self.network, trainable=True):
            if weight.regularizer is not None:
                found.append((weight.regularizer, self.built.get_parameter(key)))
        return found

    def _evaluation(self) -> Evaluation:
        _, loss = self._require_compiled("evaluate")
        prepare(self.plan.threads if self.plan else cores())
        module = rewrite(self.built, head=loss.head if self._drops_head else None)
        return Evaluation(module, self._training_loss, self.metrics, self._output)

    def _output(self, scores: torch.Tensor) -> torch.Tensor:
        """Predictions from the scores that training works with."""
        if not self._drops_head:
            return scores
        return torch.softmax(scores, 1) if self._training_loss.head == "Softmax" else torch.sigmoid(scores)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step; set it between or during fits."""
        if self._updater is not None:
            return float(self._updater.param_groups[0]["lr"])
        optimizer, _ = self._require_compiled("have a learning rate")
        return float(optimizer.base_rate)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        optimizer, _ = self._require_compiled("have a learning rate")
        self.optimizer = replace(optimizer, learning_rate=float(value))
        for group in self._updater.param_groups if self._updater is not None else ():
            group["lr"] = float(value)

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
        layers: in order; the first may be an Input or say `input_shape`.
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
        sizes = tuple(input_shape)
        self._give_shape(tuple(size for size in sizes if size is not None))

    def _declare(self, input_shape: Shape | None = None) -> None:
        """Make the graph as soon as the shape of the input is known; weights and training begin anew."""
        first = self._chain[0] if self._chain else None
        known = input_shape or (self._known_shape) or None
        self._built = self._updater = self._training = None
        self._symbols = {}
        if first is None:
            self._network = None
        elif isinstance(first, Layer) and first.input_shape is None and known is None and not hasattr(first, "shape"):
            self._network = None
            for layer in self._chain:
                if not isinstance(layer, Layer):
                    Network.sequential(self._chain, (1,))
        else:
            self._network = Network.sequential(self._chain, known)

    def _give_shape(self, shape: Shape) -> None:
        if self._network is None and self._chain:
            self._declare(shape)
            if self.loss is not None:
                self._check_head()


@contextmanager
def _mode_kept(module: nn.Module) -> Generator[None]:
    """Leave every brick in training or in prediction as it was: a callback may ask a model in the middle of an epoch."""
    before = [(brick, brick.training) for brick in module.modules()]
    try:
        yield
    finally:
        for brick, training in before:
            brick.training = training


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


def _concept(base: type[Any], value: Any, argument: str) -> Any:
    """A concept by name or as an object; a class where an instance is needed is told so."""
    if isinstance(value, str):
        return catalog.get(base.shelf, value)
    if isinstance(value, base):
        return value
    if isinstance(value, type) and issubclass(value, base):
        raise ArgumentError(f"{argument} is the class {value.__name__}, an object is needed", fix=f"{value.__name__}()")
    raise ArgumentError(
        f"{argument} cannot be {value!r} ({type(value).__name__})",
        fix=f"one of striate.{base.shelf}, by name or as an object",
    )


def _metric(value: Any, loss: Loss | None) -> Metric:
    return metrics.resolve(value, loss) if isinstance(value, str) else _concept(metrics.Metric, value, "metrics")


def _require_counts(**values: Any) -> None:
    for name, value in values.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            raise ArgumentError(f"{name} must be a whole number of at least 1, not {value!r}")


def _require_choices(validation_split: float, keep: str) -> None:
    """Refuse what fit would otherwise pass over, or do something else for."""
    if not isinstance(validation_split, int | float | np.number) or not 0 <= validation_split < 1:
        raise ArgumentError(
            f"validation_split cannot be {validation_split!r}", sum="0 <= share < 1 must hold", fix="0.1, say"
        )
    if keep not in ("last", "best"):
        raise ArgumentError(f"keep cannot be {keep!r}", fix='"last" or "best"')


def _sample_weights(y: np.ndarray, class_weight: dict[int, float] | None, sample_weight: Any) -> torch.Tensor | None:
    """One weight for each sample, from the weight of its class and its own.

    Errors:  DataError for weights of another count, of no class, or that are no finite numbers.
    """
    if class_weight is None and sample_weight is None:
        return None
    weight = np.ones(len(y), np.float32) if sample_weight is None else _own_weights(len(y), sample_weight)
    if class_weight is not None:
        weight = weight * _weights_of_classes(y, class_weight)
    if not np.isfinite(weight).all():
        row = int(np.argmin(np.isfinite(weight)))
        raise DataError(f"the weight of sample {row} is {weight[row]}", fix="finite weights")
    return torch.from_numpy(weight)


def _own_weights(count: int, sample_weight: Any) -> np.ndarray:
    own = np.asarray(sample_weight, np.float32)
    if own.shape != (count,):
        raise DataError(f"sample_weight is {own.shape}, {count} samples need ({count},)")
    return own


def _weights_of_classes(y: np.ndarray, class_weight: dict[int, float]) -> np.ndarray:
    numbers = isinstance(class_weight, dict) and all(isinstance(label, int | np.integer) for label in class_weight)
    if not numbers or min(class_weight, default=0) < 0:
        raise DataError(
            f"class_weight cannot be {printable(class_weight)}", fix="a table of class numbers: {0: 1.0, 1: 5.0}"
        )
    sparse = y.argmax(-1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(len(y), -1)
    if sparse.ndim == 2 and sparse.shape[1] > 1:
        raise DataError(
            "class_weight needs one class for each image", sum=f"labels {y.shape}", fix="sample_weight, or leave it out"
        )
    sparse = sparse.reshape(len(y))
    weight = np.ones(len(y), np.float32)
    for label, factor in class_weight.items():
        weight[sparse == label] = factor
    return weight


def _results(logs: dict[str, float], return_dict: bool) -> Any:
    """Keras' forms: a dict, a list, or the loss alone."""
    if return_dict:
        return logs
    values = list(logs.values())
    return values if len(values) > 1 else values[0]
